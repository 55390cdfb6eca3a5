"""What a cache already has of the files to be read, and what is left to read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from saasmetrics.facts.cache import Cache
from saasmetrics.facts.demand import Demand
from saasmetrics.facts.feed import ROWS, Piece, Unit, readers, units
from saasmetrics.facts.identity import identity
from saasmetrics.facts.parcel import Parcel
from saasmetrics.sources.files import DataFile

_FEW = 16
"""So many parcels of few rows are kept; more are reduced again, together."""


@dataclass(frozen=True)
class Stock:
    """Parcels that stand for files as they are now, units of the files that none stands for, and the files' names."""

    parcels: tuple[Parcel, ...]
    units: tuple[Unit, ...]
    identities: Mapping[DataFile, str]
    known: Known

    @property
    def read(self) -> frozenset[str]:
        """The names of the files that are left to read, where files have names."""
        files = {piece.file for unit in self.units for piece in unit.pieces}
        return frozenset(self.identities[file] for file in files if file in self.identities)

    def unit(self, parcel: Parcel) -> Unit:
        """The rows that a parcel was made of."""
        return Unit(tuple(parcel.head["sources"]), tuple(piece for _, piece in files_of(parcel, self.known)))

    def name(self, unit: Unit) -> str:
        """A name for a unit's rows: other files, or other parts of them, have another."""
        parts = [(self.identities[piece.file], piece.groups) for piece in unit.pieces]
        return hashlib.blake2b(repr((unit.sources, parts)).encode(), digest_size=12).hexdigest()


def stocked(cache: Cache | None, plan: str, demands: Mapping[str, Demand]) -> Stock:
    """The stock for a plan. Without a cache all files are left to read."""
    files = readers(demands)
    if cache is None:
        return Stock((), tuple(units(demands, files)), {}, {})
    identities = {file: identity(file) for file in files}
    sources = {(names, identities[file]): file for file, names in files.items()}
    chosen = _whole(_fitting(list(cache.parcels(plan)), sources), sources)
    small = [parcel for parcel in chosen if parcel.head["rows"] < ROWS // 2]
    if len(small) > _FEW:
        chosen = _whole([parcel for parcel in chosen if parcel not in small], sources)
    there = {file for parcel in chosen for file, _ in files_of(parcel, sources)}
    left = {file: names for file, names in files.items() if file not in there}
    return Stock(tuple(chosen), tuple(units(demands, left)), identities, sources)


Known = Mapping[tuple[tuple[str, ...], str], DataFile]
"""Files as they are now, by the sources that read them and their name."""


def files_of(parcel: Parcel, known: Known) -> list[tuple[DataFile, Piece]]:
    """The pieces that a parcel was made of, where all its files are as they were; else nothing."""
    names = [(tuple(parcel.head["sources"]), piece[0]) for piece in parcel.head["pieces"]]
    if not all(name in known for name in names):
        return []
    files = [known[name] for name in names]
    return [
        (file, Piece(file, tuple(groups), first, rows, total))
        for file, (_, groups, first, rows, total) in zip(files, parcel.head["pieces"], strict=True)
    ]


def _fitting(parcels: Sequence[Parcel], known: Known) -> list[Parcel]:
    """Parcels all of whose files are there as they were, no two of the same rows; larger ones first."""
    taken: set[tuple[DataFile, tuple[int, ...]]] = set()
    out = []
    for parcel in sorted(parcels, key=lambda each: (-each.head["rows"], each.path.name)):
        pieces = {(file, piece.groups) for file, piece in files_of(parcel, known)}
        if pieces and taken.isdisjoint(pieces):
            taken |= pieces
            out.append(parcel)
    return out


def _whole(parcels: Sequence[Parcel], known: Known) -> list[Parcel]:
    """Parcels that together have all of each file they have a part of, and that rest on no parcel beside them."""
    while True:
        names = {name_of(parcel) for parcel in parcels}
        groups: dict[DataFile, set[int]] = {}
        totals: dict[DataFile, int] = {}
        for parcel in parcels:
            for file, piece in files_of(parcel, known):
                groups.setdefault(file, set()).update(piece.groups)
                totals[file] = piece.total
        partly = {file for file, have in groups.items() if have != set(range(totals[file]))}
        kept = [
            parcel
            for parcel in parcels
            if set(parcel.head["needs"]) <= names and partly.isdisjoint(file for file, _ in files_of(parcel, known))
        ]
        if len(kept) == len(parcels):
            return kept
        parcels = kept


def name_of(parcel: Parcel) -> str:
    """The name of a parcel among those of its plan."""
    return parcel.path.stem.partition("-")[2]
