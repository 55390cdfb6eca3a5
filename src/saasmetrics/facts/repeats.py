"""Rows that come more than once: the same id, anywhere in the files of a source, is one row."""

from __future__ import annotations

import numpy as np
import polars as pl

from saasmetrics.facts.pack import Flags, Hashes

_TABLE = 1 << 22
_ROUND = 1 << 24


class Marks:
    """The 64-bit hashes of all ids of one source, in the order of its rows, and those that occur more than once.

    Edges: two different ids count as one when their hashes are equal: a chance of about n²/2^65 in all, one in
    100 000 for 20 million rows and one in 3 000 for 100 million. A null id is never a repeat.
    """

    def __init__(self) -> None:
        self._marks: dict[int, list[Hashes]] = {}
        self._repeated: Hashes = np.empty(0, np.uint64)
        self._table: Flags = np.zeros(_TABLE, np.bool_)

    def add(self, unit: int, ids: pl.Series) -> None:
        """Take in the ids of the next rows of a unit."""
        marks = ids.cast(pl.String).hash(0)
        if ids.null_count():
            marks = marks.set(ids.is_null(), 0)
        self._marks.setdefault(unit, []).append(marks.to_numpy())

    def close(self) -> None:
        """Find the marks that occur more than once, a share of all at a time."""
        parts = [part for unit in self._marks.values() for part in unit]
        rounds = sum(len(part) for part in parts) // _ROUND + 1
        width = np.uint64((1 << 64) // rounds + 1) if rounds > 1 else np.uint64(0)
        found = [np.empty(0, np.uint64)]
        for number in range(rounds):
            some = [part[part // width == number] if width else part for part in parts]
            marks = np.sort(np.concatenate([*found[:0], *some])) if some else found[0]
            found.append(marks[1:][marks[1:] == marks[:-1]])
        repeated = np.unique(np.concatenate(found))
        self._repeated = repeated[repeated > 0]
        self._table[self._repeated % np.uint64(_TABLE)] = True

    def repeated(self, unit: int, rows: int) -> tuple[Flags, Hashes]:
        """Whether the ids of the next rows of a unit occur more than once, and the marks; these are then forgotten."""
        parts = self._marks.pop(unit)
        marks = np.concatenate(parts) if len(parts) > 1 else parts[0]
        if len(marks) > rows:
            self._marks[unit] = [marks[rows:]]
            marks = marks[:rows]
        doubtful = self._table[marks % np.uint64(_TABLE)]
        places = np.flatnonzero(doubtful)
        doubtful[places] = np.isin(marks[places], self._repeated)
        return doubtful, marks


def first_of_each(rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """One row per id, the first by content; and how many more rows there are that differ from it."""
    different = rows.unique()
    kept = different.sort("id", *different.columns, nulls_last=True).unique("id", keep="first", maintain_order=True)
    return kept.drop("id"), different.height - kept.height
