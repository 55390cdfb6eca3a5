"""The type over another number's entries of a longer stretch of time: cumulative."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from oracle.shapes import Asked, Cell, Company, Key, Metric, later

Of = Callable[[Company, Metric, Asked], dict[Key, Cell]]


@dataclass(frozen=True)
class Stretch(Asked):
    """One period that is longer than its grain: the days `first <= day < last`."""

    first: date = date.min
    last: date = date.max

    def floor(self, at: datetime | date, grain: str | None = None) -> date:
        """The stretch, for a moment inside it."""
        inside = grain is None and self.first <= self.day(at) < self.last
        return self.first if inside else super().floor(at, grain)

    def end(self, period: date, grain: str | None = None) -> date:
        """First day after the stretch."""
        return self.last if grain is None and period == self.first else super().end(period, grain)


def cumulative(company: Company, metric: Metric, asked: Asked, of: Of) -> dict[Key, Cell]:
    """A number over a trailing window, or since the start of a longer period.

    Formula: the number, asked for the days from the window's first to the period's last as if they were one period.
    Edges: a period that has not begun says nothing.
    """
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        if asked.last_day(period) is None:
            continue
        end = asked.end(period)
        if "grain_to_date" in metric:
            first = asked.floor(end - timedelta(days=1), metric["grain_to_date"])
        else:
            first = later(end, metric["window"], -1)
        stretch = Stretch(asked.grain, (first,), asked.as_of, asked.timezone, first, end)
        for (cut, stat, _), cell in of(company, metric["metric"], stretch).items():
            out[cut, stat, period] = cell
    return out
