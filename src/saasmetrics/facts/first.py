"""When things first happened for an account: `First`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from saasmetrics.facts.atoms import ATOM, Atoms
from saasmetrics.facts.chunk import NEVER, Chunk
from saasmetrics.facts.clock import INSTANT
from saasmetrics.facts.pack import Column, Flags, Ints, Keyed, Partial, fold, keyed, tabled
from saasmetrics.facts.plan import Family
from saasmetrics.facts.request import First, Request
from saasmetrics.facts.vocabulary import Names


class Firsts:
    """Fills requests for the very first time: the least time per account and atom.

    The least times so far stand in a table that chunks look at first: most rows come later than what is known, and go
    no further. Chunks may see a table that is a little behind, which only lets more rows through.
    """

    def __init__(self, family: Family, atoms: Atoms) -> None:
        assert isinstance(family.shape, First)
        self._since_created = family.shape.since_created
        self._members = family.members
        self._atoms = atoms
        self._least = np.full((0, 0), NEVER, np.int64)
        self.codes = {"account": "account", "atom": ATOM}

    def take(self, chunk: Chunk) -> Partial:
        """Times in one chunk that are earlier than what is known, by account, atom and time column."""
        partial: list[Keyed] = []
        for at, clock, rows in chunk.chosen([self._atoms.clock_of(member.rows) for member in self._members]):
            slots = self._slots(chunk.atoms[rows], clock)
            accounts, instants = chunk.codes("account")[rows], chunk.instants(at)[rows]
            early = np.flatnonzero((accounts > 0) & (instants < self._known(accounts, slots)))
            if self._since_created:
                early = early[_since_created(chunk, at, rows[early])]
            keys: list[Column] = [accounts[early], chunk.atoms[rows[early]], np.full(len(early), clock, np.uint8)]
            partial.append(fold(keys, [instants[early]], [np.minimum]))
        return {"times": tabled(partial, ("account", "atom", "clock"), ("at",))}

    def absorb(self, partial: Partial) -> None:
        """Keep the lesser of times."""
        if not partial["times"] or not len(partial["times"]["at"]):
            return
        (accounts, atoms, clocks), (instants,) = keyed(partial["times"], 1)
        slots = self._slots(atoms, clocks)
        self._reserve(int(accounts.max()) + 1, int(slots.max()) + 1)
        self._least[accounts, slots] = np.minimum(self._least[accounts, slots], instants)

    def frames(self, names: Mapping[str, Names]) -> dict[Request, pl.DataFrame]:
        """One frame per request."""
        codes, slots = np.nonzero(self._least < NEVER)
        instants = self._least[codes, slots]
        atoms, clocks = np.divmod(slots, len(self._atoms.clocks))
        ranks = names["account"].ranks[codes]
        out: dict[Request, pl.DataFrame] = {}
        for member in self._members:
            rows = np.flatnonzero(self._atoms.picked(member.rows, atoms, clocks))
            (accounts,), (first,) = fold([ranks[rows]], [instants[rows]], [np.minimum])
            out[member.request] = moments(names["account"], accounts, first)
        return out

    def _slots(self, atoms: Column, clocks: Column | int) -> Column:
        """Atoms and the time column they are read by, as one number."""
        return atoms * np.uint32(len(self._atoms.clocks)) + np.uint32(clocks)

    def _known(self, accounts: Column, slots: Column) -> Ints:
        least = self._least
        if not least.size:
            return np.full(len(accounts), NEVER, np.int64)
        height, width = least.shape
        inside = (accounts < height) & (slots < width)
        known = least.ravel().take(accounts.astype(np.int64) * width + slots, mode="clip")
        return known if inside.all() else np.where(inside, known, NEVER)

    def _reserve(self, accounts: int, slots: int) -> None:
        height, width = self._least.shape
        if accounts > height or slots > width:
            grown = np.full((max(accounts, height + height // 2), max(slots, width)), NEVER, np.int64)
            grown[:height, :width] = self._least
            self._least = grown


def countable(chunk: Chunk, at: str, rows: Ints, since_created: bool) -> Ints:
    """The rows among these that belong to an account and, if asked, are not before its creation."""
    rows = rows[chunk.codes("account")[rows] > 0]
    return rows[_since_created(chunk, at, rows)] if since_created else rows


def _since_created(chunk: Chunk, at: str, rows: Ints) -> Flags:
    flags: Flags = chunk.instants(at)[rows] >= chunk.created(rows)
    return flags


def moments(accounts: Names, ranks: Column, instants: Column) -> pl.DataFrame:
    """Grain: an account. Columns: `account`, `at`."""
    return pl.DataFrame([accounts.column(ranks).alias("account"), pl.Series("at", instants).cast(INSTANT)])
