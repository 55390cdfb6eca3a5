"""Values: the one frame that numbers live in once they are computed."""

from __future__ import annotations

import polars as pl

OK, PARTIAL, MATURING, LOW_N = "ok", "partial", "maturing", "low_n"
NO_INPUT, UNDEFINED, NOT_REACHED, NOT_APPLICABLE = "no_input", "undefined", "not_reached", "not_applicable"
STATUSES = (OK, PARTIAL, MATURING, LOW_N, NO_INPUT, UNDEFINED, NOT_REACHED, NOT_APPLICABLE)

VALUES: dict[str, pl.DataType | type[pl.DataType]] = {
    "metric": pl.String,
    "cut": pl.String,
    "stat": pl.String,
    "grain": pl.String,
    "period": pl.Date,
    "segment": pl.String,
    "segment_value": pl.String,
    "value": pl.Float64,
    "numerator": pl.Float64,
    "denominator": pl.Float64,
    "entries": pl.Int64,
    "accounts": pl.Int64,
    "immature": pl.Int64,
    "status": pl.String,
    "reason": pl.String,
    "as_of": pl.Datetime("us", "UTC"),
}
"""Grain: metric, cut, stat, grain, period, segment, segment_value.

`cut` is null for the headline, else the path under the metric (`invoicing.basic`). `segment` is null for the total,
`plan,size` when crossed, and `segment_value` then `pro,mid`. `value`, `numerator` and `denominator` are raw: rates are
0-1, durations are in the metric's unit, money is in the reporting currency. `entries` is the sum of weights.
"""

KEYS = ["metric", "cut", "stat", "grain", "period", "segment", "segment_value"]


def empty() -> pl.DataFrame:
    """A Values frame without rows."""
    return pl.DataFrame(schema=VALUES)
