"""Rows that should follow each other are there at the same time.

Flags: subscriptions of one account, plan and product, or versions of one account, of which one begins before the other
has ended.
Why: money of both is added up while both last; of an account that has two sizes at once either may be counted.
Example: an export that keeps the old price beside the new one, without an end.
Fix: end the earlier row where the later begins; or map what tells the two apart, as the seat or the product.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from saasmetrics.finding import Severity, counted
from saasmetrics.frames.observed import Observed
from saasmetrics.lint.data.told import of_sources, some_of
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told

_SPANS = {"subscriptions": ("start", "end"), "accounts": ("valid_from", "valid_to")}
_APART = ("plan", "product", "kind", "currency")


def _check(_reading: Reading, seen: Observed) -> Iterator[Told]:
    for role, (start, end) in _SPANS.items():
        rows = seen.tables.get(role)
        if rows is None or start not in rows.columns or end not in rows.columns:
            continue
        same = ["account", *(name for name in _APART if name in rows.columns and role == "subscriptions")]
        if role == "subscriptions" and not {"plan", "product"} & {*same}:
            continue  # nothing tells what an account has several of
        until = pl.col(end).fill_null(date.max)
        spans = rows.filter(until > pl.col(start).fill_null(date.min)).sort(*same, start, end, nulls_last=True)
        before = until.cum_max().shift().over(same)
        found = spans.filter(pl.col(start).fill_null(date.min) < before)
        yield from of_sources(found.select("source", key=pl.col("account")), _SAYS[role], _HINTS[role])


def _subscriptions(source: str, number: int, keys: int) -> str:
    begin = f"{some_of(source, number, 'row', 'begins', 'begin')} before another of the same account and plan has ended"
    return f"{begin}: {counted(keys, 'account')}"


def _accounts(source: str, number: int, keys: int) -> str:
    return f"{some_of(source, number, 'row', 'holds', 'hold')} while another of the same account does: {keys:,} of them"


_SAYS = {"subscriptions": _subscriptions, "accounts": _accounts}
_HINTS = {
    "subscriptions": "end the earlier row where the later begins, or map what tells them apart",
    "accounts": "end the earlier row where the later begins",
}
RULE = Rule("SM953", "overlapping-rows", Severity.WARNING, __doc__, check_rows=_check)
