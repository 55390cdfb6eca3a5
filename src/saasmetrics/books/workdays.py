"""How many days of each period count when a mean over days is taken."""

from __future__ import annotations

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.period import Periods


def counted_days(given: Given, periods: Periods, per: str) -> pl.LazyFrame:
    """Days of each period that are visible. Grain: period. Columns: `period`, `days` (Int64, at least 1).

    Edges: a period in progress has the days that have begun; `working_days` leaves Saturdays and Sundays out.
    """
    last = pl.lit(given.as_of_day)
    if given.as_of > given.calendar.start_of(given.as_of_day):
        last = last.dt.offset_by("1d")
    end = pl.min_horizontal("period_end", last)
    days = (end - pl.col("period")).dt.total_days()
    if per == "working_days":
        days = pl.business_day_count(pl.col("period"), pl.max_horizontal("period", end)).cast(pl.Int64)
    return periods.frame().select("period", days=days.clip(lower_bound=1))
