"""Some rows of one source, as arrays of codes that are worked out once and only when a family asks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from saasmetrics.expression import parse
from saasmetrics.facts.atoms import Atoms, Places
from saasmetrics.facts.clock import INSTANT, Days, local_days
from saasmetrics.facts.formulas import Formulas
from saasmetrics.facts.pack import Codes, Flags, Hashes, Ints, looked_up, taken
from saasmetrics.facts.plan import Plan
from saasmetrics.facts.request import Request
from saasmetrics.facts.vocabulary import Vocabulary
from saasmetrics.facts.wording import Worded

_NARROW = 1 << 16
"""So many atoms have numbers of 16 bits, which are sorted by counting."""

NEVER = np.iinfo(np.int64).max
"""The creation of an account that has none: no row is at or after it."""


@dataclass(frozen=True)
class Ground:
    """What all chunks of a run share.

    `words` has a vocabulary per key column. `created` holds, by account code, the creation in microseconds since
    1970; `NEVER` where there is none, so at its end, which stands for all codes beyond.
    """

    plan: Plan
    atoms: Atoms
    formulas: Formulas
    words: Mapping[str, Vocabulary]
    created: Ints
    reads: Mapping[Request, Collection[str]] = field(default_factory=dict)
    """By request for runs, the columns that anybody reads; all of them of one that is not named."""


class Chunk:
    """Usable rows of one source.

    Grain: a row, or those at the positions `picked`. `rows` has the canonical columns that were asked for; those the
    source lacks read as null, and those that are `worded` stand beside them. `atoms` is filled in by the matcher of the
    source. `whole` is the chunk that rows were picked from.
    """

    def __init__(
        self,
        ground: Ground,
        main: str,
        rows: pl.DataFrame,
        worded: Mapping[str, Worded] | None = None,
        picked: Ints | None = None,
        whole: Chunk | None = None,
    ) -> None:
        self.ground = ground
        self._rows = rows
        self._worded = worded or {}
        self._picked = picked
        self._whole = whole
        self._main = main
        self._columns: dict[str, pl.Series] = {}
        self._codes: dict[str, Codes] = {}
        self._hashes: dict[str, tuple[Flags, Hashes]] = {}
        self._instants: dict[str, Ints] = {}
        self._days: dict[str, Days] = {}
        self._groups: tuple[Ints, Ints] | None = None
        self.height = rows.height if picked is None else len(picked)
        self.atoms = np.zeros(self.height, np.uint32)
        self.unread: dict[str, Flags] = {}
        """By column, rows whose text an expression wanted as a number and could not read."""

    def meeting_any(self) -> Chunk:
        """The rows that meet any predicate at all: most logs hold much that nobody asks for."""
        picked = np.flatnonzero(self.atoms)
        if len(picked) == self.height:
            return self
        some = Chunk(self.ground, self._main, self._rows, self._worded, picked, self)
        some.atoms = self.atoms[picked]
        return some

    def column(self, name: str) -> pl.Series:
        """A canonical column."""
        if name not in self._columns:
            if name in self._worded:
                self._columns[name] = self._worded[name].series(self._picked).alias(name)
            elif name not in self._rows.columns:
                self._columns[name] = pl.repeat(None, self.height, eager=True).alias(name)
            else:
                rows = self._rows[name]
                self._columns[name] = rows if self._picked is None else taken(rows, self._picked)
        return self._columns[name]

    def at(self, name: str, rows: Ints) -> pl.Series:
        """A canonical column at these positions."""
        if name in self._columns or name in self._worded or name not in self._rows.columns:
            return taken(self.column(name), rows)
        return taken(self._rows[name], rows if self._picked is None else self._picked[rows])

    def text(self, name: str | None, rows: Ints) -> pl.Series:
        """A column as text at these positions; all null without a name."""
        if name is None:
            return pl.repeat(None, len(rows), dtype=pl.String, eager=True)
        return self.at(name, rows).cast(pl.String)

    def hashes(self, name: str | None, rows: Ints) -> tuple[Flags, Hashes]:
        """Whether a text column has a value at these positions, and the hash of it; without a name none has."""
        if name is None:
            return np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.uint64)
        if name not in self._rows.columns or self._rows[name].dtype != pl.String:
            texts = self.text(name, rows)
            return texts.is_not_null().to_numpy(), texts.hash(0).to_numpy()
        if name not in self._hashes:
            column = self._rows[name]
            filled = column.is_not_null().to_numpy()
            hashes = np.empty(len(column), np.uint64)
            hashes[np.flatnonzero(filled)] = column.drop_nulls().hash(0).to_numpy()
            self._hashes[name] = filled, hashes
        filled, hashes = self._hashes[name]
        places = rows if self._picked is None else self._picked[rows]
        return filled[places], hashes[places]

    def codes(self, name: str) -> Codes:
        """The codes of a key column."""
        if name not in self._codes:
            if self._whole is not None and self._picked is not None and name in self._whole._codes:
                self._codes[name] = self._whole._codes[name][self._picked]
            elif name in self._worded:
                self._codes[name] = self._worded[name].codes(self._picked)
            else:
                self._codes[name] = self.ground.words[name].codes(self.column(name))
        return self._codes[name]

    def codes_at(self, name: str, rows: Ints) -> Codes:
        """The codes of a key column at these positions."""
        if name not in self._codes and self.plain(name) and len(rows) < self.height:
            return self.ground.words[name].codes(self.at(name, rows))
        return self.codes(name)[rows]

    def plain(self, name: str) -> bool:
        """Whether a column is there as plain text, so that each row has its price."""
        return name not in self._worded and name in self._rows.columns and self._rows[name].dtype == pl.String

    def instants(self, at: str) -> Ints:
        """A time column in microseconds since 1970; 0 where it is null."""
        if at not in self._instants:
            moments = self._moments(at).to_physical()
            self._instants[at] = (moments.fill_null(0) if moments.null_count() else moments).to_numpy()
        return self._instants[at]

    def span(self) -> list[int]:
        """The first and the last of all its times that anybody reads, in microseconds; nothing without any."""
        there = [at for at in self.ground.atoms.clocks if at in self._rows.columns]
        times = [self._moments(at).to_physical() for at in there]
        ends = [end for each in times for end in (each.min(), each.max())]
        known = [end for end in ends if isinstance(end, int)]
        return [min(known), max(known)] if known else []

    def days(self, at: str) -> Days:
        """Local days of a time column."""
        if at not in self._days:
            self._days[at] = local_days(self.ground.plan.calendar, self.instants(at))
        return self._days[at]

    def amounts(self, sql: str, unit: int, rows: Ints) -> tuple[Ints, Flags]:
        """Amounts of an expression on these rows, and where it is not null."""
        formulas, some = self.ground.formulas, self.some(parse(sql).columns, rows)
        for name, flags in formulas.unread(sql, some).items():
            self.unread.setdefault(name, np.zeros(self.height, np.bool_))[rows[flags]] = True
        return formulas.amounts(sql, unit, some)

    def created(self, rows: Ints) -> Ints:
        """The creation of the account of each of these rows, `NEVER` where there is none."""
        created = self.ground.created
        return looked_up(created, np.minimum(self.codes("account")[rows], len(created) - 1))

    def chosen(self, clocks: Sequence[Places]) -> Iterator[tuple[str, int, Ints]]:
        """Rows that any of these tables over atoms wants, per time column: its name, its number, positions."""
        for at, number in self.ground.atoms.clocks.items():
            wanted = np.zeros(max(len(table) for table in clocks), np.bool_)
            for table in clocks:
                wanted[: len(table)] |= table == number
            rows = self.of(wanted)
            if len(rows):
                yield at, number, rows

    def of(self, wanted: Flags) -> Ints:
        """Positions of the rows whose atom is wanted, in any order; `wanted` is a table over atoms."""
        if self._groups is None:
            narrow = self.atoms.astype(np.uint16) if len(self.ground.atoms) <= _NARROW else self.atoms
            ends = np.cumsum(np.bincount(self.atoms, minlength=1))
            self._groups = np.argsort(narrow, kind="stable"), np.append(0, ends)
        rows, ends = self._groups
        present = np.diff(ends) > 0
        chosen = np.zeros(len(present), np.bool_)
        chosen[: len(wanted)] = wanted[: len(present)]
        chosen &= present
        if (chosen == present).all():
            return np.arange(self.height)
        spans = [rows[ends[atom] : ends[atom + 1]] for atom in np.flatnonzero(chosen).tolist()]
        return spans[0] if len(spans) == 1 else np.concatenate([rows[:0], *spans])

    def some(self, names: Collection[str], rows: Ints) -> pl.DataFrame:
        """The columns an expression reads (the main time when it reads none), at these positions."""
        columns = sorted(names) or [self._main]
        whole = len(rows) == self.height
        return pl.DataFrame([self.column(name) if whole else self.at(name, rows).alias(name) for name in columns])

    def timely(self, at: str) -> Flags:
        """Grain: a row. Whether its time in this column is there, and not hidden by the as-of."""
        moments = self._moments(at)
        timely = moments.is_not_null()
        if self.ground.plan.as_of is not None:
            timely &= (moments < self.ground.plan.as_of).fill_null(value=False)
        return timely.to_numpy()

    def _moments(self, at: str) -> pl.Series:
        moments = self.column(at)
        if moments.dtype == INSTANT:
            return moments
        if moments.dtype == pl.Date:
            return moments.to_frame().select(self.ground.plan.calendar.start_expr(pl.col(at))).to_series()
        if isinstance(moments.dtype, pl.Datetime) and moments.dtype.time_zone is not None:
            return moments.dt.convert_time_zone("UTC").cast(INSTANT)
        return moments.cast(pl.Datetime("us"), strict=False).dt.replace_time_zone("UTC")
