"""Walking through models: every block of one kind inside another, with its path in the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel

from saasmetrics.document import Path

T = TypeVar("T")

_UNWRITTEN = frozenset({"input"})
"""Fields that are no key of their own: their keys stand in the block around them."""


def found(kind: type[T], value: Any, path: Path = ()) -> Iterator[tuple[Path, T]]:
    """Every instance of `kind` in a value, outermost first, with its path; also inside one another."""
    if isinstance(value, kind):
        yield path, value
    for step, inner in _inside(value):
        if inner.__class__ not in _LEAVES:
            yield from found(kind, inner, path if step is None else (*path, step))


def _inside(value: Any) -> Iterable[tuple[str | int | None, Any]]:
    if isinstance(value, BaseModel):
        return [(step, getattr(value, name)) for step, name in _steps(type(value))]
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, tuple | list) else ()


_LEAVES = frozenset({str, int, float, bool, type(None)})
"""Classes of values that hold nothing; left out early, for there are very many."""


@cache
def _steps(model: type[BaseModel]) -> tuple[tuple[str | None, str], ...]:
    """Key in the file and name of each field."""
    fields = model.model_fields.items()
    return tuple((None if name in _UNWRITTEN else field.alias or name, name) for name, field in fields)
