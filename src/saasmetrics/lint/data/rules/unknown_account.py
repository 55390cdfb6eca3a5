"""Rows belong to accounts that the source of accounts does not have.

Flags: rows of users, subscriptions, invoices, tickets, surveys or events whose account is not among those of
`accounts`.
Why: such rows belong to no segment and to no cohort, and it is seldom known that they are missing there.
Example: subscriptions by the customer id of billing, and accounts by the id of the product.
Fix: map the same id in both, add a source `aliases`, or export the accounts again.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from saasmetrics.finding import Severity, counted
from saasmetrics.frames.canonical import IN_THEMSELVES
from saasmetrics.frames.observed import Observed
from saasmetrics.lint.data.told import of_sources, some_of
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told


def _check(_reading: Reading, seen: Observed) -> Iterator[Told]:
    if "accounts" not in seen.tables or not seen.tables["accounts"].height:
        return
    known = seen.tables["accounts"].select(pl.col("account").cast(pl.String))
    parts = [seen.active.select("source", "account", "rows")]
    for role, rows in seen.tables.items():
        if role not in {"accounts", *IN_THEMSELVES} and "account" in rows.columns:
            parts.append(rows.group_by("source", pl.col("account").cast(pl.String)).agg(rows=pl.len()))
    rows = pl.concat(parts).drop_nulls("account").join(known, on="account", how="anti").rename({"account": "key"})

    def says(source: str, number: int, keys: int) -> str:
        return (
            f"{some_of(source, number, 'row', 'belongs', 'belong')} to {counted(keys, 'account')} that accounts has not"
        )

    yield from of_sources(rows, says, "map the same id in both, or add a source aliases")


RULE = Rule("SM952", "unknown-account", Severity.WARNING, __doc__, check_rows=_check)
