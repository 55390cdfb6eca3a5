"""Runs of a workflow, put together from rows in any order over any number of files: `Runs`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from saasmetrics.facts.atoms import Atoms
from saasmetrics.facts.chunk import Chunk
from saasmetrics.facts.clock import INSTANT
from saasmetrics.facts.heads import ATTEMPT, FAILURE, NEVER, NOTHING, SUCCESS, Heads, heads_of, together
from saasmetrics.facts.ordering import positions
from saasmetrics.facts.pack import Ints
from saasmetrics.facts.plan import Choice, Family
from saasmetrics.facts.request import Request, Runs
from saasmetrics.facts.vocabulary import Names

COLUMNS = [
    *("account", "user", "run", "attempts", "attempt", "success", "any_success"),
    *("failures", "failure", "reason", "total"),
]
_ENTRY = {
    "key": pl.UInt64,
    "kind": pl.UInt8,
    "at": pl.Int64,
    "account": pl.UInt32,
    "user": pl.UInt32,
    "reason": pl.UInt32,
    "amount": pl.Int64,
    "run": pl.String,
}
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
        self._held = [heads_of(pl.DataFrame(schema=_ENTRY))]
        self.workflow = self._request.workflow
        self.runless = 0

    def take(self, chunk: Chunk) -> tuple[Heads, int]:
        """What one chunk says of runs, and how many of its rows belong to none."""
        member = self._member
        kinds = ((ATTEMPT, member.rows), (SUCCESS, member.success), (FAILURE, member.failure))
        entries, runless = [pl.DataFrame(schema=_ENTRY)], np.zeros(len(chunk.atoms), np.bool_)
        for kind, choices in kinds:
            places = self._atoms.places(choices)[chunk.atoms]
            for place, choice in enumerate(choices):
                rows = np.flatnonzero(places == place)
                rows = rows[chunk.codes("account")[rows] > 0]
                run = chunk.text(choice.selector.run, rows)
                if run.null_count():
                    runless[rows[run.is_null().to_numpy()]] = True
                    rows, run = rows[run.is_not_null().to_numpy()], run.drop_nulls()
                entries.append(self._entries(chunk, kind, choice, rows, run))
        return heads_of(pl.concat(entries)), int(runless.sum())

    def absorb(self, partial: tuple[Heads, int]) -> None:
        """Keep the heads of a chunk for the end."""
        heads, runless = partial
        self._held.append(heads)
        self.runless += runless

    def frames(self, names: Mapping[str, Names]) -> dict[Request, pl.DataFrame]:
        """The frame of the request, sorted by account and time of opening."""
        account, user = names["account"], names["user"]
        cause = names[self._request.reason] if self._request.reason else None
        runs = together(self._held, user.ranks, cause.ranks if cause else np.zeros(1, np.uint32))
        ranks = account.ranks[runs["account"].to_numpy()]
        order = positions([ranks, runs["opening"].to_numpy()], runs.select("run"))
        runs = runs.select(pl.all().gather(order))
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

    def _entries(self, chunk: Chunk, kind: int, choice: Choice, rows: Ints, run: pl.Series) -> pl.DataFrame:
        account = chunk.codes("account")[rows]
        reason = self._request.reason if kind == FAILURE else None
        return pl.DataFrame(
            {
                "key": run.hash(0).to_numpy() ^ (account.astype(np.uint64) * _SPREAD),
                "kind": np.full(len(rows), kind, np.uint8),
                "at": chunk.instants(choice.selector.at)[rows],
                "account": account,
                "user": chunk.codes("user")[rows],
                "reason": chunk.codes(reason)[rows] if reason else np.zeros(len(rows), np.uint32),
                "amount": self._amounts(chunk, rows) if kind == SUCCESS else np.full(len(rows), NOTHING),
                "run": run,
            }
        )

    def _amounts(self, chunk: Chunk, rows: Ints) -> Ints:
        if self._request.expr is None:
            return np.full(len(rows), NOTHING)
        amounts, filled = chunk.amounts(self._request.expr, self._request.unit, rows)
        return np.where(filled, amounts, NOTHING)
