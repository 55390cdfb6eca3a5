"""Rows that come more than once: the same id, anywhere in the files of a source, is one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from saasmetrics.facts.pack import Flags, Hashes

_TABLE = 1 << 22
_PLACE = np.uint64(_TABLE - 1)
"""The bits of a mark that are its place in a table."""
_ROUND = 1 << 24
_SHIFTS = (0, 32)
"""Where bits of marks are taken from that tell at once that a mark is not among others."""


class Marks:
    """The 64-bit hashes of all ids of some files, in the order of their rows, and those that occur more than once.

    Edges: two different ids count as one when their hashes are equal: a chance of about n²/2^65 in all, one in
    100 000 for 20 million rows and one in 3 000 for 100 million. A null id is never a repeat.
    """

    def __init__(self) -> None:
        self._marks: dict[int, list[Hashes]] = {}
        self._few: dict[int, tuple[Flags, Hashes]] = {}
        self._repeated: Hashes = np.empty(0, np.uint64)
        self._owned: Hashes = np.empty(0, np.uint64)
        self._table: Flags = np.zeros(_TABLE, np.bool_)

    def add(self, unit: int, ids: pl.Series) -> None:
        """Take in the ids of the next rows of a unit."""
        marks = ids.cast(pl.String).hash(0)
        if ids.null_count():
            marks = marks.set(ids.is_null(), 0)
        self._marks.setdefault(unit, []).append(marks.to_numpy())

    def close(self, before: Sequence[Before] = ()) -> list[Hashes]:
        """Find the marks that occur more than once, here or among rows that were reduced before.

        The marks of each lot of such rows that occur here too and are part of what it came to: their rows here are
        `owned`, and add nothing.
        """
        parts = [part for unit in self._marks.values() for part in unit]
        rounds = sum(len(part) for part in parts) // _ROUND + 1
        width = np.uint64((1 << 64) // rounds + 1) if rounds > 1 else np.uint64(0)
        found, once = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
        for number in range(rounds):
            some = [part[part // width == number] if width else part for part in parts]
            marks = np.concatenate(some) if some else found[0]
            marks.sort()
            again = marks[1:] == marks[:-1]
            found.append(marks[1:][again])
            if before:
                once.append(marks[np.append(True, ~again)] if len(marks) else marks)
        repeated = np.unique(np.concatenate(found))
        owned: list[Hashes] = []
        if before:
            here = np.sort(np.concatenate(once))
            tables = [_bits(here, shift) for shift in _SHIFTS]
            met = [_met(lot, here, tables) for lot in before]
            owned = [np.setdiff1d(marks, lot.apart) for lot, marks in zip(before, met, strict=True)]
            repeated = np.unique(np.concatenate([repeated, *met]))
        self._owned = np.unique(np.concatenate([np.empty(0, np.uint64), *owned]))
        self._repeated = repeated[repeated > 0]
        self._table[self._repeated & _PLACE] = True
        return owned

    def forget_others(self) -> None:
        """Keep only the marks that occur more than once; `repeated` gives 0 for the others."""
        for unit in list(self._marks):
            marks = np.concatenate(self._marks.pop(unit))
            doubtful = self._doubtful(marks)
            self._few[unit] = doubtful, marks[doubtful]

    def repeated(self, unit: int, rows: int) -> tuple[Flags, Hashes]:
        """Whether the ids of the next rows of a unit occur more than once, and the marks; these are then forgotten."""
        if unit in self._few:
            flags, few = self._few.pop(unit)
            taken, count = flags[:rows], int(np.count_nonzero(flags[:rows]))
            if len(flags) > rows:
                self._few[unit] = flags[rows:], few[count:]
            marks = np.zeros(rows, np.uint64)
            marks[taken] = few[:count]
            return taken, marks
        parts = self._marks.pop(unit)
        marks = np.concatenate(parts) if len(parts) > 1 else parts[0]
        if len(marks) > rows:
            self._marks[unit] = [marks[rows:]]
            marks = marks[:rows]
        return self._doubtful(marks), marks

    def _doubtful(self, marks: Hashes) -> Flags:
        doubtful = self._table.take((marks & _PLACE).view(np.int64))
        places = np.flatnonzero(doubtful)
        doubtful[places] = within(marks[places], self._repeated)
        return doubtful

    def owned(self, marks: Hashes) -> Flags:
        """Whether rows with these marks stand for rows that were reduced before."""
        return within(marks, self._owned)


@dataclass(frozen=True)
class Before:
    """Marks of rows that were reduced before, in the order of the rows.

    `apart` are those that are no part of what they came to: set aside as repeats, or owned by yet other rows (`gone`).
    """

    marks: Hashes
    apart: Hashes
    gone: Hashes


def within(marks: Hashes, ascending: Hashes) -> Flags:
    """Whether each mark is among some others that are in order."""
    if not len(ascending):
        return np.zeros(len(marks), np.bool_)
    places = np.searchsorted(ascending, marks)
    there: Flags = ascending.take(places, mode="clip") == marks
    return there


def _bits(marks: Hashes, shift: int) -> Flags:
    """A table of some bits of marks: which of them there are."""
    table = np.zeros(_TABLE, np.bool_)
    table[(marks >> np.uint64(shift)) & _PLACE] = True
    return table


def _met(lot: Before, here: Hashes, tables: Sequence[Flags]) -> Hashes:
    """Different marks of a lot that are `here` too, in ascending order; most are told by `tables` not to be."""
    likely = lot.marks
    for shift, table in zip(_SHIFTS, tables, strict=True):
        likely = likely[table.take(((likely >> np.uint64(shift)) & _PLACE).view(np.int64))]
    return np.setdiff1d(likely[within(likely, here) & (likely > 0)], lot.gone)


def first_of_each(rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """One row per id, the first by content; and how many more rows there are that differ from it."""
    different = rows.unique()
    kept = different.sort("id", *different.columns, nulls_last=True).unique("id", keep="first", maintain_order=True)
    return kept.drop("id"), different.height - kept.height
