"""Runs of workflows, put together from rows in any order over any number of files: `Runs`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from saasmetrics.facts.atoms import NOWHERE, Atoms
from saasmetrics.facts.chunk import Chunk
from saasmetrics.facts.clock import INSTANT
from saasmetrics.facts.heads import ATTEMPT, FAILURE, NEVER, NOTHING, SUCCESS, Entries, Heads, heads_of
from saasmetrics.facts.held import Held, held, shares
from saasmetrics.facts.merging import together
from saasmetrics.facts.pack import Column, Hashes, Ints, Partial
from saasmetrics.facts.plan import Choice, Family
from saasmetrics.facts.request import Request, Runs
from saasmetrics.facts.salt import salt
from saasmetrics.facts.vocabulary import Names

COLUMNS = [
    *("account", "user", "run", "attempts", "attempt", "success", "any_success"),
    *("failures", "failure", "reason", "total"),
]


MISSING = {**dict.fromkeys(("attempt", "success", "any_success", "failure"), NEVER), "total": NOTHING}
"""What stands for nothing in columns of instants and amounts."""


@dataclass(frozen=True)
class Part:
    """What rows may be to runs: an attempt, success or failure of one request, by one of its selectors."""

    member: int
    request: Runs
    kind: int
    choice: Choice

    @property
    def reason(self) -> str | None:
        """The column that says why, of failures."""
        return self.request.reason if self.kind == FAILURE else None

    @property
    def amount(self) -> tuple[str, int] | None:
        """The expression of what is carried and its unit, of successes."""
        expr = self.request.expr if self.kind == SUCCESS else None
        return (expr, self.request.unit) if expr is not None else None


class RunBook:
    """Fills all requests for runs.

    Edges: two runs of one workflow are taken for one when the 64-bit hashes of run and account are equal: a chance
    of about n²/2^65 in all, under one in 100 000 for 20 million runs.
    """

    def __init__(self, family: Family, atoms: Atoms, reads: Mapping[Request, Collection[str]] | None = None) -> None:
        """`reads` names by request the columns that anybody reads; all of them of a request that it does not know."""
        self._atoms = atoms
        self._requests: list[Runs] = []
        self._sides: list[tuple[Choice, ...]] = []
        self._parts: list[Part] = []
        for number, member in enumerate(family.members):
            assert isinstance(member.request, Runs)
            self._requests.append(member.request)
            for kind, choices in enumerate(member.parts):
                self._sides.append(choices)
                self._parts += [Part(number, member.request, kind, choice) for choice in choices]
        self._member = np.array([part.member for part in self._parts], np.uint16)
        self._kind = np.array([part.kind for part in self._parts], np.uint8)
        self._salts = np.array([salt(repr(request)) for request in self._requests], np.uint64)
        self._columns = list(dict.fromkeys(part.choice.selector.run for part in self._parts))
        self._column = np.array([self._columns.index(part.choice.selector.run) for part in self._parts], np.uint8)
        self._named = any(request.named for request in self._requests)
        self._read = [tuple((reads or {}).get(request, COLUMNS)) for request in self._requests]
        read = {name for columns in self._read for name in columns}
        self._unread = [name for name, column in (("user", "user"), ("amount", "total")) if column not in read]
        self._held: list[Held] = []
        self._runless = np.zeros(len(self._requests), np.int64)
        reasons = [request.reason for request in self._requests if request.reason]
        self.codes = {"account": "account", "user": "user", **({"reason": reasons[0]} if reasons else {})}

    @property
    def runless(self) -> dict[str, int]:
        """By workflow, rows that belong to no run."""
        counts: dict[str, int] = {}
        for request, rows in zip(self._requests, self._runless.tolist(), strict=True):
            counts[request.workflow] = max(rows, counts.get(request.workflow, 0))
        return counts

    @property
    def keys(self) -> Hashes:
        """The keys of all heads that are held."""
        return np.concatenate([np.empty(0, np.uint64), *(part.heads["key"] for part in self._held)])

    def take(self, chunk: Chunk) -> Partial:
        """What one chunk says of runs, and by request how many of its rows belong to none."""
        rows, part = self._playing(chunk)
        has_run, hashes = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.uint64)
        for number, name in enumerate(self._columns):
            where = np.flatnonzero(self._column[part] == number)
            has_run[where], hashes[where] = chunk.hashes(name, rows[where])
        runless = self._without(rows[~has_run], part[~has_run])
        found = heads_of(self._entries(chunk, rows[has_run], part[has_run], hashes[has_run]))
        beside = {"late": found.late, "users": found.users, "reasons": found.reasons, "runless": {"rows": runless}}
        return {"heads": found.heads, **beside, "ids": {"run": found.runs}}

    def absorb(self, partial: Partial) -> None:
        """Keep the heads of a chunk for the end. Edges: without heads the rows that belong to no run are counted."""
        self._runless += np.asarray(partial["runless"]["rows"])
        if not partial["heads"]:
            return
        heads, late, users, reasons = (
            {name: np.asarray(column) for name, column in partial[table].items()}
            for table in ("heads", "late", "users", "reasons")
        )
        found = Heads(heads, late, users, reasons, pl.Series(partial["ids"]["run"], dtype=pl.String))
        self._held.append(held(found, self._unread))

    def frames(self, names: Mapping[str, Names]) -> dict[Request, pl.DataFrame]:
        """The frame of each request, in an order that is the same for the same rows."""
        reasons = {n: names[each.reason].ranks for n, each in enumerate(self._requests) if each.reason}
        parts, self._held = self._held, []
        found: dict[Request, list[pl.DataFrame]] = {request: [] for request in self._requests}
        for share in shares(parts):
            ids = share.runs
            for request, frame in self._framed(*together(share, names["user"].ranks, reasons), ids, names):
                found[request].append(frame)
            pa.default_memory_pool().release_unused()  # frames cannot use what arrays left behind
        return {request: pl.concat(frames, rechunk=False) for request, frames in found.items()}

    def _framed(
        self, runs: dict[str, Column], rows: Ints, ids: pl.Series, names: Mapping[str, Names]
    ) -> Iterator[tuple[Request, pl.DataFrame]]:
        """The frame of each request; by hashes of texts, so that the order of arrival does not show."""
        members = runs.pop("member")[rows]
        runs["run"], runs["total"] = runs.pop("key"), runs.pop("amount")
        for number, request in enumerate(self._requests):
            order = rows[members == number]
            frame = pl.DataFrame(
                [
                    _column(name, runs[name], order, ids, request, names).alias(name)
                    for name in COLUMNS
                    if name in self._read[number]
                ]
            )
            missing = {name: value for name, value in MISSING.items() if name in frame.columns}
            yield (
                request,
                frame.with_columns(
                    pl.when(pl.col(name) != value).then(name) for name, value in missing.items()
                ).with_columns(pl.col(name).cast(INSTANT) for name in missing if name != "total"),
            )

    def _playing(self, chunk: Chunk) -> tuple[Ints, Ints]:
        """Rows of accounts that play a part, as often as they play one, and the number of each part; attempts first."""
        known_all = bool(chunk.codes("account").all())
        rows, parts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        layers = list(self._layers())
        for kind in (ATTEMPT, SUCCESS, FAILURE):
            for layer in layers:
                playing = chunk.of((layer != NOWHERE) & (self._kind[layer] == kind))
                if not known_all:
                    playing = playing[chunk.codes("account")[playing] > 0]
                rows.append(playing)
                parts.append(layer.take(chunk.atoms[playing]))
        return np.concatenate(rows), np.concatenate(parts)

    def _layers(self) -> Iterator[Ints]:
        """Grain: an atom. The number of the part it plays; its second part in the second array, and so on."""
        begins = np.cumsum([0, *(len(choices) for choices in self._sides[:-1])])
        tables = [self._atoms.places(choices) for choices in self._sides]
        atoms = min(len(table) for table in tables)
        numbers = np.stack(
            [
                np.where(table[:atoms] != NOWHERE, table[:atoms] + begin, NOWHERE)
                for table, begin in zip(tables, begins, strict=True)
            ]
        ).astype(np.int64)
        while (numbers != NOWHERE).any():
            first = (numbers != NOWHERE).argmax(axis=0)
            at = first, np.arange(atoms)
            yield numbers[at]
            numbers[at] = NOWHERE

    def _without(self, rows: Ints, part: Ints) -> Ints:
        """By request, how many different rows these are."""
        members = len(self._requests)
        different = np.unique(rows * members + self._member[part])
        return np.bincount(different % members, minlength=members)

    def _entries(self, chunk: Chunk, rows: Ints, part: Ints, hashes: Hashes) -> Entries:
        member = self._member[part]
        account = chunk.codes("account")[rows]
        key = hashes ^ chunk.ground.words["account"].salts(account) ^ self._salts[member]
        return Entries(
            key,
            member,
            self._kind[part],
            self._by_part(part, lambda each: each.choice.selector.at, lambda at, some: chunk.instants(at)[some], rows),
            account,
            chunk.codes("user")[rows],
            self._by_part(part, lambda each: each.reason, chunk.codes_at, rows).astype(np.uint32),
            self._amounts(chunk, rows, part),
            rows,
            self._column[part],
            self._fetch(chunk) if self._named else None,
        )

    def _by_part(
        self,
        part: Ints,
        column: Callable[[Part], str | None],
        values: Callable[[str, Ints], Column],
        rows: Ints,
    ) -> Column:
        """Values at these rows, of the column that each one's part names; 0 without one."""
        named = [column(each) for each in self._parts]
        different = [name for name in dict.fromkeys(named) if name is not None]
        if len(different) == 1 and None not in named:
            return values(different[0], rows)
        out = np.zeros(len(rows), np.int64)
        for name in different:
            where = np.flatnonzero(np.array([each == name for each in named])[part])
            out[where] = values(name, rows[where])
        return out

    def _amounts(self, chunk: Chunk, rows: Ints, part: Ints) -> Ints:
        amounts = np.full(len(rows), NOTHING)
        for amount in {each.amount for each in self._parts if each.amount}:
            where = np.flatnonzero(np.array([each.amount == amount for each in self._parts])[part])
            found, filled = chunk.amounts(*amount, rows[where])
            amounts[where] = np.where(filled, found, NOTHING)
        return amounts

    def _fetch(self, chunk: Chunk) -> Callable[[Ints, Column], pl.Series]:
        """Finds run ids by row and number of their column."""

        def runs(rows: Ints, columns: Column) -> pl.Series:
            found = chunk.text(self._columns[0], rows)
            for number, name in enumerate(self._columns[1:], 1):
                found = found.zip_with(pl.Series(columns != number), chunk.text(name, rows))
            return found

        return runs


def _column(
    name: str, values: Column, order: Ints, ids: pl.Series, request: Runs, names: Mapping[str, Names]
) -> pl.Series:
    """A column of a request's runs, which stand at `order`; what is not there still has its number."""
    match name:
        case "account":
            return names[name].column(names[name].ranks[values[order]])
        case "user":
            return names[name].column(values[order])
        case "run" if request.named:
            return ids.gather(pl.Series(order, dtype=pl.UInt32))
        case "reason" if request.reason:
            return names[request.reason].column(values[order])
        case "reason":
            return pl.repeat(None, len(order), dtype=pl.String, eager=True)
        case _:
            return pl.Series(values[order])
