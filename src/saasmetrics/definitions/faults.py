"""What a model refuses, said as findings: where it stands, what is wrong, what was perhaps meant."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from saasmetrics.definitions import slips
from saasmetrics.definitions.governance import GOVERNANCE
from saasmetrics.definitions.model import LENIENT, Model, near
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scalars import Comparison, Duration, shown
from saasmetrics.definitions.walk import found
from saasmetrics.definitions.written import Written
from saasmetrics.document import Path
from saasmetrics.finding import Meant

M = TypeVar("M", bound=BaseModel)

_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}
_ROUNDS = 4


def validate(model: type[M], data: Any, path: Path, written: Written, *, partial: bool = False) -> M | None:
    """Read data with a model; every fault becomes a finding.

    Edges: what is faulty is left out, and what is missing stands in, so that later checks see all that can be read;
    null when nothing stands in for what is missing. Only the first reading speaks: what follows from mending does not.
    With `partial`, what is missing is no fault.
    """
    data = _without_nothing(model, data, path, written)
    broken: set[Path] = set()
    for _ in range(_ROUNDS):
        try:
            block = model.model_validate(data, context=LENIENT)
        except ValidationError as error:
            faults = [(fault, _spot(fault, data)) for fault in error.errors(include_url=False)]
            first = not broken
            for fault, spot in faults:
                if first and not (partial and (not spot or fault["type"] == "missing")):
                    _report(fault, spot, model, path, written)
            for fault, spot in faults:
                broken.add(spot)
                data = _mended(data, spot, fault, model)
            if data is None:
                return None
        else:
            _report_blocks(block, path, written, broken)
            return block
    return None


def _mended(data: Any, spot: Path, fault: ErrorDetails, model: type[BaseModel]) -> Any:
    """The data less what is faulty, or with something in the place of what is missing."""
    if fault["type"] != "missing":
        return _without(data, spot)
    block = model
    for step in fault["loc"][:-1]:
        block = _step(block, step)
    stand_in = _stand_in(_step(block, fault["loc"][-1]))
    return None if stand_in is None else _with(data, spot, stand_in)


def _stand_in(kind: Any) -> Any:
    """Something of a kind, in the place of what is missing; null where nothing can be made up."""
    if isinstance(kind, type) and issubclass(kind, Rows):
        return kind.model_construct(event="x")
    simple = {str: "x", Duration: Duration(0, "d"), Comparison: Comparison.parse(">= 0"), date: date.max, float: 0.0}
    return simple.get(kind)


def _with(data: Any, spot: Path, value: Any) -> Any:
    if not isinstance(data, Mapping):
        return None
    inner = value if len(spot) == 1 else _with(data.get(spot[0]), spot[1:], value)
    return None if inner is None else {**data, spot[0]: inner}


def _report_blocks(block: BaseModel, path: Path, written: Written, broken: set[Path]) -> None:
    """Faults of blocks as a whole, the block itself and those inside it that stand in the files.

    Edges: a block that something was taken out of is not asked again.
    """
    for spot, inner in found(Model, block):
        whole = (*path, *spot)
        if any(gone[: len(spot)] == spot for gone in broken) or written.spoils(whole):
            continue
        if spot and not written.knows(whole):
            continue
        for fault in inner.faults():
            context: Mapping[str, Any] = fault.context or {}
            at = tuple(int(step) if step.isdigit() else step for step in str(context["at"] or "").split(".") if step)
            place = written.key_at((*whole, *at))
            written.fault(fault.type, f"{_dotted((*whole, *at))}: {context['message']}", place, context["hint"])


def _without_nothing(model: type[BaseModel], data: Any, path: Path, written: Written) -> Any:
    """The data less its empty values, each of them a finding; cells of inline rows may be empty."""
    if not isinstance(data, dict):
        return data
    kept = {}
    for key, value in data.items():
        if value is None:
            hint = "leave the key out, or write none where that is a choice"
            if not written.spoiled((*path, key)):
                place = written.key_at((*path, key))
                written.fault("SM005", f"{_dotted((*path, key))}: there is nothing here", place, hint)
        elif key == "rows" and path[:1] == ("sources",):
            kept[key] = value
        else:
            kept[key] = _without_nothing(model, value, (*path, key), written)
    return kept


def _spot(fault: ErrorDetails, data: Any) -> Path:
    """Path in the data that a fault is about; steps that the data does not have are those of a model's own making."""
    steps: list[str | int] = list(fault["loc"])
    named = fault["type"] in ("missing", "extra_forbidden")
    last = steps.pop() if named and steps else None
    if steps and steps[-1] == "[key]":
        steps.pop()
    context = fault.get("ctx") or {}
    if at := context.get("at"):
        steps += [int(step) if step.isdigit() else step for step in str(at).split(".")]
    spot: list[str | int] = []
    for step in steps:
        inside = data.get(step) if isinstance(data, Mapping) else None
        if isinstance(data, tuple) and isinstance(step, int) and step < len(data):
            inside = data[step]
        if inside is not None:
            spot.append(step)
            data = inside
    return (*spot, last) if last is not None else tuple(spot)


