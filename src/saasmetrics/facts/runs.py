"""Runs of a workflow, put together from rows in any order over any number of files: `Runs`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from saasmetrics.facts.atoms import Atoms
from saasmetrics.facts.chunk import Chunk
from saasmetrics.facts.clock import INSTANT
from saasmetrics.facts.heads import FAILURE, NEVER, NO_HEADS, NOTHING, SUCCESS, Heads, heads_of, stacked
from saasmetrics.facts.merging import together
from saasmetrics.facts.ordering import positions
from saasmetrics.facts.pack import Column, Hashes, Ints, taken
from saasmetrics.facts.plan import Choice, Family
from saasmetrics.facts.request import Request, Runs
from saasmetrics.facts.vocabulary import Names

COLUMNS = [
    *("account", "user", "run", "attempts", "attempt", "success", "any_success"),
    *("failures", "failure", "reason", "total"),
]
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


class RunBook:
    """Fills one request for runs.

    Edges: two runs of one workflow are taken for one when the 64-bit hashes of run and account are equal: a chance
    of about n²/2^65 in all, under one in 100 000 for 20 million runs.
    """

    def __init__(self, family: Family, atoms: Atoms) -> None:
        assert isinstance(family.shape, Runs)
        self._request = family.shape
        self._member = family.members[0]
        self._atoms = atoms
        self._columns = list(dict.fromkeys(choice.selector.run for choice in self._member.choices)) or [None]
        self._held: list[Heads] = []
        self.workflow = self._request.workflow
        self.runless = 0

    def take(self, chunk: Chunk) -> tuple[Heads, int]:
        """What one chunk says of runs, and how many of its rows belong to none."""
        runless = np.zeros(len(chunk.atoms), np.bool_)
        entries = []
        for kind, choices in enumerate((self._member.rows, self._member.success, self._member.failure)):
            places = self._atoms.places(choices)
            for place, choice in enumerate(choices):
                rows = np.flatnonzero((places == place)[chunk.atoms])
                rows = rows[chunk.codes("account")[rows] > 0]
                has_run, hashes = chunk.hashes(choice.selector.run)
                runless[rows[~has_run[rows]]] = True
                rows = rows[has_run[rows]]
                entries.append(self._entries(chunk, kind, choice, rows, hashes[rows]))
        return heads_of(stacked(entries, self._fetch(chunk))), int(runless.sum())

    def absorb(self, partial: tuple[Heads, int]) -> None:
        """Keep the heads of a chunk for the end."""
        heads, runless = partial
        self._held.append(heads)
        self.runless += runless

    def frames(self, names: Mapping[str, Names]) -> dict[Request, pl.DataFrame]:
        """The frame of the request, sorted by account and time of opening."""
        account, user = names["account"], names["user"]
        cause = names[self._request.reason] if self._request.reason else None
        held, self._held = [NO_HEADS, *self._held], []
        runs, kept = together(held, user.ranks, cause.ranks if cause else np.zeros(1, np.uint32))
        held.clear()
        ranks = account.ranks[runs["account"].to_numpy()]
        order = kept[positions([ranks[kept], runs["opening"].to_numpy()[kept]], runs.select("run"), kept)]
        runs = taken(runs.drop("account", "opening"), order)
        reasons = runs["reason"].to_numpy()
        times = ["attempt", "success", "any_success", "failure"]
        frame = runs.with_columns(
            account.column(ranks[order]).alias("account"),
            user.column(runs["user"].to_numpy()).alias("user"),
            (cause.column(reasons) if cause else pl.lit(None)).cast(pl.String).alias("reason"),
            pl.when(pl.col(times) != NEVER).then(pl.col(times)).cast(INSTANT),
            total=pl.when(pl.col("amount") != NOTHING).then("amount"),
        )
        return {self._request: frame.select(COLUMNS)}

    def _entries(self, chunk: Chunk, kind: int, choice: Choice, rows: Ints, hashes: Hashes) -> dict[str, Column]:
        account = chunk.codes("account")[rows]
        reason = self._request.reason if kind == FAILURE else None
        return {
            "key": hashes ^ (account.astype(np.uint64) * _SPREAD),
            "kind": np.full(len(rows), kind, np.uint8),
            "at": chunk.instants(choice.selector.at)[rows],
            "account": account,
            "user": chunk.codes("user")[rows],
            "reason": chunk.codes(reason)[rows] if reason else np.zeros(len(rows), np.uint32),
            "amount": self._amounts(chunk, rows) if kind == SUCCESS else np.full(len(rows), NOTHING),
            "row": rows,
            "column": np.full(len(rows), self._columns.index(choice.selector.run), np.uint8),
        }

    def _fetch(self, chunk: Chunk) -> Callable[[Ints, Column], pl.Series]:
        """Finds run ids by row and number of their column."""

        def runs(rows: Ints, columns: Column) -> pl.Series:
            found = chunk.text(self._columns[0], rows)
            for number, name in enumerate(self._columns[1:], 1):
                found = found.zip_with(pl.Series(columns != number), chunk.text(name, rows))
            return found

        return runs

    def _amounts(self, chunk: Chunk, rows: Ints) -> Ints:
        if self._request.expr is None:
            return np.full(len(rows), NOTHING)
        amounts, filled = chunk.amounts(self._request.expr, self._request.unit, rows)
        return np.where(filled, amounts, NOTHING)
