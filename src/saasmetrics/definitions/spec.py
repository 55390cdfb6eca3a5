"""Specs: the keys of a metric read by the class of its type, SQL included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from saasmetrics.definitions.faults import validate
from saasmetrics.definitions.scalars import sql
from saasmetrics.definitions.written import Written
from saasmetrics.document import Path

_SQL = ("expr", "cut", "area")


def read_spec(
    type_: str, kind: type[BaseModel], keys: Mapping[str, Any], path: Path, written: Written, *, partial: bool = False
) -> BaseModel | None:
    """The spec of one metric; null, with findings, where the keys do not make one.

    Edges: with `partial` the keys are some of the spec's, and what is missing is no fault.
    """
    typed = {"type": type_} if "type" in kind.model_fields else {}
    data = {**{key: value for key, value in keys.items() if key != "type"}, **typed}
    spec = validate(kind, data, path, written, partial=partial)
    if type_ != "derived":
        _expressions(data, path, written)
    return spec


def _expressions(data: Mapping[str, Any], path: Path, written: Written) -> None:
    """SQL of keys that a type reads as text."""
    for key in _SQL:
        if isinstance(data.get(key), str):
            try:
                sql(data[key])
            except PydanticCustomError as error:
                context = error.context or {}
                place = written.inside((*path, key), int(context["offset"]))
                message = f"{'.'.join(str(step) for step in (*path, key))}: {context['message']}"
                written.fault("SM006", message, place, context["hint"])
