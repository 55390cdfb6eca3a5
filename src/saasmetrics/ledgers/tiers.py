"""Tiers: how deep accounts have gone into a workflow."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Literal

import polars as pl

from saasmetrics.books.balances import stock_days
from saasmetrics.books.given import Given
from saasmetrics.books.milestones import Reached, TierReached
from saasmetrics.books.standing import Standing
from saasmetrics.books.there import AccountsThere
from saasmetrics.books.troubles import Troubles
from saasmetrics.definitions.scope import Scope
from saasmetrics.definitions.selection import Milestone
from saasmetrics.frames.ledger import Ledger, Part, Shape, Side
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.ledgers.units import per_millisecond
from saasmetrics.period import Periods

NOTHING = "(none)"
"""The reason of an account that nothing troubled."""


class Tiers(MetricType):
    """How deep accounts have gone into a workflow.

    Grain: an entry is an account and a tier.
    Formula: share: accounts that reached the tier by the period's end over the accounts there are; time: from the
    tier below to this one, by the period the higher was reached, as median and p90 (mean beside); stalls: accounts
    that stood at the tier below all through the period, counted once, and by what troubled each of them most often
    since they got there: its most frequent failure, ticket category and survey reason.
    Edges: tiers are cumulative, so a tier counts only with those below it, and its moment is the latest of them (by
    policy `tiers: independent` each stands alone); reached is reached for good, or by policy `tier_memory` as long as
    its conditions are met by what happened within it: a share is then of those that stand there, a stall of those that
    do on the day before the period and at its end (times stay those of the first time); an account is there from its
    creation until it is closed. Of reasons that are equally frequent the first in the alphabet counts; an account that
    nothing troubled is under `(none)`.
    Unit: a share, 0-1; milliseconds inside for times.
    Source: cumulative against independent tiers as measured in our own notes on adoption.
    """

    type: Literal["tiers"] = "tiers"
    workflow: str
    measure: Literal["share", "time", "stalls"] = "share"

    def _tiers(self, scope: Scope) -> list[str]:
        return list(scope.definitions.workflows[self.workflow].tiers)

    def shape(self, scope: Scope) -> Shape:
        """A ratio at the period's end, or quantiles of times between tiers; the highest tier is the headline."""
        names = self._tiers(scope)
        shown = tuple(names if self.measure == "share" else names[1:])
        part = Part("tier", frozenset({names[-1]}), "nested", shown)
        if self.measure == "share":
            return Shape(how="ratio", time="stock", parts=(part,), segment_at="period_end")
        if self.measure == "stalls":
            return Shape(
                how="sum",
                time="stock",
                parts=(part, Part("reason", "all", "overlapping")),
                own=frozenset({"kind"}),
                collapse=(("account",), ()),
                segment_at="period_end",
                payload=frozenset({"at"}),
            )
        return Shape(
            how="quantile",
            time="flow",
            parts=(part,),
            stats=("median", "p90", "mean"),
            segment_at="entry",
            scale=per_millisecond(scope),
            payload=frozenset({"at", "until"}),
        )

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """Moments of the tiers, against accounts at the period's end or against each other."""
        if self.measure == "stalls":
            return self._stalls(given, periods)
        return self._share(given, periods) if self.measure == "share" else self._time(given, periods)

    def _stalls(self, given: Given, periods: Periods) -> Ledger:
        there = given.made(AccountsThere(periods)).rename({"day": "segment_at"})
        day = given.calendar.day_expr
        stood = []
        for below, name in pairwise(self._tiers(given.scope)):
            lower = given.made(TierReached(self.workflow, below)).select("account", "at")
            held, left = self._held(given, periods, below, True), self._held(given, periods, name, False)
            stuck = there.join(lower, on="account").join(held, on=["account", "period"], how="semi")
            if given.scope.policies.tier_memory != "ever":
                # What is held for a while may be lost and won: both ends of the period have to agree.
                held, won = self._held(given, periods, below, False), self._held(given, periods, name, True)
                stuck = stuck.join(held, on=["account", "period"], how="semi")
                stuck = stuck.join(won, on=["account", "period"], how="anti")
            stood.append(stuck.join(left, on=["account", "period"], how="anti").with_columns(tier=pl.lit(name)))
        stalled = pl.concat(stood)
        keys = ["period", "account", "tier"]
        troubles = given.made(Troubles(self.workflow)).rename({"at": "_when"})
        met = stalled.join(troubles, on="account").filter(
            (pl.col("_when") >= pl.col("at")) & (day(pl.col("_when")) <= pl.col("segment_at"))
        )
        counts = met.group_by(*keys, "kind", "trouble").agg(often=pl.len())
        order = counts.sort("often", "trouble", descending=[True, False])
        most = order.unique([*keys, "kind"], keep="first", maintain_order=True).drop("often")
        entries = stalled.join(most, on=keys, how="left").with_columns(
            reason=pl.col("trouble").fill_null(pl.lit(NOTHING)), amount=pl.lit(1, dtype=pl.Int64)
        )
        return Ledger(self.shape(given.scope), Side(entries.drop("trouble")))

    def _held(self, given: Given, periods: Periods, tier: str, before: bool) -> pl.LazyFrame:
        """Accounts at a tier on the day a period is read, or `before` it begins. Columns: `account`, `period`."""
        memory = given.scope.policies.tier_memory
        if memory != "ever":
            return given.made(Standing(self.workflow, tier, periods, memory, before))
        reached = given.made(TierReached(self.workflow, tier))
        reached = reached.select("account", _since=given.calendar.day_expr(pl.col("at")))
        days = stock_days(given, periods)
        if before:
            days = days.with_columns(day=pl.col("period").dt.offset_by("-1d"))
        held = reached.join(days, how="cross").filter(pl.col("_since") <= pl.col("day"))
        return held.select("account", "period")

    def _share(self, given: Given, periods: Periods) -> Ledger:
        there = given.made(AccountsThere(periods)).rename({"day": "segment_at"})
        tiers, memory = self._tiers(given.scope), given.scope.policies.tier_memory
        days = there
        since = []
        for number, name in enumerate(tiers):
            if memory != "ever":
                standing = given.made(Standing(self.workflow, name, periods, memory))
                held = standing.with_columns(pl.lit(date.min).alias(f"_{number}"))
                days = days.join(held, on=["account", "period"], how="left")
                continue
            reached = given.made(TierReached(self.workflow, name))
            since.append(reached.select("account", given.calendar.day_expr(pl.col("at")).alias(f"_{number}")))
        if since:  # put together by account first: there are many periods to each
            reached = pl.concat(since, how="diagonal").group_by("account").agg(pl.all().max())
            days = days.join(reached, on="account", how="left")
        # Of a fixed list: there is a line for every account, week and tier. One list for all workflows, which may have
        # tiers of other names, so that their lines stand below one another.
        blocks = given.scope.definitions.workflows.values()
        words = pl.Enum(list(dict.fromkeys(name for block in blocks for name in block.tiers or {})))
        mark = [pl.lit(name, dtype=words).alias("tier") for name in tiers]
        one = pl.lit(1, dtype=pl.Int64).alias("amount")
        columns = ("period", "account", "segment_at", one)
        ones = frozenset({"amount"})
        got = [
            days.filter(pl.col(f"_{number}") <= pl.col("segment_at")).select(*columns, tier)
            for number, tier in enumerate(mark)
        ]
        return Ledger(
            self.shape(given.scope),
            Side(pl.concat(got), alone=True, ones=ones),
            Side(there.select(*columns), alone=True, ones=ones, under=pl.DataFrame({"tier": tiers})),
        )

    def _time(self, given: Given, periods: Periods) -> Ledger:
        names = self._tiers(given.scope)
        parts = []
        for below, name in pairwise(names):
            lower = given.made(Reached(Milestone(below, self.workflow))).select("account", at="at")
            upper = given.made(Reached(Milestone(name, self.workflow))).select("account", until="at")
            spans = lower.join(upper, on="account").with_columns(tier=pl.lit(name))
            parts.append(spans)
        spans = pl.concat(parts)
        day = given.calendar.day_expr(pl.col("until"))
        spans = spans.with_columns(
            period=periods.of(day), segment_at=day, amount=(pl.col("until") - pl.col("at")).dt.total_milliseconds()
        )
        return Ledger(self.shape(given.scope), Side(spans.filter(periods.holds(pl.col("period")))))
