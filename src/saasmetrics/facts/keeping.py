"""Partial facts as the tables of a parcel and back: codes of one run become those of another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from saasmetrics.facts.atoms import ATOM, Atoms
from saasmetrics.facts.family import Reducer
from saasmetrics.facts.pack import Codes, Partial
from saasmetrics.facts.parcel import Parcel
from saasmetrics.facts.usable import Count
from saasmetrics.facts.vocabulary import Vocabulary

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Keeper:
    """Turns what a unit came to into plain tables and a head, and back.

    Codes and atoms are numbered as they arrive, so a parcel holds what each of its numbers stands for.
    """

    reducers: Sequence[Reducer]
    words: Mapping[str, Vocabulary]
    atoms: Atoms

    def packed(self, partials: Sequence[tuple[int, Partial]]) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
        """A head and tables. `partials` are what chunks came to, with the number of their reducer."""
        gathered: dict[tuple[int, str], list[pl.DataFrame]] = {}
        for number, partial in partials:
            for name, table in partial.items():
                gathered.setdefault((number, name), []).append(_frame(table))
        tables = {}
        used: dict[str, list[pl.Series]] = {}
        for (number, name), parts in gathered.items():
            if not any(part.width for part in parts):
                continue
            rows = pl.concat([part for part in parts if part.width], how="vertical_relaxed")
            tables[f"{number}/{name}"] = rows
            for column, of in self.reducers[number].codes.items():
                if column in rows.columns:
                    used.setdefault(of, []).append(rows[column])
        atoms = _different(used.pop(ATOM, []))
        named: dict[int, list[str]] = {}
        for number, name in gathered:
            named.setdefault(number, []).append(name)
        head = {"atoms": [[int(atom), self.atoms.meets(int(atom))] for atom in atoms], "tables": list(named.items())}
        for of, columns in used.items():
            codes = _different(columns)
            tables[f"words/{of}"] = pl.DataFrame({"code": codes, "text": self.words[of].texts(codes)})
        return head, tables

    def tables(self, parcel: Parcel, numbers: Collection[int]) -> list[str]:
        """The tables of a parcel from which the partials of these reducers are unpacked; counts without runs always."""
        names = [name for name in parcel.places if name.partition("/")[0] in {str(number) for number in numbers}]
        others = [name for name in parcel.places if name.endswith("/runless") and name not in names]
        words = {of for number in numbers for of in self.reducers[number].codes.values()}
        return [*names, *others, *(name for name in parcel.places if name.removeprefix("words/") in words)]

    def unpacked(self, head: Mapping[str, Any], tables: Mapping[str, pl.DataFrame]) -> Iterator[tuple[int, Partial]]:
        """The partials of a parcel in the codes of this run, with the number of the reducer that takes each.

        Edges: of tables that are not there nothing is told, and of a reducer without any there is no partial.
        """
        atoms = {old: self.atoms.atom_of(meets) for old, meets in head["atoms"]}
        look_up = {ATOM: _table(np.array(list(atoms), np.uint32), np.array(list(atoms.values()), np.uint32))}
        for name, rows in tables.items():
            if name.startswith("words/"):
                of = name.removeprefix("words/")
                look_up[of] = _table(rows["code"].to_numpy(), self.words[of].look_up(rows["text"]))
        there = {int(name.partition("/")[0]) for name in tables if name[0].isdigit()}
        partials: dict[int, dict[str, Any]] = {
            number: {name: {} for name in names} for number, names in head["tables"] if number in there
        }
        for name, rows in tables.items():
            first, _, table = name.partition("/")
            if first.isdigit():
                number = int(first)
                codes = self.reducers[number].codes
                partials[number][table] = {
                    column: look_up[codes[column]][series.to_numpy()] if column in codes else _plain(series)
                    for column, series in zip(rows.columns, rows.get_columns(), strict=True)
                }
        yield from partials.items()


def told(count: Count) -> dict[str, Any]:
    """A count as plain data."""
    times = [(time - _EPOCH) // timedelta(microseconds=1) for time in count.times]
    numbers = {name: getattr(count, name) for name in ("rows", "hidden", "repeats", "used")}
    return {
        **numbers,
        "faults": dict(count.faults),
        "unread": dict(count.unread),
        "times": times,
        "reached": count.reached,
    }


def counted(data: Mapping[str, Any]) -> Count:
    """The count that plain data tells."""
    count = Count(data["rows"], data["hidden"], data["repeats"], data["used"])
    count.faults.update(data["faults"])
    count.unread.update(data.get("unread", {}))
    count.reached = data["reached"]
    count.times = [_EPOCH + timedelta(microseconds=time) for time in data["times"]]
    return count


def _frame(table: Mapping[str, Any]) -> pl.DataFrame:
    """A table as a frame; texts as such."""
    rows = pl.DataFrame([pl.Series(name, column) for name, column in table.items()])
    return rows.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _plain(column: pl.Series) -> Any:
    return column.to_numpy() if column.dtype.is_numeric() or column.dtype == pl.Boolean else column


def _different(columns: Sequence[pl.Series]) -> Codes:
    codes = [column.to_numpy() for column in columns]
    met = np.zeros(max((int(each.max()) for each in codes if len(each)), default=-1) + 1, np.bool_)
    for each in codes:
        met[each] = True
    return np.flatnonzero(met).astype(np.uint32)


def _table(old: Codes, new: Codes) -> Codes:
    """Look-up from old numbers to new ones."""
    table = np.zeros(int(old.max()) + 1 if len(old) else 1, np.uint32)
    table[old] = new
    return table
