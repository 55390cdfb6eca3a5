"""The one reduce: entries of a ledger become sums, ratios and quantiles by period, cut and segment."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.segments import column
from saasmetrics.books.workdays import counted_days
from saasmetrics.engine.combine import at_level, bound
from saasmetrics.frames.ledger import COUNTED, EXCLUDED, IMMATURE, OPEN, Ledger, Shape, Side
from saasmetrics.period import Periods

QUANTILES = {"median": 0.5, "p0": 0.0, "p100": 1.0}


def quantile_of(stat: str) -> float | None:
    """The share of entries below a quantile's name; None for the mean."""
    if stat == "mean":
        return None
    return QUANTILES[stat] if stat in QUANTILES else int(stat[1:].split("_")[0]) / 100


def reduced(
    given: Given, ledger: Ledger, periods: Periods, level: int, by: tuple[str, ...], where: dict[str, tuple[str, ...]]
) -> pl.LazyFrame:
    """A ledger, reduced.

    Grain: period, the first `level` parts, the segments. Columns: `period`, one per part told apart, one `@segment`
    per segment of `by`, then for sums and ratios `top` and `bottom` (Int128 sums of fixed-point amounts; `bottom` null
    for sums), for quantiles one `stat_NAME` per stat (fixed-point, Float64), `reached` and `open`; and `entries`
    (sum of weights), `accounts`, `immature`.
    Raises: NotApplicableError when a side cannot answer a segment.
    """
    segments = tuple(dict.fromkeys([*by, *where]))
    sides = [_prepared(given, ledger, ledger.numerator, level, segments, where, below=False)]
    if ledger.denominator is not None:
        sides.append(_prepared(given, ledger, ledger.denominator, level, segments, where, below=True))
    shape = ledger.shape
    keys = ["period", *[part.column for part in shape.parts[:level]], *[column(name) for name in by]]
    if shape.how == "quantile":
        return _quantiles(sides[0].entries, shape, keys)
    top = _summed(sides[0].entries, shape.collapse[0], keys, "top")
    if len(sides) == 1:
        return _spread_over_days(given, top, shape, periods)
    shared = [key for key in keys if key in sides[1].columns]
    bottom = _summed(sides[1].entries, shape.collapse[1], shared, "bottom")
    return _joined(top, bottom, keys, shared)


def _prepared(
    given: Given,
    ledger: Ledger,
    side: Side,
    level: int,
    segments: tuple[str, ...],
    where: dict[str, tuple[str, ...]],
    *,
    below: bool,
) -> Side:
    shape = ledger.shape
    if below and shape.denominator_parts is not None:
        shape = replace(shape, parts=_own_defaults(shape))
    side = at_level(side, shape, level)
    side = bound(given, side, shape, segments, below=below)
    kept = [pl.col(column(name)).is_in(list(values)) for name, values in where.items() if column(name) in side.columns]
    return replace(side, entries=side.entries.filter(kept)) if kept else side


def _own_defaults(shape: Shape) -> tuple:  # type: ignore[type-arg]  # parts, in the numerator's order
    below = {part.column: part for part in shape.denominator_parts or ()}
    return tuple(below.get(part.column, part) for part in shape.parts)


def _summed(entries: pl.LazyFrame, collapse: tuple[str, ...], keys: list[str], name: str) -> pl.LazyFrame:
    counted = pl.col("status") == COUNTED
    immature = pl.col("weight").filter(pl.col("status") == IMMATURE).sum()
    if collapse:
        # What is counted once per key: a user of two roles, an account of two workflows. The amounts are equal.
        late = entries.group_by(keys).agg(immature.alias("immature"))
        once = [name for name in dict.fromkeys([*keys, *collapse])]
        rest = [] if "account" in once else [pl.col("account").first()]
        single = entries.filter(counted).group_by(once).agg(pl.col("amount").max(), pl.col("weight").max(), *rest)
        sums = single.group_by(keys).agg(*_totals(name))
        return sums.join(late, on=keys, how="full", coalesce=True, nulls_equal=True)
    return (
        entries.group_by(keys)
        .agg(
            pl.col("amount").filter(counted).cast(pl.Int128).sum().alias(name),
            pl.col("weight").filter(counted).sum().alias(f"{name}_entries"),
            pl.col("account").filter(counted).drop_nulls().n_unique().alias(f"{name}_accounts"),
            immature.alias("immature"),
        )
        .rename({f"{name}_entries": f"{name}_entries"})
    )


