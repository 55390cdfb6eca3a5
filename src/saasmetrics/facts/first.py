"""When things first happened for an account: `First`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from saasmetrics.facts.atoms import Atoms
from saasmetrics.facts.chunk import Chunk
from saasmetrics.facts.clock import INSTANT
from saasmetrics.facts.pack import Column, Fold, Ints, Keyed, fold
from saasmetrics.facts.plan import Family
from saasmetrics.facts.request import First, Request
from saasmetrics.facts.vocabulary import Names


class Firsts:
    """Fills requests for the very first time: the least time per account and atom."""

    def __init__(self, family: Family, atoms: Atoms) -> None:
        assert isinstance(family.shape, First)
        self._since_created = family.shape.since_created
        self._members = family.members
        self._atoms = atoms
        self._fold = Fold([np.uint32, np.uint32, np.uint8], [np.int64], [np.minimum])

    def take(self, chunk: Chunk) -> list[Keyed]:
        """Least times in one chunk."""
        partial = []
        for at, clock, rows in chunk.chosen([self._atoms.clock_of(member.rows) for member in self._members]):
            counted = countable(chunk, at, rows, self._since_created)
            keys: list[Column] = [chunk.codes("account")[counted], chunk.atoms[counted]]
            keys.append(np.full(len(counted), clock, np.uint8))
            partial.append(fold(keys, [chunk.instants(at)[counted]], [np.minimum]))
        return partial

    def absorb(self, partial: list[Keyed]) -> None:
        """Keep the lesser of times."""
        for keyed in partial:
            self._fold.add(keyed)

    def frames(self, names: Mapping[str, Names]) -> dict[Request, pl.DataFrame]:
        """One frame per request."""
        (codes, atoms, clocks), (instants,) = self._fold.table()
        ranks = names["account"].ranks[codes]
        out: dict[Request, pl.DataFrame] = {}
        for member in self._members:
            rows = np.flatnonzero(self._atoms.picked(member.rows, atoms, clocks))
            (accounts,), (first,) = fold([ranks[rows]], [instants[rows]], [np.minimum])
            out[member.request] = moments(names["account"], accounts, first)
        return out


class Nths:
    """Fills one request for the time of the n-th row, or of the n-th different run.

    Edges: only the n earliest of a chunk are kept per account. A run that is left out has n others before it, whose
    first times over all chunks are earlier still.
    """

    def __init__(self, family: Family, atoms: Atoms) -> None:
        assert isinstance(family.shape, First)
        self._request = family.shape
        self._choices = family.members[0].rows
        self._atoms = atoms
        self._held: list[pl.DataFrame] = []
        run = {"workflow": pl.String, "run": pl.String} if self._request.distinct_runs else {}
        self._schema = {"account": pl.UInt32, "at": pl.Int64, **run}

    def take(self, chunk: Chunk) -> pl.DataFrame:
        """The earliest rows, or first rows of runs, of one chunk. Grain: account, and `run` when runs count."""
        places = self._atoms.places(self._choices)[chunk.atoms]
        parts = []
        for place, choice in enumerate(self._choices):
            at = choice.selector.at
            rows = countable(chunk, at, np.flatnonzero(places == place), self._request.since_created)
            times = pl.DataFrame({"account": chunk.codes("account")[rows], "at": chunk.instants(at)[rows]})
            if self._request.distinct_runs:
                run = chunk.column(choice.selector.run).gather(rows) if choice.selector.run else None
                times = times.with_columns(
                    pl.lit(choice.selector.workflow, dtype=pl.String).alias("workflow"),
                    pl.lit(run, dtype=pl.String).alias("run"),
                ).drop_nulls("run")
            parts.append(times)
        return self._earliest(parts)

    def absorb(self, partial: pl.DataFrame) -> None:
        """Keep what may still be among the n earliest."""
        self._held.append(partial)
        if sum(part.height for part in self._held[1:]) > 500_000:
            self._held = [self._earliest(self._held)]

    def frames(self, names: Mapping[str, Names]) -> dict[Request, pl.DataFrame]:
        """The frame of the request."""
        times = self._earliest([pl.DataFrame(schema=self._schema), *self._held])
        nth = times.group_by("account").agg(pl.len().alias("n"), pl.col("at").max())
        nth = nth.filter(pl.col("n") >= self._request.at_least)
        ranks = names["account"].ranks[nth["account"].to_numpy()]
        (accounts,), (instants,) = fold([ranks], [nth["at"].to_numpy()], [np.minimum])
        return {self._request: moments(names["account"], accounts, instants)}

    def _earliest(self, parts: list[pl.DataFrame]) -> pl.DataFrame:
        times = pl.concat(parts)
        if self._request.distinct_runs:
            times = times.group_by("account", "workflow", "run").agg(pl.col("at").min())
        early = pl.col("at").rank("ordinal").over("account") <= self._request.at_least
        return times.filter(early).select(list(self._schema))


def countable(chunk: Chunk, at: str, rows: Ints, since_created: bool) -> Ints:
    """The rows among these that belong to an account and, if asked, are not before its creation."""
    rows = rows[chunk.codes("account")[rows] > 0]
    return rows[chunk.instants(at)[rows] >= chunk.created(rows)] if since_created else rows


def moments(accounts: Names, ranks: Column, instants: Column) -> pl.DataFrame:
    """Grain: an account. Columns: `account`, `at`."""
    return pl.DataFrame([accounts.column(ranks).alias("account"), pl.Series("at", instants).cast(INSTANT)])
