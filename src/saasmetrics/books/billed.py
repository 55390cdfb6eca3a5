"""Billed: lines of invoices in the shape of subscriptions, for recurring revenue that is read from them."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.segments import with_segments

UNBILLED = ("void", "voided", "draft", "deleted", "cancelled", "canceled")
"""States of invoices that bill nothing."""


def lasting(given: Given) -> pl.LazyFrame:
    """Recurring lines with a service period, each a contract without an interval over that period.

    Grain: a line. Columns: those of subscriptions, and `@segment`s. Edges: a line without a service period says
    nothing about what recurs, and is left out.
    """
    rows = _billed(given).filter(pl.col("kind").is_null() | (pl.col("kind") == "recurring"))
    rows = rows.filter(pl.col("start").is_not_null() & pl.col("end").is_not_null())
    return _shaped(given, rows, {"start": pl.col("start"), "end": pl.col("end"), "price": pl.col("amount")})


def metered(given: Given) -> pl.LazyFrame:
    """Metered lines, each a part of the monthly mean of `usage_months` months from its day on.

    Grain: a line. Columns: those of subscriptions, and `@segment`s. Formula: of the lines in the months up to a day, a
    sum divided by the number of months; a line is in it from its day until as many months later.
    """
    months = given.scope.policies.usage_months
    day = given.calendar.day_expr(pl.col("at"))
    end = day.dt.offset_by(f"{months}mo")
    if given.scope.policies.end_inclusive:
        end = end.dt.offset_by("-1d")
    rows = _billed(given).filter(pl.col("kind") == "usage")
    return _shaped(given, rows, {"start": day, "end": end, "mrr": pl.col("amount") / months})


def _billed(given: Given) -> pl.LazyFrame:
    status = pl.col("status").str.to_lowercase()
    visible = pl.col("at") < given.as_of
    return given.table("invoices").filter(visible & (status.is_null() | ~status.is_in(UNBILLED)))


def _shaped(given: Given, rows: pl.LazyFrame, own: Mapping[str, pl.Expr]) -> pl.LazyFrame:
    kept = {name: pl.col(name) for name in ("account", "id", "product", "currency", "rate", "source")}
    known = {**kept, "kind": pl.lit("recurring"), **own}
    schema = given.schema("subscriptions")
    columns = [known.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in schema.items()]
    return with_segments(given, rows.select(columns), "subscriptions", schema)
