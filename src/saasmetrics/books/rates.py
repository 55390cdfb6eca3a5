"""Rates: what a currency is worth on a day, where policy `fx` asks for more than one rate for all time."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.frames.canonical import ROLES

KEYS = ("currency", "_held")


@dataclass(frozen=True)
class Rates:
    """What one unit of a currency is worth in the reporting currency, by the days or months that it holds for.

    Grain: currency, day (the first of a month with policy `fx: monthly`). Columns: `currency`, `_held` (Date), `_rate`.
    Formula: the rate of a month is the last that is dated in it; that of a day (`fx: row_start`) the last that is dated
    on it or before.
    Edges: a month in progress that has none yet has the newest one there is; days after the as-of have none of their
    own (see `rated`). A month that is over and has none is not there, nor is a day before the first.
    """

    lends = True

    def make(self, given: Given) -> pl.LazyFrame:
        """The dated rates, each on the days or months that it holds for."""
        today = pl.lit(given.as_of_day)
        dated = (
            given.table("fx")
            .filter(pl.col("at").is_not_null() & (pl.col("at") < given.unseen_day))
            .sort("currency", "at")
        )
        dated = dated.select("currency", "at", _rate="rate")
        if given.scope.policies.fx == "monthly":
            month = pl.col("at").dt.truncate("1mo").alias("_held")
            months = dated.group_by("currency", month, maintain_order=True).agg(pl.col("_rate").last())
            newest = dated.group_by("currency", maintain_order=True).agg(pl.col("_rate").last())
            running = newest.select("currency", _held=today.dt.truncate("1mo"), _rate="_rate")
            return pl.concat([months, running]).unique(KEYS, keep="first", maintain_order=True)
        following = pl.col("at").shift(-1).over("currency").dt.offset_by("-1d")
        until = pl.coalesce(following, today)
        return dated.with_columns(_held=pl.date_ranges("at", until)).explode("_held").select(*KEYS, "_rate")


@dataclass(frozen=True)
class Currencies:
    """The currencies that have rates.

    Grain: currency. Columns: `currency`, `_rated` (true), `_undated` (the rate without a date, or null).
    """

    lends = True

    def make(self, given: Given) -> pl.LazyFrame:
        """Each currency of the source `fx`, with the rate that has no date."""
        undated = pl.col("rate").filter(pl.col("at").is_null()).last()
        return given.table("fx").group_by("currency").agg(_rated=pl.lit(True), _undated=undated)


def changing(given: Given) -> bool:
    """Whether a currency is worth one thing today and another tomorrow."""
    return given.scope.policies.fx != "constant"


def rated(given: Given, rows: pl.LazyFrame, day: pl.Expr, name: str = "rate") -> pl.LazyFrame:
    """Rows with the rate that policy `fx` gives for a day in the column `name`; null where there is none.

    Grain and order: unchanged. Edges: a row in the reporting currency keeps its rate of 1; after the as-of a rate stays
    what it is then; a rate without a date stands in wherever no dated one does.
    """
    held = pl.min_horizontal(day, pl.lit(given.as_of_day))
    if given.scope.policies.fx == "monthly":
        held = held.dt.truncate("1mo")
    own = (pl.col("currency") == pl.lit(given.scope.currency)).fill_null(False) | pl.col("_rated").is_null()
    joined = (
        rows.with_columns(_held=held)
        .join(given.made(Currencies()), on="currency", how="left", maintain_order="left")
        .join(given.made(Rates()), on=KEYS, how="left", maintain_order="left")
    )
    rate = pl.when(own).then("rate").otherwise(pl.coalesce("_rate", "_undated"))
    return joined.with_columns(rate.alias(name)).drop("_held", "_rated", "_rate", "_undated")


def at_rates(given: Given, role: str, rows: pl.LazyFrame, day: pl.Expr, *, keep: bool = False) -> pl.LazyFrame:
    """Rows with money at the rates of policy `fx`: of the month that `day` lies in, or of the day of the row itself.

    Edges: rows without a rate are left out, as they are where rates do not change; with `keep` they stay.
    """
    schema = given.schema(role)
    if not changing(given) or "rate" not in schema or "currency" not in schema:
        return rows
    if given.scope.policies.fx == "row_start":
        at = ROLES[role].at or ""
        day = pl.col(at) if schema[at] == pl.Date else given.calendar.day_expr(pl.col(at))
    rows = rated(given, rows, day)
    return rows if keep else rows.filter(pl.col("rate").is_not_null())


def by_month(given: Given, rows: pl.LazyFrame, start: str, end: str) -> pl.LazyFrame:
    """Rows that last, one piece for each month, each with its month's `rate`; null where a month has none.

    Grain: a row and a month of its life up to the as-of; what lies behind stays with the last. Edges: `end` is null
    while open.
    """
    running = pl.lit(given.as_of_day).dt.truncate("1mo")
    first = pl.col(start).dt.truncate("1mo")
    last = pl.max_horizontal(first, pl.min_horizontal(pl.col(end).dt.offset_by("-1d").dt.truncate("1mo"), running))
    pieces = rows.with_columns(_month=pl.date_ranges(first, last, "1mo"), _last=last).explode("_month")
    following = pl.col("_month").dt.offset_by("1mo")
    pieces = pieces.with_columns(
        pl.max_horizontal(start, "_month").alias(start),
        pl.when(pl.col("_month") < pl.col("_last")).then(following).otherwise(end).alias(end),
    )
    return rated(given, pieces, pl.col("_month")).drop("_month", "_last")


def convertible(rows: pl.LazyFrame, row: str) -> pl.LazyFrame:
    """Rows of which every piece has a rate: one month without would read as if the account had left and come back."""
    return rows.filter(pl.col("rate").is_not_null().all().over(row))
