"""Net retention: what the accounts of a base are worth later."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import polars as pl

from saasmetrics.books.balances import stock_days
from saasmetrics.books.given import Given
from saasmetrics.books.headline import headline
from saasmetrics.books.movements import Movements
from saasmetrics.books.segments import column, declared_on
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.scope import Scope
from saasmetrics.frames.ledger import Ledger, Shape, Side
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.ledgers.subscriptions import no_subscriptions
from saasmetrics.period import Grain, Periods


class NetRetention(MetricType):
    """What the accounts of a base are worth later, point to point.

    Grain: an entry is an account of the base and a period.
    Formula: over the accounts with a balance `over` before the period's end: sum of balances now over the sum of
    balances then; with `cap` each account counts at most what it was worth then; with `count` accounts are counted
    instead of amounts; with `lost` the value is 1 less that.
    Edges: accounts that joined in between never count; those that left and came back count with what they pay now.
    `entity: subscription` has the subscriptions of then for a base; what one gains makes up for nothing another loses.
    Segments are read at the window's start: of the account, and of the subscription where these are the base and carry
    the segment themselves. With `pool` the windows that ended in each of so many months are put
    together, which is no mean of rates. With policy `retention: continuous` an account that had nothing at the end of a
    month in between counts nothing; with `movements` it is the balance at the beginning and what moved since, of all
    accounts, over that balance: expansion, contraction and churn (and fx; reactivation with `reactivation_in_net`),
    with `cap` contraction and churn alone, of the whole months of the window; with `chained` it is the product of its
    months, and arithmetic over them; with `churn_annualised` what is lost is told for a year, 1 - (1 - m)^12. In a
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

    def refused(self, scope: Scope) -> str | None:
        """Why it cannot be told by subscription, or month by month, where that is asked; null where it can."""
        if self.entity == "subscription" and (sentence := no_subscriptions(scope, self.of)) is not None:
            return sentence
        if scope.policies.retention in ("movements", "chained") and not self.over.is_calendar:
            return f"`retention: {scope.policies.retention}` is told month by month, and `over` is no number of months"
        if scope.policies.retention == "chained" and self.over.months > 1:
            return "a chain of months is neither pooled nor told for a year"
        return None

    def chains(self, policies: Policies) -> bool:
        """Whether it is a product of several months under policy `retention: chained`."""
        annual = policies.churn_annualised and self.lost
        return self.over.is_calendar and self.over.months > 1 and not self.pool and not annual

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
            entity=self.entity,
        )

    @property
    def _who(self) -> list[str]:
        return ["account", "entity"] if self.entity == "subscription" else ["account"]

    def _plainly(self, given: Given) -> Given:
        """What is given without segments; subscription by subscription, with those of its own, where these are it."""
        return given.narrowed(*self._own(given)).finely() if self.entity == "subscription" else given.narrowed()

    def _own(self, given: Given) -> tuple[str, ...]:
        """Segments of which a subscription has a value of its own, where subscriptions are the entity."""
        if self.entity != "subscription":
            return ()
        return tuple(segment for segment in given.by if declared_on(given, segment, "subscriptions"))

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """Balances then beside balances now, for every account that had one then; or what moved in between."""
        if given.scope.policies.retention == "movements":
            return self._moved(given, periods)
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
        keys = ["period", *self._who, *map(column, self._own(given)), "segment_at", "then", "now"]
        return Ledger(
            self.shape(given.scope),
            Side(base.select(*keys, amount=kept)),
            Side(base.select(*keys, amount=whole)),
        )

    def _pairs(self, given: Given, periods: Periods, back: int) -> pl.LazyFrame:
        """Grain: an account of the base and a period. Columns: `then`, `now`; the window ends so many months back."""
        plain = self._plainly(given)
        wanted = given.scope.input(self.of)
        start = Duration(self.over.months + back, "mo") if back else self.over
        now = plain.ledger(replace(wanted, offset=Duration(back, "mo") if back else None), periods).numerator.entries
        then = plain.ledger(replace(wanted, offset=start), periods).numerator.entries
        keys = ["period", *self._who]
        now = now.group_by(keys).agg(pl.col("amount").sum().alias("now"))
        marks = [column(segment) for segment in self._own(given)]
        then = then.group_by(*keys, *marks).agg(pl.col("amount").sum().alias("then"), pl.col("segment_at").first())
        if given.scope.policies.retention == "continuous" and self.over.is_calendar:
            for month in range(1, self.over.months):
                between = plain.ledger(replace(wanted, offset=Duration(month + back, "mo")), periods).numerator.entries
                held = between.group_by(keys).agg(pl.col("amount").sum()).filter(pl.col("amount") > 0)
                now = now.join(held, on=keys, how="semi")
        base = then.filter(pl.col("then") > 0).join(now, on=keys, how="left")
        return base.with_columns(pl.col("now").fill_null(0))

    def _moved(self, given: Given, periods: Periods) -> Ledger:
        """The balance at the beginning of the window, and the movements of its months."""
        plain = self._plainly(given)
        wanted = given.scope.input(self.of)
        months = given.history(Grain.MONTH)
        windows = self._windows(given, periods, months)
        stock = headline(plain.ledger(wanted, months)).numerator.entries.rename({"period": "_month"})
        own = self._own(given)
        held = stock.group_by("_month", *self._who, *map(column, own)).agg(
            pl.col("amount").sum().alias("then"), pl.col("segment_at").first()
        )
        keys = ["period", *self._who, *map(column, own), "segment_at", "then", "now"]
        base = windows.join(held.filter(pl.col("then") > 0), left_on="opening", right_on="_month", how="inner")
        whole = pl.lit(1, dtype=pl.Int64) if self.count else pl.col("then")
        base = base.with_columns(now="then").select(*keys, amount=whole)
        moves = given.made(Movements(wanted, Grain.MONTH, own, self.entity)).filter(
            pl.col("part").is_in(self._parts(given.scope))
        )
        if self.count:
            gone = pl.col("part") == "churn"
            moves = moves.with_columns(amount=pl.when(gone).then(-1).otherwise(1).cast(pl.Int64))
        opened = stock_days(given, months).select(opening="period", segment_at="day")
        moved = moves.join_where(windows, pl.col("cell") > pl.col("opening"), pl.col("cell") <= pl.col("closing")).join(
            opened, on="opening", how="left"
        )
        moved = moved.select(*keys, "amount")
        kept = moved.with_columns(amount=-pl.col("amount")) if self.lost else pl.concat([base, moved])
        return Ledger(self.shape(given.scope), Side(kept), Side(base))

    def _windows(self, given: Given, periods: Periods, months: Periods) -> pl.LazyFrame:
        """Grain: a period and a window that is pooled in it. Columns: `period`, `opening`, `closing` (months).

        The window ends with the last month whose snapshot is not later than that of the period.
        """
        snapshots = stock_days(given, months).select(_month="period", _read="day")
        last = stock_days(given, periods).join_where(snapshots, pl.col("_read") <= pl.col("day"))
        last = last.group_by("period").agg(pl.col("_month").max())
        ends = [last.with_columns(_back=pl.lit(back)) for back in range(self.pool.months if self.pool else 1)]
        closing = pl.col("_month").dt.offset_by(pl.format("-{}mo", "_back"))
        return pl.concat(ends).select("period", closing=closing, opening=closing.dt.offset_by(f"-{self.over.months}mo"))

    def _parts(self, scope: Scope) -> list[str]:
        """The movements that count."""
        parts = ["contraction", "churn"]
        if not self.cap:
            parts += ["expansion", "fx"] + (["reactivation"] if scope.policies.reactivation_in_net else [])
        return [part for part in parts if part in ("churn", "reactivation")] if self.count else parts
