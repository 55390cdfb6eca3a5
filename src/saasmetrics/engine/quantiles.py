"""Quantiles of entries: exact, linear between neighbours."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from saasmetrics.engine.numbered import Whole, added
from saasmetrics.frames.ledger import Shape

_NAMED = {"median": 0.5, "p0": 0.0, "p100": 1.0}


def quantile_of(stat: str) -> float | None:
    """The share of entries below a quantile's name; None for the mean."""
    if stat == "mean":
        return None
    return _NAMED[stat] if stat in _NAMED else int(stat[1:].split("_")[0]) / 100


def quantiles(
    shape: Shape, keys: Whole, amounts: Whole, reached: Whole, still_open: Whole
) -> dict[str, NDArray[np.float64]]:
    """The stats of a shape, for each key from 0 on; `keys` and `amounts` are those of entries that got there.

    `reached` and `still_open` say how many entries of each key got there, and how many did not.

    Columns: one `stat_NAME` per stat (Float64, fixed-point).
    Edges: with `among: all` open entries are longer than all others, and a quantile that lies among them is nan; so
    is every stat of nothing.
    """
    size = len(reached)
    held = reached if int(reached.sum()) == len(keys) else np.bincount(keys, minlength=size)
    ordered = _in_order(keys, amounts, size)
    starts = np.cumsum(held) - held
    total = reached + still_open if shape.among == "all" else held
    out = {}
    for stat in shape.stats:
        share = quantile_of(stat)
        if share is None:
            sums = added(keys, amounts, held)
            whole = sums.cast(pl.Float64).to_numpy() if isinstance(sums, pl.Series) else sums.astype(np.float64)
            out[f"stat_{stat}"] = np.divide(whole, held, out=np.full(size, np.nan), where=held > 0)
            continue
        place = (total - 1.0) * share
        low, high = np.floor(place).astype(np.int64), np.ceil(place).astype(np.int64)
        known = (high < held) & (held > 0)
        there = np.flatnonzero(known)
        first = ordered[starts[there] + low[there]].astype(np.float64)
        second = ordered[starts[there] + high[there]].astype(np.float64)
        values = np.full(size, np.nan)
        values[there] = first + (second - first) * (place - low)[there]
        out[f"stat_{stat}"] = values
    return out


def _in_order(keys: Whole, amounts: Whole, size: int) -> Whole:
    """The amounts, key by key and ascending within each."""
    if not len(amounts):
        return amounts
    low = int(amounts.min())
    bits = (int(amounts.max()) - low).bit_length()
    if bits + size.bit_length() > 63:
        return amounts[np.lexsort((amounts, keys))]
    # One plain sort of packed numbers costs a tenth of sorting places by two columns.
    whole = np.left_shift(keys.astype(np.int64, copy=False), bits)
    whole += amounts  # column upon column, so that none is there twice
    whole -= low
    whole.sort()
    whole &= (1 << bits) - 1
    whole += low
    return whole
