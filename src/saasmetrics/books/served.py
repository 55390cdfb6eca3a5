"""Served: how many attempts of a workflow succeeded in time, by account and period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from saasmetrics.books.folded import folded
from saasmetrics.books.given import Given
from saasmetrics.books.happenings import MEMBER, with_user_segments
from saasmetrics.books.maturity import settled
from saasmetrics.books.runs import RunsOf
from saasmetrics.books.segments import carried, column
from saasmetrics.definitions.scalars import Duration
from saasmetrics.period import Periods


@dataclass(frozen=True)
class Served:
    """Runs by account and period, and how many of them came to an end in time.

    Grain: account, period, maturity, `@segment`s of the user, with `dated` the local day of the attempt. Columns:
    `period`, `account`, `mature` (Boolean: the window has closed by the as-of, or policy `immature` counts it before),
    `day` when dated, `@segment`s, `done` and `weight` (Int64: runs that succeeded within `within`, and all).
    Edges: runs without an attempt or an account are left out; without a window every run is mature at once. `ended`
    keeps those that succeeded in time, in the period and on the day of their success.
    """

    runs: RunsOf
    periods: Periods
    within: Duration | None
    by: tuple[str, ...] = ()
    dated: bool = False
    ended: bool = False

    def make(self, given: Given) -> pl.LazyFrame:
        """Runs, judged and counted."""
        given = given.narrowed(*self.by)
        runs = judged_runs(given, self.runs, self.periods, self.within, ended=self.ended)
        more = [*(["day"] if self.dated else []), *(column(segment) for segment in carried(given, "users"))]
        sums = [pl.col("done").cast(pl.Int64).sum(), pl.len().cast(pl.Int64).alias("weight")]
        if not more:
            return folded(given, runs, "period", sums, "mature")
        return runs.group_by("period", "account", "mature", *more).agg(sums)


def judged_runs(
    given: Given,
    book: RunsOf,
    periods: Periods,
    within: Duration | None,
    more: Sequence[str] = (),
    *,
    ended: bool = False,
) -> pl.LazyFrame:
    """Runs that somebody attempted in the periods.

    Columns: `account`, `attempt`, `success`, `more` of the run, `day`, `period`, `done` and `mature` (Boolean),
    `@segment`s of the user. Edges: with `ended` those that succeeded in time, in the periods of their success.
    """
    member = MEMBER if carried(given, "users") else ["account"]
    runs = book.read(given, *member, "attempt", "success", *more)
    runs = runs.filter(pl.col("attempt").is_not_null() & pl.col("account").is_not_null())
    done, mature = pl.col("success").is_not_null(), pl.lit(True)
    if within is not None:
        limit = within.add_expr(pl.col("attempt"))
        done, mature = done & (pl.col("success") <= limit), limit <= pl.lit(given.as_of)
    policies = given.scope.policies
    mature = settled(mature, done, "dropped" if policies.funnel_by == "period" else policies.immature)
    runs, moment = (runs.filter(done), "success") if ended else (runs, "attempt")
    runs = runs.with_columns(day=given.calendar.day_expr(pl.col(moment)), done=done, mature=mature)
    runs = runs.with_columns(period=periods.of(pl.col("day"))).filter(periods.holds(pl.col("period")))
    return with_user_segments(given, runs)
