"""Accounts did something before they were there.

Flags: accounts whose first event, subscription or invoice lies on a day before the one on which they were created.
Why: time to value and retention count from the creation; what came before it is in no cohort.
Example: accounts that were moved into a new CRM and got its date.
Fix: map the day on which an account began, as the first invoice or the sign-up, to `created`.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from saasmetrics.finding import Severity, counted
from saasmetrics.frames.observed import Observed
from saasmetrics.lint.data.told import of_sources, some_of
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told


def _check(_reading: Reading, seen: Observed) -> Iterator[Told]:
    created = seen.days.get("accounts")
    if created is None:
        return
    began = created.group_by("account").agg(created=pl.col("day").min())
    firsts = [
        seen.days[role].group_by("source", "account").agg(pl.col("day").min())
        for role in ("subscriptions", "invoices")
        if role in seen.days
    ]
    parts = [seen.active.select("source", "account", day="first"), *firsts]
    found = pl.concat(parts).join(began, on="account").filter(pl.col("day") < pl.col("created"))

    def says(source: str, number: int, _keys: int) -> str:
        most = found.filter(pl.col("source") == source).select(
            (pl.col("created") - pl.col("day")).dt.total_days().max()
        )
        days = counted(int(most.item()), "day")
        began = some_of(source, number, "account", "began before it was", "began before they were")
        return f"{began} created, by up to {days}"

    yield from of_sources(found.select("source", key="account"), says, "map the day on which they began to created")


RULE = Rule("SM955", "before-account", Severity.WARNING, __doc__, check_rows=_check)
