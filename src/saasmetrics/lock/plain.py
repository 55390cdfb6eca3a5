"""Blocks as plain data of the language again: defaults said, layout gone, one spelling for one meaning."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Any, TypeAlias

from pydantic import BaseModel

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scalars import Comparison, Duration, Quantity
from saasmetrics.definitions.sources import ColumnSource
from saasmetrics.lock.spelling import spelled

Plain: TypeAlias = str | int | float | bool | list[Any] | dict[str, Any] | None

SQL = frozenset({"filter", "expr", "eligible", "cut", "area", "last_of"})
"""Keys whose texts are expressions."""
PERCENTS = frozenset({"trend_drop", "min_coverage", "margin", "pipeline_weights"})
"""Keys whose fractions are written as percents."""
SETS = frozenset(
    {"mrr_statuses", "cac_buckets", "paid_channels", "qualified_stages", "win_excludes", "roles", "screens", "jobs",
     "workflows", "whole", "holidays", "days"}
)  # fmt: skip
"""Keys whose lists have no order and no repeats."""
ORDERED = frozenset({"buckets", "steps", "tiers", "bands"})
"""Keys whose names stand in an order that means something."""
_REFERENCE = "$["


def plain(definitions: Definitions, owner: str, value: Any, key: str = "") -> Plain:
    """A value as the language writes it, with defaults; `key` is where it stands.

    Edges: null, and what is empty or false where that is the default, are left out of blocks. An input that is
    written out is the metric that it became. Lists without order are sorted; members of `any` and `all` too.
    """
    if isinstance(value, Input):
        return _input(definitions, owner, value)
    if isinstance(value, BaseModel):
        return _block(definitions, owner, value)
    if isinstance(value, Mapping):
        names = list(value) if key in ORDERED else sorted(value, key=str)
        return {str(name): plain(definitions, owner, value[name], key) for name in names}
    if isinstance(value, tuple | list):
        items = [plain(definitions, owner, inner, key) for inner in value]
        return _sorted(items) if key in SETS or key in ("any", "all") else items
    return scalar(value, key)


def raw(value: Any, key: str = "") -> Plain:
    """Keys of the catalogue before their references are filled in."""
    if isinstance(value, Mapping):
        return {str(name): raw(inner, str(name)) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        return [raw(inner, key) for inner in value]
    if isinstance(value, str) and _REFERENCE in value:
        return " ".join(value.split())
    return scalar(value, "" if isinstance(value, str) and value.startswith("$") else key)


def scalar(value: Any, key: str = "") -> Plain:
    """A value that holds no others."""
    if isinstance(value, Duration):
        return value.text
    if isinstance(value, Comparison):
        return _comparison(value)
    if isinstance(value, Quantity):
        return _quantity(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool) or value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return f"{number(value * 100)}%" if key in PERCENTS else number(float(value))
    if key in SQL and isinstance(value, str):
        return spelled(value)
    return str(value)


def number(value: float) -> int | float:
    """A number without the zeros that change nothing, nor the last digits that a percent picked up."""
    rounded = float(f"{value:.12g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def _comparison(value: Comparison) -> str:
    edges = [str(_quantity(edge)) for edge in value.edges]
    return " to ".join(edges) if value.op == "band" else f"{value.op} {edges[0]}"


def _quantity(value: Quantity) -> Plain:
    if value.kind == "duration":
        return value.text
    return f"{number(value.value * 100)}%" if value.kind == "percent" else number(value.value)


def _block(definitions: Definitions, owner: str, block: BaseModel) -> Plain:
    out: dict[str, Plain] = {}
    for name, field in type(block).model_fields.items():
        value, key = getattr(block, name), field.alias or name.rstrip("_")
        if value is None or (value in (False, (), {}) and value == field.get_default(call_default_factory=True)):
            continue
        written = plain(definitions, owner, value, key)
        if name == "input" and isinstance(written, dict):
            out = {**written, **out}
        elif name == "input":
            out = {"metric": written, **out}
        else:
            out[key] = written
    if type(block) is Rows and set(out) == {"event"}:
        return out["event"]
    if type(block) is Rows and out.get("outcome") == "success":
        del out["outcome"]
    if type(block) is ColumnSource and set(out) == {"column"}:
        return out["column"]
    return out


def _input(definitions: Definitions, owner: str, given: Input) -> Plain:
    hidden = definitions.hidden.get((owner, repr(given.inline))) if given.inline is not None else None
    if hidden is not None:
        metric = definitions.metrics[hidden]
        return plain(definitions, hidden, metric.variants[0].spec) if metric.variants else raw(given.inline)
    if given.inline is not None:
        return raw(given.inline)
    if given.offset is not None and not given.offset.count:
        given = given.model_copy(update={"offset": None})
    block = _block(definitions, owner, given)
    if not isinstance(block, dict):
        return block
    for narrowed in ("where", "unless"):
        if isinstance(values := block.get(narrowed), dict):
            block[narrowed] = {
                name: _sorted(inner) if isinstance(inner, list) else inner for name, inner in values.items()
            }
    return block["metric"] if set(block) == {"metric"} else block


def _sorted(items: list[Plain]) -> list[Plain]:
    unique = {repr(item): item for item in items}
    return [unique[key] for key in sorted(unique)]
