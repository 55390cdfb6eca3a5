"""Conversion: of those who entered, who got how far within a window."""

from __future__ import annotations

from typing import Literal

import polars as pl
from pydantic import model_validator

from saasmetrics.books.given import Given
from saasmetrics.books.maturity import settled
from saasmetrics.books.milestones import Moment
from saasmetrics.books.runs import RunsOf
from saasmetrics.books.segments import carried, column, has_history, on_rows
from saasmetrics.books.served import Served, judged_runs
from saasmetrics.books.steps import Walk
from saasmetrics.books.tries import Tries, best, opened
from saasmetrics.books.turns import in_turn
from saasmetrics.definitions.model import fault
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.scope import Scope
from saasmetrics.frames.ledger import COUNTED, EXCLUDED, IMMATURE, Ledger, Part, Shape, Side, status_type
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.period import Periods


class Conversion(MetricType):
    """Of the entities that entered, those that reached each step within the window, by the period of entry.

    Grain: an entry is an entity and its period of entry (and a step, where steps are addressed); runs are folded to
    account.
    Formula: entities that reached the step over entities that entered (`rate_from: previous`: that reached the step
    before). With `entry` the clock starts there and every step is reached after it; without, the first step is the
    entry. The last step is the headline.
    Edges: only tries whose window has closed by the as-of count, converters and others alike; the rest are `immature`.
    An entity counts once a period with its best try: the deepest, of equals the earliest; with `counting: entries`
    every entry counts, with `once` only the first ever. Runs without a run column are matched by time, and say so. A
    run whose workflow has no window is mature at once. Accounts that met `unless` before they entered are `excluded`.
    Policies choose otherwise: `immature` what counts of open windows, `window_anchor` what a window runs from, `entry`
    which rows open a try (`every`: each once the try before has ended, and then tries are counted, not entities),
    `ties` whether steps may share a moment, `exclusion` whether an entity whose best try was ended by `exclude` is
    left out; `funnel_by: period` puts every step into the period in which it was done and the entry into its own: what
    has happened is known, nothing is immature, an entity counts once a step and period, and a share may pass 1.
    Unit: a share, 0-1.
    Source: maturity as in GrowthBook (exclude in-progress conversions); best try as in Amplitude.
    """

    type: Literal["conversion"] = "conversion"
    steps: dict[str, Rows]
    within: Duration | None = None
    entity: str = "account"
    order: Literal["ordered", "strict", "any"] | None = None
    counting: Literal["entities", "entries"] = "entities"
    same: str | None = None
    exclude: Rows | None = None
    rate_from: Literal["entry", "previous"] = "entry"
    # Keys of the catalogue.
    entry: Rows | None = None
    cut_steps: bool = False
    unless: Rows | None = None
    once: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Conversion:
        if len(self.steps) < (1 if self.entry else 2):
            raise fault(
                "SM007", "a conversion needs two steps or more", "name where it starts and where it ends", at="steps"
            )
        if self.within is None and self.entity != "run":
            raise fault("SM007", "`within` is needed: the window in which the steps must be done", "write within: 14d")
        return self

    def _names(self) -> list[str]:
        return list(self.steps)

    def shape(self, scope: Scope) -> Shape:
        """A ratio by cohort of entry; steps are nested."""
        names = self._names()
        stepped = self.entry is None or self.cut_steps
        parts = (Part("step", frozenset({names[-1]}), "nested", tuple(names)),) if stepped else ()
        return Shape(
            how="ratio",
            time="flow" if self.entity == "run" or scope.policies.funnel_by == "period" else "cohort",
            parts=parts,
            segment_at="entry",
            entity=self.entity,
            payload=frozenset({"at", "until"}),
        )

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """From runs, or from tries."""
        if self.entity == "run":
            return self._of_runs(given, periods)
        return self._of_tries(given, periods)

    def _of_runs(self, given: Given, periods: Periods) -> Ledger:
        """Runs of the workflow of the first step, folded to account, status and, where a segment needs it, day."""
        opening = self.entry or next(iter(self.steps.values()))
        books = dict.fromkeys(RunsOf.of(given, selector) for selector in given.scope.select(opening).selectors)
        marked = carried(given, "users")
        dated = given.fine or any(has_history(given, segment) for segment in given.by if segment not in marked)
        entries = self._served(given, periods, [*books], dated)
        done = entries
        if given.scope.policies.funnel_by == "period":
            done = self._served(given, periods, [*books], dated, ended=True)
        numerator = done.with_columns(amount=pl.col("done")).drop("done")
        denominator = entries.with_columns(amount=pl.col("weight")).drop("done")
        alone = len(books) == 1 and not (dated or marked)
        return Ledger(self.shape(given.scope), Side(numerator, alone=alone), Side(denominator, alone=alone))

    def _served(
        self, given: Given, periods: Periods, books: list[RunsOf], dated: bool, *, ended: bool = False
    ) -> pl.LazyFrame:
        """Runs by account, or one by one, with their status; `ended`: those that succeeded, when they did."""
        if given.fine:
            parts = [self._one_by_one(given, periods, book, ended) for book in books]
        else:
            served = [Served(book, periods, self.within, on_rows(given), dated, ended) for book in books]
            parts = [given.made(book) for book in served]
        entries = pl.concat(parts, how="diagonal_relaxed") if len(parts) > 1 else parts[0]
        status = pl.when("mature").then(pl.lit(COUNTED)).otherwise(pl.lit(IMMATURE)).cast(status_type())
        entries = entries.with_columns(status=status).drop("mature")
        return entries.rename({"day": "segment_at"}) if dated else entries

    def _one_by_one(self, given: Given, periods: Periods, book: RunsOf, ended: bool) -> pl.LazyFrame:
        """Runs as entries, with their moments."""
        marks = [column(segment) for segment in carried(given, "users")]
        return judged_runs(given, book, periods, self.within, ["run", "reason"], ended=ended).select(
            *["period", "account", "mature", "day", *marks, "reason"],
            entity=pl.col("run").cast(pl.String),
            at="attempt",
            until="success",
            done=pl.col("done").cast(pl.Int64),
            weight=pl.lit(1, dtype=pl.Int64),
        )

    def _of_tries(self, given: Given, periods: Periods) -> Ledger:
        scope, within = given.scope, self.within or Duration(1, "d")
        order = self.order or scope.policies.order
        opening = (scope.select(self.entry),) if self.entry else ()
        steps = (*opening, *(scope.select(rows) for rows in self.steps.values()))
        exclude = scope.select(self.exclude) if self.exclude else None
        walk = Walk(self.entity, (self.same,) if self.same else ())
        policies = scope.policies
        tries = given.made(
            Tries(
                steps,
                within,
                walk,
                order,
                exclude,
                on_rows(given, *steps),
                policies.ties == "strict",
                policies.window_anchor,
            )
        )
        if self.once:
            tries = tries.sort("entity", "same", "entry").unique(["entity", "same"], keep="first", maintain_order=True)
        if policies.entry == "every":
            tries = in_turn(tries, within, from_step=policies.window_anchor == "previous_step" and order != "any")
        day = given.calendar.day_expr(pl.col("entry"))
        tries = tries.with_columns(period=periods.of(day), segment_at=day)
        by_period = policies.funnel_by == "period"
        if not by_period:  # else a try of before may be done in these periods
            tries = tries.filter(periods.holds(pl.col("period")))
        keys = ["period", "entity", "same"]
        if self.counting == "entries" or policies.entry == "every":
            keys.append("entry")
        # From step to step the windows add up.
        windows = len(steps) - 1 if policies.window_anchor == "previous_step" and order != "any" else 1
        closes = Duration(within.count * windows, within.unit).add_expr(pl.col("entry"))
        choice = "dropped" if by_period else policies.immature
        mature = settled(closes <= pl.lit(given.as_of), pl.col("depth") == len(steps), choice)
        chosen = best(opened(tries, keys[:3], policies.entry).with_columns(mature=mature), keys)
        if policies.exclusion == "drop_entity":
            chosen = chosen.filter(~pl.col("excluded"))
        status = pl.when("mature").then(pl.lit(COUNTED)).otherwise(pl.lit(IMMATURE)).cast(status_type())
        if self.unless is not None:
            chosen = self._without(given, chosen, self.unless)
            status = pl.when("already").then(pl.lit(EXCLUDED).cast(status_type())).otherwise(status)
            word = "already_paid" if self.unless.milestone == "first_paid" else "already_there"
            chosen = chosen.with_columns(reason=pl.when("already").then(pl.lit(word)))
        chosen = chosen.with_columns(status=status, at=pl.col("entry"), entity=pl.col("entity").cast(pl.String))
        return self._sides(given, periods, keys, chosen, len(steps))

    def _without(self, given: Given, tries: pl.LazyFrame, unless: Rows) -> pl.LazyFrame:
        """Mark accounts that had been there before they entered; at that moment too, where it is no step itself."""
        there = given.made(Moment(given.scope.select(unless))).rename({"at": "_there"})
        already = pl.col("_there") < pl.col("entry")
        if unless not in self.steps.values():
            already = already | (pl.col("_there") == pl.col("entry"))
        tries = tries.join(there, on="account", how="left")
        return tries.with_columns(already=already.fill_null(False)).drop("_there")

    def _sides(self, given: Given, periods: Periods, keys: list[str], tries: pl.LazyFrame, total: int) -> Ledger:
        """One line for every step of a try, above and below."""
        shape = self.shape(given.scope)
        names, first = self._names(), total - len(self.steps) + 1
        marks = ["mature", "excluded", "stopped", *(["already"] if self.unless else [])]
        drop = [*marks, "depth", "entry", "same", *[f"t{step}" for step in range(1, total + 1)]]
        numerators, denominators = [], []
        for number, name in enumerate(names, start=first):
            if not shape.parts and number != total:
                continue
            base = max(number - 1, 1) if self.rate_from == "previous" else 1
            above = below = tries
            if given.scope.policies.funnel_by == "period":
                above, below = (_when_done(given, periods, keys, tries, step) for step in (number, base))
            label = [pl.lit(name).alias("step")] if shape.parts else []
            reached = (pl.col("depth") >= number).cast(pl.Int64)
            numerators.append(above.with_columns(*label, amount=reached, took=_took(first, number)).drop(drop))
            below = below.filter(pl.col("depth") >= base)
            denominators.append(below.with_columns(*label, amount=pl.lit(1, dtype=pl.Int64)).drop(drop))
        numerator = pl.concat(numerators, how="vertical_relaxed")
        denominator = pl.concat(denominators, how="vertical_relaxed")
        return Ledger(shape, Side(numerator), Side(denominator))


