"""Which predicates a row meets, as one small code per row: its atom."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from saasmetrics.facts.pack import Codes, Column, Flags, Ints
from saasmetrics.facts.plan import Choice, Predicate

Places = NDArray[np.int16]

NOWHERE = np.int16(-1)

ATOM = ""
"""Stands for atoms where columns of codes are named with what they stand for."""


class Atoms:
    """Every combination of predicates that some row meets, numbered as it is first seen; safe to use from threads.

    Any set of selectors is then a table over atoms, so that predicates are evaluated once per row however many
    requests name them. Atom 0 meets nothing.
    """

    def __init__(self, predicates: Sequence[Predicate]) -> None:
        self._lock = Lock()
        self._predicates = tuple(predicates)
        self._index = {predicate: number for number, predicate in enumerate(predicates)}
        self._clocks = {at: number for number, at in enumerate(sorted({predicate.at for predicate in predicates}))}
        self._meets: list[frozenset[Predicate]] = [frozenset()]
        self._atoms: dict[frozenset[Predicate], int] = {frozenset(): 0}
        self._places: dict[tuple[Choice, ...], Places] = {}

    def __len__(self) -> int:
        return len(self._meets)

    @property
    def clocks(self) -> dict[str, int]:
        """Number of each time column that a predicate names."""
        return self._clocks

    def atom(self, meets: frozenset[Predicate]) -> int:
        """The atom of rows that meet exactly these predicates."""
        with self._lock:
            if meets not in self._atoms:
                self._meets.append(meets)
                self._atoms[meets] = len(self._meets) - 1
            return self._atoms[meets]

    def meets(self, atom: int) -> list[int]:
        """Positions of the predicates that rows of this atom meet."""
        return sorted(self._index[predicate] for predicate in self._meets[atom])

    def atom_of(self, positions: Sequence[int]) -> int:
        """The atom of rows that meet exactly the predicates at these positions."""
        return self.atom(frozenset(self._predicates[position] for position in positions))

    def refine(self, atoms: Codes, rows: Ints, predicate: Predicate) -> None:
        """Let the atoms of `rows`, in place, also meet one more predicate."""
        before = atoms[rows]
        table = np.arange(len(self._meets), dtype=np.uint32)
        for old in np.unique(before).tolist():
            table[old] = self.atom(self._meets[old] | {predicate})
        atoms[rows] = table[before]

    def places(self, choices: Sequence[Choice]) -> Places:
        """Grain: an atom. Position of the first choice it meets, `NOWHERE` if none."""
        key = tuple(choices)
        known = self._places.get(key, np.empty(0, np.int16))
        if len(known) < len(self._meets):
            more = [_place(meets, key) for meets in self._meets[len(known) :]]
            self._places[key] = known = np.append(known, np.array(more, np.int16))
        return known

    def clock_of(self, choices: Sequence[Choice]) -> Places:
        """Grain: an atom. Number of the time column of the first choice it meets, `NOWHERE` if none."""
        numbers = np.array([self._clocks.get(choice.selector.at, -1) for choice in choices] + [-1], np.int16)
        return numbers[self.places(choices)]

    def meeting(self, choice: Choice) -> Flags:
        """Grain: an atom. Whether it meets this choice."""
        flags: Flags = self.places([choice]) != NOWHERE
        return flags

    def picked(self, choices: Sequence[Choice], atoms: Column, clocks: Column) -> Flags:
        """Grain: as `atoms`. Whether these choices want an atom that was counted by this time column."""
        picked: Flags = self.clock_of(choices)[atoms] == clocks
        return picked


def _place(meets: frozenset[Predicate], choices: Sequence[Choice]) -> int:
    found = (place for place, choice in enumerate(choices) if not meets.isdisjoint(choice.predicates))
    return next(found, int(NOWHERE))
