"""The one reduce: entries of a ledger become sums, ratios and quantiles by period, cut and segment."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.headline import at_level, denominator_shape
from saasmetrics.books.segments import column
from saasmetrics.books.several import narrowed_to, told_apart
from saasmetrics.books.workdays import counted_days
from saasmetrics.engine.combine import bound
from saasmetrics.engine.quantiles import quantiles
from saasmetrics.frames.ledger import COUNTED, COVERAGE, IMMATURE, Ledger, Shape, Side
from saasmetrics.period import Periods


def reduced(
    given: Given, ledger: Ledger, periods: Periods, level: int, by: tuple[str, ...], where: dict[str, tuple[str, ...]]
) -> pl.LazyFrame:
    """A ledger, reduced.

    Grain: period, the first `level` parts, the segments. Columns: `period`, one per part told apart, one `@segment`
    per segment of `by`, then for sums and ratios `top` and `bottom` (Int128 sums of fixed-point amounts; `bottom` null
    for sums), for quantiles one `stat_NAME` per stat (fixed-point, Float64), `reached` and `open`; and `entries`
    (sum of weights), `accounts`, `immature`, `uncovered`.
    Raises: NotApplicableError when a side cannot answer a segment.
    """
    sides = [_prepared(given, ledger, ledger.numerator, level, by, where, below=False)]
    if ledger.denominator is not None:
        sides.append(_prepared(given, ledger, ledger.denominator, level, by, where, below=True))
    shape = ledger.shape
    keys = ["period", *[part.column for part in shape.parts[:level]], *[column(name) for name in by]]
    if shape.contrast is not None:
        return _contrasted(sides, shape.contrast, keys)
    if shape.how == "quantile":
        return _quantiles(sides[0], shape, keys)
    top = _summed(sides[0], shape.collapse[0], keys, "top", coverage=shape.tells_coverage)
    if len(sides) == 1:
        return _spread_over_days(given, top, ledger, periods)
    shared = [key for key in keys if key in sides[1].columns]
    bottom = _summed(sides[1], shape.collapse[1], shared, "bottom", coverage=shape.tells_coverage)
    return _joined(top, bottom, keys, shared)


def _contrasted(sides: list[Side], contrast: tuple[str, str, str], keys: list[str]) -> pl.LazyFrame:
    """One ratio over another: with a of b on one side and c of d on the other, a d over b c.

    Columns: those of a ratio, and `over` and `under`, the two ratios.
    """
    own, first, second = contrast
    joined = _joined(
        _summed(sides[0], (), [*keys, own], "top", coverage=False),
        _summed(sides[1], (), [*keys, own], "bottom", coverage=False),
        [*keys, own],
        [*keys, own],
    )

    def of(name: str, value: str) -> pl.Expr:
        return pl.col(name).filter(pl.col(own) == value).sum()

    a, b, c, d = of("top", first), of("bottom", first), of("top", second), of("bottom", second)

    def share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
        return pl.when(whole != 0).then(part.cast(pl.Float64) / whole.cast(pl.Float64))

    return joined.group_by(keys).agg(
        (a * d).alias("top"),
        (b * c).alias("bottom"),
        share(a, b).alias("over"),
        share(c, d).alias("under"),
        *[pl.col(name).sum() for name in ("entries", "accounts", "immature")],
    )


def _prepared(
    given: Given,
    ledger: Ledger,
    side: Side,
    level: int,
    by: tuple[str, ...],
    where: dict[str, tuple[str, ...]],
    *,
    below: bool,
) -> Side:
    shape = ledger.shape
    if below:
        shape = denominator_shape(shape)
    side = at_level(side, shape, level)
    side = bound(given, side, shape, tuple(dict.fromkeys([*by, *where])), below=below)
    entries = side.entries
    for name, values in where.items():
        if column(name) in side.columns:
            entries = narrowed_to(given, entries, name, values)
    return replace(side, entries=told_apart(given, entries, [name for name in by if column(name) in side.columns]))


def _summed(side: Side, collapse: tuple[str, ...], keys: list[str], name: str, *, coverage: bool) -> pl.LazyFrame:
    """Grain: the keys. Columns: `name`, `name_entries`, `name_accounts`, `immature`, `uncovered`."""
    counted = None if side.settled else pl.col("status") == COUNTED
    late = (_immature(side), _uncovered(coverage=coverage))
    if not collapse or side.alone:
        totals = *_totals(name, counted), _accounts(side, counted).alias(f"{name}_accounts")
        return side.entries.group_by(keys).agg(*totals, *late)
    # What is counted once per key: a user of two roles, an account of two workflows. The amounts are equal.
    once = list(dict.fromkeys([*keys, *collapse]))
    rest = [] if "account" in once else [pl.col("account").first()]
    entries = side.entries if counted is None else side.entries.filter(counted)
    single = entries.group_by(once).agg(pl.col("amount").max(), pl.col("weight").max(), *rest)
    sums = single.group_by(keys).agg(*_totals(name, None), _accounts(side, None).alias(f"{name}_accounts"))
    if side.settled:
        return sums.with_columns(*late)
    lates = side.entries.group_by(keys).agg(*late)
    return sums.join(lates, on=keys, how="full", coalesce=True, nulls_equal=True)


def _totals(name: str, counted: pl.Expr | None) -> list[pl.Expr]:
    amount, weight = pl.col("amount").cast(pl.Int128), pl.col("weight")
    if counted is not None:
        amount, weight = amount.filter(counted), weight.filter(counted)
    return [amount.sum().alias(name), weight.sum().alias(f"{name}_entries")]


def _accounts(side: Side, counted: pl.Expr | None) -> pl.Expr:
    """How many accounts a group has: its entries, where an account has one entry."""
    if side.alone:
        return pl.len() if counted is None else counted.sum()
    account = pl.col("account") if counted is None else pl.when(counted).then(pl.col("account"))
    # Told apart before grouping, as leaving rows out inside of each group costs more than counting them.
    return account.n_unique() - account.is_null().any().cast(pl.UInt32)


def _immature(side: Side) -> pl.Expr:
    """The weight of entries still inside their window."""
    none = pl.lit(0, dtype=pl.Int64)
    return (none if side.settled else pl.col("weight").filter(pl.col("status") == IMMATURE).sum()).alias("immature")


def _uncovered(*, coverage: bool) -> pl.Expr:
    """The weight of entries from before the data, where entries say that themselves."""
    none = pl.lit(0, dtype=pl.Int64)
    return (pl.col("weight").filter(pl.col("reason") == COVERAGE).sum() if coverage else none).alias("uncovered")


def _joined(top: pl.LazyFrame, bottom: pl.LazyFrame, keys: list[str], shared: list[str]) -> pl.LazyFrame:
    bottom = bottom.rename({"immature": "immature_below", "uncovered": "uncovered_below"})
    how = "full" if shared == keys else "left"
    if how == "left":
        top = _under_the_whole(top, bottom, keys, shared)
    joined = top.join(bottom, on=shared, how=how, coalesce=True, nulls_equal=True)  # type: ignore[arg-type]  # one of two words
    return joined.select(
        *keys,
        pl.col("top").fill_null(0),
        pl.col("bottom").fill_null(0),
        pl.col("bottom_entries").fill_null(0).alias("entries"),
        pl.col("bottom_accounts").fill_null(0).alias("accounts"),
        pl.coalesce("immature_below", pl.lit(0)).alias("immature"),
        pl.coalesce("uncovered_below", pl.lit(0)).alias("uncovered"),
    )


def _under_the_whole(top: pl.LazyFrame, bottom: pl.LazyFrame, keys: list[str], shared: list[str]) -> pl.LazyFrame:
    """The numerator with a row for every part in every group of the denominator: where nothing is above, it is 0."""
    parts = top.select([key for key in keys if key not in shared]).unique()
    grid = parts.join(bottom.select(shared).unique(), how="cross")
    return top.join(grid.select(keys), on=keys, how="full", coalesce=True, nulls_equal=True)


def _spread_over_days(given: Given, top: pl.LazyFrame, ledger: Ledger, periods: Periods) -> pl.LazyFrame:
    sums = top.rename({"top_entries": "entries", "top_accounts": "accounts"}).with_columns(
        bottom=pl.lit(None, dtype=pl.Int128)
    )
    per = ledger.shape.per
    if per is None:
        return sums
    days = ledger.days if ledger.days is not None else counted_days(given, periods, per)
    return sums.join(days, on="period", how="left").with_columns(bottom=pl.col("days").cast(pl.Int128)).drop("days")


def _quantiles(side: Side, shape: Shape, keys: list[str]) -> pl.LazyFrame:
    counted = None if side.settled else pl.col("status") == COUNTED
    entries = _totals("_", counted)[1].alias("entries")
    return quantiles(side, shape, keys, [entries, _accounts(side, counted).alias("accounts"), _immature(side)])
