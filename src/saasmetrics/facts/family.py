"""The reducers by kind of request: what they have in common, and which one fills which family."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import polars as pl

from saasmetrics.facts.atoms import Atoms
from saasmetrics.facts.chunk import Chunk
from saasmetrics.facts.contents import Contents
from saasmetrics.facts.first import Firsts
from saasmetrics.facts.narrow import Narrows
from saasmetrics.facts.nth import Nths
from saasmetrics.facts.pack import Partial
from saasmetrics.facts.plan import Family
from saasmetrics.facts.presence import Presences
from saasmetrics.facts.request import Content, First, Narrow, Presence, Request, Runs, SameRun, Spread, Tally
from saasmetrics.facts.runs import RunBook
from saasmetrics.facts.spread import Spreads
from saasmetrics.facts.tally import Tallies
from saasmetrics.facts.vocabulary import Names


class Reducer(Protocol):
    """Fills one family. `take` may run in several threads at once, `absorb` in one only."""

    @property
    def codes(self) -> Mapping[str, str]:
        """Columns of partials that hold codes, with the column of the logs whose texts they stand for; or `ATOM`."""

    def take(self, chunk: Chunk) -> Partial:
        """Reduce one chunk."""

    def absorb(self, partial: Partial) -> None:
        """Add what `take` made of a chunk; the order of chunks makes no difference."""

    def frames(self, names: Mapping[str, Names]) -> dict[Request, pl.DataFrame]:
        """The facts of each request of the family."""


def reducer(family: Family, atoms: Atoms, reads: Mapping[Request, Collection[str]]) -> Reducer:
    """The reducer of a family; `reads` as in `RunBook`."""
    match family.shape:
        case Tally():
            return Tallies(family, atoms)
        case Presence():
            return Presences(family, atoms)
        case First(at_least=1, distinct_runs=False):
            return Firsts(family, atoms)
        case First() | SameRun():
            return Nths(family, atoms)
        case Runs():
            return RunBook(family, atoms, reads)
        case Spread():
            return Spreads(family, atoms)
        case Narrow():
            return Narrows(family, atoms)
        case Content():
            return Contents(family, atoms)
