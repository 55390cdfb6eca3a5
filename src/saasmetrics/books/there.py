"""There: the accounts there are at the end of each period."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from saasmetrics.books.balances import live_at, stock_days
from saasmetrics.books.given import Given
from saasmetrics.period import Periods


@dataclass(frozen=True)
class AccountsThere:
    """Accounts there are on the day on which a stock of a period is read.

    Grain: account, period. Columns: `period`, `account`, `day`.
    Edges: an account is there from its creation until it is closed; of several rows the first and the last decide.
    One that is created after the as-of is not there, on the as-of's own day either.
    """

    periods: Periods

    def make(self, given: Given) -> pl.LazyFrame:
        """Spans of the accounts, at the day of each period."""
        created = given.calendar.day_expr(pl.col("created"))
        closed = given.calendar.day_expr(pl.col("closed"))
        accounts = given.table("accounts").filter(pl.col("created") < pl.lit(given.as_of))
        spans = accounts.group_by("account").agg(_from=created.min(), _to=closed.max())
        return live_at(spans, stock_days(given, self.periods), "_from", "_to").select("period", "account", "day")
