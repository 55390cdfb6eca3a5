"""An account pays in several currencies.

Flags: accounts whose subscriptions, or whose invoices, are in more than one currency.
Why: what they pay moves with the rate, so that expansion and contraction are seen where nobody changed anything.
Example: an account that was moved from dollars to euros, with both subscriptions open.
Fix: end the subscription in the old currency, or accept it where an account has branches.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.frames.observed import Observed
from saasmetrics.lint.data.told import of_sources, some_of
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told


def _check(_reading: Reading, seen: Observed) -> Iterator[Told]:
    for role in ("subscriptions", "invoices"):
        rows = seen.tables.get(role)
        if rows is None or "currency" not in rows.columns:
            continue
        each = (
            rows.drop_nulls("currency")
            .group_by("source", pl.col("account").cast(pl.String))
            .agg(several=pl.col("currency").n_unique())
        )
        found = each.filter(pl.col("several") > 1).select("source", key="account")
        yield from of_sources(found, _says, "end what is in the old currency, or accept it")


def _says(source: str, number: int, _keys: int) -> str:
    return f"{some_of(source, number, 'account', 'pays', 'pay')} in several currencies"


RULE = Rule("SM959", "several-currencies", Severity.NOTE, __doc__, check_rows=_check)
