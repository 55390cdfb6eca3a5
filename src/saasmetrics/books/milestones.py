"""Milestones: the first moment of something, once per account."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import polars as pl

from saasmetrics.books.balances import Recurring
from saasmetrics.books.given import Given
from saasmetrics.books.happenings import bare, chosen
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.selection import Milestone, Selection, Selector
from saasmetrics.facts.request import First, Narrow, SameRun
from saasmetrics.frames.canonical import ROLES


@cache
def instant_type() -> pl.Datetime:
    """The type of moments."""
    return pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Moment:
    """The moment a selection is met for the first time.

    Grain: account. Columns: `account`, `at` (UTC). With `since_created` only what happens at or after the account's
    creation counts.
    Edges: `at_least` n is the n-th row, or the n-th different run where the rows have runs; `all` is the last of its
    members to be met, with `same_run` inside one run; accounts that never get there are absent.
    """

    selection: Selection
    since_created: bool = False

    def make(self, given: Given) -> pl.LazyFrame:
        """The moment, from firsts in the logs, rows of tables, and other milestones."""
        if self.selection.same_run:
            return self._same_run(given)
        if self.selection.join == "all":
            return self._all(given)
        if self.selection.at_least > 1 or self.selection.is_plain:
            return self._nth(given)
        parts = [self._part(given, part) for part in self.selection.parts]
        return pl.concat(parts, how="diagonal_relaxed").group_by("account").agg(pl.col("at").min())

    def _part(self, given: Given, part: Selector | Milestone | Selection) -> pl.LazyFrame:
        if isinstance(part, Milestone):
            return given.made(Reached(part))
        if isinstance(part, Selection):
            return given.made(Moment(part, self.since_created))
        return given.made(Moment(Selection((part,)), self.since_created))

    def _all(self, given: Given) -> pl.LazyFrame:
        parts = [self._part(given, part) for part in self.selection.parts]
        met = pl.concat(parts, how="diagonal_relaxed").group_by("account").agg(pl.col("at").max(), met=pl.len())
        return met.filter(pl.col("met") == len(parts)).select("account", "at")

    def _nth(self, given: Given) -> pl.LazyFrame:
        selectors = self.selection.selectors
        count = self.selection.at_least
        by_run = count > 1 and all(selector.run is not None for selector in selectors)
        logged = tuple(selector for selector in selectors if ROLES[selector.role].log)
        listed = [selector for selector in selectors if not ROLES[selector.role].log]
        if logged and (not listed or count == 1):
            asked = logged if by_run else bare(logged)
            parts = [given.fact(First(asked, count, by_run, self.since_created))]
        else:
            parts = [given.fact(Narrow(bare(logged))).select("account", "at")] if logged else []
        for role in dict.fromkeys(selector.role for selector in listed):
            rows = chosen(given, role, [selector for selector in listed if selector.role == role])
            moment = pl.col("_at")
            if given.schema(role)[listed[0].at] == pl.Date:
                moment = given.calendar.start_expr(moment)
            parts.append(rows.select("account", moment.cast(instant_type()).alias("at")))
        rows = pl.concat(parts, how="diagonal_relaxed") if len(parts) > 1 else parts[0]
        rows = rows.filter(pl.col("account").is_not_null())
        if not listed and (count == 1 or logged):
            return rows
        if self.since_created:
            created = given.made(Reached(Milestone("created"))).rename({"at": "created"})
            rows = rows.join(created, on="account").filter(pl.col("at") >= pl.col("created"))
        nth = rows.group_by("account").agg(pl.col("at").sort().get(count - 1, null_on_oob=True))
        return nth.drop_nulls("at")

    def _same_run(self, given: Given) -> pl.LazyFrame:
        parts = tuple(
            tuple(
                one for one in (part.selectors if isinstance(part, Selection) else (part,)) if isinstance(one, Selector)
            )
            for part in self.selection.parts
        )
        return given.fact(SameRun(parts, self.selection.at_least, self.since_created))


@dataclass(frozen=True)
class Reached:
    """A named milestone. Grain: account. Columns: `account`, `at` (UTC).

    Edges: `created` is the account's creation; `first_success` the first success of any core workflow; `activated`
    the moment the last activation step is done, counting only what happens at or after creation; `first_paid` and
    `churned` the first local day with recurring revenue, and the first such day without it afterwards.
    """

    milestone: Milestone

    def make(self, given: Given) -> pl.LazyFrame:
        """The milestone by its name."""
        name, scope = self.milestone.name, given.scope
        if name == "created":
            accounts = given.table("accounts").select("account", at="created")
            accounts = accounts.filter(pl.col("at") < pl.lit(given.as_of))
            return accounts.group_by("account").agg(pl.col("at").min()).drop_nulls("at")
        if name == "first_success":
            return given.made(Moment(scope.runs("core")))
        if name == "activated":
            return self._activated(given)
        if name in ("first_paid", "churned"):
            return self._paid(given, name)
        if self.milestone.of is None and name in scope.definitions.scores:
            # Signals are read from ledgers and from milestones, so the two can only meet here.
            from saasmetrics.books.qualified import Qualified

            return given.made(Qualified(name))
        return given.made(TierReached(self.milestone.of or "", name))

    def _activated(self, given: Given) -> pl.LazyFrame:
        activation = given.scope.definitions.activation
        if activation is None:
            return _never(given)
        steps = [given.scope.select(rows) for rows in activation.steps.values()]
        if activation.order != "any":
            return self._one_after_another(given, steps, activation.order)
        moments = [given.made(Moment(step, since_created=True)) for step in steps]
        met = pl.concat(moments, how="diagonal_relaxed").group_by("account").agg(pl.col("at").max(), met=pl.len())
        return met.filter(pl.col("met") == len(moments)).select("account", "at")

    def _one_after_another(
        self, given: Given, steps: list[Selection], order: Literal["ordered", "strict"]
    ) -> pl.LazyFrame:
        """The moment the last step is done, when each has to follow the one before it."""
        # The funnel's room builds on this one, so the two can only meet here.
        from saasmetrics.books.steps import Walk
        from saasmetrics.books.tries import Tries

        opening = Selection((Milestone("created"),))
        tries = given.made(Tries((opening, *steps), Duration(100, "y"), Walk("account"), order))
        done = tries.filter(pl.col("depth") == len(steps) + 1)
        return done.select("account", at=f"t{len(steps) + 1}")

    def _paid(self, given: Given, name: str) -> pl.LazyFrame:
        rows = given.made(Recurring()).filter(pl.col("annual") > 0)
        paid = rows.group_by("account").agg(pl.col("from").min().alias("day"))
        if name == "churned":
            # A day on which something ends and nothing else is live: the earliest of them is the first churn.
            ends = rows.filter(pl.col("to").is_not_null()).select("account", day="to").unique()
            live = ends.join(rows, on="account").filter(
                (pl.col("from") <= pl.col("day")) & (pl.col("to").is_null() | (pl.col("day") < pl.col("to")))
            )
            paid = ends.join(live, on=["account", "day"], how="anti").group_by("account").agg(pl.col("day").min())
        paid = paid.filter(pl.col("day") < given.unseen_day)
        created = given.made(Reached(Milestone("created"))).rename({"at": "created"})
        # Money is known by its day: on the day an account was created it is not earlier than the account.
        same_day = given.calendar.day_expr(pl.col("created")) == pl.col("day")
        at = pl.when(same_day).then("created").otherwise(given.calendar.start_expr(pl.col("day")))
        return paid.join(created, on="account", how="left").select("account", at=at)


@dataclass(frozen=True)
class TierReached:
    """When an account reached a tier. Grain: account. Columns: `account`, `at`.

    Edges: by policy `tiers` cumulative a tier counts only when every lower one is reached, and its moment is the
    latest of them.
    """

    workflow: str
    tier: str

    def make(self, given: Given) -> pl.LazyFrame:
        """Own condition, and those of the tiers below."""
        wanted = tiers_asked(given, self.workflow, self.tier)
        moments = [given.made(Moment(selection)) for selection in wanted]
        met = pl.concat(moments, how="diagonal_relaxed").group_by("account").agg(pl.col("at").max(), met=pl.len())
        return met.filter(pl.col("met") == len(wanted)).select("account", "at")


def tiers_asked(given: Given, workflow: str, tier: str) -> list[Selection]:
    """What a tier asks for: its own condition and, unless policy `tiers` lets each stand alone, those below."""
    tiers = given.scope.tiers(workflow)
    names = list(tiers)
    if given.scope.policies.tiers == "independent":
        return [tiers[tier]]
    return [tiers[name] for name in names[: names.index(tier) + 1]]


def _never(given: Given) -> pl.LazyFrame:
    return given.table("accounts").select("account", at=pl.lit(None, dtype=instant_type())).head(0)
