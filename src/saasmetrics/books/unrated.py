"""Unrated: money that lacks a rate where policy `fx` asks for one, so that it can be told."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from saasmetrics.books.balances import rated_pieces, stretches
from saasmetrics.books.given import Given
from saasmetrics.books.rates import at_rates
from saasmetrics.frames.canonical import ROLES


@dataclass(frozen=True)
class Unrated:
    """Months without a rate of a currency that rows of a role are in.

    Grain: currency, month. Columns: `currency`, `month` (Date, its first day), `rows` (Int64: those that lack it).
    Edges: rows that last lack every month of their life without a rate, others that of their day.
    """

    role: str

    def make(self, given: Given) -> pl.LazyFrame:
        """The rows that policy `fx` leaves out, by what they lack."""
        billed = given.scope.policies.recurring_from == "invoices"
        if self.role == ("invoices" if billed else "subscriptions"):
            pieces = rated_pieces(given, stretches(given.narrowed()))
            rows = pieces.select("currency", "rate", "_row", day="from")
        else:
            table = given.table(self.role).with_row_index("_row")
            at = ROLES[self.role].at or ""
            day = pl.col(at) if table.collect_schema()[at] == pl.Date else given.calendar.day_expr(pl.col(at))
            table = table.filter(day < pl.lit(given.unseen_day))
            rows = at_rates(given, self.role, table, day, keep=True).select("currency", "rate", "_row", day=day)
        lacking = rows.filter(pl.col("rate").is_null())
        months = lacking.group_by("currency", pl.col("day").dt.truncate("1mo").alias("month"))
        return months.agg(rows=pl.col("_row").n_unique().cast(pl.Int64)).sort("currency", "month")
