"""Arithmetic on columns of codes: pack keys into one integer, sort, and fold the rows that share a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Column = NDArray[Any]
Ints = NDArray[np.int64]
Codes = NDArray[np.uint32]
Flags = NDArray[np.bool_]
Hashes = NDArray[np.uint64]

Keyed = tuple[list[Column], list[Column]]
"""Key columns, and value columns of the same length."""

Table = Mapping[str, Column | pl.Series]
"""Columns of one length, by name."""

Partial = Mapping[str, Table]
"""What one chunk says, as tables by name."""

Rows = TypeVar("Rows", pl.Series, pl.DataFrame)

_ROOM = 64
_NARROW = 32
_SMALL = 1 << 10
_FLOOR = 2_000_000
_DENSE = 2
"""So many cells for each row may be counted in place: more are dearer to look through than keys are to sort."""


@dataclass(frozen=True)
class Packing:
    """Where each key column lies in a packed key: the first column is the most significant.

    Edges: columns that need more than 64 bits together do not fit, and are then sorted column by column.
    """

    lows: tuple[int, ...]
    widths: tuple[int, ...]

    @classmethod
    def of(cls, columns: Sequence[Column]) -> Packing:
        """The narrowest packing of what these columns hold."""
        lows = tuple(int(column.min()) if len(column) else 0 for column in columns)
        highs = [int(column.max()) if len(column) else 0 for column in columns]
        return cls(lows, tuple((high - low).bit_length() for high, low in zip(highs, lows, strict=True)))

    @property
    def fits(self) -> bool:
        """Whether one 64-bit key holds all columns."""
        return sum(self.widths) <= _ROOM

    def pack(self, columns: Sequence[Column]) -> Column:
        """Grain: as the columns. Keys in the order of the columns, most significant first; of 32 bits if they fit."""
        dtype = np.uint32 if sum(self.widths) <= _NARROW else np.uint64
        keys: Column | None = None
        for column, low, width in zip(columns, self.lows, self.widths, strict=True):
            if not width:
                continue
            part = column if not low else column - np.uint64(low) if _is_hash(column) else column.astype(np.int64) - low
            if keys is None:
                keys = part.astype(dtype)
                continue
            keys <<= dtype(width)
            keys |= part.astype(dtype, copy=False)
        return np.zeros(len(columns[0]), dtype) if keys is None else keys

    def unpack(self, keys: Column, like: Sequence[Column]) -> list[Column]:
        """The columns behind packed keys, in the dtypes of `like`."""
        columns: list[Column] = []
        rest = keys.astype(np.uint64)
        for low, width, model in zip(reversed(self.lows), reversed(self.widths), reversed(like), strict=True):
            part = rest & np.uint64((1 << width) - 1)
            rest = rest >> np.uint64(width) if width < _ROOM else np.zeros_like(rest)
            columns.append(
                part + np.uint64(low) if _is_hash(model) else (part.astype(np.int64) + low).astype(model.dtype)
            )
        return columns[::-1]


def looked_up(table: Column, places: Column) -> Column:
    """What stands in a table of numbers at these places, all of which it has.

    Edges: places of 32 bits go through PyArrow, which takes them as they are; NumPy makes longer ones of them first,
    and needs twice the time.
    """
    if places.dtype.itemsize >= np.dtype(np.intp).itemsize:
        return table.take(places, mode="clip")
    found: Column = pc.take(pa.array(table), pa.array(places), boundscheck=False).to_numpy()
    return found


def _is_hash(column: Column) -> bool:
    return column.dtype == np.uint64


def starts(*columns: Column) -> Ints:
    """Positions at which a new key begins, in columns sorted by them."""
    rows = len(columns[0])
    changed = np.zeros(rows, np.bool_)
    changed[:1] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changed)


def ascending(keys: Column) -> Ints:
    """Positions that sort keys; equal ones stand in the order they had.

    Edges: to sort numbers is several times cheaper than to sort positions by numbers, so positions are put in the place
    of the last bits of each key; where these would have made a difference, it is made up for.
    """
    if len(keys) < _SMALL or keys.dtype not in (np.uint32, np.uint64):
        return np.argsort(keys, kind="stable")
    places = np.uint64((1 << (len(keys) - 1).bit_length()) - 1)
    if keys.dtype == np.uint32:
        mixed = keys.astype(np.uint64)
        mixed <<= np.uint64(32)
    else:
        mixed = keys & ~places
    mixed |= np.arange(len(keys), dtype=np.uint64)
    mixed.sort()
    positions = (mixed & places).view(np.int64)
    if keys.dtype == np.uint64:
        ordered = keys[positions]
        wrong = np.flatnonzero(ordered[1:] < ordered[:-1])
        if len(wrong):
            mixed &= ~places
            tied = np.isin(mixed, mixed[wrong])
            among = positions[tied]
            positions[tied] = among[np.argsort(keys[among], kind="stable")]
    return positions


def order(columns: Sequence[Column]) -> Ints | None:
    """Positions that sort rows by these columns, the first the most significant; None when they are in order."""
    packing = Packing.of(columns)
    if not packing.fits:
        return np.lexsort(tuple(columns[::-1]))
    packed = packing.pack(columns)
    return None if (packed[1:] >= packed[:-1]).all() else ascending(packed)


def count(columns: Sequence[Column]) -> Keyed:
    """Different keys in ascending order, and how many rows have each."""
    packing = Packing.of(columns)
    if not packing.fits:
        return fold(columns, [np.ones(len(columns[0]), np.int64)], [np.add])
    packed = packing.pack(columns)
    if 1 << sum(packing.widths) <= _DENSE * len(packed):
        rows = np.bincount(packed.astype(np.intp))
        there = np.flatnonzero(rows)
        return packing.unpack(there, columns), [rows[there]]
    packed.sort()
    first = starts(packed)
    return packing.unpack(packed[first], columns), [np.diff(first, append=len(packed))]


def fold(columns: Sequence[Column], values: Sequence[Column], how: Sequence[np.ufunc]) -> Keyed:
    """Different keys in ascending order, and each value column put together over the rows of a key."""
    if not len(columns[0]):
        return list(columns), list(values)
    positions = order(columns)
    if positions is not None:
        columns, values = ([column[positions] for column in side] for side in (columns, values))
    first = starts(*columns)
    if len(first) == len(columns[0]):
        return list(columns), list(values)
    folded = [way.reduceat(value, first) for value, way in zip(values, how, strict=True)]
    return [column[first] for column in columns], folded


def tabled(parts: Sequence[Keyed], keys: Sequence[str], values: Sequence[str]) -> dict[str, Column]:
    """Key and value columns of several parts as one table; without any part there are no columns."""
    if not parts:
        return {}
    columns = zip(*((*part[0], *part[1]) for part in parts), strict=True)
    joined = (each[0] if len(parts) == 1 else np.concatenate(each) for each in columns)
    return dict(zip((*keys, *values), joined, strict=True))


def keyed(table: Table, values: int) -> Keyed:
    """The columns of a table that `tabled` made, the last `values` of them as values."""
    columns = [np.asarray(column) for column in table.values()]
    return columns[: len(columns) - values], columns[len(columns) - values :]


def taken(rows: Rows, positions: Ints) -> Rows:
    """Rows at these positions."""
    return rows[pl.Series(positions.astype(np.uint32))]


class Groups:
    """Rows brought together by one key column, with what can be said of each group.

    Grain of `key`: a group, ascending. Columns given to `total`, `least`, `most` stand in the order of `order`.
    """

    def __init__(self, keys: Column) -> None:
        self.order = ascending(keys)
        ordered = keys[self.order]
        self.first = starts(ordered)
        self.key = ordered[self.first]
        self._sizes = np.diff(self.first, append=len(keys))

    @property
    def place(self) -> Ints:
        """Grain: a group. The position of one row of it."""
        return self.order[self.first]

    def each(self, values: Column) -> Column:
        """A column of groups, repeated for each row."""
        return np.repeat(values, self._sizes)

    def total(self, values: Column) -> Ints:
        """Sums as 64-bit integers."""
        return np.add.reduceat(values.astype(np.int64), self.first)

    def least(self, values: Column, among: Flags, otherwise: int) -> Column:
        """The least value among some rows of each group."""
        return np.minimum.reduceat(np.where(among, values, values.dtype.type(otherwise)), self.first)

    def most(self, values: Column, among: Flags, otherwise: int) -> Column:
        """The greatest value among some rows of each group."""
        return np.maximum.reduceat(np.where(among, values, values.dtype.type(otherwise)), self.first)


class Fold:
    """Partial results that grow: keys with values, put together by one way per value.

    Grain: a key, once `table` is asked. `keys` and `values` are the dtypes of the columns. Edges: what is held is
    folded again each time it has doubled, so memory follows the number of different keys, not the number of chunks.
    """

    def __init__(self, keys: Sequence[type], values: Sequence[type], how: Sequence[np.ufunc]) -> None:
        self._how = tuple(how)
        self._limit = _FLOOR
        empty: Keyed = [np.empty(0, dtype) for dtype in keys], [np.empty(0, dtype) for dtype in values]
        self._parts = [empty]
        self._held = 0

    def add(self, partial: Keyed) -> None:
        """Take in one partial result; its keys need neither be sorted nor different."""
        self._parts.append(partial)
        self._held += len(partial[0][0])
        if self._held > self._limit:
            self._held = len(self.table()[0][0])
            self._limit = max(_FLOOR, 2 * self._held)

    def table(self) -> Keyed:
        """All keys in ascending order, with their values."""
        keys = [np.concatenate(column) for column in zip(*(part[0] for part in self._parts), strict=True)]
        values = [np.concatenate(column) for column in zip(*(part[1] for part in self._parts), strict=True)]
        self._parts = [fold(keys, values, self._how)]
        return self._parts[0]
