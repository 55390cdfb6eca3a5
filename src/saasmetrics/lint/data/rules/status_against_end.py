"""The status of a subscription and its end say different things.

Flags: subscriptions that are cancelled or expired by their `status` and have no `end`, and those that are active by it
and ended a month ago or earlier.
Why: money is counted by the end. Without one a cancelled subscription is earned for ever.
Example: a CRM in which somebody sets the status, while nobody enters the day.
Fix: map the column of the end, or fill it from the day of the cancellation; correct the status where the end is right.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.frames.observed import Observed
from saasmetrics.lint.data.told import of_sources, some_of
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told

_ENDED = ("canceled", "cancelled", "expired", "churned", "ended", "terminated", "closed")
_LIVE = ("active", "live", "paying")
_MONTH = pl.duration(days=31)


def _check(_reading: Reading, seen: Observed) -> Iterator[Told]:
    rows = seen.tables.get("subscriptions")
    if rows is None or not {"status", "end"} <= {*rows.columns}:
        return
    status = pl.col("status").str.to_lowercase()
    key = pl.col("id" if "id" in rows.columns else "account").cast(pl.String)
    told = rows.select("source", "end", status=status, key=key)
    endless = told.filter(pl.col("status").is_in(_ENDED) & pl.col("end").is_null())
    over = told.filter(pl.col("status").is_in(_LIVE) & (pl.col("end") + _MONTH <= seen.today))

    def without(source: str, number: int, _keys: int) -> str:
        verbs = ("is over by status and has no end: it earns", "are over by status and have no end: they earn")
        return f"{some_of(source, number, 'row', *verbs)} for ever"

    def still(source: str, number: int, _keys: int) -> str:
        return f"{some_of(source, number, 'row', 'is', 'are')} active by status and ended a month ago or earlier"

    yield from of_sources(endless.select("source", "key"), without, "map the column of the end, or fill it")
    yield from of_sources(over.select("source", "key"), still, "correct the status, or the end")


RULE = Rule("SM957", "status-against-end", Severity.WARNING, __doc__, check_rows=_check)
