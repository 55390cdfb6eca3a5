"""Quantiles of entries: exact, linear between neighbours."""

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

    Grain: the keys. Columns: one `stat_NAME` per stat (Float64, fixed-point), `reached` and `open` (Int64: entries
    that got there, and those that did not), and the `further` ones, aggregated over the entries.
    Edges: with `among: all` open entries are longer than all others, and a quantile that lies among them is null.
    """
    counted = None if side.settled else pl.col("status") == COUNTED
    amount = pl.col("amount") if counted is None else pl.col("amount").filter(counted)
    reached = amount.len()
    still_open = pl.lit(0) if side.settled else (pl.col("status") == OPEN).sum()
    stats = []
    for stat in shape.stats:
        share = quantile_of(stat)
        if share is None:
            value = amount.mean()
        elif shape.among == "all":
            value = _at(amount.sort().cast(pl.Float64), reached + still_open, reached, share)
        else:
            value = amount.quantile(share, "linear")
        stats.append(value.alias(f"stat_{stat}"))
    entries = side.entries if side.settled else side.entries.filter(pl.col("status") != EXCLUDED)
    return entries.group_by(keys).agg(
        *stats, reached.cast(pl.Int64).alias("reached"), still_open.cast(pl.Int64).alias("open"), *further
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
