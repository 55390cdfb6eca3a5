"""Definitions as they would be written: models back to plain data, and plain data to the text of the language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from enum import Enum
from json import dumps
from typing import Any

from pydantic import BaseModel

from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scalars import Comparison, Duration, Quantity
from saasmetrics.document import Number

WIDTH = 76
"""A mapping or list is written on one line where it fits."""

_BARE = re.compile(r"[A-Za-z0-9_$(/<=+.][\x20-\x7e]*")
_AMBIGUOUS = re.compile(r": |:$| #| $")
_OTHERWISE = re.compile(r"true|false|null|-?[0-9]+(\.[0-9]+)?")
"""What a bare text would be read as, other than text."""


def plain(value: Any) -> Any:
    """What would be written for a value: mappings, lists and scalars; keys left at their default are left out."""
    if isinstance(value, Duration | Quantity | Comparison):
        return value.text
    if isinstance(value, Input):
        return _input(value)
    if isinstance(value, BaseModel):
        return _model(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [plain(inner) for inner in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and not isinstance(value, Number) and value.is_integer():
        return int(value)
    return value


def _input(given: Input) -> Any:
    if given.inline is not None:
        return plain(given.inline)
    keys = _model(given)
    return keys["metric"] if set(keys) == {"metric"} else keys


def _model(block: BaseModel) -> Any:
    keys = {
        field.alias or name: plain(getattr(block, name))
        for name, field in type(block).model_fields.items()
        if getattr(block, name) != field.get_default(call_default_factory=True)
    }
    bare = isinstance(block, Rows) and type(block).bare and set(keys) == {"event"}
    return keys["event"] if bare else keys


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key, inside=True)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    return scalar(value, inside=True)


def block(value: Mapping[str, Any], margin: int = 0) -> str:
    """A mapping with a line for every key; what does not fit on its line is set in below it."""
    return "\n".join(_lines(value, margin))


def _lines(value: Mapping[str, Any], margin: int) -> Iterator[str]:
    space = " " * margin
    for key, inner in value.items():
        name = f"{space}{scalar(key)}:"
        line = f"{name} {flow(inner) if isinstance(inner, Mapping | tuple | list) else scalar(inner)}"
        if len(line) <= WIDTH or not isinstance(inner, Mapping | tuple | list):
            yield line
        elif isinstance(inner, Mapping):
            yield name
            yield from _lines(inner, margin + 2)
        else:
            yield name
            yield from (f"{space}  - {flow(item)}" for item in inner)


def scalar(value: Any, *, inside: bool = False) -> str:
    """A scalar, in quotes where it would be read as something else; `inside` a list or mapping on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return value.text
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    misread = _OTHERWISE.fullmatch(text) or not _BARE.fullmatch(text) or _AMBIGUOUS.search(text)
    if misread or (inside and re.search(r"[\[\]{},]", text)):
        return dumps(text, ensure_ascii=not text.isprintable())
    return text
