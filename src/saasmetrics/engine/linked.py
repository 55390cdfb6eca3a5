"""What accounts did of the North Star when they were new, and whether they were kept."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.rows import Rows
from saasmetrics.period import Grain
from saasmetrics.sources import aliases
from saasmetrics.sources.open import Sources

FIRST, FROM, UNTIL = timedelta(days=28), timedelta(days=56), timedelta(days=84)
"""New is an account for four weeks; it was kept when it succeeded at something in weeks nine to twelve."""


def linked(definitions: Definitions, sources: Sources, as_of: datetime) -> pl.DataFrame | None:
    """Grain: an account that was created since the log began, and twelve weeks ago or earlier.

    Columns: `cohort` (month of its creation), `account`, `amount` (rows of the North Star in its first four weeks),
    `kept` (whether a core workflow succeeded in weeks nine to twelve).
    Edges: null where the North Star does not count successes of a workflow made of plain events, or without a log of
    events or accounts.
    """
    star, kept = _star(definitions), _events(definitions, None)
    logs = [log for log in sources.logs.values() if log.role == "events"]
    if not star or not kept or not logs or "accounts" not in sources.tables:
        return None
    scans = [log.scan(file, ("event", "at", "account")) for log in logs for file in log.files]
    rows = pl.concat(scans, how="diagonal_relaxed").filter(pl.col("_fault").is_null(), pl.col("at") < as_of)
    if sources.aliases is not None:
        rows = aliases.merged(rows, sources.aliases)
    calendar, began = definitions.settings.calendar, rows.select(pl.col("at").min())
    created = sources.tables["accounts"].frame.filter(pl.col("_fault").is_null())
    created = created.group_by("account").agg(pl.col("created").min())
    age = pl.col("at") - pl.col("created")
    done = rows.filter(pl.col("event").is_in(sorted({*star, *kept}))).join(created, on="account", how="left")
    by_account = done.group_by("account").agg(
        amount=((age >= timedelta()) & (age < FIRST) & pl.col("event").is_in(star)).sum(),
        kept=((age >= FROM) & (age < UNTIL) & pl.col("event").is_in(kept)).any(),
    )
    accounts, first = pl.collect_all([created.join(by_account, on="account", how="left"), began], engine="streaming")
    return (
        accounts.filter(pl.col("created") >= first.item(), pl.col("created") <= as_of - UNTIL)
        .select(
            cohort=calendar.floor_expr(calendar.day_expr(pl.col("created")), Grain.MONTH),
            account=pl.col("account").cast(pl.String),
            amount=pl.col("amount").fill_null(0).cast(pl.Int64),
            kept=pl.col("kept").fill_null(value=False),
        )
        .sort("cohort", "account")
    )


def _star(definitions: Definitions) -> list[str]:
    """Events of the workflow whose successes the North Star counts."""
    address = definitions.address(definitions.north_star) if definitions.north_star else None
    if address is None or address.metric != "workflow_successes":
        return []
    return _events(definitions, address.cut[0] if address.cut else None)


def _events(definitions: Definitions, workflow: str | None) -> list[str]:
    """Success events of one workflow, or of every core one; none where they are more than plain events."""
    blocks = [
        block for name, block in definitions.workflows.items() if name == workflow or (not workflow and block.core)
    ]
    members = [member for block in blocks for member in (block.success.any or (block.success,))]
    plain = all(
        _is_plain(rows) for rows in (*members, *(block.success for block in blocks if block.success.any is None))
    )
    return sorted({member.event for member in members if member.event is not None}) if plain else []


def _is_plain(rows: Rows) -> bool:
    return rows.event is not None and rows.filter is None
