"""Days on which an entity was active, as bits of a month: `Presence`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from saasmetrics.facts.atoms import Atoms, Places
from saasmetrics.facts.chunk import Chunk
from saasmetrics.facts.clock import dates, months
from saasmetrics.facts.pack import Fold, Ints, Keyed, Partial, count, fold, keyed, tabled
from saasmetrics.facts.plan import Family
from saasmetrics.facts.request import Presence, Request
from saasmetrics.facts.vocabulary import Names


class Presences:
    """Fills the presences of one entity, each request by its number."""

    def __init__(self, family: Family, atoms: Atoms) -> None:
        assert isinstance(family.shape, Presence)
        self._entity = ("account", "user") if family.shape.entity == "user" else ("account",)
        self._members = family.members
        self._atoms = atoms
        keys = [np.uint16, *[np.uint32] * len(self._entity), np.int32]
        self._fold = Fold(keys, [np.uint32], [np.bitwise_or])
        self.codes = {name: name for name in self._entity}

    def take(self, chunk: Chunk) -> Partial:
        """Bit masks of one chunk, per request, entity and month."""
        clocks = [self._atoms.clock_of(member.rows) for member in self._members]
        masks = [self._masks(chunk, at, rows, clocks, clock) for at, clock, rows in chunk.chosen(clocks)]
        return {"days": tabled(masks, ("member", *self._entity, "month"), ["days"])}

    def absorb(self, partial: Partial) -> None:
        """Or the masks of a chunk with those before."""
        if partial["days"]:
            self._fold.add(keyed(partial["days"], 1))

    def frames(self, names: Mapping[str, Names]) -> dict[Request, pl.DataFrame]:
        """One frame per request."""
        (member, *codes, month), values = self._fold.table()
        ranks = [names[name].ranks[its] for name, its in zip(self._entity, codes, strict=True)]
        (member, *ranks, month), (masks,) = fold([member, *ranks, month], values, [np.bitwise_or])
        bounds = np.searchsorted(member, np.arange(len(self._members) + 1))
        found: dict[Request, pl.DataFrame] = {}
        for number, each in enumerate(self._members):
            some = slice(bounds[number], bounds[number + 1])
            columns = [names[name].column(its[some]).alias(name) for name, its in zip(self._entity, ranks, strict=True)]
            columns += [dates(month[some]).alias("month"), pl.Series("days", masks[some], dtype=pl.UInt32)]
            found[each.request] = pl.DataFrame(columns)
        return found

    def _masks(self, chunk: Chunk, at: str, rows: Ints, clocks: Sequence[Places], clock: int) -> Keyed:
        """Days are brought together before they are given to the requests that want them: many want the same rows."""
        entity = [chunk.codes(name)[rows] for name in self._entity]
        known = np.logical_and.reduce([codes > 0 for codes in entity])
        rows, entity = rows[known], [codes[known] for codes in entity]
        atoms = min(len(table) for table in clocks)
        wanted, alike = np.unique(np.stack([table[:atoms] == clock for table in clocks]), axis=1, return_inverse=True)
        (*entity, days, met), _ = count([*entity, chunk.days(at)[rows], alike.astype(np.uint32)[chunk.atoms[rows]]])
        month = months(days)
        bits = np.uint32(1) << (days - month).astype(np.uint32)
        of = [np.flatnonzero(flags[met]) for flags in wanted]
        places = np.concatenate(of)
        member = np.repeat(np.arange(len(of), dtype=np.uint16), [len(its) for its in of])
        return fold([member, *(codes[places] for codes in entity), month[places]], [bits[places]], [np.bitwise_or])
