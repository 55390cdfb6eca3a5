"""Recurring revenue that two sources tell, held against each other: never blended, and what differs is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice

import polars as pl

from saasmetrics.books.balances import Recurring
from saasmetrics.engine.given import Live
from saasmetrics.finding import Finding, Severity
from saasmetrics.frames.ledger import MONEY

_SHOWN = 5


def by_invoices(lives: Iterable[Live]) -> list[Live]:
    """Those that read recurring revenue from invoices while there are subscriptions too, once for each policies."""
    found = {live.scope.choices: live for live in lives if live.scope.policies.recurring_from == "invoices"}
    return list(found.values())


def reconciled(lives: Iterable[Live]) -> list[Finding]:
    """A warning of the accounts of which subscriptions and invoices tell another revenue on the last visible day.

    Edges: nothing is told where one of the two has no rows, or where both agree to a hundredth.
    """
    findings: dict[str, Finding] = {}
    for live in by_invoices(lives):
        if not all(live.store.tables[role].height for role in ("subscriptions", "invoices")):
            continue
        day = live.unseen_day - timedelta(days=1)
        policies = live.scope.policies.model_copy(update={"recurring_from": "subscriptions"})
        told = _on(live.under(replace(live.scope, policies=policies)), day, "told")
        billed = _on(live, day, "billed")
        both = told.join(billed, on="account", how="full", coalesce=True).fill_null(0).collect()
        apart = both.filter((pl.col("told") - pl.col("billed")).abs() > 12 * MONEY // 100)
        if apart.height:
            size = (pl.col("told") - pl.col("billed")).abs()
            order = apart.with_columns(pl.col("account").cast(pl.String), _size=size)
            finding = _finding(day, both, order.sort("_size", "account", descending=[True, False]))
            findings.setdefault(finding.message, finding)
    return list(findings.values())


def _on(live: Live, day: date, name: str) -> pl.LazyFrame:
    """What recurs on a day. Grain: account. Columns: `account`, and the amount a year under `name`."""
    rows = live.made(Recurring()).filter((pl.col("from") <= day) & (pl.col("to").is_null() | (pl.col("to") > day)))
    return rows.filter(pl.col("account").is_not_null()).group_by("account").agg(pl.col("annual").sum().alias(name))


def _finding(day: date, both: pl.DataFrame, apart: pl.DataFrame) -> Finding:
    def monthly(annual: float | Decimal) -> str:
        return f"{float(annual) / (12 * MONEY):,.2f}"

    rows = islice(apart.iter_rows(named=True), _SHOWN)
    each = [f"{row['account']} {monthly(row['told'])} and {monthly(row['billed'])}" for row in rows]
    more = f", and {apart.height - _SHOWN} more" if apart.height > _SHOWN else ""
    message = (
        f"MRR on {day}: subscriptions say {monthly(both['told'].sum())}, invoices {monthly(both['billed'].sum())}; "
        f"accounts that differ ({apart.height}): {', '.join(each)}{more}"
    )
    hint = "numbers are those of the invoices (`recurring_from: invoices`)"
    return Finding("SM979", Severity.WARNING, message, None, hint, rows=apart.height)