def _when_done(given: Given, periods: Periods, keys: list[str], tries: pl.LazyFrame, number: int) -> pl.LazyFrame:
    """Tries that got as far as a step, in the period in which they did; of an entity the first in each."""
    done = tries.filter(pl.col("depth") >= number).with_columns(_done=_done(1, number))
    day = given.calendar.day_expr(pl.col("_done"))
    done = done.with_columns(period=periods.of(day), segment_at=day).filter(periods.holds(pl.col("period")))
    return done.sort(*keys, "_done", "entry").unique(keys, keep="first", maintain_order=True).drop("_done")


def _done(first: int, number: int) -> pl.Expr:
    """The moment at which a step and all before it were done."""
    return pl.max_horizontal("entry", *[f"t{step}" for step in range(first, number + 1)])


def _took(first: int, number: int) -> pl.Expr:
    """How long a step took since all before it were done; of the first one since the entry.

    Edges: null where nobody knows when the step, or the one before it, was taken.
    """
    if number == first:
        return pl.when(pl.col(f"t{number}").is_not_null()).then(_done(first, number) - pl.col("entry"))
    known = pl.col(f"t{number}").is_not_null() & pl.col(f"t{number - 1}").is_not_null()
    return pl.when(known).then(_done(first, number) - _done(first, number - 1))
