"""Numbered: columns of names as whole numbers, and what is counted and added by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow.compute as pc
from numpy.typing import NDArray

Whole = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]

EXACT = 2**53
"""Whole numbers up to here are exact as floats, and so are their sums."""

ROOM = 2**26
"""Places that a table may have which is as large as everything that could be there."""


@dataclass(frozen=True)
class Numbered:
    """A column by number: 0 stands for null, every other number for the name in that place.

    Edges: names that no row has may be among them.
    """

    numbers: Whole
    names: pl.Series


def numbered(column: pl.Series) -> Numbered:
    """Numbers of a column, in the order in which an Enum has its names, else in that of their first rows."""
    dtype = column.dtype
    if not isinstance(dtype, pl.Enum):
        if dtype != pl.String:
            column = column.cast(pl.String)
        dtype = pl.Enum(column.unique(maintain_order=True).drop_nulls())
        column = column.cast(dtype)
    numbers = np.add(physical(column, -1), 1, dtype=np.int32)
    names = pl.concat([pl.Series("name", [None], dtype=pl.String), dtype.categories.alias("name").cast(pl.String)])
    return Numbered(numbers, names)


def physical(column: pl.Series, null: int) -> Whole:
    """Days and words of a list by their numbers, with one for null; what Polars dispatches is dear for few rows."""
    numbers = column.cast(pl.Int32) if column.dtype == pl.Date else column.to_physical().cast(pl.Int32)
    if not numbers.null_count():
        return numbers.to_numpy()
    whole: Whole = pc.fill_null(numbers.to_arrow(), null).to_numpy(zero_copy_only=False)
    return whole


def added(keys: Whole, amounts: Whole | int, held: Whole) -> Whole | pl.Series:
    """The sum of the amounts of each key, exactly; an amount for all may be one number.

    `held` says how often each key from 0 on is there. Edges: Int128 where the sums may be too long for less.
    """
    if isinstance(amounts, int):
        if abs(amounts) * int(held.max(initial=0)) < EXACT:
            return held * amounts
        return pl.Series(held).cast(pl.Int128) * pl.Series([amounts], dtype=pl.Int128)
    if not len(amounts):
        return np.zeros(len(held), dtype=np.int64)
    largest = max(abs(int(amounts.max())), abs(int(amounts.min())))
    if largest * int(held.max()) < EXACT:
        sums: Whole = np.rint(np.bincount(keys, weights=amounts, minlength=len(held))).astype(np.int64)
        return sums
    rows = pl.DataFrame({"key": keys, "amount": amounts})
    added_ = rows.group_by("key").agg(pl.col("amount").cast(pl.Int128).sum())
    every = pl.DataFrame({"key": np.arange(len(held))}, schema={"key": rows.schema["key"]})
    return every.join(added_, on="key", how="left", maintain_order="left")["amount"].fill_null(0)


def packed(columns: list[tuple[Whole, int]]) -> tuple[Whole, int]:
    """Several columns of numbers, each with how many there can be, as one.

    Edges: where all that could be there does not fit into 63 bits, what is there is numbered anew on the way.
    """
    whole, size = columns[0]
    for numbers, sizes in columns[1:]:
        if size * sizes >= 2**63:
            found, whole = np.unique(whole, return_inverse=True)
            size = len(found)
        whole = whole.astype(np.int64) * sizes + numbers
        size *= sizes
    return whole, size


def different(keys: Whole, size: int) -> Whole:
    """The keys that occur, ascending, each once."""
    if size <= ROOM and size <= 64 * max(len(keys), 1024):
        there = np.zeros(size, dtype=np.bool_)
        there[keys] = True
        return np.flatnonzero(there)
    ordered = np.sort(keys)
    first = np.empty(len(ordered), dtype=np.bool_)
    first[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]
