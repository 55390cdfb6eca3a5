"""The rows that count, collected once more for what they say of each other."""

from __future__ import annotations

from datetime import date

import polars as pl

from saasmetrics.frames.canonical import ROLES
from saasmetrics.frames.observed import Observed
from saasmetrics.period import Calendar
from saasmetrics.sources import aliases
from saasmetrics.sources.broken import broken_files_told
from saasmetrics.sources.open import Sources

_ACTIVE = {"source": pl.String, "account": pl.String, "rows": pl.UInt32, "first": pl.Date, "last": pl.Date}


def observed(sources: Sources, calendar: Calendar, today: date, *, asked: bool = False) -> Observed:
    """Read the tables, and of logs of events the days of each account. Raises: InputError (exit 3) for a torn file."""
    frames = {role: table.frame for role, table in sources.tables.items()}
    logs = [(name, log) for name, log in sources.logs.items() if log.role == "events"]
    scans = [
        log.scan(file, ("account", "at")).with_columns(source=pl.lit(name)) for name, log in logs for file in log.files
    ]
    found = [rows.filter(pl.col("_fault").is_null()).select("source", "account", "at") for rows in scans]
    if sources.aliases is not None:
        found = [aliases.merged(rows, sources.aliases) for rows in found]
    each = [
        rows.group_by("source", pl.col("account").cast(pl.String)).agg(
            rows=pl.len(), first=pl.col("at").min(), last=pl.col("at").max()
        )
        for rows in found
    ]
    with broken_files_told(file for files in sources.files.values() for file in files):
        tables = pl.collect_all(list(frames.values()))
        active = (pl.concat(each) if each else _none()).collect(engine="streaming")
    usable = {
        role: rows.filter(pl.col("_fault").is_null()).drop("_fault", "_seen")
        for role, rows in zip(frames, tables, strict=True)
    }
    whole = active.group_by("source", "account").agg(
        pl.col("rows").sum(),
        calendar.day_expr(pl.col("first").min()).alias("first"),
        calendar.day_expr(pl.col("last").max()).alias("last"),
    )
    days = {role: _days(role, rows, calendar) for role, rows in usable.items() if ROLES[role].at in rows.columns}
    return Observed(usable, whole.sort("source", "account"), today, days, asked)


def _none() -> pl.LazyFrame:
    times = dict.fromkeys(("first", "last"), pl.Datetime("us", "UTC"))
    return pl.LazyFrame(schema={**_ACTIVE, **times})


def _days(role: str, rows: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    at = str(ROLES[role].at)
    day = pl.col(at) if rows.schema[at] == pl.Date else calendar.day_expr(pl.col(at))
    account = [pl.col("account").cast(pl.String)] if "account" in rows.columns else []
    return rows.select("source", *account, day=day)
