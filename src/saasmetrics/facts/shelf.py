"""Parcels of this plan: lots taken from the cache, and what units came to put into it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from saasmetrics.facts.cache import Cache
from saasmetrics.facts.feed import Unit
from saasmetrics.facts.keeping import Keeper, counted, told
from saasmetrics.facts.pack import Hashes, Partial
from saasmetrics.facts.parcel import Parcel
from saasmetrics.facts.repeats import Before
from saasmetrics.facts.stock import Stock, name_of
from saasmetrics.facts.usable import Count

if TYPE_CHECKING:
    from saasmetrics.facts.passing import Found


class StaleError(Exception):
    """The parcels of a plan do not fit the rows that came since: all has to be reduced again."""


@dataclass
class Lot:
    """What stands for some files: counts, and rows set aside; and when they are needed, the marks of its rows."""

    parcel: Parcel
    counts: Mapping[str, Count]
    aside: Mapping[str, pl.DataFrame]
    before: Mapping[str, Before] = field(default_factory=dict)
    """By the source that stands for all with the same ids."""
    owns: dict[str, Hashes] = field(default_factory=dict)
    """By source, marks of its rows that came again."""

    @property
    def last(self) -> int:
        """The last time of its rows, in microseconds."""
        return max((count.reached[1] for count in self.counts.values() if count.reached), default=0)


@dataclass
class Shelf:
    """The parcels of one plan. Without a cache nothing is there, and nothing is kept."""

    cache: Cache | None
    plan: str
    stock: Stock
    seals: dict[str, int] = field(default_factory=dict)
    """By name, the seals of all parcels that this run used or wrote."""
    files: dict[str, list[str]] = field(default_factory=dict)
    """By name of a parcel, the files that it stands for."""
    whole: bool = True
    """Whether parcels stand for everything that was read."""
    _needs: tuple[str, ...] = ()

    def lot(self, parcel: Parcel) -> Lot:
        """What a parcel says of its rows. Raises: StaleError when it is broken."""
        counts = {name: counted(count) for name, count in parcel.head["counts"].items()}
        aside = self._tables(parcel, [f"aside/{name}" for name in counts])
        self.seals[name_of(parcel)] = parcel.seal
        self.files[name_of(parcel)] = [piece[0] for piece in parcel.head["pieces"]]
        if self.cache is not None:
            self.cache.used += 1
        return Lot(parcel, counts, {name.removeprefix("aside/"): rows for name, rows in aside.items()})

    @staticmethod
    def name(lot: Lot) -> str:
        """The name of its parcel."""
        return name_of(lot.parcel)

    def mark(self, lot: Lot) -> None:
        """Add the marks of its rows. Raises: StaleError when its parcel is broken."""
        what = ("marks", "gone", "apart")
        names = [name.removeprefix("marks/") for name in lot.parcel.places if name.startswith("marks/")]
        tables = self._tables(lot.parcel, [f"{each}/{name}" for each in what for name in names])
        before = {}
        for name in names:
            marks, gone, apart = (tables[f"{each}/{name}"]["mark"].to_numpy() for each in what)
            before[name] = Before(marks, np.union1d(apart, gone), gone)
        lot.before = before

    def heads(self, lot: Lot, number: int) -> pl.DataFrame | None:
        """The heads of runs that a lot has for a reducer. Raises: StaleError when it is broken."""
        name = f"{number}/heads"
        return self._tables(lot.parcel, [name]).get(name)

    def partials(self, lot: Lot, keeper: Keeper, numbers: Collection[int]) -> Iterator[tuple[int, Partial]]:
        """What a lot came to for these reducers, in the codes of this run. Raises: StaleError when it is broken."""
        tables = self._tables(lot.parcel, keeper.tables(lot.parcel, numbers))
        yield from keeper.unpacked(lot.parcel.head, tables)

    def _tables(self, parcel: Parcel, names: Collection[str]) -> dict[str, pl.DataFrame]:
        assert self.cache is not None
        tables = self.cache.use(parcel, names)
        if tables is None:
            raise StaleError
        return tables

    def needs(self, lots: Iterable[Lot]) -> None:
        """Say that what is put from now on counts without rows that these lots stand for."""
        self._needs = tuple(sorted({name_of(lot.parcel) for lot in lots}))

    def put(self, unit: Unit, found: list[Found], keeper: Keeper, leads: Mapping[str, str]) -> None:
        """Keep what a unit came to. `leads` names by source the one whose marks stand for its own."""
        if self.cache is None:
            return
        head, tables = keeper.packed([partial for each in found for partial in each.partials])
        for name in unit.sources:
            some = [each for each in found if each.source == name]
            marks = [each.marks for each in some if each.marks is not None]
            if marks and leads[name] == name:
                apart, gone = zip(*(each.apart for each in some if each.apart is not None), strict=True)
                for what, parts in (("marks", marks), ("apart", apart), ("gone", gone)):
                    tables[f"{what}/{name}"] = pl.DataFrame({"mark": np.concatenate(parts)})
            if aside := [each.aside for each in some if each.aside is not None]:
                rows = pl.concat(aside, how="vertical_relaxed")
                tables[f"aside/{name}"] = rows.with_columns(pl.col(pl.Categorical).cast(pl.String))
        counts = {name: Count() for name in unit.sources}
        for each in found:
            counts[each.source].add(each.count)
        pieces = [
            [self.stock.identities[piece.file], piece.groups, piece.first, piece.rows, piece.total]
            for piece in unit.pieces
        ]
        rows_ = sum(count.rows for count in counts.values())
        head |= {"sources": unit.sources, "pieces": pieces, "rows": rows_, "needs": self._needs}
        head["counts"] = {name: told(count) for name, count in counts.items()}
        name, seal = self.stock.name(unit), self.cache.write(self.plan, self.stock.name(unit), head, tables)
        if seal is None:
            self.whole = False
            return
        self.seals[name] = seal
        self.files[name] = [self.stock.identities[piece.file] for piece in unit.pieces]
        self.cache.written += 1

    def clear(self) -> None:
        """Remove all parcels of the plan."""
        if self.cache is not None:
            for path in self.cache.folder.glob(f"{self.plan}-*"):
                self.cache.drop(path)
