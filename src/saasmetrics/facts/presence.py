"""Days on which an entity was active, as bits of a month: `Presence`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from saasmetrics.facts.atoms import Atoms
from saasmetrics.facts.chunk import Chunk
from saasmetrics.facts.clock import dates, months
from saasmetrics.facts.pack import Column, Fold, Keyed, Partial, count, fold, keyed, tabled
from saasmetrics.facts.plan import Family
from saasmetrics.facts.request import Presence, Request
from saasmetrics.facts.vocabulary import Names

_RULES = 32


class Presences:
    """Fills the presences of one entity: one bit mask per request beside the other, `_RULES` at most."""

    def __init__(self, family: Family, atoms: Atoms) -> None:
        assert isinstance(family.shape, Presence)
        self._entity = ("account", "user") if family.shape.entity == "user" else ("account",)
        self._members = family.members
        self._atoms = atoms
        rules = len(self._members)
        self._fold = Fold([np.uint32] * len(self._entity) + [np.int32], [np.uint32] * rules, [np.bitwise_or] * rules)
        self.codes = {name: name for name in self._entity}

    def take(self, chunk: Chunk) -> Partial:
        """Bit masks of one chunk, per entity and month."""
        clocks = [self._atoms.clock_of(member.rows) for member in self._members]
        masks = [self._masks(chunk, at, rows, self._rules(clocks, clock)) for at, clock, rows in chunk.chosen(clocks)]
        return {"days": tabled(masks, (*self._entity, "month"), [f"rule {n}" for n in range(len(self._members))])}

    def absorb(self, partial: Partial) -> None:
        """Or the masks of a chunk with those before."""
        if partial["days"]:
            self._fold.add(keyed(partial["days"], len(self._members)))

    def frames(self, names: Mapping[str, Names]) -> dict[Request, pl.DataFrame]:
        """One frame per request."""
        keys, values = self._fold.table()
        ranks = [names[name].ranks[codes] for name, codes in zip(self._entity, keys, strict=False)]
        different, masks = fold([*ranks, keys[-1]], values, [np.bitwise_or] * len(values))
        columns = [names[name].column(rank).alias(name) for name, rank in zip(self._entity, different, strict=False)]
        columns.append(dates(different[-1]).alias("month"))
        entities = pl.DataFrame(columns)
        return {
            member.request: entities.with_columns(days=pl.Series(mask, dtype=pl.UInt32)).filter(pl.col("days") > 0)
            for member, mask in zip(self._members, masks, strict=True)
        }

    def _masks(self, chunk: Chunk, at: str, rows: Column, rules: Column) -> Keyed:
        entity = [chunk.codes(name)[rows] for name in self._entity]
        known = np.logical_and.reduce([codes > 0 for codes in entity])
        rows, entity = rows[known], [codes[known] for codes in entity]
        (*entity, days, met), _ = count([*entity, chunk.days(at)[rows], rules[chunk.atoms[rows]]])
        month = months(days)
        bits = np.uint32(1) << (days - month).astype(np.uint32)
        masks = [
            np.where(met >> np.uint32(rule) & np.uint32(1), bits, np.uint32(0)) for rule in range(len(self._members))
        ]
        return fold([*entity, month], masks, [np.bitwise_or] * len(masks))

    @staticmethod
    def _rules(clocks: list[Column], clock: int) -> Column:
        """Grain: an atom. Bits of the requests that want it by this time column."""
        met = np.zeros(max(len(table) for table in clocks), np.uint32)
        for rule, table in enumerate(clocks):
            met[: len(table)] |= (table == clock).astype(np.uint32) << np.uint32(rule)
        return met
