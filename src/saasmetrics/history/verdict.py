"""Why a number that was told is another one now: five answers, each with its code and its weight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from saasmetrics.finding import Severity, counted


@dataclass(frozen=True)
class Verdict:
    """One answer. `word` is for rows, `title` for people."""

    word: str
    code: str
    severity: Severity
    title: str


DEFINITION = Verdict("definition", "SM930", Severity.NOTE, "the definition changed")
LATE = Verdict("late", "SM931", Severity.WARNING, "rows came late")
EDITED = Verdict("edited", "SM932", Severity.WARNING, "rows that were there were changed")
DELETED = Verdict("deleted", "SM933", Severity.WARNING, "rows that were there are gone")
UNEXPLAINED = Verdict("unexplained", "SM934", Severity.ERROR, "nothing explains it")
VERDICTS = (UNEXPLAINED, DELETED, EDITED, LATE, DEFINITION)
"""The heaviest first: what a number gets that several of them are true of."""

BY_WORD = {each.word: each for each in VERDICTS}


@dataclass(frozen=True)
class Cause:
    """What rows did to a number: the verdict, how many rows of which sources, and the days they settle for."""

    verdict: Verdict
    added: int = 0
    edited: int = 0
    deleted: int = 0
    sources: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """`1 row of subscriptions changed, 2 added`; nothing for what rows have no part in."""
        counts = [(self.deleted, "gone"), (self.edited, "changed"), (self.added, "added")]
        told = [(count, word) for count, word in counts if count]
        if not told:
            return ""
        (first, word), *others = told
        rows = f"{counted(first, 'row')} of {', '.join(self.sources)} {word}"
        return ", ".join([rows, *(f"{count:,} {word}" for count, word in others)])


def cause(moved: pl.DataFrame, sources: tuple[str, ...], end: date, known: date | None) -> Cause:
    """Why a number changed whose definition is the same.

    `moved` are the rows that changed between the two editions, `sources` those that the metric reads, `end` the first
    day after its period, `known` the first day of which the earlier edition knew nothing; null where rows of days after
    the period are no part of it.
    Edges: rows of days before the period's end explain it first; then those of days that the earlier edition knew, as
    windows and runs reach beyond a period. Later rows explain nothing: a number about the past rests on the past.
    """
    read = moved.filter(pl.col("source").is_in(sources))
    for day in filter(None, (end, known)):
        rows = read.filter(pl.col("since").is_null() | (pl.col("since") < day))
        if rows.height:
            added, edited, deleted = (int(rows[name].sum()) for name in ("added", "edited", "deleted"))
            verdict = DELETED if deleted else EDITED if edited else LATE
            return Cause(verdict, added, edited, deleted, tuple(rows["source"].unique().sort()))
    return Cause(UNEXPLAINED)
