"""Ages of accounts: in which spans of equal length, counted from its own start, an account was active."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.meeting import alone
from saasmetrics.books.steps import Walk, step_rows
from saasmetrics.definitions.selection import Selection

SPANS = {"d": 1, "w": 7, "mo": 30, "q": 90, "y": 365}
"""Days of 24 hours in one span of an age's unit."""


@dataclass(frozen=True)
class Aged:
    """Activity by the age it happened at.

    Grain: account and span of its life. Columns: `account`, `span` (Int64: 0 for the first one after the start).
    Formula: (moment of the row less moment of the start) / length of a span, rounded down.
    Edges: rows before the start are left out; a row exactly one span after it lies in the next.
    """

    start: Selection
    rule: Selection
    unit: str

    def make(self, given: Given) -> pl.LazyFrame:
        """Rows beside the start of their account."""
        starts = step_rows(given, self.start, Walk("account")).group_by("account").agg(_start=pl.col("at").min())
        return self._met(given, replace(self.rule, at_least=1), starts).unique()

    def _met(self, given: Given, rule: Selection, starts: pl.LazyFrame) -> pl.LazyFrame:
        """Spans in which a rule was met: by any of its parts, or by each of them."""
        if not rule.is_plain:
            found = [self._met(given, alone(part), starts) for part in rule.parts]
            if rule.join == "any":
                return pl.concat(found)
            first, *others = found
            for other in others:
                first = first.join(other, on=["account", "span"], how="semi")
            return first
        rows = step_rows(given, rule, Walk("account")).select("account", "at")
        lived = rows.join(starts, on="account").filter(pl.col("at") >= pl.col("_start"))
        elapsed = (pl.col("at") - pl.col("_start")).dt.total_microseconds()
        length = round(timedelta(days=SPANS[self.unit]) / timedelta(microseconds=1))
        return lived.select("account", span=elapsed // length)
