"""Zones: which local day an instant belongs to, for many instants at a tenth of the cost of converting each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY, SLOT = 86_400_000_000, 900_000_000
"""A day and a quarter of an hour, in microseconds."""

FIRST, LAST = 1970, 2100
"""Years in which zones change their offset on quarter hours, and at most once a day."""


@cache
def days_of(timezone: str) -> Callable[[pl.Series], pl.Series]:
    """A function from UTC instants to local days; the same one for the same zone.

    Edges: null stays null; instants outside of the years above are converted one by one.
    """
    return partial(_looked_up, timezone, None)


@cache
def cells_of(timezone: str, week_start: int) -> Callable[[pl.Series], pl.Series]:
    """A function from UTC instants to the first local day of their week or month, whichever is later. As `days_of`."""
    return partial(_looked_up, timezone, week_start)


def _looked_up(timezone: str, week_start: int | None, instants: pl.Series) -> pl.Series:
    known = instants.dt.cast_time_unit("us")
    low, high = known.min(), known.max()
    if not isinstance(low, datetime) or not isinstance(high, datetime):
        return pl.Series(instants.name, [None] * len(instants), dtype=pl.Date)
    if low.year <= FIRST or high.year >= LAST:
        days = known.dt.convert_time_zone(timezone).dt.date()
        if week_start is None:
            return days
        cells = _cells(days.fill_null(date(FIRST, 1, 1)).to_physical().to_numpy(), week_start)
        return pl.Series(instants.name, cells).cast(pl.Date).set(days.is_null(), None)
    nulls = known.null_count() > 0
    numbers = (known.fill_null(low) if nulls else known).to_physical().to_numpy()
    base, table = _table(timezone, week_start, low.year - 1, high.year + 1)
    found = pl.Series(instants.name, table.take(numbers // SLOT - base)).cast(pl.Date)
    return found.set(known.is_null(), None) if nulls else found


@cache
def _table(timezone: str, week_start: int | None, first: int, last: int) -> tuple[int, NDArray[np.int32]]:
    """The local day of every quarter hour of some years, or with a week's start the cell of it; and the first one."""
    begins, offsets = zip(*(_of_year(timezone, year) for year in range(first, last + 1)), strict=True)
    whole, held = np.concatenate(begins), np.concatenate(offsets)
    end = int(datetime(last + 1, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
    slots = np.arange(whole[0] // SLOT, end // SLOT, dtype=np.int64)
    lengths = np.diff(np.append(whole, end)) // SLOT
    days = ((slots * SLOT + np.repeat(held, lengths)) // DAY).astype(np.int32)
    return int(slots[0]), days if week_start is None else _cells(days, week_start)


def _cells(days: NDArray[np.int32], week_start: int) -> NDArray[np.int32]:
    ahead = 3 - week_start  # days are counted from a Thursday on
    weeks = (days + ahead) // 7 * 7 - ahead
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int32)
    return np.maximum(weeks, months)


@cache
def _of_year(timezone: str, year: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The instants from which on an offset holds, ascending, and the offset, from the first of a year on.

    Looked for day by day, and quarter hour by quarter hour where two days differ.
    """
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
