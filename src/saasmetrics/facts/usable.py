"""Which rows of a source count: those without a fault that the as-of does not hide."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from saasmetrics.facts.pack import Flags
from saasmetrics.facts.result import Read
from saasmetrics.sources.marks import UNREAD

FAULT = "_fault"
KNOWN = "known_at"


@dataclass
class Count:
    """Rows of one source so far: read, left out, used; and the earliest and latest time of those used.

    `unread` counts, by column, cells of used rows that are no numbers where numbers are wanted.
    """

    rows: int = 0
    hidden: int = 0
    repeats: int = 0
    used: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    times: list[datetime] = field(default_factory=list)
    reached: list[int] = field(default_factory=list)
    """The first and the last time, in microseconds, of rows that anybody asks for."""

    def add(self, other: Count) -> None:
        """Take in the count of further rows."""
        self.rows += other.rows
        self.hidden += other.hidden
        self.repeats += other.repeats
        self.used += other.used
        self.faults.update(other.faults)
        self.unread.update(other.unread)
        self._span([*self.times, *other.times])
        self.reach(other.reached)

    def reach(self, span: list[int]) -> None:
        """Take in the first and the last time of further rows."""
        ends = [*self.reached, *span]
        self.reached = [min(ends), max(ends)] if ends else []

    def use(self, times: pl.Series) -> None:
        """Count rows as used, given their times."""
        self.used += len(times)
        if len(times):
            self._span([*self.times, times.min(), times.max()])

    def _span(self, times: list[Any]) -> None:
        self.times = [min(times), max(times)] if times else []

    def not_read(self, rows: pl.DataFrame, usable: Flags) -> None:
        """Count cells of usable rows that are no numbers where they should be, as the source found them."""
        if UNREAD in rows.columns and rows[UNREAD].null_count() < rows.height:
            cells = rows[UNREAD].filter(pl.Series(usable)).drop_nulls()
            self.unread.update(dict(cells.value_counts().iter_rows()))

    @property
    def read(self) -> Read:
        """The finished count."""
        first, last = self.times or (None, None)
        faults, unread = (dict(sorted(counts.items())) for counts in (self.faults, self.unread))
        return Read(self.rows, self.used, faults, self.hidden, self.repeats, first, last, unread)


def sift(rows: pl.DataFrame, main: str, as_of: datetime | None, kept: Flags | None = None) -> tuple[Flags, Count]:
    """Which rows are usable, and the count of those that are not; with `kept` the others are no rows.

    Edges: a row without a time is a fault even if its source did not say so; a row is hidden when it happened, or
    became known, at the as-of or later; an unknown `known_at` hides nothing.
    """
    if not (rows[FAULT].null_count() < rows.height or rows[main].null_count() or as_of):
        return (np.ones(rows.height, np.bool_), Count(rows.height)) if kept is None else (kept, Count(int(kept.sum())))
    if kept is not None:
        judged = rows.select(name for name in (FAULT, main, KNOWN) if name in rows.columns)
        among, count = sift(judged.filter(pl.Series(kept)), main, as_of)
        usable = np.zeros(rows.height, np.bool_)
        usable[kept] = among
        return usable, count
    fault = pl.coalesce(FAULT, pl.when(pl.col(main).is_null()).then(pl.lit(f"missing:{main}")))
    hidden = pl.lit(value=False)
    if as_of is not None:
        hidden = pl.col(main) >= as_of
        if KNOWN in rows.columns:
            hidden = hidden | (pl.col(KNOWN) >= as_of).fill_null(value=False)
    seen = rows.select(fault.alias(FAULT), hidden=hidden.fill_null(value=False) & fault.is_null())
    count = Count(rows.height)
    if seen[FAULT].null_count() == rows.height and not seen["hidden"].any():
        return np.ones(rows.height, np.bool_), count
    count.hidden = int(seen["hidden"].sum())
    count.faults.update(dict(seen[FAULT].drop_nulls().value_counts().iter_rows()))
    return seen.select(pl.col(FAULT).is_null() & ~pl.col("hidden")).to_series().to_numpy(), count
