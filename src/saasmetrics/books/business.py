"""Business hours: how much of a span lies in the hours in which answers are expected."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import polars as pl

from saasmetrics.definitions.policies import BusinessHours
from saasmetrics.definitions.settings import Weekday

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEEKDAYS: tuple[str, ...] = get_args(Weekday)


def in_business(hours: BusinessHours, timezone: str, at: pl.Expr, until: pl.Expr) -> pl.Expr:
    """Of the time between two instants, what lies in business hours.

    Unit: milliseconds, Int64. `timezone` is that of the file, for hours that have none of their own.
    Edges: null where an end is; hours are those that pass: a business day that a clock change cuts short is shorter.
    """
    counted = partial(_counted, hours, hours.timezone or timezone)
    spans = pl.struct(at.alias("at"), until.alias("until"))
    return spans.map_batches(counted, return_dtype=pl.Int64, is_elementwise=True)


def _counted(hours: BusinessHours, timezone: str, spans: pl.Series) -> pl.Series:
    at, until = (spans.struct.field(name).cast(pl.Datetime("us", "UTC")) for name in ("at", "until"))
    whole = pl.concat([at, until])
    low, high = whole.min(), whole.max()
    if not isinstance(low, datetime) or not isinstance(high, datetime):
        return pl.Series(spans.name, [None] * len(spans), dtype=pl.Int64)
    begin, length = _stretches(hours, timezone, low.date(), high.date())
    before = np.concatenate([[0], np.cumsum(length)])

    def until_then(instants: pl.Series) -> NDArray[np.int64]:
        """Business time from the first stretch up to each instant."""
        numbers = instants.fill_null(low).to_physical().to_numpy()
        place = np.searchsorted(begin, numbers, side="right") - 1
        if not len(begin):
            return np.zeros(len(numbers), dtype=np.int64)
        inside = np.minimum(numbers - begin[place], length[place])
        return np.where(place < 0, 0, before[place] + inside)

    passed = (until_then(until) - until_then(at)) // 1000
    return pl.Series(spans.name, passed).set(at.is_null() | until.is_null(), None)


def _stretches(
    hours: BusinessHours, timezone: str, first: date, last: date
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """When the business hours of each day begin and how long they last, in microseconds, ascending."""
    days = pl.date_range(first - timedelta(days=2), last + timedelta(days=2), eager=True)
    open_ = days.dt.weekday().is_in([WEEKDAYS.index(day) + 1 for day in hours.days])
    days = days.filter(open_ & ~days.is_in(list(hours.holidays)))
    begin = _instants(days, hours.from_, timezone, "earliest").to_physical().to_numpy()
    end = _instants(days, hours.to, timezone, "latest").to_physical().to_numpy()
    return begin, np.maximum(end - begin, 0)


def _instants(days: pl.Series, clock: str, timezone: str, which: Literal["earliest", "latest"]) -> pl.Series:
    """A time of day on each of some local days; where a clock change skips it, an hour later."""
    hour, minute = map(int, clock.split(":"))
    naive = days.cast(pl.Datetime("us")) + timedelta(hours=hour, minutes=minute)

    def told(moments: pl.Series) -> pl.Series:
        return moments.dt.replace_time_zone(timezone, ambiguous=which, non_existent="null")

    at = told(naive)
    return at.zip_with(at.is_not_null(), told(naive + timedelta(hours=1))).dt.convert_time_zone("UTC")
