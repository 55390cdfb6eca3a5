"""Rows lie in the future of all others.

Flags: rows of what has happened (accounts, users, invoices, tickets, surveys, incidents, leads, opportunities, touches)
and last events of accounts that lie a year and more after the day up to which the data reaches; or, where there are a
hundred and more, a year and more after 99 of 100 of the same source. With an as-of nothing is in its future.
Why: a wrong year moves the end of the data, so that periods are complete that have not begun, and what is new seems
old.
Example: `2062-03-01` for `2026-03-01`.
Fix: correct the rows at their source, or leave them out with a `filter`.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.frames.observed import Observed
from saasmetrics.lint.data.told import of_sources, some_of
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told

_HAPPENED = (
    "accounts",
    "users",
    "invoices",
    "tickets",
    "surveys",
    "incidents",
    "leads",
    "opportunities",
    "touches",
)
_YEAR, _MOST, _ENOUGH = pl.duration(days=366), 0.99, 100


def _check(_reading: Reading, seen: Observed) -> Iterator[Told]:
    if seen.asked:
        return
    parts = [rows.select("source", "day") for role, rows in seen.days.items() if role in _HAPPENED]
    parts.append(seen.active.select("source", day="last"))
    days = pl.concat(parts)
    usual = pl.col("day").sort().gather(((pl.len() - 1) * _MOST).floor().cast(pl.Int64)).first().over("source")
    late = (pl.col("day") >= seen.today + _YEAR) | (
        (pl.len().over("source") >= _ENOUGH) & (pl.col("day") >= usual + _YEAR)
    )
    found = days.filter(late).select("source", key=pl.col("day").dt.to_string("%Y-%m-%d"))

    def says(source: str, number: int, _keys: int) -> str:
        last = str(found.filter(pl.col("source") == source)["key"].max())
        return f"{some_of(source, number, 'row', 'lies', 'lie')} in the future of the others, the last on {last}"

    yield from of_sources(found, says, "correct them at their source, or leave them out with a filter")


RULE = Rule("SM954", "future-row", Severity.WARNING, __doc__, check_rows=_check)
