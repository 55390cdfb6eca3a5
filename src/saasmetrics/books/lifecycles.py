"""Lifecycles: accounts that came, stayed, came back or fell asleep from one period to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.meeting import is_composed, met, met_in
from saasmetrics.books.members import Members
from saasmetrics.definitions.selection import Selection
from saasmetrics.frames.ledger import COUNTED, EXCLUDED, status_type
from saasmetrics.period import Periods

STATES = ("new", "returning", "resurrected", "dormant")


@dataclass(frozen=True)
class Lifecycle:
    """By which rule accounts are active, and what makes them new."""

    rule: Selection
    new: Literal["first_success", "created"]

    def entries(self, given: Given, periods: Periods) -> pl.LazyFrame:
        """Accounts in states.

        Grain: account, period. Columns: `period`, `account`, `state`, `amount` (1), `status`, `reason`.
        Formula: with A active in the period and P active in the one before: returning A and P; new A, not P and never
        before (or created in the period); resurrected A, not P, else; dormant P and not A.
        Edges: what was before the log begins is unknown: an account that is older than the log is `excluded` as
        `history` in the first period it is seen in. By creation only the log's first period is unknown.
        """
        calendar, grain = periods.calendar, periods.grain
        before = {start: calendar.shift(start, grain, -1) for start in periods.starts}
        spans = [(start, start, calendar.end(start, grain)) for start in sorted({*before, *before.values()})]
        active = met_in(given, self.rule, spans).select("account", _at="period")
        pairs = pl.LazyFrame(list(before.items()), schema={"period": pl.Date, "_before": pl.Date}, orient="row")
        now = active.join(pairs, left_on="_at", right_on="period").select("account", period="_at", _now=pl.lit(True))
        then = active.join(pairs, left_on="_at", right_on="_before").select("account", "period", _then=pl.lit(True))
        both = now.join(then, on=["account", "period"], how="full", coalesce=True)
        both = both.with_columns(pl.col("_now", "_then").fill_null(False))
        both = both.join(self._firsts(given, periods), on="account", how="left")
        state = (
            pl.when(~pl.col("_now"))
            .then(pl.lit("dormant"))
            .when(pl.col("_then"))
            .then(pl.lit("returning"))
            .when(self._is_new())
            .then(pl.lit("new"))
            .otherwise(pl.lit("resurrected"))
        )
        unknown = pl.col("_now") & ~pl.col("_then") & (pl.col("_first") == pl.col("period")) & self._is_unknown()
        unknown = unknown.fill_null(False)
        return both.select(
            "period",
            "account",
            state=state,
            amount=pl.lit(1, dtype=pl.Int64),
            status=pl.when(unknown).then(pl.lit(EXCLUDED)).otherwise(pl.lit(COUNTED)).cast(status_type()),
            reason=pl.when(unknown).then(pl.lit("history")),
        )

    def _first_met(self, given: Given, periods: Periods) -> pl.LazyFrame:
        """The period in which each account met the rule first. Columns: `account`, `_first`."""
        if is_composed(self.rule):

            def windowed(rows: pl.LazyFrame) -> pl.LazyFrame:
                return rows.with_columns(_window=periods.of(pl.col("cell")))

            every = met(given, self.rule, windowed, ["account"])
            return every.group_by("account").agg(_first=pl.col("_window").min())
        members = given.made(Members(self.rule, "account")).select("account", "month", "days")
        first_day = pl.col("month") + pl.duration(days=pl.col("days").bitwise_trailing_zeros())
        return members.group_by("account").agg(_first=periods.of(first_day.cast(pl.Date).min()))

    def _firsts(self, given: Given, periods: Periods) -> pl.LazyFrame:
        """What is known of when accounts began.

        Grain: account. Columns: `_first`, `_created`, `_begin` (the periods of its first row, of its creation and of
        the log's beginning), `_older` (whether it is older than the log; null where nobody knows).
        """
        firsts = self._first_met(given, periods)
        begins = [at for selector in self.rule.selectors if (at := given.begins(selector.role)) is not None]
        begin = given.calendar.local_day(max(begins)) if begins else None
        firsts = firsts.with_columns(_begin=periods.of(pl.lit(begin, dtype=pl.Date)))
        if not given.scope.has_role("accounts"):
            return firsts.with_columns(_created=pl.lit(None, dtype=pl.Date), _older=pl.lit(None, dtype=pl.Boolean))
        day = given.calendar.day_expr(pl.col("created")).min()
        created = given.table("accounts").group_by("account").agg(day.alias("_day"))
        firsts = firsts.join(created, on="account", how="left")
        older = pl.col("_day") < pl.lit(begin, dtype=pl.Date)
        return firsts.with_columns(_created=periods.of(pl.col("_day")), _older=older).drop("_day")

    def _is_new(self) -> pl.Expr:
        own = pl.col("_created") if self.new == "created" else pl.col("_first")
        return (own == pl.col("period")).fill_null(False)

    def _is_unknown(self) -> pl.Expr:
        """Of accounts seen for the first time: whether nobody can say that they were not there before."""
        first_of_log = pl.col("_begin") >= pl.col("period")
        if self.new == "created":
            return first_of_log & ~self._is_new()
        return pl.coalesce(pl.col("_older"), first_of_log)
