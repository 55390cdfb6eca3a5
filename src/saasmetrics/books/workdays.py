"""How many days of each period count when a mean over days is taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.period import Periods


def counted_days(given: Given, periods: Periods, per: str) -> pl.LazyFrame:
    """Days of each period that are visible. Grain: period. Columns: `period`, `days` (Int64, at least 1)."""
    return visible_days(
        given, [(start, start, periods.calendar.end(start, periods.grain)) for start in periods.starts], per
    )


def visible_days(given: Given, spans: Sequence[tuple[date, date, date]], per: str) -> pl.LazyFrame:
    """Days of each span (period it is for, first day, first day after) that are visible. As `counted_days`.

    Edges: a span in progress has the days that have begun; `working_days` leaves Saturdays and Sundays out.
    """
    last = pl.lit(given.unseen_day)
    end = pl.min_horizontal("end", last)
    days = (end - pl.col("first")).dt.total_days()
    if per == "working_days":
        days = pl.business_day_count(pl.col("first"), pl.max_horizontal("first", end)).cast(pl.Int64)
    rows = pl.LazyFrame(spans, schema={"period": pl.Date, "first": pl.Date, "end": pl.Date}, orient="row")
    return rows.select("period", days=days.clip(lower_bound=1))
