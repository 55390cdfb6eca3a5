"""Unit, format and grain of a metric that does not say them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from saasmetrics.definitions.inputs import Input
from saasmetrics.frames.canonical import ROLES
from saasmetrics.period import Grain

FORMAT_OF_UNIT: Mapping[str, str] = {
    "count": "count",
    "currency": "money",
    "ratio": "rate",
    "ms": "latency",
    "seconds": "duration",
    "minutes": "duration",
    "hours": "duration",
    "days": "duration",
    "months": "months",
    "score": "count",
}
_FIXED: Mapping[str, str] = {
    "net_retention": "ratio",
    "conversion": "ratio",
    "retention": "ratio",
    "sessions": "minutes",
    "score": "score",
    "impact": "count",
    "lift": "ratio",
}
_BY_MEASURE: Mapping[tuple[str, str], str] = {
    ("active", "share"): "ratio",
    ("tiers", "share"): "ratio",
    ("tiers", "time"): "days",
    ("attribution", "revenue"): "currency",
    ("attribution", "roi"): "ratio",
}


def normal(unit: str, currency: str | None) -> str:
    """A unit as everything after reads it: `currency` for money of the reporting currency, `ratio` for `%`."""
    if unit == currency:
        return "currency"
    return {"%": "ratio", "percent": "ratio"}.get(unit, unit)


def unit_of(type_: str, spec: Any, of: Callable[[Input], str]) -> str:
    """The unit that follows from a metric's type and keys. `of` gives the unit of an input."""
    if type_ in _FIXED:
        return _FIXED[type_]
    if (unit := _BY_MEASURE.get((type_, str(getattr(spec, "measure", ""))))) is not None:
        return unit
    if type_ in ("simple", "stock"):
        return _aggregate(spec)
    if type_ == "movement":
        return "count" if getattr(spec, "count", False) else of(spec.of)
    if type_ == "cumulative":
        return of(spec.metric)
    if type_ == "ratio":
        return _quotient(spec, of)
    if type_ == "duration":
        return "days"
    return "number" if type_ == "derived" else "count"


def _aggregate(spec: Any) -> str:
    if getattr(spec, "agg", "count") in ("count", "count_distinct"):
        return "count"
    if getattr(spec, "currency", None):
        return "currency"
    role = ROLES.get(str(getattr(spec, "source", "")))
    column = role.columns.get(str(spec.expr)) if role else None
    return "currency" if column is not None and column.kind == "money" else "number"


def _quotient(spec: Any, of: Callable[[Input], str]) -> str:
    above, below = of(spec.numerator), of(spec.denominator)
    if above == below:
        return "ratio" if spec.scale == 1 else "count"
    return above if below == "count" else "number"


def format_of(unit: str) -> str:
    """How values of a unit are written."""
    return FORMAT_OF_UNIT.get(unit, "ratio" if unit == "number" else "count")


def grain_of(unit: str) -> Grain:
    """Money by month, the rest by week."""
    return Grain.MONTH if unit == "currency" else Grain.WEEK
