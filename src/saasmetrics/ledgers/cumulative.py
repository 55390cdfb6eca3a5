"""Cumulative: another number, over a trailing window or since the start of a longer period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Literal, NamedTuple

import polars as pl
from pydantic_core import PydanticCustomError

from saasmetrics.books.given import Given
from saasmetrics.books.members import SATURDAY
from saasmetrics.books.segments import NotApplicableError
from saasmetrics.books.workdays import visible_days
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.model import fault
from saasmetrics.definitions.scalars import Duration, GrainName
from saasmetrics.definitions.scope import Scope
from saasmetrics.frames.ledger import Ledger, Shape, Side
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.period import Calendar, Grain, Periods, add_months

LENGTHS = {Grain.DAY: ("1d",), Grain.WEEK: ("1w", "7d"), Grain.MONTH: ("1mo",), Grain.QUARTER: ("1q", "3mo"),
           Grain.YEAR: ("1y", "12mo", "4q")}  # fmt: skip
"""How a length of one period may be written."""


class Reach(NamedTuple):
    """The days that a period looks back over: `first <= day < end`."""

    period: date
    first: date
    end: date


class Cumulative(MetricType):
    """Another number, over a trailing window or since the start of a longer period.

    Grain: the entries of that number, once for every period whose window they lie in.
    Formula: the number itself, over all entries of the days from the window's first to the period's last: sums add,
    ratios are sums over sums, quantiles are those of all the entries, and what is counted once is counted once in the
    whole window.
    Edges: the window ends with the period; `window` says how long it is, `grain_to_date` that it begins with the
    month, quarter or year that holds the period's last day. Where periods do not fill the window evenly it is made of
    days. What is there at a date, and what is made anew for each period, cannot be added up over time: such numbers
    are refused, but for retention of money over exactly one period, whose losses are pooled. Immature entries stay
    immature. Segments of things counted once are read at the window's end.
    Unit: that of the number.
    Source: MetricFlow (cumulative windows, grain to date).
    """

    type: Literal["cumulative"] = "cumulative"
    metric: Input
    window: Duration | None = None
    grain_to_date: GrainName | None = None

    def faults(self) -> Iterator[PydanticCustomError]:
        """An address, and one of the two ways to look back."""
        if self.metric != Input(metric=self.metric.metric):
            yield fault("SM005", "`metric` is an address", "give that number a name of its own", at="metric")
        if self.window is None and self.grain_to_date is None:
            yield fault("SM007", "`window` or `grain_to_date` is needed", "write window: 6mo")
        if self.window is not None and self.grain_to_date is not None:
            yield fault("SM008", "`window` and `grain_to_date` both say how far back", "keep one", at="grain_to_date")

    def shape(self, scope: Scope) -> Shape:
        """That of the number, made anew for each period."""
        return _anew(scope.shape_of(self.metric), scope.input(self.metric).address.stat)

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """The number's entries of all the periods, or days, of each window."""
        wanted = given.scope.input(self.metric)
        reaches = [self._reach(given.calendar, start, periods.grain) for start in periods.starts]
        grain = _filling(given.calendar, reaches, periods.grain)
        self._fits(given.scope, wanted.address.metric, grain)
        last = max(reach.end for reach in reaches) - timedelta(days=1)
        starts = given.calendar.span(min(reach.first for reach in reaches), last, grain)
        inner = given.ledger(wanted, Periods(given.calendar, grain, starts))
        shape = replace(_anew(inner.shape, wanted.address.stat), per=self.shape(given.scope).per or inner.shape.per)
        if shape.per == "working_days" and grain is Grain.DAY:
            starts = tuple(day for day in starts if day.weekday() < SATURDAY)
        pairs = _pairs(reaches, starts)

        def gathered(side: Side, once: bool) -> Side:
            entries = side.entries.rename({"period": "_part"}).join(pairs, on="_part").drop("_part")
            if once:
                entries = entries.with_columns(segment_at=pl.col("_last"))
            return replace(side, entries=entries.drop("_last"), alone=False)

        once = any(shape.collapse)
        days = visible_days(given, reaches, shape.per) if shape.per else None
        return Ledger(
            shape,
            gathered(inner.numerator, once),
            gathered(inner.denominator, once) if inner.denominator else None,
            days=days,
        )

    def _reach(self, calendar: Calendar, start: date, grain: Grain) -> Reach:
        end = calendar.end(start, grain)
        if self.grain_to_date is not None:
            return Reach(start, calendar.floor(end - timedelta(days=1), Grain(self.grain_to_date)), end)
        window = self.window or Duration(1, "d")
        if window.is_calendar:
            return Reach(start, add_months(end, -window.months), end)
        return Reach(start, end - timedelta(days=max(1, window.microseconds // 86_400_000_000)), end)

    @staticmethod
    def _fits(scope: Scope, name: str, grain: Grain) -> None:
        """Raises: NotApplicableError where windows of retention overlap, so that no loss is counted twice."""
        metric = scope.definitions.metrics[name]
        if metric.type == "net_retention" and metric.variants[0].spec.over.text not in LENGTHS[grain]:
            over = metric.variants[0].spec.over.text
            raise NotApplicableError(f"{name} looks {over} back: only periods of that length can be put together")


def _anew(shape: Shape, stat: str | None) -> Shape:
    stats = shape.stats if stat is None else (stat,)
    return replace(shape, time="window", stats=stats)


def _filling(calendar: Calendar, reaches: list[Reach], grain: Grain) -> Grain:
    """The grain whose periods fill every window evenly: the report's own, else the day."""
    return grain if all(calendar.floor(reach.first, grain) == reach.first for reach in reaches) else Grain.DAY


def _pairs(reaches: list[Reach], starts: tuple[date, ...]) -> pl.LazyFrame:
    """Grain: a window and a part of it. Columns: `_part`, `period`, `_last` (the window's last day)."""
    windows = pl.LazyFrame(reaches, schema={"period": pl.Date, "_first": pl.Date, "_end": pl.Date}, orient="row")
    parts = pl.LazyFrame({"_part": starts}, schema={"_part": pl.Date})
    inside = (pl.col("_part") >= pl.col("_first")) & (pl.col("_part") < pl.col("_end"))
    pairs = windows.join(parts, how="cross").filter(inside)
    return pairs.select("_part", "period", _last=pl.col("_end").dt.offset_by("-1d"))
