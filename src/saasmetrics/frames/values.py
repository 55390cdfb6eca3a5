"""Values: the one frame that numbers live in once they are computed."""

from __future__ import annotations

from functools import cache

import polars as pl

OK, PARTIAL, MATURING, LOW_N = "ok", "partial", "maturing", "low_n"
NO_INPUT, UNDEFINED, NOT_REACHED, NOT_APPLICABLE = "no_input", "undefined", "not_reached", "not_applicable"
STATUSES = (OK, PARTIAL, MATURING, LOW_N, NO_INPUT, UNDEFINED, NOT_REACHED, NOT_APPLICABLE)

VALUES = (
    *("metric", "cut", "stat", "grain", "period", "segment", "segment_value"),
    *("value", "numerator", "denominator", "entries", "accounts", "immature"),
    *("status", "reason", "as_of"),
)
"""Grain: metric, cut, stat, grain, period, segment, segment_value.

`cut` is null for the headline, else the path under the metric (`invoicing.basic`). `segment` is null for the total,
`plan,size` when crossed, and `segment_value` then `pro,mid`. `value`, `numerator` and `denominator` are raw: rates are
0-1, durations are in the metric's unit, money is in the reporting currency. `entries` is the sum of weights.
"""

KEYS = ["metric", "cut", "stat", "grain", "period", "segment", "segment_value"]


@cache
def value_types() -> dict[str, pl.DataType | type[pl.DataType]]:
    """The columns of a Values frame with their types."""
    types: dict[str, pl.DataType | type[pl.DataType]] = dict.fromkeys(VALUES, pl.String)
    types |= dict.fromkeys(("value", "numerator", "denominator"), pl.Float64)
    types |= dict.fromkeys(("entries", "accounts", "immature"), pl.Int64)
    return types | {"period": pl.Date, "as_of": pl.Datetime("us", "UTC")}


def empty() -> pl.DataFrame:
    """A Values frame without rows."""
    return pl.DataFrame(schema=value_types())
