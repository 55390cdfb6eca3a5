"""Counts and sums per account and cell: `Tally`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from saasmetrics.facts.atoms import ATOM, Atoms
from saasmetrics.facts.chunk import Chunk
from saasmetrics.facts.clock import cells, dates
from saasmetrics.facts.formulas import within
from saasmetrics.facts.pack import Column, Fold, Keyed, Partial, count, fold, keyed, starts, tabled
from saasmetrics.facts.plan import Family
from saasmetrics.facts.request import Request, Tally
from saasmetrics.facts.vocabulary import Names


class Tallies:
    """Fills tallies that differ in their selectors only: rows are counted per atom, and requests add atoms up."""

    def __init__(self, family: Family, atoms: Atoms) -> None:
        assert isinstance(family.shape, Tally)
        self._shape = family.shape
        self._members = family.members
        self._atoms = atoms
        self._by = ("account", *self._shape.by)
        self._sums = ("rows", "total", "filled") if self._shape.expr else ("rows",)
        codes = [np.uint32] * len(self._by)
        sums = len(self._sums)
        self._fold = Fold([np.uint32, np.uint8, *codes, np.int32], [np.int64] * sums, [np.add] * sums)
        self._bulk = 0.0
        self.codes = {"atom": ATOM, **{f"by {name}": name for name in self._by}}

    def take(self, chunk: Chunk) -> Partial:
        """Counts of one chunk by atom, time column, account, `by` and cell."""
        shape = self._shape
        partial: list[Keyed] = []
        for at, clock, rows in chunk.chosen([self._atoms.clock_of(member.rows) for member in self._members]):
            days = chunk.days(at)[rows]
            keys: list[Column] = [chunk.atoms[rows], np.full(len(rows), clock, np.uint8)]
            keys += [chunk.codes(name)[rows] for name in self._by]
            keys.append(days if shape.grain == "day" else cells(chunk.ground.plan.calendar, days))
            if shape.expr is None:
                partial.append(count(keys))
                continue
            amounts, filled = chunk.amounts(shape.expr, shape.unit, rows)
            values: list[Column] = [np.ones(len(rows), np.int64), amounts, filled.astype(np.int64)]
            within(float(np.abs(amounts).sum(dtype=np.float64)), shape.expr, shape.unit)
            partial.append(fold(keys, values, [np.add] * 3))
        return {"counts": tabled(partial, ("atom", "clock", *(f"by {name}" for name in self._by), "day"), self._sums)}

    def absorb(self, partial: Partial) -> None:
        """Add the counts of a chunk."""
        if not partial["counts"]:
            return
        keys, values = keyed(partial["counts"], len(self._sums))
        self._fold.add((keys, values))
        if self._shape.expr is not None:
            self._bulk += float(np.abs(values[1]).sum(dtype=np.float64))
            within(self._bulk, self._shape.expr, self._shape.unit)

    def frames(self, names: Mapping[str, Names]) -> dict[Request, pl.DataFrame]:
        """One frame per request."""
        by = self._by
        (atoms, clocks, *codes, days), values = self._fold.table()
        first = starts(atoms, clocks)
        ends = np.append(first[1:], len(atoms))
        ranks = [names[name].ranks[column] for name, column in zip(by, codes, strict=True)]
        out: dict[Request, pl.DataFrame] = {}
        for member in self._members:
            picked = np.flatnonzero(self._atoms.picked(member.rows, atoms[first], clocks[first]))
            spans = [slice(first[place], ends[place]) for place in picked]
            different, sums = fold(
                [_joined(column, spans) for column in (*ranks, days)],
                [_joined(value, spans) for value in values],
                [np.add] * len(values),
            )
            columns = [names[name].column(rank).alias(name) for name, rank in zip(by, different, strict=False)]
            columns.append(dates(different[-1]).alias("cell"))
            columns += [pl.Series(label, each) for label, each in zip(self._sums, sums, strict=True)]
            ids = {"account", "user"}
            out[member.request] = pl.DataFrame(columns).with_columns(pl.col(set(by) - ids).cast(pl.String))
        return out


def _joined(column: Column, spans: list[slice]) -> Column:
    """Parts of a column; not copied when there is one."""
    return column[spans[0]] if len(spans) == 1 else np.concatenate([column[:0], *(column[span] for span in spans)])
