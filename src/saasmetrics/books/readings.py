"""Readings: what a number says of every account, day by day, over a window that ends with the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.headline import headline
from saasmetrics.books.milestones import Moment
from saasmetrics.definitions.inputs import ResolvedInput
from saasmetrics.definitions.metric import Metric
from saasmetrics.definitions.scalars import Duration
from saasmetrics.frames.ledger import COUNTED, Ledger, Shape, Side
from saasmetrics.period import Grain, Periods, add_months

LEVELS = ("top", "bottom", "top0", "bottom0")
"""Sums of both sides in the window, and in the window before."""

BLOCKS = {"day": "1d", "week": "7d", "month": "1mo", "quarter": "3mo", "year": "12mo"}
"""How long a period is in which an account is active or not, by the grain of the metric."""


@dataclass(frozen=True)
class Reading:
    """An input by account.

    `changes` has the grain account, day and the columns of `LEVELS` (Int64): what each sum gains on that day, so that
    its running total is the sum of the window that ends with the day. `value` makes the input's value of the totals;
    it is null where the account has none.
    """

    changes: pl.LazyFrame
    value: pl.Expr


@dataclass(frozen=True)
class Lookback:
    """How far an input looks back, and from which days: those named, or every day of history."""

    window: Duration
    days: tuple[date, ...]

    def first(self, windows: int) -> date:
        """The first day that so many windows before the first day hold."""
        day = self.days[0]
        for _ in range(windows):
            day = back(day, self.window)
        return day


def back(day: date, window: Duration) -> date:
    """The day one window before."""
    if window.is_calendar:
        return add_months(day, -window.months)
    return day - timedelta(days=_days(window))


def _days(window: Duration) -> int:
    return max(1, window.microseconds // 86_400_000_000)


def _text(window: Duration) -> str:
    """A length as days are moved by it."""
    return window.text if window.is_calendar else f"{_days(window)}d"


def read(given: Given, wanted: ResolvedInput, lookback: Lookback, *, change: bool = False) -> Reading:
    """What an input says of every account on the days of the lookback.

    Formula: rows and amounts add up over the window, ratios are sums over sums, an account's activity is the number of
    periods in which it was active, things counted once are counted once in the window, what is there is that of the
    day, a milestone is 1 from its day on. With `change` it is that over the same of the window before, less 1.
    Edges: a row of a day lies in the windows of the days from its own on, until the window's length after it. A ratio
    without a denominator, and a change from nothing, are no value.
    """
    definitions = given.scope.definitions
    metric = definitions.metrics[wanted.address.metric]
    spec = metric.variants[0].spec
    if metric.type == "movement":
        of = definitions.scope(metric.id).input(spec.of)
        of = replace(of, where={**of.where, **wanted.where})
        inner = read(given, of, lookback, change=True)
        return Reading(inner.changes, _moved(spec, definitions.shape(of.address.metric)))
    if metric.type == "simple" and (spec.milestone is not None or spec.all is not None):
        selection = definitions.scope(metric.id).select(spec.rows)
        moments = given.made(Moment(selection)).select("account", day=given.calendar.day_expr(pl.col("at")), top=1)
        return Reading(_summed(moments.cast({"top": pl.Int64})), pl.col("top").cast(pl.Float64))
    ledger, changes = _changes(given, wanted, metric, lookback, change)
    return Reading(changes, _valued(ledger.shape, metric, lookback.window, change))


def levels(reading: Reading, population: pl.LazyFrame) -> pl.LazyFrame:
    """The value of a reading for accounts on days. Grain: that of the population. Adds `value`."""
    changes = reading.changes.sort("account", "day")
    totals = changes.select("account", "day", *[pl.col(name).cum_sum().over("account") for name in LEVELS])
    there = population.sort("day").join_asof(
        totals.sort("day"), on="day", by="account", strategy="backward", check_sortedness=False
    )
    there = there.with_columns(pl.col(name).fill_null(0) for name in LEVELS)
    return there.with_columns(value=reading.value).drop(LEVELS)


def _changes(
    given: Given, wanted: ResolvedInput, metric: Metric, lookback: Lookback, change: bool
) -> tuple[Ledger, pl.LazyFrame]:
    """The ledger that is read, and the changes of its sums."""
    calendar = given.calendar
    lasting = given.scope.definitions.shape(metric.id).time in ("flow", "cohort")
    if lasting:
        days = calendar.span(lookback.first(3 if change else 2), lookback.days[-1], Grain.DAY)
        ledger = headline(given.ledger(wanted, Periods(calendar, Grain.DAY, days)))
    else:
        pairs = [(day, back(day, lookback.window)) for day in lookback.days]
        days = tuple(sorted({day for pair in pairs for day in (pair if change else pair[:1])}))
        ledger = headline(given.ledger(wanted, Periods(calendar, Grain.DAY, days)))
    parts = []
    for side, name, keys in (
        (ledger.numerator, "top", ledger.shape.collapse[0]),
        (ledger.denominator, "bottom", ledger.shape.collapse[1]),
    ):
        if side is None:
            continue
        rows = _rows(side, keys)
        if lasting:
            blocks = _by_period(metric, ledger.shape)
            window = lookback.window
            found = _blocks(rows, metric, window) if blocks else _sliding(rows, keys, window)
            parts.append(found.rename({"amount": name}))
            if change:
                later = found.with_columns(pl.col("day").dt.offset_by(_text(lookback.window)))
                parts.append(later.rename({"amount": f"{name}0"}))
        else:
            there = rows.group_by("account", "day").agg(pl.col("amount").sum())
            parts.append(_on(there, lookback.days, lookback.days).rename({"amount": name}))
            if change:
                before = [earlier for _, earlier in pairs]
                parts.append(_on(there, before, lookback.days).rename({"amount": f"{name}0"}))
    return ledger, _summed(pl.concat(parts, how="diagonal_relaxed"))


def _by_period(metric: Metric, shape: Shape) -> bool:
    """Whether periods of activity are counted: of accounts, where no mean over days is meant."""
    return metric.type == "active" and metric.variants[0].spec.entity == "account" and shape.per is None


def _rows(side: Side, keys: Sequence[str]) -> pl.LazyFrame:
    """Counted entries of accounts, each thing once a day. Columns: `account`, `day`, `amount`, the keys."""
    counted = (pl.col("status") == COUNTED) & pl.col("account").is_not_null()
    own = [key for key in keys if key != "account"]
    rows = side.entries.filter(counted).select("account", *own, "amount", day="period")
    once = ["account", *own, "day"]
    return rows.group_by(once).agg(pl.col("amount").max() if keys else pl.col("amount").sum())


def _sliding(rows: pl.LazyFrame, keys: Sequence[str], window: Duration) -> pl.LazyFrame:
    """Each row from its day on for the window's length; a thing counted once until its next row, or that long."""
    until = pl.col("day").dt.offset_by(_text(window))
    if keys:
        own = ["account", *[key for key in keys if key != "account"]]
        rows = rows.sort(*own, "day")
        until = pl.min_horizontal(until, pl.col("day").shift(-1).over(own))
    return pl.concat(
        [
            rows.select("account", "day", "amount"),
            rows.select("account", until.alias("day"), -pl.col("amount")),
        ]
    )