def _report(fault: ErrorDetails, spot: Path, model: type[BaseModel], path: Path, written: Written) -> None:
    whole = (*path, *spot)
    if written.spoiled(whole) or written.spoils(whole):
        return
    code, message, hint = _words(fault, model, GOVERNANCE if path[:1] == ("metrics",) else ())
    context = fault.get("ctx") or {}
    if fault["type"] == "missing":
        place = written.key_at(whole[:-1])
        whole = whole[:-1]
    elif fault["type"] == "extra_forbidden":
        place = written.key_at(whole)
        whole = whole[:-1]
    elif code == "SM006":
        place = written.inside(whole, int(context.get("offset") or 0))
    elif context.get("at") or fault["loc"][-1:] == ("[key]",):
        place = written.key_at(whole)
    else:
        place = written.at(whole)
    written.fault(code, f"{_dotted(whole)}: {message}", place, hint)


def _listed(keys: Iterable[str]) -> str:
    """Keys in the order of their block; `ignore`, which says nothing of the business, last."""
    return ", ".join(sorted(keys, key=lambda key: key == "ignore"))


def _words(fault: ErrorDetails, model: type[BaseModel], also: Iterable[str]) -> tuple[str, str, str | None]:
    kind, given = fault["type"], fault["input"]
    context = fault.get("ctx") or {}
    if kind.startswith("SM"):
        return kind, str(context["message"]), context["hint"]
    if kind == "extra_forbidden":
        keys = _keys_at(model, fault["loc"][:-1])
        name = str(fault["loc"][-1])
        nearest = near(name, [*keys, *also] if len(fault["loc"]) == 1 else keys)
        return "SM001", f"`{name}` is not a key here", nearest or f"keys here: {_listed(keys)}"
    if kind == "missing":
        return "SM007", f"`{fault['loc'][-1]}` is missing", None
    if kind in _EXPECTED:
        text = "the text " if isinstance(given, str) and kind != "string_type" else ""
        return "SM005", f"expected {_EXPECTED[kind]}, got {text}{shown(given)}", _quoting(kind, given)
    if kind == "literal_error":
        choices = [choice.strip(" '") for choice in str(context["expected"]).replace(" or ", ",").split(",")]
        text = f"{shown(given)} is not one of {', '.join(choices)}"
        return "SM005", text, near(given, choices) if isinstance(given, str) else None
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        return "SM005", f"{shown(given)} is not {words} {context[key]}", None
    if kind == "too_short":
        return "SM007", f"at least {context['min_length']} needed, got {context['actual_length']}", None
    if kind == "string_too_long":
        return "SM005", f"longer than {context['max_length']} characters", None
    if kind == "string_pattern_mismatch":
        return "SM005", f"{shown(given)} does not look like {context['pattern']}", None
    return "SM005", f"{fault['msg'][:1].lower()}{fault['msg'][1:]}, got {shown(given)}", None


def _quoting(kind: str, given: Any) -> str | None:
    if kind == "string_type" and isinstance(given, bool | int | float):
        return slips.quoting(given)
    if kind in ("tuple_type", "list_type") and isinstance(given, str):
        return Meant(f"write [{given}]", given, f"[{given}]")
    if kind in ("int_type", "float_type") and isinstance(given, str) and given.isdecimal():
        return Meant(f"write {int(given)}", given, str(int(given)), whole=True)
    return slips.flag(given) if kind == "bool_type" else None


def _without(data: Any, spot: Path) -> Any:
    """Data less the value at `spot`; a faulty item takes its whole list along. Null when nothing is left."""
    if not spot:
        return None
    if isinstance(data, Mapping) and spot[0] in data:
        inner = _without(data[spot[0]], spot[1:]) if len(spot) > 1 and not isinstance(spot[1], int) else None
        rest = {key: value for key, value in data.items() if key != spot[0]}
        return rest if inner is None else {key: inner if key == spot[0] else value for key, value in data.items()}
    return None


def _keys_at(model: type[BaseModel], steps: tuple[str | int, ...]) -> list[str]:
    """Keys that the block at `steps` of a model may have."""
    current: Any = model
    for step in steps:
        current = _step(current, step)
    block = _block(current)
    return [field.alias or name for name, field in block.model_fields.items()] if block else []


def _step(kind: Any, step: str | int) -> Any:
    block = _block(kind)
    if block is None:
        return kind
    for name, field in block.model_fields.items():
        if step in (name, field.alias):
            return field.annotation
    return kind


def _block(kind: Any) -> type[BaseModel] | None:
    """The model inside an annotation."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    if get_origin(kind) in (Union, types.UnionType, Annotated, tuple, dict):
        for inner in reversed(get_args(kind)):
            if (block := _block(inner)) is not None:
                return block
    return None


def _dotted(path: Path) -> str:
    return ".".join(str(step) for step in path)