def _totals(name: str) -> list[pl.Expr]:
    return [
        pl.col("amount").cast(pl.Int128).sum().alias(name),
        pl.col("weight").sum().alias(f"{name}_entries"),
        pl.col("account").drop_nulls().n_unique().alias(f"{name}_accounts"),
    ]


def _joined(top: pl.LazyFrame, bottom: pl.LazyFrame, keys: list[str], shared: list[str]) -> pl.LazyFrame:
    bottom = bottom.rename({"immature": "immature_below"})
    how = "full" if shared == keys else "left"
    joined = top.join(bottom, on=shared, how=how, coalesce=True, nulls_equal=True)  # type: ignore[arg-type]  # one of two words
    return joined.select(
        *keys,
        pl.col("top").fill_null(0),
        pl.col("bottom").fill_null(0),
        pl.col("bottom_entries").fill_null(0).alias("entries"),
        pl.col("bottom_accounts").fill_null(0).alias("accounts"),
        pl.coalesce("immature_below", pl.lit(0)).alias("immature"),
    )


def _spread_over_days(given: Given, top: pl.LazyFrame, shape: Shape, periods: Periods) -> pl.LazyFrame:
    sums = top.rename({"top_entries": "entries", "top_accounts": "accounts"}).with_columns(
        bottom=pl.lit(None, dtype=pl.Int128)
    )
    if shape.per is None:
        return sums
    days = counted_days(given, periods, shape.per)
    return sums.join(days, on="period", how="left").with_columns(bottom=pl.col("days").cast(pl.Int128)).drop("days")


def _quantiles(entries: pl.LazyFrame, shape: Shape, keys: list[str]) -> pl.LazyFrame:
    counted = pl.col("status") == COUNTED
    amounts = pl.col("amount").filter(counted).sort().cast(pl.Float64)
    reached = pl.col("amount").filter(counted).len()
    still_open = (pl.col("status") == OPEN).sum()
    total = reached + (still_open if shape.among == "all" else 0)
    stats = []
    for stat in shape.stats:
        share = quantile_of(stat)
        value = pl.col("amount").filter(counted).mean() if share is None else _at(amounts, total, reached, share)
        stats.append(value.alias(f"stat_{stat}"))
    return (
        entries.filter(pl.col("status") != EXCLUDED)
        .group_by(keys)
        .agg(
            *stats,
            reached.cast(pl.Int64).alias("reached"),
            still_open.cast(pl.Int64).alias("open"),
            pl.col("weight").filter(counted).sum().alias("entries"),
            pl.col("account").filter(counted).drop_nulls().n_unique().alias("accounts"),
            pl.col("weight").filter(pl.col("status") == IMMATURE).sum().alias("immature"),
        )
    )


def _at(amounts: pl.Expr, total: pl.Expr, reached: pl.Expr, share: float) -> pl.Expr:
    """Linear quantile of sorted amounts, as if `total` less `reached` further ones were longer than everything.

    Edges: null where it would lie among those, or where there is nothing.
    """
    place = (total.cast(pl.Float64) - 1.0) * share
    low = place.floor().cast(pl.Int64).clip(lower_bound=0)
    high = place.ceil().cast(pl.Int64).clip(lower_bound=0)
    first = amounts.get(low, null_on_oob=True)
    second = amounts.get(high, null_on_oob=True)
    return pl.when(high < reached).then(first + (second - first) * (place - low))
