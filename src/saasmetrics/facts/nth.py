"""When something happened for an account for the n-th time, or first within one run: `First` and `SameRun`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from saasmetrics.facts.atoms import Atoms
from saasmetrics.facts.chunk import NEVER, Chunk
from saasmetrics.facts.first import countable, moments
from saasmetrics.facts.pack import Column, Hashes, Ints, Keyed, Partial, fold, order, starts, tabled
from saasmetrics.facts.plan import Choice, Family
from saasmetrics.facts.request import First, Request, SameRun
from saasmetrics.facts.salt import salt
from saasmetrics.facts.vocabulary import Names

_FLOOR = 500_000


class Nths:
    """Fills one request: the n-th row, different run, or full run of each account.

    A row later than the n-th that is known of its account can bring no earlier one, so it goes no further: after the
    first stretch of time few rows are left. Rows without a run count one by one where the request does not ask for
    runs; of each run and part the first row counts.
    """

    def __init__(self, family: Family, atoms: Atoms) -> None:
        request = family.shape
        assert isinstance(request, First | SameRun)
        self._request = request
        self._parts = family.members[0].parts
        self._by_run = isinstance(request, SameRun) or request.distinct_runs
        self._atoms = atoms
        self._known = np.full(0, NEVER, np.int64)
        self._columns = ("account", *(f"part {n}" for n in range(len(self._parts))))
        self._how = [np.minimum] * len(self._columns)
        self._held = [
            self._table(
                [np.empty(0, np.uint64)], [np.empty(0, np.uint32), *([np.empty(0, np.int64)] * len(self._parts))]
            )
        ]
        self._more = 0
        self.codes = {"account": "account"}

    def take(self, chunk: Chunk) -> Partial:
        """The moments of one chunk that may count: by run, or of each row, the first of each part."""
        found: list[Keyed] = []
        for part, choices in enumerate(self._parts):
            places = self._atoms.places(choices)
            for place, choice in enumerate(choices):
                rows = chunk.of(places == place)
                accounts, runs, instants = self._early(chunk, choice, rows)
                moments_ = [np.full(len(accounts), NEVER, np.int64) for _ in self._parts]
                moments_[part] = instants
                found.append(([runs], [accounts, *moments_]))
        return {"moments": self._folded(tabled(found, ("run",), self._columns))}

    def absorb(self, partial: Partial) -> None:
        """Add the moments of a chunk; settle now and then, so that little is held."""
        table = {name: np.asarray(column) for name, column in partial["moments"].items()}
        self._held.append(table)
        self._more += len(table["account"])
        if self._more > _FLOOR:
            self._settle()

    def frames(self, names: Mapping[str, Names]) -> dict[Request, pl.DataFrame]:
        """The frame of the request."""
        self._settle()
        codes = np.flatnonzero(self._known < NEVER)
        (accounts,), (instants,) = fold([names["account"].ranks[codes]], [self._known[codes]], [np.minimum])
        return {self._request: moments(names["account"], accounts, instants)}

    def _early(self, chunk: Chunk, choice: Choice, rows: Ints) -> tuple[Column, Hashes, Ints]:
        """Account, run and moment of those rows that may still count."""
        at = choice.selector.at
        rows = countable(chunk, at, rows, self._request.since_created)
        accounts, instants = chunk.codes("account")[rows], chunk.instants(at)[rows]
        known = self._known
        if len(known):
            late = instants > np.where(accounts < len(known), known.take(accounts, mode="clip"), NEVER)
            rows, accounts, instants = rows[~late], accounts[~late], instants[~late]
        if not self._by_run:
            return accounts, np.zeros(len(rows), np.uint64), instants
        has_run, runs = chunk.hashes(choice.selector.run, rows)
        runs = runs ^ chunk.ground.words["account"].salts(accounts)
        if isinstance(self._request, First):
            runs = runs ^ np.uint64(salt(choice.selector.workflow or ""))
        return accounts[has_run], runs[has_run], instants[has_run]

    def _table(self, keys: list[Column], values: list[Column]) -> dict[str, Column]:
        return dict(zip(("run", *self._columns), (*keys, *values), strict=True))

    def _folded(self, table: dict[str, Column]) -> dict[str, Column]:
        """The first moment of each part of each run; rows as they are where runs do not count."""
        if not self._by_run:
            return table
        run, *values = table.values()
        return self._table(*fold([run], values, self._how))

    def _settle(self) -> None:
        """Put together what is held, find the n-th moment of each account, forget what is later."""
        table = {name: np.concatenate([part[name] for part in self._held]) for name in ("run", *self._columns)}
        table = self._folded(table)
        self._more = 0
        _, accounts, *parts = table.values()
        if len(accounts):
            full = np.maximum.reduce(parts)
            whole = full < NEVER
            self._reserve(int(accounts.max()) + 1)
            there, nth = _nth(accounts[whole], full[whole], self._request.at_least)
            self._known[there] = nth
            early = np.minimum.reduce(parts) <= self._known[accounts]
            table = {name: column[early] for name, column in table.items()}
        self._held = [table]

    def _reserve(self, accounts: int) -> None:
        if accounts > len(self._known):
            grown = np.full(accounts + accounts // 2, NEVER, np.int64)
            grown[: len(self._known)] = self._known
            self._known = grown


def _nth(accounts: Column, times: Ints, n: int) -> tuple[Column, Ints]:
    """Accounts that have at least `n` of these times, and the n-th of each."""
    by_time = order([accounts, times])
    if by_time is not None:
        accounts, times = accounts[by_time], times[by_time]
    first = starts(accounts)
    place = first[np.diff(first, append=len(accounts)) >= n] + (n - 1)
    return accounts[place], times[place]
