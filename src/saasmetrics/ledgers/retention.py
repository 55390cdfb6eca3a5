"""Retention: of a cohort, who is active so much later."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import polars as pl
from pydantic import model_validator

from saasmetrics.books.aged import SPANS, Aged
from saasmetrics.books.given import Given
from saasmetrics.books.maturity import settled
from saasmetrics.books.meeting import met_in
from saasmetrics.books.steps import Walk, step_rows
from saasmetrics.definitions.model import fault
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.scope import Scope
from saasmetrics.definitions.selection import Selection
from saasmetrics.frames.ledger import COUNTED, COVERAGE, EXCLUDED, IMMATURE, Ledger, Part, Shape, Side, status_type
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.period import Calendar, Grain, Periods

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
    A period that is longer than the age's unit holds a cohort for each of them; these, and cohorts that a `cumulative`
    gathers, become one number by policy `cohort_average`: `pooled` sums over sums, `mean` the sum of their rates over
    their number, `weighted` that of rates times squared sizes over that of squared sizes, each over the part of a
    cohort that counts. By policy `cohort_clock: rolling` an age is a span of 24 hours, 7 or 30 days (90 for a quarter,
    365 for a year) of each account's own life, and mature when that span is over.
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
            average=("cohort", choice) if (choice := scope.policies.cohort_average) != "pooled" else None,
        )

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """Members of each cohort beside what they did at each age."""
        scope = given.scope
        start = scope.select(self.cohort or Rows(milestone="created"))
        members = step_rows(given, start, Walk("account")).group_by("account").agg(pl.col("at").min())
        day = given.calendar.day_expr(pl.col("at"))
        members = members.with_columns(period=periods.of(day), segment_at=day).filter(periods.holds(pl.col("period")))
        rule = scope.select(self.rule or scope.definitions.active.account)
        numerators, denominators = [], []
        for age in self.ages:
            # A period that is longer than the age's unit holds several cohorts.
            grain = min(periods.grain, AGE_GRAINS[age.unit], key=lambda one: one.rank)
            cohort = given.calendar.floor_expr(pl.col("segment_at"), grain)
            whole = members.with_columns(cohort=cohort, age=pl.lit(age.text))
            if scope.policies.cohort_clock == "rolling":
                came = self._rolling(given, start, rule, whole, age)
            else:
                came = self._by_calendar(given, rule, whole, age, periods, grain)
            over, returned = pl.col("_over"), pl.col("_back").fill_null(False)
            mature = settled(over, returned, scope.policies.immature)
            early = pl.col("_first") < given.calendar.local_day(given.since) if given.since else pl.lit(False)
            status = (
                pl.when(early).then(pl.lit(EXCLUDED)).when(mature).then(pl.lit(COUNTED)).otherwise(pl.lit(IMMATURE))
            )
            whole = came.with_columns(status=status.cast(status_type()), reason=pl.when(early).then(pl.lit(COVERAGE)))
            drop = ["_first", "_over", "_back", *(["cohort"] if scope.policies.cohort_average == "pooled" else [])]
            there = whole.filter(returned).drop(drop)
            whole = whole.drop(drop)
            denominators.append(whole.with_columns(amount=pl.lit(1, dtype=pl.Int64)))
            numerators.append(there.with_columns(amount=pl.lit(1, dtype=pl.Int64)))
        return Ledger(self.shape(scope), Side(pl.concat(numerators)), Side(pl.concat(denominators)))

    def _rolling(
        self, given: Given, start: Selection, rule: Selection, members: pl.LazyFrame, age: Duration
    ) -> pl.LazyFrame:
        """Add `_back`, `_first` (day on which what is asked for begins) and `_over`, by spans of each own life."""
        choice = given.scope.policies.came_back
        spans = given.made(Aged(start, rule, age.unit))
        first = min(1, age.count) if choice == "streak" else age.count
        asked = pl.col("span") >= first
        if choice != "on_or_after":
            asked = asked & (pl.col("span") <= age.count)
        back = spans.filter(asked).group_by("account").agg(_back=pl.len() >= (age.count - first + 1))
        if choice == "on_or_after":
            back = back.with_columns(_back=pl.lit(True))
        length = SPANS[age.unit]
        begins = pl.col("at") + pl.duration(days=length * first)
        ends = pl.col("at") + pl.duration(days=length * (age.count + 1))
        return members.join(back, on="account", how="left").with_columns(
            _first=given.calendar.day_expr(begins), _over=ends <= pl.lit(given.as_of)
        )

    def _by_calendar(
        self, given: Given, rule: Selection, members: pl.LazyFrame, age: Duration, periods: Periods, grain: Grain
    ) -> pl.LazyFrame:
        """Add `_back`, `_first` (day on which what is asked for begins) and `_over`, by periods of the calendar."""
        calendar = given.calendar
        cohorts = calendar.span(periods.first, periods.end - timedelta(days=1), grain)
        spans = [(cohort, *_span(calendar, grain, cohort, age)) for cohort in cohorts]
        asked = self._asked(given, grain, age, spans)
        firsts = {cohort: min(first for some in asked for of, first, _ in some if of == cohort) for cohort in cohorts}
        ends = pl.LazyFrame(
            [(cohort, firsts[cohort], end <= given.as_of_day) for cohort, _, end in spans],
            schema={"cohort": pl.Date, "_first": pl.Date, "_over": pl.Boolean},
            orient="row",
        )
        whole = members.join(ends, on="cohort")
        keys = ["account", "cohort"]
        back = whole.select(keys)
        for some in asked:
            there = met_in(given, rule, some).select("account", cohort="period")
            back = back.join(there, on=keys, how="semi")
        return whole.join(back.with_columns(_back=pl.lit(True)), on=keys, how="left")

    def _asked(
        self, given: Given, grain: Grain, age: Duration, spans: list[tuple[date, date, date]]
    ) -> list[list[tuple[date, date, date]]]:
        """Sets of spans, in each of which an account has to be active."""
        choice = given.scope.policies.came_back
        if choice == "on_or_after":
            last = given.as_of_day + timedelta(days=1)
            return [[(start, first, max(end, last)) for start, first, end in spans]]
        if choice == "streak" and age.count > 1:
            ages = [Duration(count, age.unit) for count in range(1, age.count + 1)]
            return [[(start, *_span(given.calendar, grain, start, each)) for start, _, _ in spans] for each in ages]
        return [spans]


def _span(calendar: Calendar, cohort: Grain, start: date, age: Duration) -> tuple[date, date]:
    """The period of an age after the cohort that starts on a day: its first day, and the first day after."""
    grain = AGE_GRAINS[age.unit]
    if cohort is Grain.MONTH and grain is Grain.QUARTER:
        first = calendar.shift(start, Grain.MONTH, 3 * age.count)
        return first, calendar.shift(first, Grain.MONTH, 1)
    first = calendar.shift(calendar.floor(start, grain), grain, age.count)
    return first, calendar.end(first, grain)
