"""Duration: how long it takes from one moment to another."""

from __future__ import annotations

from typing import Literal

import polars as pl
from pydantic import model_validator

from saasmetrics.books.business import in_business
from saasmetrics.books.given import Given
from saasmetrics.books.happenings import with_user_segments
from saasmetrics.books.maturity import settled
from saasmetrics.books.runs import RunsOf
from saasmetrics.books.segments import carried, column, on_rows
from saasmetrics.books.steps import Walk
from saasmetrics.books.tickets import row_spans
from saasmetrics.books.tries import Tries, opened
from saasmetrics.books.turns import in_turn
from saasmetrics.definitions.model import fault
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scalars import Duration as Length
from saasmetrics.definitions.scope import Scope
from saasmetrics.frames.canonical import IN_THEMSELVES
from saasmetrics.frames.ledger import COUNTED, IMMATURE, OPEN, Ledger, Part, Shape, Side, own_column, status_type
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.ledgers.units import per_millisecond
from saasmetrics.period import Periods


class Duration(MetricType):
    """How long it takes from one moment to another.

    Grain: an entry is an entity: an account with its two moments, a run, or a row with two times.
    Formula: quantiles of `to` less `from`, linear between neighbours, over those who got there (`among: all`: those
    not there yet are longer than everything); mean: sum over number.
    Edges: with `within` the period is that of the start, and only starts whose window has closed count, those that did
    not get there as `open`; without, or with `funnel_by: period`, it is that of the end (catalogue rows may say
    otherwise), and nothing is immature. With fewer than half of the mature ones there the value is `not_reached`.
    Policy `immature` chooses what counts of open windows. An end before its start is left out.
    Unit: milliseconds inside, the metric's unit outside; of tickets, with `business_hours`, those that lie in them.
    Source: survival reading of a median; MTTR over resolved incidents by the period of resolution (Atlassian).
    """

    type: Literal["duration"] = "duration"
    from_: Rows
    to: Rows
    entity: str = "account"
    stat: tuple[str, ...] = ("median", "p90")
    within: Length | tuple[Length, ...] | None = None
    among: Literal["reached", "all"] = "reached"
    cut: str | None = None
    # Keys of the catalogue.
    period: Literal["start", "end"] | None = None
    touching: Literal["core"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _keyword(cls, value: object) -> object:
        # `from` is a word of Python's own, so the field has another name than the key.
        if isinstance(value, dict) and "from" in value:
            return {("from_" if key == "from" else key): item for key, item in value.items()}
        return value

    @model_validator(mode="after")
    def _fits(self) -> Duration:
        import re

        for stat in self.stat:
            if stat not in ("median", "mean") and not re.fullmatch(r"p[1-9][0-9]?", stat):
                raise fault("SM005", f"`{stat}` is no stat of a duration", "median, mean, p50 to p99", at="stat")
        return self

    @property
    def longest(self) -> Length | None:
        """The window; the longest of several."""
        if isinstance(self.within, tuple):
            return max(self.within, key=lambda length: length.rough_seconds)
        return self.within

    def by_start(self, scope: Scope) -> bool:
        """Whether the period is that of the start."""
        judged = self.within is not None and scope.policies.funnel_by == "cohort"
        return self.period == "start" or (self.period is None and judged)

    def shape(self, scope: Scope) -> Shape:
        """Quantiles of entries; by cohort where the start decides the period."""
        parts: tuple[Part, ...] = ()
        if self.cut:
            parts = (Part(own_column(self.cut)),)
        incidents = scope.select(self.from_).selectors[:1]
        keep = bool(incidents) and incidents[0].role in IN_THEMSELVES
        return Shape(
            how="quantile",
            time="cohort" if self.by_start(scope) and self.entity == "account" else "flow",
            parts=parts,
            stats=self.stat,
            scale=per_millisecond(scope),
            among=self.among,
            segment_at="entry",
            entity=self.entity,
            accountless="keep" if keep else "leave_out",
            payload=frozenset({"at", "until"}),
        )

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """Spans of the entity, with their status."""
        spans = self._spans(given)
        begin, end = given.calendar.day_expr(pl.col("at")), given.calendar.day_expr(pl.col("until"))
        limit = self.longest.add_expr(pl.col("at")) if self.longest else None
        there = pl.col("until").is_not_null()
        if limit is not None:
            there = there & (pl.col("until") <= limit)
        mature = (limit <= pl.lit(given.as_of)) if limit is not None else pl.lit(True)
        mature = settled(mature, there, given.scope.policies.immature)
        status = pl.when(~mature).then(pl.lit(IMMATURE)).when(there).then(pl.lit(COUNTED)).otherwise(pl.lit(OPEN))
        length = (pl.col("until") - pl.col("at")).dt.total_milliseconds()
        hours, roles = given.scope.policies.business_hours, self._roles(given.scope)
        if hours is not None and roles == {"tickets"}:
            worked = in_business(hours, given.calendar.timezone, pl.col("at"), pl.col("until"))
            length = pl.when(length >= 0).then(worked).otherwise(length)
        day = begin if self.by_start(given.scope) else end
        entries = spans.with_columns(
            period=periods.of(day), segment_at=begin, amount=length, status=status.cast(status_type())
        ).filter((pl.col("amount") >= 0).fill_null(True) & periods.holds(pl.col("period")))
        if limit is not None and not self.by_start(given.scope) and self.period is None:
            entries = entries.filter(there).with_columns(status=pl.lit(COUNTED).cast(status_type()))
        if self.shape(given.scope).accountless == "leave_out":
            entries = entries.filter(pl.col("account").is_not_null())
        begins = {selector.role for selector in given.scope.select(self.from_).selectors}
        return Ledger(self.shape(given.scope), Side(entries, frozenset(begins)))

    def _roles(self, scope: Scope) -> set[str]:
        """Roles of the rows at both ends."""
        return {selector.role for end in (self.from_, self.to) for selector in scope.select(end).selectors}

    def _spans(self, given: Given) -> pl.LazyFrame:
        """Grain: entity. Columns: `account`, `entity`, `at`, `until`, cut, `@segment`s."""
        scope = given.scope
        cut = self.shape(scope).parts[0].column if self.cut else None
        if self.entity == "run":
            books = dict.fromkeys(RunsOf.of(given, selector) for selector in scope.select(self.from_).selectors)
            marks = [column(segment) for segment in carried(given, "users")]
            own = ["account", *(["user"] if marks else []), *(["run"] if given.fine else []), "attempt", "success"]
            runs = pl.concat([book.read(given, *own) for book in books], how="diagonal_relaxed")
            runs = runs.filter(pl.col("attempt").is_not_null() & pl.col("account").is_not_null())
            entity = pl.col("run") if given.fine else pl.lit(None, dtype=pl.String)
            return with_user_segments(given, runs).select(
                "account", *marks, entity.alias("entity"), at="attempt", until="success"
            )
        if self.entity == "row":
            return row_spans(
                given, scope.select(self.from_), scope.select(self.to), self.cut, cut, self.touching == "core"
            )
        steps = (scope.select(self.from_), scope.select(self.to))
        forever = self.longest or Length(100, "y")
        policies = scope.policies
        book = Tries(
            steps, forever, Walk(self.entity), "ordered", None, on_rows(given, *steps), policies.ties == "strict"
        )
        tries = given.made(book)
        if policies.entry == "every":
            tries = in_turn(tries, forever)
        else:
            tries = opened(tries, ["entity", "same"], policies.entry).sort("entity", "same", "entry")
            tries = tries.unique(["entity", "same"], keep="first", maintain_order=True)
        marks = [name for name in (column(segment) for segment in given.by) if name in tries.collect_schema().names()]
        return tries.select("account", *marks, pl.col("entity").cast(pl.String), at="t1", until="t2")
