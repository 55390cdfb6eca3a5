"""The source rows behind a number: a second look into the files, for one account or one period."""

from __future__ import annotations

from datetime import date

import polars as pl

from saasmetrics.books.happenings import matches
from saasmetrics.definitions.selection import Selector
from saasmetrics.engine.given import Asked, Live
from saasmetrics.engine.reaching import STATE
from saasmetrics.expression import parse
from saasmetrics.facts.request import Runs
from saasmetrics.frames.canonical import ROLES
from saasmetrics.sources.log import Log
from saasmetrics.sources.marks import UNREAD
from saasmetrics.sources.open import Sources


def source_rows(
    live: Live, sources: Sources, asked: Asked, account: str | None, first: date, end: date
) -> pl.DataFrame:
    """Canonical rows that a metric reads, of one account if named, with a time in `first <= day < end`.

    Grain: a row of a source. Columns: `source`, the canonical columns that are not empty.
    Edges: rows that live over time (subscriptions, users, accounts) are shown when they are there at any moment of the
    period; repeats and faulty rows are not shown.
    """
    found: list[pl.DataFrame] = []
    selectors = _selectors(asked)
    for log in sources.logs.values():
        own = [selector for selector in selectors if selector.role == log.role and selector.source in (None, log.name)]
        if own:
            found.append(_logged(live, log, own, account, first, end))
    tables = [role for role in asked.roles if not ROLES[role].log and (role not in STATE or len(asked.roles) == 1)]
    found.extend(_listed(live, role, account, first, end) for role in tables)
    rows = pl.concat([part for part in found if part.height] or found[:1] or [pl.DataFrame()], how="diagonal_relaxed")
    filled = [name for name in rows.columns if rows[name].null_count() < rows.height]
    order = [name for name in ("source", "account", "at", "start", "id") if name in filled]
    return rows.select(order + [name for name in filled if name not in order]).sort(order, nulls_last=True)


def _selectors(asked: Asked) -> list[Selector]:
    out: dict[Selector, None] = {}
    for request in asked.requests:
        chosen = (
            (*request.attempt, *request.success, *request.failure) if isinstance(request, Runs) else request.selectors
        )
        out.update(dict.fromkeys(chosen))
    return list(out)


def _logged(
    live: Live, log: Log, selectors: list[Selector], account: str | None, first: date, end: date
) -> pl.DataFrame:
    condition = pl.lit(False)
    for selector in selectors:
        condition = condition | matches(live, log.role, selector)
    read = {name for selector in selectors if selector.filter for name in parse(selector.filter).columns}
    lacking = {name: pl.lit(None, dtype=pl.String) for name in sorted(read - set(log.columns))}
    begin, until = live.calendar.start_of(first), min(live.calendar.start_of(end), live.as_of)
    inside = (pl.col("at") >= begin) & (pl.col("at") < until)
    parts = []
    for file in log.files:
        rows = log.scan(file, tuple(log.columns)).with_columns(source=pl.lit(log.name), **lacking)
        rows = rows.filter(pl.col("_fault").is_null())
        if account is not None:
            rows = rows.filter(pl.col("account") == account)
        parts.append(rows.filter(inside).filter(condition).drop("_fault", UNREAD, *lacking, strict=False))
    found = pl.concat(pl.collect_all(parts), how="diagonal_relaxed")
    return found.unique("id", keep="first", maintain_order=True) if log.id else found


def _listed(live: Live, role: str, account: str | None, first: date, end: date) -> pl.DataFrame:
    rows = (
        live.table(role).with_columns(pl.col("account").cast(pl.String))
        if "account" in live.schema(role)
        else live.table(role)
    )
    if account is not None and "account" in live.schema(role):
        rows = rows.filter(pl.col("account") == account)
    at = ROLES[role].at
    if at:
        schema = live.schema(role)
        day = pl.col(at) if schema[at] == pl.Date else live.calendar.day_expr(pl.col(at))
        lasting = next((name for name in ("end", "closed", "resolved", "ended") if name in schema), None)
        over = pl.lit(True)
        if lasting:
            last = pl.col(lasting) if schema[lasting] == pl.Date else live.calendar.day_expr(pl.col(lasting))
            over = last.is_null() | (last >= first)
        rows = rows.filter((day < end) & (over if lasting else day >= first))
    return rows.collect()
