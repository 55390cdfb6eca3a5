"""Walking through models: every block of one kind inside another, with its path in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
        yield from found(kind, inner, path if step is None else (*path, step))


def _inside(value: Any) -> Iterator[tuple[str | int | None, Any]]:
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield None if name in _UNWRITTEN else field.alias or name, getattr(value, name)
    elif isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, tuple | list):
        yield from enumerate(value)
