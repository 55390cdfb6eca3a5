"""What a key takes, in words, from the type of its field; and its default, as it would be written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scalars import Comparison, Duration, Quantity
from saasmetrics.explain.notation import flow, plain
from saasmetrics.period import Grain

_KINDS: Mapping[Any, str] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "true or false",
    date: "date",
    Duration: "duration",
    Comparison: "comparison",
    Quantity: "number, percent or duration",
    Rows: "rows",
    Input: "input",
}
_SQL = frozenset({"expr", "cut", "area", "filter", "eligible"})


def takes(name: str, field: FieldInfo) -> str:
    """What may be written under a key."""
    said = _of(field.annotation)
    return "SQL" if said == "text" and name in _SQL else said


def _of(type_: Any) -> str:
    if type_ in _KINDS:
        return _KINDS[type_]
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is Annotated:
        return _of(arguments[0])
    if origin is Literal:
        return either([str(word) for word in arguments])
    if origin in (Union, UnionType):
        return either([_of(inner) for inner in arguments if inner is not NoneType])
    if origin is tuple:
        return f"list of {_of(arguments[0])}"
    if origin is dict:
        return f"name: {_of(arguments[1])}"
    if type_ is Grain:
        return either(list(Grain))
    if isinstance(type_, type) and issubclass(type_, BaseModel):
        return "keys"
    return "any value"


def either(words: list[str]) -> str:
    """`a, b or c`."""
    unique = list(dict.fromkeys(words))
    return " or ".join([", ".join(unique[:-1]), unique[-1]] if len(unique) > 1 else unique)


def default(field: FieldInfo) -> str:
    """The default as it would be written; `required` without one, nothing where leaving it out means something else."""
    if field.is_required():
        return "required"
    value = field.default
    if value is PydanticUndefined and field.default_factory is not None:
        made: Callable[[], Any] = field.default_factory  # type: ignore[assignment]  # the models use no factory of values
        value = made()
    return "" if value is None or value == () or value == {} else flow(plain(value))
