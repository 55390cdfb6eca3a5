"""Standing: who stands at a tier on a day, where a tier is only held for so long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce

import polars as pl

from saasmetrics.books.balances import stock_days
from saasmetrics.books.given import Given
from saasmetrics.books.happenings import Happenings, bare, chosen
from saasmetrics.books.milestones import Reached, tiers_asked
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.selection import Milestone, Selection, Selector
from saasmetrics.facts.request import Narrow
from saasmetrics.frames.canonical import ROLES
from saasmetrics.period import Periods

KEYS = ["account", "period"]


@dataclass(frozen=True)
class Standing:
    """Accounts that stand at a tier on the day on which a stock of a period is read.

    Grain: account, period. Columns: `account`, `period`. With `before` the day is the one before the period begins.
    Formula: every condition of the tier, and by policy `tiers` cumulative of those below, is met by what happened in
    the days of `memory` that end with that day.
    Edges: `at_least` n are n rows in those days, or n different runs where the rows have runs, whenever these began;
    with `same_run` every part has a row of the run in them; a milestone was reached in them. Parts of a day count as a
    whole one.
    """

    workflow: str
    tier: str
    periods: Periods
    memory: Duration
    before: bool = False

    def make(self, given: Given) -> pl.LazyFrame:
        """Accounts that meet them all."""
        return _all([self._met(given, selection) for selection in tiers_asked(given, self.workflow, self.tier)])

    def _windows(self, given: Given) -> pl.LazyFrame:
        """Grain: a period. Columns: `period`, `_first` and `_last` (days of the window)."""
        days = stock_days(given, self.periods)
        if self.before:
            days = days.with_columns(day=pl.col("period").dt.offset_by("-1d"))
        if self.memory.is_calendar:
            first = pl.col("day").dt.offset_by("1d").dt.offset_by(f"-{self.memory.months}mo")
        else:
            length = max(1, -(-self.memory.microseconds // 86_400_000_000))
            first = pl.col("day").dt.offset_by(f"-{length - 1}d")
        return days.select("period", _first=first, _last="day")

    def _inside(self, given: Given, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Rows with a `_day`, once for every period in whose window they lie."""
        windows = self._windows(given)
        return rows.join_where(windows, pl.col("_day") >= pl.col("_first"), pl.col("_day") <= pl.col("_last"))

    def _met(self, given: Given, selection: Selection) -> pl.LazyFrame:
        if selection.same_run:
            return self._in_one_run(given, selection)
        if selection.join == "all":
            return _all([self._part(given, part) for part in selection.parts])
        if selection.at_least > 1 or selection.is_plain:
            return self._often(given, selection)
        return pl.concat([self._part(given, part) for part in selection.parts], how="diagonal_relaxed").unique()

    def _part(self, given: Given, part: Selector | Milestone | Selection) -> pl.LazyFrame:
        if isinstance(part, Milestone):
            reached = given.made(Reached(part)).select("account", given.calendar.day_expr(pl.col("at")).alias("_day"))
            return self._inside(given, reached).select(KEYS)
        return self._met(given, part if isinstance(part, Selection) else Selection((part,)))

    def _often(self, given: Given, selection: Selection) -> pl.LazyFrame:
        selectors = selection.selectors
        if selection.at_least > 1 and all(selector.run is not None for selector in selectors):
            inside = self._inside(given, _runs(given, selectors)).group_by(KEYS)
            counted = inside.agg(_number=pl.col("_run").n_unique())
        else:
            rows = given.made(Happenings(replace(selection, parts=bare(selectors)), grain="day"))
            rows = rows.filter(pl.col("account").is_not_null()).rename({"cell": "_day"})
            counted = self._inside(given, rows).group_by(KEYS).agg(_number=pl.col("rows").sum())
        return counted.filter(pl.col("_number") >= selection.at_least).select(KEYS)

    def _in_one_run(self, given: Given, selection: Selection) -> pl.LazyFrame:
        keys = [*KEYS, "_run"]
        parts = []
        for part in selection.parts:
            own = part if isinstance(part, Selection) else Selection((part,))
            parts.append(self._inside(given, _runs(given, own.selectors)).select(keys).unique())
        full = reduce(lambda one, other: one.join(other, on=keys, how="semi"), parts)
        counted = full.group_by(KEYS).agg(_number=pl.len())
        return counted.filter(pl.col("_number") >= selection.at_least).select(KEYS)


def _all(parts: list[pl.LazyFrame]) -> pl.LazyFrame:
    return reduce(lambda one, other: one.join(other, on=KEYS, how="semi"), parts)


def _runs(given: Given, selectors: tuple[Selector, ...]) -> pl.LazyFrame:
    """Rows of runs. Columns: `account`, `_run`, `_day`. Edges: rows without an account or a run are left out."""
    parts = []
    for role in dict.fromkeys(selector.role for selector in selectors):
        own = [selector for selector in selectors if selector.role == role]
        names = tuple(dict.fromkeys(selector.run for selector in own if selector.run is not None))
        if ROLES[role].log:
            rows = given.fact(Narrow(bare(own), names))
            day = given.calendar.day_expr(pl.col("at"))
        else:
            rows, day = chosen(given, role, own), pl.col("_day")
        run = pl.coalesce([pl.col(name).cast(pl.String) for name in names])
        parts.append(rows.select("account", run.alias("_run"), day.alias("_day")))
    rows = pl.concat(parts, how="diagonal_relaxed") if len(parts) > 1 else parts[0]
    return rows.filter(pl.col("account").is_not_null() & pl.col("_run").is_not_null()).unique()
