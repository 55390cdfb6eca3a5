"""Text ids as small integers: one code per distinct text, over all files and threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

import numpy as np
import polars as pl

from saasmetrics.facts.pack import Codes, Hashes, looked_up

NOBODY = np.uint32(0)
"""The code of a null."""

UNSEEN = np.uint32(0xFFFFFFFF)
"""Stands in look-ups for a code that is not known yet."""


@dataclass(frozen=True)
class Names:
    """What codes stand for, once everything was read: all ids in ascending order, and the place of each code there."""

    enum: pl.Enum
    ranks: Codes
    """Place of each code among the sorted ids, from 1; 0 for the null."""

    def column(self, ranks: Codes) -> pl.Series:
        """A column of ids from places."""
        return self._ids.gather(pl.Series(ranks, dtype=pl.UInt32))

    @cached_property
    def _ids(self) -> pl.Series:
        """All ids by their place, as one column to gather from: to name a type of many ids is dear each time."""
        places = pl.Series(np.arange(len(self.enum.categories), dtype=np.uint32)).cat.to(self.enum)
        return pl.concat([pl.Series([None], dtype=self.enum), places])


class Vocabulary:
    """Codes of texts, given in the order of arrival; safe to use from several threads.

    Codes of one run mean nothing in another and nothing in results: `names` sorts the texts. `aliases` maps a text to
    the one it counts as.
    """

    def __init__(self, known: pl.Series | None = None, aliases: Mapping[str, str] | None = None) -> None:
        self._lock = Lock()
        self._own = pl.Categorical(pl.Categories.random())
        self._aliases = _resolved(aliases or {})
        self._tables: dict[pl.DataType, Codes] = {}
        self._kept = [pl.Series([], dtype=self._own)]  # a mapping lives as long as a series that uses it
        self._salts: Hashes = np.empty(0, np.uint64)
        self._size = 1
        if known is not None:
            self._learn(known.cast(pl.String).drop_nulls())

    @property
    def size(self) -> int:
        """One more than the largest code so far."""
        return self._size

    def codes(self, texts: pl.Series) -> Codes:
        """Grain: as `texts`. The code of each text, `NOBODY` for null."""
        if not isinstance(texts.dtype, (pl.Categorical, pl.Enum)):
            texts = texts.cast(pl.String).cast(pl.Categorical)
        physical = texts.to_physical()
        if physical.null_count() == len(physical):
            return np.zeros(len(texts), np.uint32)
        table = self._table(texts, int(physical.max()))  # type: ignore[arg-type] # codes are integers
        places = physical.fill_null(len(table) - 1).to_numpy() if physical.null_count() else physical.to_numpy()
        codes: Codes = looked_up(table, places)
        if codes.max(initial=0) == UNSEEN:
            met = np.zeros(len(table), np.bool_)
            met[places[codes == UNSEEN]] = True
            self._extend(texts.dtype, table, np.flatnonzero(met).astype(np.uint32))
            codes = looked_up(table, places)
        return codes

    def texts(self, codes: Codes) -> pl.Series:
        """The texts behind codes."""
        places = pl.Series(codes.astype(np.uint32) - np.uint32(1))
        if not codes.all():
            places = places.set(pl.Series(codes == NOBODY), None)
        return places.cat.to(self._own).cast(pl.String)

    def salts(self, codes: Codes) -> Hashes:
        """Hashes of the texts behind codes: the same in every run, as codes are not."""
        if len(self._salts) < self._size:
            with self._lock:
                more = np.arange(len(self._salts), self._size, dtype=np.uint32)
                self._salts = np.concatenate([self._salts, self.texts(more).hash(1).to_numpy()])
        return self._salts[codes]

    def look_up(self, texts: pl.Series) -> Codes:
        """Codes of texts that need not occur in the log; they become known by this."""
        with self._lock:
            return self._learn(texts.cast(pl.String))

    def names(self) -> Names:
        """All texts sorted, with the place of each code."""
        texts = pl.Series(np.arange(self._size - 1, dtype=np.uint32)).cat.to(self._own).cast(pl.String)
        position = texts.arg_sort().to_numpy()
        ranks = np.zeros(self._size, np.uint32)
        ranks[position + 1] = np.arange(1, self._size, dtype=np.uint32)
        return Names(pl.Enum(texts.gather(position)), ranks)

    def _table(self, texts: pl.Series, largest: int) -> Codes:
        """Look-up from the physical codes of a dtype; its last place stands for null."""
        with self._lock:
            table = self._tables.get(texts.dtype)
            if table is None or len(table) < largest + 2:
                grown = np.full(2 * largest + 1024, UNSEEN, np.uint32)
                if table is None:
                    self._kept.append(texts.clear())
                else:
                    grown[: len(table) - 1] = table[:-1]
                grown[-1] = NOBODY
                self._tables[texts.dtype] = table = grown
            return table

    def _extend(self, dtype: pl.DataType, table: Codes, places: Codes) -> None:
        texts = pl.Series(places, dtype=pl.UInt32).cat.to(dtype).cast(pl.String)
        with self._lock:
            table[places] = self._learn(texts)

    def _learn(self, texts: pl.Series) -> Codes:
        if self._aliases is not None:
            names = texts.alias("alias").to_frame().join(self._aliases, on="alias", how="left", maintain_order="left")
            texts = names.select(pl.coalesce("target", "alias")).to_series()
        physical = texts.cast(self._own).to_physical()
        if physical.null_count():
            physical = physical.fill_null(UNSEEN)
        codes = physical.to_numpy().astype(np.uint32) + np.uint32(1)  # the code of a null wraps around to 0
        self._size = max(self._size, int(codes.max(initial=0)) + 1)
        return codes


def _resolved(aliases: Mapping[str, str]) -> pl.DataFrame | None:
    """Grain: an alias. Columns: `alias`, `target`: the end of its chain; a circle ends where it was entered."""
    if not aliases:
        return None
    targets = []
    for alias in aliases:
        seen = {alias}
        target = aliases[alias]
        while target in aliases and target not in seen:
            seen.add(target)
            target = aliases[target]
        targets.append(target)
    return pl.DataFrame({"alias": list(aliases), "target": targets}, schema={"alias": pl.String, "target": pl.String})
