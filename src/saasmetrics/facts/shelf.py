"""Parcels of this plan: lots taken from the cache, and what units came to put into it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    """What a parcel holds, in the codes of this run: counts, rows set aside, partials; and the marks of its rows."""

    parcel: Parcel
    counts: Mapping[str, Count]
    aside: Mapping[str, pl.DataFrame]
    partials: list[tuple[int, Partial]]
    before: Mapping[str, Before]
    owns: dict[str, Hashes] = field(default_factory=dict)
    """By source, marks of its rows that came again."""


@dataclass
class Shelf:
    """The parcels of one plan. Without a cache nothing is there, and nothing is kept."""

    cache: Cache | None
    plan: str
    stock: Stock
    _needs: tuple[str, ...] = ()

    def lot(self, parcel: Parcel, keeper: Keeper) -> Lot:
        """What a parcel holds. Raises: StaleError when it is broken."""
        assert self.cache is not None
        tables = self.cache.use(parcel)
        if tables is None:
            raise StaleError
        head = parcel.head
        before, aside = {}, {}
        for name in head["counts"]:
            if f"marks/{name}" in tables:
                marks, gone, apart = (
                    tables.pop(f"{what}/{name}")["mark"].to_numpy() for what in ("marks", "gone", "apart")
                )
                before[name] = Before(marks, np.union1d(apart, gone), gone)
            if f"aside/{name}" in tables:
                aside[name] = tables.pop(f"aside/{name}")
        counts = {name: counted(count) for name, count in head["counts"].items()}
        return Lot(parcel, counts, aside, list(keeper.unpacked(head, tables)), before)

    def needs(self, lots: Iterable[Lot]) -> None:
        """Say that what is put from now on counts without rows that these lots stand for."""
        self._needs = tuple(sorted({name_of(lot.parcel) for lot in lots}))

    def put(self, unit: Unit, found: list[Found], keeper: Keeper) -> None:
        """Keep what a unit came to."""
        if self.cache is None:
            return
        head, tables = keeper.packed([partial for each in found for partial in each.partials])
        for name in unit.sources:
            some = [each for each in found if each.source == name]
            if marks := [each.marks for each in some if each.marks is not None]:
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
        self.cache.write(self.plan, self.stock.name(unit), head, tables)

    def clear(self) -> None:
        """Remove all parcels of the plan."""
        if self.cache is not None:
            for path in self.cache.folder.glob(f"{self.plan}-*"):
                self.cache.drop(path)
