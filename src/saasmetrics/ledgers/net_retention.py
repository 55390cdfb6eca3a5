"""Net retention: what the accounts of a base are worth later."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.scope import Scope
from saasmetrics.frames.ledger import Ledger, Shape, Side
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.period import Periods


class NetRetention(MetricType):
    """What the accounts of a base are worth later, point to point.

    Grain: an entry is an account of the base and a period.
    Formula: over the accounts with a balance `over` before the period's end: sum of balances now over the sum of
    balances then; with `cap` each account counts at most what it was worth then; with `count` accounts are counted
    instead of amounts; with `lost` the value is 1 less that.
    Edges: accounts that joined in between never count; those that left and came back count with what they pay now.
    Segments are read at the window's start. With `pool` the windows that ended in each of so many months are put
    together, which is no mean of rates. With policy `retention: continuous` an account that had nothing at the end of a
    month in between counts nothing; with `churn_annualised` what is lost is told for a year, 1 - (1 - m)^12. In a
    period in progress the window ends with the last visible day.
    Unit: a share, 0-1 and above for net retention.
    Source: GitLab and Confluent filings (same accounts, a year apart), Kellogg (retention is a cohort measure).
    """

    type: Literal["net_retention"] = "net_retention"
    of: Input
    over: Duration = Duration(12, "mo")
    cap: bool = False
    count: bool = False
    lost: bool = False
    entity: Literal["account", "subscription"] = "account"
    # Key of the catalogue.
    pool: Duration | None = None

    def later(self) -> str | None:
        """Retention per subscription is read and not computed yet."""
        if self.entity == "subscription":
            return "retention per subscription is not computed by this version"
        return None

    def shape(self, scope: Scope) -> Shape:
        """A ratio over the accounts of the base; both sides carry the same scale."""
        unit = 1.0 if self.count else scope.shape_of(self.of).scale
        annual = scope.policies.churn_annualised and self.lost and self.over.is_calendar and not self.pool
        return Shape(
            how="ratio",
            time="window",
            sides=(unit, unit),
            compounded=12 / self.over.months if annual else None,
            segment_at="window_start",
            payload=frozenset({"then", "now"}),
        )

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """Balances then beside balances now, for every account that had one then."""
        months = [self._pairs(given, periods, back) for back in range(self.pool.months if self.pool else 1)]
        base = pl.concat(months, how="vertical_relaxed") if len(months) > 1 else months[0]
        kept: pl.Expr = pl.col("now")
        if self.cap:
            kept = pl.min_horizontal("now", "then")
        whole: pl.Expr = pl.col("then")
        if self.count:
            kept, whole = (pl.col("now") > 0).cast(pl.Int64), pl.lit(1, dtype=pl.Int64)
        if self.lost:
            kept = whole - kept
        keys = ["period", "account", "segment_at", "then", "now"]
        return Ledger(
            self.shape(given.scope),
            Side(base.select(*keys, amount=kept)),
            Side(base.select(*keys, amount=whole)),
        )

    def _pairs(self, given: Given, periods: Periods, back: int) -> pl.LazyFrame:
        """Grain: an account of the base and a period. Columns: `then`, `now`; the window ends so many months back."""
        plain = given.narrowed()
        wanted = given.scope.input(self.of)
        start = Duration(self.over.months + back, "mo") if back else self.over
        now = plain.ledger(replace(wanted, offset=Duration(back, "mo") if back else None), periods).numerator.entries
        then = plain.ledger(replace(wanted, offset=start), periods).numerator.entries
        now = now.group_by("period", "account").agg(pl.col("amount").sum().alias("now"))
        then = then.group_by("period", "account").agg(
            pl.col("amount").sum().alias("then"), pl.col("segment_at").first()
        )
        keys = ["period", "account"]
        if given.scope.policies.retention == "continuous" and self.over.is_calendar:
            for month in range(1, self.over.months):
                between = plain.ledger(replace(wanted, offset=Duration(month + back, "mo")), periods).numerator.entries
                held = between.group_by(keys).agg(pl.col("amount").sum()).filter(pl.col("amount") > 0)
                now = now.join(held, on=keys, how="semi")
        base = then.filter(pl.col("then") > 0).join(now, on=keys, how="left")
        return base.with_columns(pl.col("now").fill_null(0))
