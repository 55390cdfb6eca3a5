"""What the rows of a log come to as a whole, whatever order they come in: `Content`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from saasmetrics.facts.atoms import Atoms
from saasmetrics.facts.chunk import Chunk
from saasmetrics.facts.clock import dates
from saasmetrics.facts.hashing import hashed, rows_hashed
from saasmetrics.facts.pack import Fold, Partial, fold, keyed, tabled
from saasmetrics.facts.plan import Family
from saasmetrics.facts.request import BUCKETS, Content, Request
from saasmetrics.facts.vocabulary import Names
from saasmetrics.frames.canonical import ROLES

_VALUES = ("rows", "digest", "extra")
_HOW = (np.add, np.add, np.add)


class Contents:
    """Fills one content: hashes of rows are added up, so that neither order nor files make a difference."""

    def __init__(self, family: Family, atoms: Atoms) -> None:
        assert isinstance(family.shape, Content)
        self._request = family.shape
        [self._member] = family.members
        self._atoms = atoms
        [selector] = family.shape.selectors
        columns = ROLES[selector.role].columns
        self._core = tuple(dict.fromkeys([*(n for n, column in columns.items() if column.needed), "account"]))
        self._extra = tuple(name for name in family.shape.columns if name not in self._core)
        self._typed = frozenset(columns)
        self._fold = Fold([np.int32, np.uint8], [np.int64, np.uint64, np.uint64], _HOW)
        self.codes: Mapping[str, str] = {}

    def take(self, chunk: Chunk) -> Partial:
        """Rows and the sums of their hashes in one chunk, by day and bucket."""
        partial = []
        for at, _, rows in chunk.chosen([self._atoms.clock_of(self._member.rows)]):
            everything = len(rows) == chunk.height
            hashes = {}
            for name in (*self._core, *self._extra):
                column = chunk.column(name) if everything else chunk.at(name, rows)
                hashes[name] = hashed(column, name, loose=name not in self._typed)
            days = chunk.days(at) if everything else chunk.days(at)[rows]
            buckets = (hashes["account"] % np.uint64(BUCKETS)).astype(np.uint8)
            core = rows_hashed([hashes[name] for name in self._core], len(rows))
            # What stands beside is bound to its row: two rows that swap values are not what they were.
            beside = [core, *(hashes[name] for name in self._extra)]
            extra = rows_hashed(beside, len(rows)) if self._extra else np.zeros(len(rows), np.uint64)
            partial.append(fold([days, buckets], [np.ones(len(rows), np.int64), core, extra], _HOW))
        return {"content": tabled(partial, ("day", "bucket"), _VALUES)}

    def absorb(self, partial: Partial) -> None:
        """Add the sums of a chunk."""
        if partial["content"]:
            self._fold.add(keyed(partial["content"], len(_VALUES)))

    def frames(self, names: Mapping[str, Names]) -> dict[Request, pl.DataFrame]:
        """The one frame."""
        del names
        (days, buckets), values = self._fold.table()
        columns = [dates(days).alias("day"), pl.Series("bucket", buckets)]
        columns += [pl.Series(name, value) for name, value in zip(_VALUES, values, strict=True)]
        return {self._request: pl.DataFrame(columns)}
