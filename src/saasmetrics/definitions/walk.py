"""Walking through models: every block of one kind inside another, with its path in the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel

from saasmetrics.definitions.scalars import Comparison, Duration
from saasmetrics.document import Path

T = TypeVar("T")

_UNWRITTEN = frozenset({"input"})
"""Fields that are no key of their own: their keys stand in the block around them."""


def found(kind: type[T], value: Any, path: Path = ()) -> Iterator[tuple[Path, T]]:
    """Every instance of a kind of block in a value, outermost first, with its path; also inside one another."""
    out: list[tuple[Path, T]] = []
    _find(kind, value, path, out)
    return iter(out)


def _find(kind: type[T], value: Any, path: Path, out: list[tuple[Path, T]]) -> None:
    if isinstance(value, kind):
        out.append((path, value))
    if isinstance(value, BaseModel):
        held = value.__dict__
        for step, name in _steps(value.__class__):
            inner = held[name]
            if inner.__class__ not in _LEAVES:
                _find(kind, inner, path if step is None else (*path, step), out)
        return
    for place, inner in _inside(value):
        if inner.__class__ not in _LEAVES:
            _find(kind, inner, (*path, place), out)


def _inside(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, tuple | list) else ()


_LEAVES = frozenset({str, int, float, bool, type(None), Duration, Comparison})
"""Classes of values that hold no block; left out early, for there are very many."""


@cache
def _steps(model: type[BaseModel]) -> tuple[tuple[str | None, str], ...]:
    """Key in the file and name of each field that may hold a block."""
    fields = [(name, field) for name, field in model.model_fields.items() if _may_hold(field.annotation)]
    return tuple((None if name in _UNWRITTEN else field.alias or name, name) for name, field in fields)


def _may_hold(annotation: Any) -> bool:
    """Whether values of a field can be blocks or hold some: all but those made of texts, numbers and choices."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal or annotation is Ellipsis:
        return False
    if origin is Annotated:
        inner = inner[:1]
    return any(_may_hold(each) for each in inner) if inner else annotation not in _LEAVES
