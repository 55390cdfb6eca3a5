"""Tries: how far every entity got through the steps of a funnel, from every row that opened one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.milestones import Moment, instant_type
from saasmetrics.books.steps import Walk, step_rows
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.selection import Milestone, Selection, Selector
from saasmetrics.frames.canonical import ROLES

Order = Literal["ordered", "strict", "any"]


def _not_excluded() -> tuple[pl.Expr, pl.Expr]:
    return pl.lit(False).alias("excluded"), pl.lit(None, dtype=instant_type()).alias("stopped")


@dataclass(frozen=True)
class Tries:
    """Every try at a funnel, with the moment each step was reached.

    Grain: an entity and a row of the first step (its entry). Columns: `account`, `entity`, `same`, `entry` (UTC),
    `t1` ... `tn` (UTC, null when not reached in time), `depth` (Int64: how many steps were reached one after the
    other, the first included), `excluded` (Boolean: a row that matches `exclude` ended it), `stopped` (UTC, when it
    did), `@segment`s of the entry's row.

    Formula: ordered: a step is the first row at or after the step before; strict: and nothing else of the entity lies
    between; any: a step is the first row at or after the entry, and depth counts the leading steps that were done.
    A step counts when it lies within `within` of the entry (`anchor: previous_step`: of the step before, where steps
    have an order), the edge included. A row that matches `exclude` ends a
    try at the step it comes before.
    Edges: equal times may be taken in whichever order converts, with `strict_ties` in none; one row a step: where two
    steps choose rows of the same event, each needs a row of its own. `at_least` k of a later step is the k-th row from
    the step before on.
    Source: ordered and any as in PostHog and Amplitude, edge and ties as in ClickHouse's windowFunnel.
    """

    steps: tuple[Selection, ...]
    within: Duration
    walk: Walk
    order: Order = "ordered"
    exclude: Selection | None = None
    by: tuple[str, ...] = ()
    strict_ties: bool = False
    anchor: Literal["first_step", "previous_step"] = "first_step"

    def make(self, given: Given) -> pl.LazyFrame:
        """The chain of forward joins, step by step."""
        given = given.narrowed(*self.by)
        if self._is_of_firsts():
            return self._judged(self._of_firsts(given).with_columns(*_not_excluded()))
        # Of a later step all rows are taken: its `at_least` counts from the step before, not from the beginning.
        later = [replace(step, at_least=1) if step.is_plain else step for step in self.steps[1:]]
        deadline = self.within.add_expr(pl.col("entry"))
        tries = self._numbered(given, self.steps[0]).rename({"at": "entry"})
        tries = tries.with_columns(t1=pl.col("entry"), n1=pl.col("number"))
        for step, selection in enumerate(later, start=2):
            if selection.join == "all" and not selection.same_run:
                tries = self._together(given, tries, selection, step)
            else:
                tries = self._next(tries, self._numbered(given, selection), step)
        times = [f"t{step}" for step in range(1, len(self.steps) + 1)]
        tries = self._in_time(tries, times, deadline)
        tries = tries.with_columns(*_not_excluded())
        if self.exclude is not None:
            tries = self._ended(given, tries, times, deadline)
        if self.order == "strict":
            tries = self._undisturbed(given, tries, times)
        drop = [f"n{step}" for step in range(1, len(self.steps) + 1)] + ["number"]
        return self._judged(tries).drop(drop)

    def _judged(self, tries: pl.LazyFrame) -> pl.LazyFrame:
        """Add how many steps were reached one after the other."""
        depth = pl.lit(0, dtype=pl.Int64)
        unbroken = pl.lit(True)
        for step in range(1, len(self.steps) + 1):
            unbroken = unbroken & pl.col(f"t{step}").is_not_null()
            depth = depth + unbroken.cast(pl.Int64)
        return tries.with_columns(depth=depth)

    def _is_of_firsts(self) -> bool:
        """Whether every step is the first moment of something since the account was created: no row is needed twice.

        True of steps in any order behind the creation, each of rows of its own; a fact of one line an account then
        says what else all rows would have to be sorted for.
        """
        opening, *later = self.steps
        parts = [part for step in later for part in step.parts]
        return (
            opening == Selection((Milestone("created"),))
            and (self.walk, self.order, self.exclude, self.strict_ties) == (Walk("account"), "any", None, False)
            and all(isinstance(part, Selector) for part in parts)
            and all(step.at_least == 1 and not step.same_run for step in later)
            and all(len(step.parts) == 1 or step.join == "all" or step.is_plain for step in later)
            and len(set(later)) == len(later)
        )

    def _of_firsts(self, given: Given) -> pl.LazyFrame:
        """Accounts with the first moment of each step since their creation, where it is in time."""
        opening, *later = self.steps
        tries = step_rows(given, opening, self.walk).rename({"at": "entry"}).with_columns(t1=pl.col("entry"))
        for step, selection in enumerate(later, start=2):
            moments = given.made(Moment(selection, since_created=True)).rename({"at": f"t{step}"})
            tries = tries.join(moments, on="account", how="left")
        times = [f"t{step}" for step in range(1, len(self.steps) + 1)]
        return self._in_time(tries, times, self.within.add_expr(pl.col("entry")))

    def _in_time(self, tries: pl.LazyFrame, times: list[str], deadline: pl.Expr) -> pl.LazyFrame:
        """Null steps after their deadline, which runs from the entry or, by `anchor`, from the step before."""
        if self.anchor == "first_step" or self.order == "any":
            return tries.with_columns(
                pl.when(pl.col(name) <= deadline).then(pl.col(name)).alias(name) for name in times
            )
        for before, name in pairwise(times):
            limit = self.within.add_expr(pl.col(before))
            tries = tries.with_columns(pl.when(pl.col(name) <= limit).then(pl.col(name)).alias(name))
        return tries

    def _numbered(self, given: Given, selection: Selection) -> pl.LazyFrame:
        """Rows in order, numbered, so that two rows of one moment can still follow one another."""
        rows = step_rows(given, selection, self.walk).sort("at")
        return rows.with_columns(number=pl.int_range(pl.len()).over("entity", "same"))

    def _next(self, tries: pl.LazyFrame, rows: pl.LazyFrame, step: int) -> pl.LazyFrame:
        """Add `t` and `n` of a step: its first row at or after the step before that no like step has taken.

        With `at_least` k it is the k-th such row.
        """
        keys = ["entity", "same"]
        before = "t1" if self.order == "any" else f"t{step - 1}"
        there, gone = tries.filter(pl.col(before).is_not_null()), tries.filter(pl.col(before).is_null())
        first = rows.select(*keys, _at="at", _first=pl.col("number").cast(pl.Int64)).sort("_at", "_first")
        joined = self._forward(there.sort(before), before, first)
        taken = [pl.col(f"n{other}").cast(pl.Int64) + 1 for other in self._alike(step)]
        place = pl.when(pl.col("_first").is_not_null()).then(pl.max_horizontal("_first", *taken))
        wanted = self.steps[step - 1].at_least - 1 if self.steps[step - 1].is_plain else 0
        reached = rows.select(
            *keys,
            pl.col("at").alias(f"t{step}"),
            pl.col("number").alias(f"n{step}"),
            _place=pl.col("number").cast(pl.Int64),
        )
        joined = joined.with_columns(_place=place + wanted).join(reached, on=[*keys, "_place"], how="left")
        return pl.concat([joined.drop("_at", "_first", "_place", strict=False), gone], how="diagonal_relaxed")

    def _forward(self, tries: pl.LazyFrame, before: str, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Tries in the order of a moment, each with the first row at or after it; rows are in the order of `_at`."""
        return tries.join_asof(
            rows,
            left_on=before,
            right_on="_at",
            by=["entity", "same"],
            strategy="forward",
            allow_exact_matches=not self.strict_ties,
            check_sortedness=False,
        )

    def _together(self, given: Given, tries: pl.LazyFrame, selection: Selection, step: int) -> pl.LazyFrame:
        """Add `t` of a step that is met when the last of its members is, each counted from the step before."""
        keys = ["entity", "same"]
        before = "t1" if self.order == "any" else f"t{step - 1}"
        there, gone = tries.filter(pl.col(before).is_not_null()).sort(before), tries.filter(pl.col(before).is_null())
        members = [f"_m{number}" for number in range(len(selection.parts))]
        for name, part in zip(members, selection.parts, strict=True):
            member = part if isinstance(part, Selection) else Selection((part,))
            rows = step_rows(given, member, self.walk).select(*keys, pl.col("at").alias(name), _at="at").sort("_at")
            there = self._forward(there, before, rows).drop("_at", strict=False)
        met = pl.all_horizontal([pl.col(name).is_not_null() for name in members])
        there = there.with_columns(
            pl.when(met).then(pl.max_horizontal(members)).alias(f"t{step}"),
            pl.lit(None, dtype=pl.Int64).alias(f"n{step}"),
        )
        return pl.concat([there.drop(members), gone], how="diagonal_relaxed")

    def _alike(self, step: int) -> list[int]:
        """Earlier steps that choose among the same rows as this one."""
        own = self.steps[step - 1]
        return [other for other in range(1, step) if self.steps[other - 1].parts == own.parts and own.is_plain]

    def _ended(self, given: Given, tries: pl.LazyFrame, times: list[str], deadline: pl.Expr) -> pl.LazyFrame:
        assert self.exclude is not None
        keys = ["entity", "same"]
        ends = (
            step_rows(given, self.exclude, self.walk)
            .select(*keys, ended="at")
            .with_columns(_at=pl.col("ended"))
            .sort("_at")
        )
        tries = tries.sort("entry").join_asof(
            ends, left_on="entry", right_on="_at", by=keys, strategy="forward", check_sortedness=False
        )
        alive = pl.col("ended").is_null()
        kept = [pl.when(alive | (pl.col(name) <= pl.col("ended"))).then(pl.col(name)).alias(name) for name in times[1:]]
        hit = (pl.col("ended") <= deadline) & (pl.col(times[-1]).is_null() | (pl.col(times[-1]) > pl.col("ended")))
        hit = hit.fill_null(False)
        stopped = pl.when(hit).then(pl.col("ended"))
        return tries.with_columns(*kept, excluded=hit, stopped=stopped).drop("ended", "_at", strict=False)

    def _undisturbed(self, given: Given, tries: pl.LazyFrame, times: list[str]) -> pl.LazyFrame:
        """Null a step when any other row of the entity lies strictly between it and the step before."""
        roles = {selector.role for selection in self.steps for selector in selection.selectors}
        if not roles:  # moments alone: there are no rows that could lie between them
            return tries
        sources = tuple(Selector(role, ROLES[role].at or "at") for role in sorted(roles))
        rows = step_rows(given, Selection(sources), self.walk).select("entity", "same", _between="at")
        for before, name in pairwise(times):
            next_ = rows.with_columns(_at=pl.col("_between")).sort("_at")
            there = tries.filter(pl.col(before).is_not_null()).sort(before)
            joined = there.join_asof(
                next_,
                left_on=before,
                right_on="_at",
                by=["entity", "same"],
                strategy="forward",
                allow_exact_matches=False,
                check_sortedness=False,
            )
            disturbed = pl.col("_between") < pl.col(name)
            joined = joined.with_columns(pl.when(~disturbed.fill_null(False)).then(pl.col(name)).alias(name))
            gone = tries.filter(pl.col(before).is_null())
            tries = pl.concat([joined.drop("_between", "_at", strict=False), gone], how="diagonal_relaxed")
        return tries


def opened(tries: pl.LazyFrame, keys: list[str], entry: Literal["any", "first", "latest", "every"]) -> pl.LazyFrame:
    """The tries that count as opened: all, the first of each period, or those that no newer entry replaces.

    Edges: a newer entry replaces one that has not moved on by then: whose next step it does not come after.
    """
    if entry == "first":
        return tries.sort(*keys, "entry").unique(keys, keep="first", maintain_order=True)
    if entry != "latest":
        return tries  # each one in its turn has been chosen before
    newer = pl.col("entry").shift(-1).over(keys)
    ordered = tries.sort(*keys, "entry").with_columns(_newer=newer)
    replaced = pl.col("_newer").is_not_null() & (pl.col("t2").is_null() | (pl.col("_newer") <= pl.col("t2")))
    return ordered.filter(~replaced).drop("_newer")


def best(tries: pl.LazyFrame, keys: list[str]) -> pl.LazyFrame:
    """For each entity and period the try that counts: mature before immature, deepest, earliest. Grain: `keys`."""
    order = tries.sort(*keys, "mature", "depth", "entry", descending=[*[False] * len(keys), True, True, False])
    return order.unique(keys, keep="first", maintain_order=True)
