"""Leaving: what is taken of the parcels that stand for files, where not all facts are needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from saasmetrics.facts.cache import Cache
from saasmetrics.facts.chunk import Ground
from saasmetrics.facts.family import Reducer
from saasmetrics.facts.heads import NEVER
from saasmetrics.facts.keeping import Keeper
from saasmetrics.facts.request import Presence, Runs, Spread, Tally
from saasmetrics.facts.runs import RunBook
from saasmetrics.facts.shelf import Lot, Shelf
from saasmetrics.facts.sparing import Known, Sparing
from saasmetrics.facts.touching import Among, earliest, only

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_BY_DAY = (Tally, Presence, Spread, Runs)
"""Kinds of requests of whose facts those of some days can be left out; of the others, first moments, all count."""


@dataclass(frozen=True)
class Leaving:
    """Takes from lots what is needed, and nothing else.

    Edges: a lot counts by its last row: what is taken is more than what is needed, never less. A run of which anything
    is taken is taken whole, wherever the rest of it is.
    """

    ground: Ground
    reducers: Sequence[Reducer]
    shelf: Shelf
    keeper: Keeper
    lots: Sequence[Lot]

    def take(self, needed: Sequence[date | None]) -> None:
        """Give the reducers what they need, by number: from a day on, or None for nothing."""
        left: list[Lot] = []
        book = self._book
        for lot in self.lots:
            numbers = [number for number, day in enumerate(needed) if self._has(lot, day)]
            for number, partial in self.shelf.partials(lot, self.keeper, numbers):
                self.reducers[number].absorb(partial)
            if book is not None and book not in numbers:
                left.append(lot)
        if book is not None and needed[book] is not None:
            self._complete(book, left)

    def needed(self, sparing: Sparing | None, reached: list[int], read: frozenset[str]) -> list[date | None]:
        """From which day on each reducer needs what was reduced before.

        `reached` are the first and the last time of what is new, `read` the files it is from.
        """
        families = self.ground.plan.families
        everything: list[date | None] = [date.min] * len(families)
        if sparing is None or self.shelf.cache is None:
            return everything
        wanted = sparing.needed(self._known(self.shelf.cache, reached, read))
        if wanted is None:
            return everything
        out: list[date | None] = []
        for family in families:
            days = [wanted[member.request] for member in family.members if member.request in wanted]
            cut = isinstance(family.shape, _BY_DAY)
            out.append((min(days) if cut else date.min) if days else None)
        return out

    @property
    def _book(self) -> int | None:
        """The number of the reducer of runs."""
        return next((number for number, each in enumerate(self.reducers) if isinstance(each, RunBook)), None)

    def _known(self, cache: Cache, reached: list[int], read: frozenset[str]) -> Known:
        seals = {name: self.shelf.seals[name] for name in map(self.shelf.name, self.lots)}
        if not reached:
            return Known(cache, self.shelf.plan, seals, read, None, None)
        first = of_runs = reached[0]
        if (book := self._book) is not None:
            reducer = self.reducers[book]
            assert isinstance(reducer, RunBook)
            among = Among(reducer.keys)
            heads = (self.shelf.heads(lot, book) for lot in self.lots)
            of_runs = min(first, *(earliest(each, among) for each in heads if each is not None), NEVER)
        return Known(cache, self.shelf.plan, seals, read, self._day(first), self._day(of_runs))

    def _complete(self, book: int, left: Sequence[Lot]) -> None:
        reducer = self.reducers[book]
        assert isinstance(reducer, RunBook)
        among = Among(reducer.keys)
        for lot in left:
            heads = self.shelf.heads(lot, book)
            if heads is not None and among.flags(heads["key"].to_numpy()).any():
                for number, partial in self.shelf.partials(lot, self.keeper, [book]):
                    self.reducers[number].absorb(only(partial, among))

    def _has(self, lot: Lot, day: date | None) -> bool:
        """Whether a lot may have anything of a day or later ones."""
        return day is not None and (day == date.min or lot.last >= _micro(self.ground.plan.calendar.start_of(day)))

    def _day(self, micro: int) -> date:
        return self.ground.plan.calendar.local_day(_EPOCH + timedelta(microseconds=micro))


def _micro(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)
