"""From rows to atoms: what depends on a few texts alone is decided once per combination of them, not per row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from saasmetrics.expression import parse
from saasmetrics.facts.pack import Codes, Column, Ints, looked_up
from saasmetrics.facts.plan import Predicate

if TYPE_CHECKING:
    from saasmetrics.facts.chunk import Chunk

_COMBINATIONS = 1 << 18


class Matcher:
    """Finds the atoms of the rows of one source; safe to use from several threads.

    A predicate is decided by combination when its filter reads nothing but texts of few values (`texts` names columns
    that may be such); else row by row, among the rows of its event. So it is too when plain text is read for some
    events only.
    """

    def __init__(self, predicates: Sequence[Predicate], main: str, texts: Collection[str]) -> None:
        self._main = main
        self._texts = frozenset(texts)
        self._reads = {p: parse(p.filter).columns if p.filter else frozenset[str]() for p in predicates}
        self._events = sorted({p.event for p in predicates if p.event is not None})
        without = [reads for p, reads in self._reads.items() if p.event is None]
        self._of_events = frozenset().union(*self._reads.values()).difference(*without)
        self._known: dict[tuple[str | int, ...], int] = {}

    def atoms(self, chunk: Chunk) -> Codes:
        """Grain: a row of the chunk."""
        names = self._few(chunk)
        by_text = [p for p, reads in self._reads.items() if p.at == self._main and reads <= set(names)]
        atoms = self._by_combination(chunk, by_text, names)
        for predicate in self._reads:
            if predicate not in by_text:
                chunk.ground.atoms.refine(atoms, self._candidates(chunk, predicate), predicate)
        return atoms

    def _few(self, chunk: Chunk) -> list[str]:
        """Text columns of filters that together make few combinations with the events."""
        names = sorted({name for reads in self._reads.values() if reads <= self._texts for name in reads})
        names = [name for name in names if name not in self._of_events or not chunk.plain(name)]
        while names:
            sizes = {name: len(chunk.codes(name)) and int(chunk.codes(name).max()) + 1 for name in names}
            if prod(sizes.values()) * (len(self._events) + 1) <= _COMBINATIONS:
                break
            names.remove(max(names, key=sizes.__getitem__))
            self._texts = self._texts.intersection(names)
        return names

    def _by_combination(self, chunk: Chunk, predicates: Sequence[Predicate], names: Sequence[str]) -> Codes:
        """Atoms by event and texts: one look-up per row."""
        columns: list[Column] = [self._event_numbers(chunk), *(chunk.codes(name) for name in names)]
        sizes = [len(self._events) + 1, *(int(column.max(initial=0)) + 1 for column in columns[1:])]
        packed = columns[0].astype(np.int64)
        for column, size in zip(columns[1:], sizes[1:], strict=True):
            packed *= size
            packed += column
        present = np.flatnonzero(np.bincount(packed, minlength=1))
        table = np.zeros(prod(sizes), np.uint32)
        table[present] = self._decided(chunk, predicates, names, np.unravel_index(present, sizes))
        return table.take(packed, mode="clip")

    def _decided(
        self, chunk: Chunk, predicates: Sequence[Predicate], names: Sequence[str], combinations: Sequence[Column]
    ) -> list[int]:
        """The atom of each combination of an event number and codes of texts; each is decided once."""
        keys = [(*names, *key) for key in zip(*(column.tolist() for column in combinations), strict=True)]
        fresh = np.array([position for position, key in enumerate(keys) if key not in self._known], np.int64)
        if len(fresh):
            event, *codes = (column[fresh] for column in combinations)
            words = chunk.ground.words
            texts = pl.DataFrame({"": event, **{n: words[n].texts(c) for n, c in zip(names, codes, strict=True)}})
            meets: list[set[Predicate]] = [set() for _ in fresh]
            for predicate in predicates:
                met = np.ones(len(fresh), np.bool_)
                if predicate.event is not None:
                    met &= event == self._events.index(predicate.event) + 1
                if predicate.filter is not None:
                    met &= chunk.ground.formulas.holds(predicate.filter, texts)
                for place in np.flatnonzero(met).tolist():
                    meets[place].add(predicate)
            for position, found in zip(fresh.tolist(), meets, strict=True):
                self._known[keys[position]] = chunk.ground.atoms.atom(frozenset(found))
        return [self._known[key] for key in keys]

    def _event_numbers(self, chunk: Chunk) -> Column:
        """Grain: a row. The number of its event among those asked for, from 1; 0 for any other."""
        if not self._events:
            return np.zeros(chunk.height, np.uint32)
        wanted = chunk.ground.words["event"].look_up(pl.Series(self._events))
        events = chunk.codes("event")
        numbers = np.zeros(chunk.ground.words["event"].size, np.uint32)
        numbers[wanted] = np.arange(1, len(wanted) + 1)
        return looked_up(numbers, events)

    def _candidates(self, chunk: Chunk, predicate: Predicate) -> Ints:
        """Positions of the rows that meet a predicate that is decided row by row."""
        rows = np.arange(chunk.height)
        if predicate.event is not None:
            rows = np.flatnonzero(
                chunk.codes("event") == chunk.ground.words["event"].look_up(pl.Series([predicate.event]))
            )
        if predicate.at != self._main:
            rows = rows[chunk.timely(predicate.at)[rows]]
        if predicate.filter is not None and len(rows):
            rows = rows[
                chunk.ground.formulas.holds(predicate.filter, chunk.some(parse(predicate.filter).columns, rows))
            ]
        return rows
