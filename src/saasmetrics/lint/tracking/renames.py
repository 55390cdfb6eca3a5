"""Renames: an event that stopped, and one that began then, came as often and from the same accounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from difflib import SequenceMatcher

import polars as pl

from saasmetrics.lint.tracking.tracked import Tracked

GAP = timedelta(days=14)
"""So far apart may the last row of the old name and the first of the new one be."""

ALIKE, NEAR, STEM = 0.5, 0.6, 4


def renames(tracked: Tracked) -> Iterator[tuple[str, str]]:
    """Pairs of an old name and its likely new one.

    Edges: the new one may be referred to already, which settles it. More than half of the accounts that were there
    before and after, and had either, had both; they came as often, within a factor of two; their names share a stem, or
    most of their letters.
    """
    pairs = tracked.seen.pairs
    spans = pairs.group_by("event").agg(pl.col("first").min(), pl.col("last").max(), pl.col("rows").sum())
    named = {row["event"]: row for row in spans.iter_rows(named=True)}
    for old in tracked.silent:
        if old not in named:
            continue
        end = named[old]["last"]
        candidates = [
            new
            for new, row in sorted(named.items())
            if abs(row["first"] - end) <= GAP and _is_near(old, new)
            if new in tracked.plan.events or not tracked.is_known(new)
        ]
        alike = {new: _overlap(pairs, old, new, end) for new in candidates if _often(named[old], named[new])}
        best = max(alike, key=lambda new: alike[new], default=None)
        if best is not None and alike[best] > ALIKE:
            yield old, best


def _is_near(old: str, new: str) -> bool:
    ratio = SequenceMatcher(None, old, new).ratio()
    stems = {part[:STEM] for part in old.split("_") if len(part) >= STEM}
    return ratio >= NEAR or bool(stems & {part[:STEM] for part in new.split("_") if len(part) >= STEM})


def _often(old: dict[str, object], new: dict[str, object]) -> bool:
    paces = [_pace(old), _pace(new)]
    return max(paces) <= 2 * min(paces)


def _pace(span: dict[str, object]) -> float:
    """Rows a day between the first and the last."""
    first, last, rows = span["first"], span["last"], span["rows"]
    if not isinstance(first, datetime) or not isinstance(last, datetime) or not isinstance(rows, int):
        return 0.0
    return rows / max((last - first) / timedelta(days=1), 1.0)


def _overlap(pairs: pl.DataFrame, old: str, new: str, end: datetime) -> float:
    """Of the accounts that were there before and after and had one of the two, the share that had both."""
    lives = pairs.group_by("account").agg(pl.col("first").min(), pl.col("last").max())
    there = lives.filter(pl.col("first") < end, pl.col("last") > end).select("account")
    had = pairs.filter(pl.col("event").is_in([old, new])).join(there, on="account", how="semi")
    both = had.group_by("account").agg(names=pl.col("event").n_unique())
    return float((both["names"] == 2).sum()) / both.height if both.height else 0.0
