"""Lots: the entries of a bag that count at one depth, in their groups, and the space that their sums stand in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import polars as pl

from saasmetrics.engine.bag import LONG, NUMBER, Bag
from saasmetrics.engine.numbered import Flags, Whole, different
from saasmetrics.facts.pack import looked_up

Where = Mapping[str, tuple[str, ...]]
Column = TypeVar("Column", Whole, Flags)


@dataclass(frozen=True)
class Split:
    """What a ledger is reduced to: the first `level` parts told apart, split by `by`, narrowed to `where`.

    `apart` are the segments among both that the ledger's entries do not carry: those of their accounts.
    """

    level: int
    by: tuple[str, ...]
    where: Where
    apart: frozenset[str]


@dataclass(frozen=True)
class Space:
    """Where sums stand: at their key, or at the place of their key among those that are there.

    `found` are the keys there are, ascending, where there could be far too many.
    """

    size: int
    found: Whole | None

    @classmethod
    def of(cls, keys: Whole, size: int) -> Space:
        """A space for these keys, of which there could be `size`."""
        if size <= 2**20 or size <= len(keys):
            return cls(size, None)
        found = different(keys, size)
        return cls(len(found), found)

    def places(self, keys: Whole) -> Whole:
        """Where some of the keys stand."""
        return keys if self.found is None else np.searchsorted(self.found, keys)

    def there(self, keys: Whole) -> Whole:
        """The places that some of the keys have."""
        return np.flatnonzero(np.bincount(self.places(keys), minlength=self.size))

    def keys(self, places: Whole) -> Whole:
        """The keys at some places."""
        return places if self.found is None else self.found[places]


@dataclass(frozen=True)
class Lot:
    """Entries of one depth, ready to be added up.

    Grain: an entry and a group it is counted in. `keys` tell period and group, `size` is how many there can be and
    `groups` lists the groups: a column for each key, in their order.
    """

    keys: Whole
    size: int
    groups: pl.DataFrame
    rows: Whole | slice | None
    """Which entries of the bag these are; None: all, in their order."""
    alone: bool
    begins: Whole | None = None
    """Where those of each period begin, and the last ones end, if they stand in the order of their periods."""
    kept: dict[Any, Any] = field(default_factory=dict)
    """What was worked out once for all splits."""

    def of(self, values: Column) -> Column:
        """A column of the bag, for these rows."""
        return values if self.rows is None else values[self.rows]

    def slices(self) -> Iterator[Lot]:
        """The lot by stretches of periods, none much longer than what fits beside everything else."""
        count = len(self.keys) // LONG + 1
        if count == 1:
            yield self
            return
        groups = max(self.groups.height, 1)
        periods = -(-self.size // groups)
        width = -(-periods // count)
        for first in range(0, periods, width):
            rows = self._between(first, min(first + width, periods), groups)
            chosen = rows if self.rows is None else self.rows[rows]  # type: ignore[index] # slices have no slices
            kept = self.kept.setdefault(first, {})
            yield Lot(self.keys[rows], self.size, self.groups, chosen, self.alone, kept=kept)

    def _between(self, first: int, end: int, groups: int) -> Whole | slice:
        """Where the entries of some periods are."""
        if self.begins is not None:
            return slice(int(self.begins[first]), int(self.begins[end]))
        return np.flatnonzero((self.keys >= first * groups) & (self.keys < end * groups))


def grouped(bag: Bag, chosen: pl.DataFrame, named: list[str]) -> tuple[Whole | None, Whole | None, pl.DataFrame]:
    """Which rows of a bag are in which group of their marks.

    Gives the rows (None: all), the group of each (None: there is one group at most), and the groups.
    """
    numbers, groups = _groups(chosen, named)
    marks = chosen[NUMBER].to_numpy()
    if bag.mark is None:
        return (None if len(marks) else np.zeros(0, dtype=np.int64)), None, groups
    counts = np.bincount(marks, minlength=bag.marks.height)
    if (counts == 1).all() and groups.height <= 1:
        return None, None, groups
    if counts.max(initial=0) <= 1:
        table = np.full(bag.marks.height, -1, dtype=np.int32)
        table[marks] = numbers
        group = looked_up(table, bag.mark)
        if (counts == 1).all():
            return None, group, groups
        rows = np.flatnonzero(group >= 0)
        return rows, None if groups.height <= 1 else group[rows], groups
    # A row with a mark of several values is there once for each of its groups.
    several: list[tuple[Whole, Whole]] = []
    order = pl.DataFrame({"mark": marks, "group": numbers}).with_columns(turn=pl.int_range(pl.len()).over("mark"))
    for part in order.partition_by("turn"):
        table = np.full(bag.marks.height, -1, dtype=np.int32)
        table[part["mark"].to_numpy()] = part["group"].to_numpy()
        group = looked_up(table, bag.mark)
        rows = np.flatnonzero(group >= 0)
        several.append((rows, group[rows]))
    return np.concatenate([rows for rows, _ in several]), np.concatenate([group for _, group in several]), groups


def _groups(chosen: pl.DataFrame, named: list[str]) -> tuple[Whole, pl.DataFrame]:
    """The group of each line of marks, and the groups: the different values of some columns, in order."""
    if not named:
        return np.zeros(chosen.height, dtype=np.int32), pl.DataFrame()
    lines = list(zip(*[chosen[name].to_list() for name in named], strict=True))
    number = {line: place for place, line in enumerate(dict.fromkeys(lines))}
    schema = {name: chosen.schema[name] for name in named}
    groups = pl.DataFrame(list(number), schema=schema, orient="row")
    return np.array([number[line] for line in lines], dtype=np.int32), groups
