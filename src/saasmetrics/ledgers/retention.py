"""Retention: of a cohort, who is active so much later."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import polars as pl
from pydantic import model_validator

from saasmetrics.books.given import Given
from saasmetrics.books.maturity import settled
from saasmetrics.books.members import Members, active_days
from saasmetrics.books.steps import Walk, step_rows
from saasmetrics.definitions.model import fault
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.scope import Scope
from saasmetrics.frames.ledger import COUNTED, COVERAGE, EXCLUDED, IMMATURE, STATUS, Ledger, Part, Shape, Side
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.period import Grain, Periods

DEFAULT_AGES = tuple(Duration(months, "mo") for months in (1, 2, 3, 6, 12))
AGE_GRAINS = {"d": Grain.DAY, "w": Grain.WEEK, "mo": Grain.MONTH, "q": Grain.QUARTER, "y": Grain.YEAR}


class Retention(MetricType):
    """Of the accounts of a cohort, those that are active so many periods later.

    Grain: an entry is an account and an age.
    Formula: accounts active by the rule in the period that lies `age` after the cohort's, over the accounts of the
    cohort.
    Edges: the cohort is the calendar period the account was created in (or of its first row of `cohort`), so accounts
    that never were active stay in the denominator; the period of an age is a calendar period in the age's own unit
    (`3mo`: the third month after), and its cell is mature when that whole period is over. Age 0 is the cohort's own
    period. Policy `came_back` asks for activity in that period, in it or later (`on_or_after`), or in every period up
    to it (`streak`); policy `immature` chooses what counts of periods that are not over. A cohort may be older than the
    log of what makes active: a cell has a number as soon as the periods it asks for lie wholly in what the log covers.
    Unit: a share, 0-1.
    Source: calendar clock and criterion `on` as in PostHog.
    """

    type: Literal["retention"] = "retention"
    entity: Literal["account"] = "account"
    cohort: Rows | None = None
    rule: Rows | None = None
    ages: tuple[Duration, ...] = DEFAULT_AGES

    @model_validator(mode="after")
    def _fits(self) -> Retention:
        for age in self.ages:
            if age.unit not in AGE_GRAINS:
                raise fault(
                    "SM005", f"`{age.text}` is no age", "write days, weeks, months, quarters or years", at="ages"
                )
        return self

    def shape(self, scope: Scope) -> Shape:
        """A ratio by cohort; the age must be written."""
        ages = tuple(age.text for age in self.ages)
        return Shape(
            how="ratio",
            time="cohort",
            parts=(Part("age", "none", "separate", ages),),
            segment_at="entry",
            payload=frozenset({"at"}),
            tells_coverage=True,
        )

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """Members of each cohort beside what they did at each age."""
        scope = given.scope
        cohort = scope.select(self.cohort or Rows(milestone="created"))
        members = step_rows(given, cohort, Walk("account")).group_by("account").agg(pl.col("at").min())
        day = given.calendar.day_expr(pl.col("at"))
        members = members.with_columns(period=periods.of(day), segment_at=day).filter(periods.holds(pl.col("period")))
        rule = scope.select(self.rule or scope.definitions.active.account)
        presence = given.made(Members(rule, "account")).select("account", "month", "days")
        numerators, denominators = [], []
        for age in self.ages:
            spans = [(start, *span) for start in periods.starts if (span := self._span(periods, start, age))]
            asked = self._asked(given, periods, age, spans)
            firsts = {
                start: min(first for some in asked for of, first, _ in some if of == start) for start, *_ in spans
            }
            ends = pl.LazyFrame(
                [(start, firsts[start], end) for start, _, end in spans],
                schema={"period": pl.Date, "_first": pl.Date, "_end": pl.Date},
                orient="row",
            )
            whole = members.join(ends, on="period").with_columns(age=pl.lit(age.text))
            keys = ["account", "period"]
            back = whole.select(keys)
            for some in asked:
                back = back.join(active_days(presence, some, ["account"]).select(keys), on=keys, how="semi")
            came = whole.join(back.with_columns(_back=pl.lit(True)), on=keys, how="left")
            over, returned = pl.col("_end") <= given.as_of_day, pl.col("_back").fill_null(False)
            mature = settled(over, returned, scope.policies.immature)
            early = pl.col("_first") < given.calendar.local_day(given.since) if given.since else pl.lit(False)
            status = (
                pl.when(early).then(pl.lit(EXCLUDED)).when(mature).then(pl.lit(COUNTED)).otherwise(pl.lit(IMMATURE))
            )
            whole = came.with_columns(status=status.cast(STATUS), reason=pl.when(early).then(pl.lit(COVERAGE)))
            there = whole.filter(returned).drop("_first", "_end", "_back")
            whole = whole.drop("_first", "_end", "_back")
            denominators.append(whole.with_columns(amount=pl.lit(1, dtype=pl.Int64)))
            numerators.append(there.with_columns(amount=pl.lit(1, dtype=pl.Int64)))
        return Ledger(self.shape(scope), Side(pl.concat(numerators)), Side(pl.concat(denominators)))

    def _asked(
        self, given: Given, periods: Periods, age: Duration, spans: list[tuple[date, date, date]]
    ) -> list[list[tuple[date, date, date]]]:
        """Sets of spans, in each of which an account has to be active."""
        choice = given.scope.policies.came_back
        if choice == "on_or_after":
            last = given.as_of_day + timedelta(days=1)
            return [[(start, first, max(end, last)) for start, first, end in spans]]
        if choice == "streak" and age.count > 1:
            ages = [Duration(count, age.unit) for count in range(1, age.count + 1)]
            return [[(start, *self._span(periods, start, each)) for start, _, _ in spans] for each in ages]
        return [spans]

    @staticmethod
    def _span(periods: Periods, start: date, age: Duration) -> tuple[date, date]:
        calendar, grain = periods.calendar, AGE_GRAINS[age.unit]
        if periods.grain is Grain.MONTH and grain is Grain.QUARTER:
            first = calendar.shift(start, Grain.MONTH, 3 * age.count)
            return first, calendar.shift(first, Grain.MONTH, 1)
        first = calendar.shift(calendar.floor(start, grain), grain, age.count)
        return first, calendar.end(first, grain)
