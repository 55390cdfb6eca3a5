"""Lift: how much more often accounts with a signal get somewhere than accounts without it."""

from __future__ import annotations

from typing import Literal

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.maturity import settled
from saasmetrics.books.milestones import Moment, Reached
from saasmetrics.books.qualified import Signals
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.scope import Scope
from saasmetrics.definitions.scores import Score as Block
from saasmetrics.definitions.selection import Milestone
from saasmetrics.frames.ledger import COUNTED, EXCLUDED, IMMATURE, Ledger, Part, Shape, Side, status_type
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.period import Periods

SHOWN, HIDDEN = "yes", "no"


class Lift(MetricType):
    """How much more often accounts with a signal get somewhere than accounts without it, signal by signal.

    Grain: an entry is an account of the score's accounts and a signal, by the period the account was created in.
    Formula: the share of accounts that reach the outcome among those that showed the signal, over that share among
    those that did not.
    Edges: an account has the score's window from the day of its creation to show a signal; who showed it on any of
    these days has it. Only then the clock of `within` starts, so that a signal cannot follow from the outcome: accounts
    that got there before are `excluded`, in both shares; those whose `within` is still open are `immature`, unless
    policy `immature` counts them. Without `within` the outcome may come at any time. Where either group is empty, or
    nobody without the signal got there, there is no lift.
    Unit: a ratio; 1 is no difference.
    Source: landmark analysis (Anderson, Cain and Gelber 1983), so that time to show a signal is no advantage; risk
    ratio with the interval of Katz (1978).
    """

    type: Literal["lift"] = "lift"
    score: str
    outcome: Rows
    within: Duration | None = None

    def _block(self, scope: Scope) -> Block:
        return scope.definitions.scores[self.score]

    def shape(self, scope: Scope) -> Shape:
        """Two shares by cohort, one over the other; the signal must be written."""
        signals = tuple(self._block(scope).signals)
        return Shape(
            how="ratio",
            time="cohort",
            parts=(Part("signal", "none", "overlapping", signals),),
            own=frozenset({"shown"}),
            contrast=("shown", SHOWN, HIDDEN),
            segment_at="entry",
            payload=frozenset({"at", "until"}),
        )

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """Accounts with their signals at the landmark, and what became of them."""
        scope, block = given.scope, self._block(given.scope)
        accounts = given.made(Reached(Milestone("created")))
        if block.eligible is not None:
            condition = given.sql(block.eligible, given.schema("accounts")).fill_null(False)
            accounts = accounts.join(given.table("accounts").filter(condition), on="account", how="semi")
        day = given.calendar.day_expr(pl.col("at"))
        accounts = accounts.with_columns(period=periods.of(day), segment_at=day).filter(periods.holds(pl.col("period")))
        first_after = block.window.add_expr(pl.col("segment_at"))
        accounts = accounts.with_columns(_after=first_after, _landmark=given.calendar.start_expr(first_after))
        outcome = given.made(Moment(scope.select(self.outcome))).rename({"at": "until"})
        accounts = accounts.join(outcome, on="account", how="left").with_columns(self._judged(given))
        names = pl.LazyFrame({"signal": list(block.signals)}, schema={"signal": pl.String})
        shown = given.made(Signals(self.score)).filter(pl.col("shown") > 0)
        shown = shown.group_by("account", "signal").agg(pl.col("day").min().alias("_shown"))
        entries = accounts.join(names, how="cross").join(shown, on=["account", "signal"], how="left")
        has = (pl.col("_shown") < pl.col("_after")).fill_null(False)
        entries = entries.with_columns(shown=pl.when(has).then(pl.lit(SHOWN)).otherwise(pl.lit(HIDDEN)))
        entries = entries.drop("_after", "_landmark", "_shown")
        numerator = entries.with_columns(amount=pl.col("_got").cast(pl.Int64)).drop("_got")
        denominator = entries.with_columns(amount=pl.lit(1, dtype=pl.Int64)).drop("_got")
        return Ledger(self.shape(scope), Side(numerator), Side(denominator))

    def _judged(self, given: Given) -> list[pl.Expr]:
        """Whether the account got there, and whether it counts."""
        landmark, until = pl.col("_landmark"), pl.col("until")
        limit = self.within.add_expr(landmark) if self.within else None
        before = (until < landmark).fill_null(False)
        got = (until >= landmark).fill_null(False)
        if limit is not None:
            got = got & (until <= limit).fill_null(False)
        mature = (limit if limit is not None else landmark) <= pl.lit(given.as_of)
        mature = settled(mature, got, given.scope.policies.immature)
        status = pl.when(before).then(pl.lit(EXCLUDED)).when(~mature).then(pl.lit(IMMATURE)).otherwise(pl.lit(COUNTED))
        already = "already_paid" if self.outcome.milestone == "first_paid" else "already_there"
        return [
            got.alias("_got"),
            status.cast(status_type()).alias("status"),
            pl.when(before).then(pl.lit(already)).alias("reason"),
        ]
