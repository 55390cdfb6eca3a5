"""Quantiles of weighted entries: exact, linear between neighbours, without a list of entries per group."""

from __future__ import annotations

import polars as pl

from saasmetrics.frames.ledger import COUNTED, EXCLUDED, OPEN, Shape, Side

_NAMED = {"median": 0.5, "p0": 0.0, "p100": 1.0}


def quantile_of(stat: str) -> float | None:
    """The share of entries below a quantile's name; None for the mean."""
    if stat == "mean":
        return None
    return _NAMED[stat] if stat in _NAMED else int(stat[1:].split("_")[0]) / 100


def quantiles(side: Side, shape: Shape, keys: list[str], further: list[pl.Expr]) -> pl.LazyFrame:
    """The stats of a shape.

    Grain: the keys. Columns: one `stat_NAME` per stat (Float64, fixed-point), `reached` and `open` (Int64: the weight
    of entries that got there, and of those that did not), and the `further` ones, aggregated over the entries.
    Edges: an entry of weight n stands for n equal ones; with `among: all` open entries are longer than all others, and
    a quantile that lies among them is null.
    """
    counted = pl.lit(True) if side.settled else pl.col("status") == COUNTED
    entries = side.entries if side.settled else side.entries.filter(pl.col("status") != EXCLUDED)
    weight = pl.col("weight")
    still_open = pl.lit(0, dtype=pl.Int64) if side.settled else weight.filter(pl.col("status") == OPEN).sum()
    groups = entries.group_by(keys).agg(
        *further,
        *_mean(shape, counted),
        reached=weight.filter(counted).sum().cast(pl.Int64),
        open=still_open.cast(pl.Int64),
    )
    groups = groups.sort(keys).with_columns(_before=pl.col("reached").cum_sum() - pl.col("reached"))
    values = entries.filter(counted).group_by(*keys, "amount").agg(weight.sum())
    values = values.sort(*keys, "amount").with_columns(_passed=pl.col("weight").cum_sum())
    values = values.join(groups.select(*keys, "_before", "reached", "open"), on=keys, nulls_equal=True)
    total = pl.col("reached") + (pl.col("open") if shape.among == "all" else 0)
    passed = pl.col("_passed") - pl.col("_before")
    shares = {stat: share for stat in shape.stats if (share := quantile_of(stat)) is not None}
    found = values.group_by(keys).agg(
        [
            _at(passed, total.first(), pl.col("reached").first(), share).alias(f"stat_{stat}")
            for stat, share in shares.items()
        ]
    )
    return groups.drop("_before").join(found, on=keys, how="left", nulls_equal=True)


def _mean(shape: Shape, counted: pl.Expr) -> list[pl.Expr]:
    if "mean" not in shape.stats:
        return []
    amount, weight = pl.col("amount").filter(counted), pl.col("weight").filter(counted)
    total = (amount.cast(pl.Int128) * weight).sum().cast(pl.Float64)
    return [(total / weight.sum()).alias("stat_mean")]


def _at(passed: pl.Expr, total: pl.Expr, reached: pl.Expr, share: float) -> pl.Expr:
    """The value at a share of `total` observations, of which `reached` are known: amounts, ascending.

    `passed` is how many observations there are up to and with each amount.
    """
    place = (total.cast(pl.Float64) - 1.0) * share
    low = place.floor().cast(pl.Int64).clip(lower_bound=0)
    high = place.ceil().cast(pl.Int64).clip(lower_bound=0)
    first = pl.col("amount").filter(passed > low).min().cast(pl.Float64)
    second = pl.col("amount").filter(passed > high).min().cast(pl.Float64)
    return pl.when(high < reached).then(first + (second - first) * (place - low))
