"""Ratio: one ledger over another."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.scope import Scope
from saasmetrics.frames.ledger import Ledger, Part, Shape, Side, own_column
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.period import Periods


class Ratio(MetricType):
    """One number over another: sum over sum, never a mean of ratios.

    Grain: the entries of both inputs as they are.
    Formula: scale times the sum of the numerator's entries over the sum of the denominator's.
    Edges: nothing in the denominator is `undefined`, never 0 or infinite. `whole` names cuts and segments of the
    numerator under which the denominator stays undivided, so that the parts add up to the rate; a cut that only one
    side has is otherwise not offered. `matched` keeps only accounts of the numerator that the denominator has in the
    period too. Where the numerator is a mean over days, the denominator is taken for each of those days.
    Unit: the numerator's per denominator's, times `scale`.
    """

    type: Literal["ratio"] = "ratio"
    numerator: Input
    denominator: Input
    scale: float = 1.0
    whole: tuple[str, ...] = ()
    # Key of the catalogue.
    matched: bool = False

    def _parts(self, top: Shape, bottom: Shape) -> tuple[Part, ...]:
        """The numerator's parts that the denominator has as well, or under which it is whole."""
        below = {part.column: part for part in bottom.parts}
        parts = []
        for part in top.parts:
            other = below.get(part.column)
            if other is None and part.column not in self._undivided:
                break
            parts.append(part)
        return tuple(parts)

    @property
    def _undivided(self) -> tuple[str, ...]:
        """Columns of the segments and cuts that are named."""
        return tuple(dict.fromkeys([*self.whole, *map(own_column, self.whole)]))

    def shape(self, scope: Scope) -> Shape:
        """Two sides, each reduced as its own metric says."""
        top, bottom = scope.shape_of(self.numerator), scope.shape_of(self.denominator)
        accountless: Literal["keep", "leave_out"] = (
            "keep" if "keep" in (top.accountless, bottom.accountless) else "leave_out"
        )
        return Shape(
            how="ratio",
            time=top.time if top.time == bottom.time else "window",
            parts=self._parts(top, bottom),
            denominator_parts=_matched(top.parts, bottom.parts, self._undivided),
            own=top.own | bottom.own,
            whole=frozenset(self._undivided),
            collapse=(top.collapse[0], bottom.collapse[0]),
            scale=self.scale,
            sides=(top.scale, bottom.scale),
            segment_at=top.segment_at,
            accountless=accountless,
            payload=top.payload | bottom.payload,
        )

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """The numerators of both inputs, side by side."""
        top = given.ledger(given.scope.input(self.numerator), periods)
        bottom = given.ledger(given.scope.input(self.denominator), periods)
        numerator, denominator = top.numerator.entries, _undivided(bottom, self._undivided)
        if self.matched:
            there = denominator.filter(pl.col("amount") != 0).select("account", "period").unique()
            numerator = numerator.join(there, on=["account", "period"], how="semi")
        if top.shape.per and not bottom.shape.per:
            days = _days(given, periods, top.shape.per)
            denominator = denominator.join(days, on="period").with_columns(amount=pl.col("amount") * pl.col("_days"))
            denominator = denominator.drop("_days")
        shape = replace(self.shape(given.scope), per=None)
        return Ledger(shape, Side(numerator, top.numerator.roles), Side(denominator, bottom.numerator.roles))


def _undivided(ledger: Ledger, whole: tuple[str, ...]) -> pl.LazyFrame:
    """Entries of a denominator that stay as they are under some columns: those of its own headline, without them."""
    entries = ledger.numerator.entries
    for part in ledger.shape.parts:
        if part.column in whole:
            label = pl.col(part.column)
            mine = label.is_in(sorted(part.default)) if isinstance(part.default, frozenset) else label != ""
            entries = entries.filter(mine.fill_null(True)).drop(part.column)
    return entries


def _matched(top: tuple[Part, ...], bottom: tuple[Part, ...], whole: tuple[str, ...]) -> tuple[Part, ...]:
    """The denominator's parts; where the numerator has only some of the labels, only those stand for the whole.

    Help opened per success counts the successes of the workflows that say what help is, not those of the others.
    """
    above = {part.column: part for part in top}
    parts = []
    for part in bottom:
        other = above.get(part.column)
        if part.column in whole:
            continue
        if other and other.values and isinstance(part.default, frozenset) and isinstance(other.default, frozenset):
            part = replace(part, default=part.default & frozenset(other.values))
        parts.append(part)
    return tuple(parts)


def _days(given: Given, periods: Periods, per: str) -> pl.LazyFrame:
    from saasmetrics.books.workdays import counted_days

    return counted_days(given, periods, per).rename({"days": "_days"})
