"""The stretch of time that the company's exports cover, and the files it is cut into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from saasmetrics.demo.draws import Floats, Ints
from saasmetrics.period import add_months

Layout = Literal["monthly", "daily"]

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
FAR = 10**6
NEVER = FAR * DAY
"""A day number and an instant after every other."""
EPOCH = date(1970, 1, 1)
EXPORTED_AT = 19 * HOUR
"""The exports are drawn on the evening (UTC) of the last day, which is therefore not complete."""


def number(day: date) -> int:
    """Days since 1970."""
    return (day - EPOCH).days


def named(day: int) -> date:
    """The date `day` days after 1970."""
    return EPOCH + timedelta(days=day)


@dataclass(frozen=True)
class Chapter:
    """One file of a log: its label and the half-open stretch of instants (microseconds) whose rows belong in it."""

    label: str
    start: int
    end: int


@dataclass(frozen=True)
class Span:
    """From the first day of a month to an evening.

    Unit: `first` and `end` are days since 1970 (half-open), `cutoff` is the instant of the export in microseconds.
    """

    until: date
    months: int
    layout: Layout = "monthly"

    @property
    def first_date(self) -> date:
        """First day with events."""
        return add_months(self.until.replace(day=1), 1 - self.months)

    @property
    def first(self) -> int:
        """Day number of the first day with events."""
        return number(self.first_date)

    @property
    def end(self) -> int:
        """Day number after the last day."""
        return number(self.until) + 1

    @property
    def cutoff(self) -> int:
        """The instant of the export."""
        return number(self.until) * DAY + EXPORTED_AT

    def month_starts(self) -> tuple[int, ...]:
        """Day numbers of the first days of the months covered."""
        return tuple(number(add_months(self.first_date, index)) for index in range(self.months))

    def chapters(self) -> Iterator[Chapter]:
        """The files of a log, in order."""
        if self.layout == "daily":
            for day in range(self.first, self.end):
                yield Chapter(named(day).isoformat(), day * DAY, min((day + 1) * DAY, self.cutoff))
            return
        starts = self.month_starts()
        for start, end in zip(starts, (*starts[1:], self.end), strict=True):
            yield Chapter(named(start).isoformat()[:7], start * DAY, min(end * DAY, self.cutoff))


def office_hours(uniform: Floats) -> Ints:
    """Times of day (microseconds, UTC) of people at work in Europe: two humps with a lunch break between."""
    shares = np.array(
        [1, 1, 1, 1, 2, 8, 30, 75, 100, 105, 95, 60, 80, 100, 95, 70, 38, 16, 9, 7, 5, 3, 2, 1], dtype=float
    )
    edges = np.concatenate([[0.0], np.cumsum(shares / shares.sum())])
    return np.asarray(np.interp(uniform, edges, np.arange(25.0)) * HOUR, dtype=np.int64)
