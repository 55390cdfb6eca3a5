"""Local days, lattice cells and months of many instants, by look-up."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from saasmetrics.facts.pack import Ints

if TYPE_CHECKING:
    from saasmetrics.period import Calendar

Days = NDArray[np.int32]
"""Days since 1970."""

INSTANT = pl.Datetime("us", "UTC")

_SLOT = 15 * 60 * 1_000_000
_MOST_SLOTS = 2_000_000
_SLOTS = 1 << 13
"""Slots of a stretch, about a quarter of a year: tables of them are made once."""
_STRETCH = 128
"""Days that look-up tables are made in steps of, so that chunks of neighbouring times share them."""


def local_days(calendar: Calendar, instants: Ints) -> Days:
    """Local day of instants (microseconds since 1970, UTC).

    Edges: zones change their offset on quarter hours, so a table of quarter hours answers for every instant between;
    a span in which a quarter hour has two days (old local mean times), or of more than half a century, is worked out
    instant by instant.
    """
    if not len(instants):
        return np.empty(0, np.int32)
    first, last = int(instants.min()) // _SLOT, int(instants.max()) // _SLOT
    if last - first >= _MOST_SLOTS:
        return _exact(calendar, instants)
    first, last = first // _SLOTS, last // _SLOTS
    tables = [_of_slots(calendar, stretch) for stretch in range(first, last + 1)]
    if any(table is None for table in tables):
        return _exact(calendar, instants)
    slots = instants // _SLOT
    slots -= first * _SLOTS
    return np.concatenate([table for table in tables if table is not None]).take(slots, mode="clip")


def cells(calendar: Calendar, days: Days) -> Days:
    """First day of the lattice cell of each day."""
    return _by_table(days, calendar)


def months(days: Days) -> Days:
    """First day of the month of each day."""
    return _by_table(days, None)


def dates(days: Days) -> pl.Series:
    """The same days as dates."""
    return pl.Series(days, dtype=pl.Int32).cast(pl.Date)


def _exact(calendar: Calendar, instants: Ints) -> Days:
    at = pl.DataFrame({"at": instants}).select(pl.col("at").cast(INSTANT))
    return at.select(calendar.day_expr(pl.col("at")).cast(pl.Int32)).to_series().to_numpy()


def _by_table(days: Days, calendar: Calendar | None) -> Days:
    if not len(days):
        return days
    first, last = int(days.min()) // _STRETCH, int(days.max()) // _STRETCH
    return _beginnings(calendar, first, last).take(days - first * _STRETCH)


@lru_cache(maxsize=256)
def _of_slots(calendar: Calendar, stretch: int) -> Days | None:
    """Grain: a slot of one stretch. Its day; None when one of them has two."""
    begins = np.arange(stretch * _SLOTS, (stretch + 1) * _SLOTS, dtype=np.int64) * _SLOT
    table = _exact(calendar, begins)
    return None if (table != _exact(calendar, begins + (_SLOT - 1))).any() else table


@lru_cache(maxsize=64)
def _beginnings(calendar: Calendar | None, first: int, last: int) -> Days:
    """Grain: a day of some stretches. The first day of its cell, or without a calendar of its month."""
    span = pl.DataFrame({"day": dates(np.arange(first * _STRETCH, (last + 1) * _STRETCH, dtype=np.int32))})
    begins = pl.col("day").dt.truncate("1mo") if calendar is None else calendar.cell_expr(pl.col("day"))
    return span.select(begins.cast(pl.Int32)).to_series().to_numpy()