def _blocks(rows: pl.LazyFrame, metric: Metric, window: Duration) -> pl.LazyFrame:
    """In how many of the periods before a day an account was active, the last period ending with the day."""
    block = Duration.parse(BLOCKS[metric.grain.value])
    if block.rough_seconds >= window.rough_seconds:
        return _sliding(rows, ("account",), window)
    fixed = not block.is_calendar and not window.is_calendar
    count = -(-_days(window) // _days(block)) if fixed else round(window.rough_seconds / block.rough_seconds)
    parts = []
    for number in range(count):
        left = _days(window) - number * _days(block) if fixed else None
        length = block if left is None or left >= _days(block) else Duration(left, "d")
        found = _sliding(rows, ("account",), length)
        for _ in range(number):
            found = found.with_columns(pl.col("day").dt.offset_by(_text(block)))
        parts.append(found)
    return pl.concat(parts)


def _on(there: pl.LazyFrame, read_on: Sequence[date], said_of: Sequence[date]) -> pl.LazyFrame:
    """What is there on some days, said of the same or of later days, and gone the day after."""
    days = pl.LazyFrame({"day": read_on, "_of": said_of}, schema={"day": pl.Date, "_of": pl.Date})
    rows = there.join(days, on="day").select("account", "amount", day="_of")
    gone = rows.select("account", -pl.col("amount"), pl.col("day").dt.offset_by("1d"))
    return pl.concat([rows, gone.select(rows.collect_schema().names())])


def _summed(parts: pl.LazyFrame) -> pl.LazyFrame:
    """One row for each account and day, with every level."""
    there = parts.collect_schema().names()
    missing = [pl.lit(0, dtype=pl.Int64).alias(name) for name in LEVELS if name not in there]
    rows = parts.with_columns(missing).with_columns(pl.col(name).fill_null(0) for name in LEVELS)
    summed = rows.group_by("account", "day").agg(pl.col(name).sum() for name in LEVELS)
    return summed.filter(pl.any_horizontal([pl.col(name) != 0 for name in LEVELS]))


def _worth(amount: pl.Expr, scale: float) -> pl.Expr:
    amount = amount.cast(pl.Float64)
    return amount / round(1 / scale) if 0 < scale < 1 else amount * scale


def _valued(shape: Shape, metric: Metric, window: Duration, change: bool) -> pl.Expr:
    """The value that the levels make."""

    def of(top: str, bottom: str) -> pl.Expr:
        if shape.how == "ratio":
            up, down = shape.sides
            below = _worth(pl.col(bottom), down)
            return pl.when(below != 0).then(_worth(_worth(pl.col(top), up), shape.scale) / below)
        value = _worth(pl.col(top), shape.scale)
        if shape.per:
            value = value / (window.rough_seconds / 86_400)
        wanted: int | None = getattr(metric.variants[0].spec, "at_least", None)
        if metric.type == "simple" and wanted is not None:
            return (pl.col(top) >= wanted).cast(pl.Float64)
        return value

    if not change:
        return of("top", "bottom")
    before = of("top0", "bottom0")
    return pl.when(before != 0).then(of("top", "bottom") / before - 1)


def _moved(spec: Any, of: Shape) -> pl.Expr:
    """Whether, or by how much, an account moved as the part of a movement says, from one window to the next."""
    then, now = pl.col("top0"), pl.col("top")
    parts: dict[str, pl.Expr] = {
        "expansion": (then > 0) & (now > then),
        "contraction": (now > 0) & (now < then),
        "churn": (then > 0) & (now <= 0),
        "net": now != then,
    }
    moved: pl.Expr = pl.lit(1.0) if spec.count else _worth(now - then, of.scale)
    return pl.when(parts[spec.part]).then(moved).otherwise(0.0)
