"""Qualified: the day on which an account showed enough of a score's signals for the first time."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.milestones import Reached
from saasmetrics.books.readings import LEVELS, Lookback, read
from saasmetrics.definitions.scalars import Comparison
from saasmetrics.definitions.scores import Signal
from saasmetrics.definitions.selection import Milestone
from saasmetrics.period import Grain

PAYING = "pqa"
"""The score whose accounts are those that do not pay yet, unless it says who is eligible."""


@dataclass(frozen=True)
class Signals:
    """On which days accounts show the signals of a score.

    Grain: account, signal, and a day from which it shows, or no longer does. Columns: `account`, `signal`, `day`
    (Date), `shown` (Int8: 1 or -1).
    Edges: a signal is judged over the score's window at the end of each day, from the account's creation on; what is
    unknown is not shown. Only accounts of the table of accounts have signals.
    """

    score: str

    def make(self, given: Given) -> pl.LazyFrame:
        """All signals, one below the other."""
        block = given.scope.definitions.scores[self.score]
        created = given.made(Reached(Milestone("created"))).select(
            "account", _created=given.calendar.day_expr(pl.col("at"))
        )
        lookback = Lookback(block.window, given.history(Grain.DAY).starts)
        parts = []
        for name, signal in block.signals.items():
            shown = self._shown(given, signal, lookback, created)
            parts.append(shown.select("account", "day", "shown", signal=pl.lit(name)))
        return pl.concat(parts)

    def _shown(self, given: Given, signal: Signal, lookback: Lookback, created: pl.LazyFrame) -> pl.LazyFrame:
        definitions = given.scope.definitions
        wanted = definitions.resolved_input(signal.input, self.score)
        unit = "ratio" if signal.change else definitions.metrics[wanted.address.metric].unit
        reading = read(given.narrowed(), wanted, lookback, change=signal.change)
        base = created.select("account", day="_created", **{name: pl.lit(0, dtype=pl.Int64) for name in LEVELS})
        early = reading.changes.join(created, on="account")
        early = early.with_columns(day=pl.max_horizontal("day", "_created")).drop("_created")
        changes = pl.concat([base, early.select(base.collect_schema().names())], how="vertical_relaxed")
        changes = changes.group_by("account", "day").agg(pl.col(name).sum() for name in LEVELS).sort("account", "day")
        totals = changes.with_columns(pl.col(name).cum_sum().over("account") for name in LEVELS)
        met = _holds(signal.is_.convert(unit), reading.value).fill_null(False)
        truth = totals.select("account", "day", met=met)
        now = pl.col("met").cast(pl.Int8)
        truth = truth.with_columns(shown=now - now.shift(1, fill_value=0).over("account"))
        return truth.filter(pl.col("shown") != 0)


@dataclass(frozen=True)
class Qualified:
    """When an account showed so many signals at once for the first time. Grain: account. Columns: `account`, `at`.

    Edges: signals are judged at the end of each day that is over, so the moment is the first of that day, or the
    account's creation where that is later. For the score `pqa`, which does not say who is eligible, an account that
    pays before it qualifies never does; paying on that very day is not before.
    """

    score: str

    def make(self, given: Given) -> pl.LazyFrame:
        """The first day on which enough signals show together."""
        block = given.scope.definitions.scores[self.score]
        daily = given.made(Signals(self.score)).group_by("account", "day").agg(pl.col("shown").cast(pl.Int64).sum())
        showing = daily.sort("account", "day").with_columns(pl.col("shown").cum_sum().over("account"))
        enough = showing.filter(pl.col("shown") >= (block.at_least or 1))
        first = enough.group_by("account").agg(pl.col("day").min()).filter(pl.col("day") < given.as_of_day)
        if block.eligible is not None:
            condition = given.sql(block.eligible, given.schema("accounts")).fill_null(False)
            first = first.join(given.table("accounts").filter(condition), on="account", how="semi")
        elif self.score == PAYING:
            paid = given.made(Reached(Milestone("first_paid")))
            paid = paid.select("account", _paid=given.calendar.day_expr(pl.col("at")))
            first = first.join(paid, on="account", how="left")
            first = first.filter(pl.col("_paid").is_null() | (pl.col("day") <= pl.col("_paid"))).drop("_paid")
        created = given.made(Reached(Milestone("created"))).rename({"at": "_created"})
        at = pl.max_horizontal(given.calendar.start_expr(pl.col("day")), "_created")
        return first.join(created, on="account").select("account", at=at)


def _holds(comparison: Comparison, value: pl.Expr) -> pl.Expr:
    """Whether values meet a comparison, as `Comparison.holds` says for one."""
    low = comparison.low
    if comparison.op == "band":
        return (value >= low) & (value <= (low if comparison.high is None else comparison.high))
    if comparison.op == "=":
        return (value - low).abs() <= 1e-9 * max(abs(low), 1e-3)
    return {">=": value >= low, "<=": value <= low, ">": value > low, "<": value < low}[comparison.op]
