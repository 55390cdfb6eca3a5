"""Trends: what accounts did in the last week against their own weeks before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.happenings import Happenings
from saasmetrics.definitions.selection import Selection
from saasmetrics.frames.ledger import COUNTED, EXCLUDED, status_type

BANDS = ("growing", "steady", "declining", "silent")


@dataclass(frozen=True)
class Trend:
    """How use has moved, and where that is not judged."""

    rule: Selection
    weeks: int
    drop: float
    floor: float

    def entries(self, given: Given, days: Mapping[date, date]) -> pl.LazyFrame:
        """Accounts in bands, by the period whose day is read.

        Grain: account, period. Columns: `period`, `account`, `band`, `amount` (1), `status`, `reason`, `segment_at`,
        `now` (rows in the seven days that end with the day), `then` (mean of the `weeks` times seven days before).
        Formula: silent: nothing now; declining: at most (1 − drop) of the mean; growing: at least (1 + drop) of it;
        steady: the rest.
        Edges: accounts that were not there for all of those weeks are `insufficient_history`, others with a mean below
        `floor` are `low_volume`; accounts with nothing in any of the weeks have no entry.
        """
        rows = given.made(Happenings(self.rule, (), grain="day")).filter(pl.col("account").is_not_null())
        found = rows.join(self._windows(days), left_on="cell", right_on="_day")
        now, before = (pl.col("rows").filter(pl.col("_now") == is_now).sum() for is_now in (True, False))
        accounts = found.group_by("account", "period").agg(now=now, _before=before)
        accounts = accounts.join(_known_since(given, rows), on="account", how="left")
        read = {"period": list(days), "segment_at": list(days.values())}
        accounts = accounts.join(pl.LazyFrame(read, schema={"period": pl.Date, "segment_at": pl.Date}), on="period")
        mean = pl.col("_before") / self.weeks
        share = pl.col("now") / mean
        band = (
            pl.when(pl.col("now") == 0)
            .then(pl.lit("silent"))
            .when(share <= 1 - self.drop + 1e-9)
            .then(pl.lit("declining"))
            .when(share >= 1 + self.drop - 1e-9)
            .then(pl.lit("growing"))
            .otherwise(pl.lit("steady"))
        )
        young = pl.col("_since") > pl.col("segment_at").dt.offset_by(f"-{7 * (self.weeks + 1) - 1}d")
        quiet = mean < self.floor - 1e-9
        status = pl.when(young | quiet).then(pl.lit(EXCLUDED)).otherwise(pl.lit(COUNTED))
        reason = pl.when(young).then(pl.lit("insufficient_history")).when(quiet).then(pl.lit("low_volume"))
        return accounts.select(
            "period",
            "account",
            "segment_at",
            "now",
            band=band,
            then=mean,
            amount=pl.lit(1, dtype=pl.Int64),
            status=status.cast(status_type()),
            reason=reason,
        )

    def _windows(self, days: Mapping[date, date]) -> pl.LazyFrame:
        """Grain: a period and a day it looks at. Columns: `period`, `_day`, `_now` (whether in the last seven days)."""
        rows = [
            (period, day - timedelta(days=number), number < 7)
            for period, day in days.items()
            for number in range(7 * (self.weeks + 1))
        ]
        return pl.LazyFrame(rows, schema={"period": pl.Date, "_day": pl.Date, "_now": pl.Boolean}, orient="row")


def _known_since(given: Given, rows: pl.LazyFrame) -> pl.LazyFrame:
    """The day from which an account is there: its creation, else its first row. Columns: `account`, `_since`."""
    first = rows.group_by("account").agg(pl.col("cell").min().alias("_first"))
    if not given.scope.has_role("accounts"):
        return first.rename({"_first": "_since"})
    created = given.calendar.day_expr(pl.col("created")).min()
    accounts = given.table("accounts").group_by("account").agg(created.alias("_created"))
    both = first.join(accounts, on="account", how="left")
    return both.select("account", _since=pl.coalesce("_created", "_first"))
