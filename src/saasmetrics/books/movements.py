"""Movements: two snapshots of one stock, compared account by account and labelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.headline import headline
from saasmetrics.books.segments import bind, column
from saasmetrics.period import Grain, Periods

if TYPE_CHECKING:
    from saasmetrics.definitions.inputs import ResolvedInput

STEPS = {Grain.DAY: "1d", Grain.WEEK: "1w", Grain.MONTH: "1mo", Grain.QUARTER: "1q", Grain.YEAR: "1y"}
"""The length of a period of each grain."""
LABELS = ("new", "expansion", "contraction", "churn", "reactivation", "transfer", "fx")


@dataclass(frozen=True)
class Movements:
    """What changed between consecutive snapshots of a stock.

    Grain: account (or account and subscription), period of the comparing grain, segment value, part. Columns:
    `account`, `entity`, `cell` (first day of the compared period), `part`, `amount` (Int64, the stock's unit; losses
    negative), `then`, `now` (the account's whole balances), `@segment`s.

    Formula: for each account, with p the balance then and c now: churn p > 0, c = 0; new p = 0, c > 0 and never
    positive at an earlier snapshot; reactivation p = 0, c > 0 otherwise; expansion c > p; contraction c < p.
    By segment: an account's net goes, in proportion, to the values that moved in the direction of the net, by
    cumulative rounding; what is left of each value's change is `transfer`, zero in total.
    With policy `fx: monthly` p is told at the rates of now, and what that alone changes is `fx`.
    With policy `reactivation_window` an account is new again where longer than that lies between the end of the last
    period with a balance and the beginning of the one that has one again.
    Edges: comparisons run over all history, so that "ever before" is known; the first period compares with nothing.
    Source: ChartMogul (the five movements), dbt mrr-playbook (monthly snapshots); the order of the tests is ours, as
    theirs never reaches some labels.
    """

    of: ResolvedInput
    grain: Grain
    by: tuple[str, ...] = ()
    entity: Literal["account", "subscription"] = "account"

    @property
    def who(self) -> list[str]:
        """Columns that say whose balance it is."""
        return ["account", "entity"] if self.entity == "subscription" else ["account"]

    def make(self, given: Given) -> pl.LazyFrame:
        """Snapshots over all history, differences, labels, and transfers between segment values."""
        given = given.narrowed(*self.by)
        given = given.finely() if self.entity == "subscription" else given
        periods = given.history(self.grain)
        ledger = headline(given.ledger(self.of, periods))
        marks = [column(segment) for segment in self.by]
        there = ledger.numerator.columns
        missing = [segment for segment in self.by if column(segment) not in there]
        balances = bind(given, ledger.numerator.entries, missing, "segment_at")
        keys = [*self.who, *marks, "period"]
        # Without rates that change, a balance is carried into the next period as it is.
        carried = "carried" if "carried" in ledger.shape.payload else "amount"
        balances = balances.group_by(keys).agg(pl.col("amount").sum(), pl.col(carried).sum().alias("carried"))
        changes = _changes(balances, periods, [*self.who, *marks])
        labelled = _labelled(changes, _befores(given, balances, self.grain, self.who), self.who, marks)
        return labelled if carried == "amount" else pl.concat([labelled, _by_rates(changes, self.who, marks)])


def _changes(balances: pl.LazyFrame, periods: Periods, keys: list[str]) -> pl.LazyFrame:
    """Grain: keys, period. Columns: keys, `period`, `then`, `carried`, `now`; also where nothing moved.

    `carried` is what was there then, at the rates of now.
    """
    starts = pl.LazyFrame(
        {"period": periods.starts, "number": range(len(periods.starts))},
        schema={"period": pl.Date, "number": pl.Int32},
    )
    numbered = balances.join(starts, on="period")
    none = pl.lit(0, dtype=pl.Int64)
    now = numbered.select(*keys, "number", now="amount", then=none, carried=none)
    then = numbered.select(*keys, number=pl.col("number") + 1, now=none, then="amount", carried="carried")
    both = pl.concat([now, then], how="vertical_relaxed").group_by(*keys, "number")
    return both.agg(pl.col("now", "then", "carried").sum()).join(starts, on="number").drop("number")


def _befores(given: Given, balances: pl.LazyFrame, grain: Grain, who: list[str]) -> pl.LazyFrame:
    """Grain: who, period with a positive balance. Columns: these, and `back`: whether it had one not long before."""
    whole = balances.group_by(*who, "period").agg(pl.col("amount").sum()).filter(pl.col("amount") > 0)
    last = pl.col("period").shift(1).over(who)
    ordered = whole.sort(*who, "period").select(*who, "period", _last=last)
    back = pl.col("_last").is_not_null()
    window = given.scope.policies.reactivation_window
    if window is not None:
        ended = pl.col("_last").dt.offset_by(STEPS[grain])
        back = back & (window.add_expr(ended) >= pl.col("period"))
    return ordered.select(*who, "period", back=back)


def _labelled(changes: pl.LazyFrame, befores: pl.LazyFrame, who: list[str], marks: list[str]) -> pl.LazyFrame:
    over = [*who, "period"]
    whole = changes.group_by(over).agg(pl.col("now", "then", "carried").sum())
    whole = whole.join(befores, on=over, how="left").with_columns(label=_label(), net=pl.col("now") - pl.col("carried"))
    if not marks:
        moved = whole.filter(pl.col("net") != 0)
        return moved.select(*who, "then", "now", cell="period", part="label", amount="net")
    parts = changes.select(*over, *marks, delta=pl.col("now") - pl.col("carried"))
    parts = parts.filter(pl.col("delta") != 0).join(whole, on=over).sort(*over, *marks)
    with_net = pl.when(pl.col("delta").sign() == pl.col("net").sign()).then(pl.col("delta").abs()).otherwise(0)
    parts = parts.with_columns(share=with_net).with_columns(
        upto=pl.col("share").cum_sum().over(over), all=pl.col("share").sum().over(over)
    )

    def cumulative(upto: pl.Expr) -> pl.Expr:
        # Rounded down in integers: the last value gets net in full, so that the shares add up to it exactly.
        return (
            pl.when(pl.col("all") > 0).then((pl.col("net").abs().cast(pl.Int128) * upto) // pl.col("all")).otherwise(0)
        )

    given_to = (cumulative(pl.col("upto")) - cumulative(pl.col("upto") - pl.col("share"))).cast(pl.Int64)
    parts = parts.with_columns(labelled=given_to * pl.col("net").sign())
    kept = [pl.col(*who, "then", "now", *marks), pl.col("period").alias("cell")]
    labelled = parts.select(*kept, part="label", amount="labelled")
    transfer = parts.select(*kept, part=pl.lit("transfer"), amount=pl.col("delta") - pl.col("labelled"))
    return pl.concat([labelled, transfer]).filter(pl.col("amount") != 0)


def _by_rates(changes: pl.LazyFrame, who: list[str], marks: list[str]) -> pl.LazyFrame:
    """What rates alone changed, of every segment value by itself. Grain and columns: those of the movements."""
    whole = changes.group_by(*who, "period").agg(pl.col("now", "then").sum())
    moved = changes.select(*who, *marks, "period", amount=pl.col("carried") - pl.col("then"))
    moved = moved.filter(pl.col("amount") != 0).join(whole, on=[*who, "period"])
    return moved.select(*who, "then", "now", *marks, cell="period", part=pl.lit("fx"), amount="amount")


def _label() -> pl.Expr:
    then, now = pl.col("carried"), pl.col("now")
    return (
        pl.when((then > 0) & (now <= 0))
        .then(pl.lit("churn"))
        .when((then <= 0) & (now > 0) & ~pl.col("back").fill_null(False))
        .then(pl.lit("new"))
        .when((then <= 0) & (now > 0))
        .then(pl.lit("reactivation"))
        .when(now > then)
        .then(pl.lit("expansion"))
        .otherwise(pl.lit("contraction"))
    )
