"""Zones: which local day an instant belongs to, for many instants at a tenth of the cost of converting each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

DAY = 86_400_000_000
"""A day in microseconds."""

FIRST, LAST = 1970, 2100
"""Years in which zones change their offset on quarter hours, and at most once a day."""


@cache
def days_of(timezone: str) -> Callable[[pl.Series], pl.Series]:
    """A function from UTC instants to local days; the same one for the same zone.

    Edges: null stays null; instants outside of the years above are converted one by one.
    """

    def local_days(instants: pl.Series) -> pl.Series:
        known = instants.dt.cast_time_unit("us")
        low, high = known.min(), known.max()
        if not isinstance(low, datetime) or not isinstance(high, datetime):
            return pl.Series(instants.name, [None] * len(instants), dtype=pl.Date)
        if low.year <= FIRST or high.year >= LAST:
            return _converted(known, timezone)
        nulls = known.null_count() > 0
        numbers = (known.fill_null(low) if nulls else known).to_physical().to_numpy()
        begins, offsets = _offsets(timezone, low.year - 1, high.year + 1)
        span = np.searchsorted(begins, [numbers.min(), numbers.max()], side="right") - 1
        if span[0] == span[1]:
            local = numbers + offsets[span[0]]
        else:
            local = numbers + offsets[np.searchsorted(begins, numbers, side="right") - 1]
        local //= DAY
        days = pl.Series(instants.name, local.astype(np.int32)).cast(pl.Date)
        return days.set(known.is_null(), None) if nulls else days

    return local_days


@cache
def _offsets(timezone: str, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The instants from which on an offset holds, ascending, and the offset; from the begin of the first year on."""
    begins, offsets = zip(*(_of_year(timezone, year) for year in range(first, last + 1)), strict=True)
    whole, held = np.concatenate(begins), np.concatenate(offsets)
    kept = np.concatenate([[True], held[1:] != held[:-1]])
    return whole[kept], held[kept]


@cache
def _of_year(timezone: str, year: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """As `_offsets`, for one year: day by day, and quarter hour by quarter hour where two days differ."""
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    days = pl.datetime_range(start, end, "1d", eager=True, time_unit="us")
    by_day = _offset(days, timezone)
    begins, offsets = [days.to_physical().to_numpy()[:1]], [by_day[:1]]
    for place in np.flatnonzero(by_day[1:] != by_day[:-1]):
        day = cast(datetime, days[int(place)])
        quarters = pl.datetime_range(day, day + timedelta(days=1), "15m", eager=True, time_unit="us")
        held = _offset(quarters, timezone)
        changed = np.flatnonzero(held[1:] != held[:-1]) + 1
        begins.append(quarters.to_physical().to_numpy()[changed])
        offsets.append(held[changed])
    return np.concatenate(begins), np.concatenate(offsets)


def _offset(instants: pl.Series, timezone: str) -> NDArray[np.int64]:
    """What a zone is ahead of UTC at each instant, in microseconds."""
    local = instants.dt.convert_time_zone(timezone).dt.replace_time_zone(None)
    return (local - instants.dt.replace_time_zone(None)).dt.total_microseconds().to_numpy()


def _converted(instants: pl.Series, timezone: str) -> pl.Series:
    if instants.dtype == pl.Datetime("us"):
        instants = instants.dt.replace_time_zone("UTC")
    return instants.dt.convert_time_zone(timezone).dt.date()
