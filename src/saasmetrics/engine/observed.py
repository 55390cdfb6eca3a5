"""The rows that count, for what they say of each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

import polars as pl

from saasmetrics.engine.store import usable
from saasmetrics.frames.canonical import ROLES
from saasmetrics.frames.observed import Observed
from saasmetrics.frames.sightings import ACTIVE, Sightings
from saasmetrics.period import Calendar
from saasmetrics.sources.broken import broken_files_told
from saasmetrics.sources.open import Sources


def observed(
    sources: Sources,
    calendar: Calendar,
    today: date,
    seen: Sightings | None,
    tables: Mapping[str, pl.DataFrame] = MappingProxyType({}),
    *,
    asked: bool = False,
) -> Observed:
    """The usable rows of all tables, those that are not among `tables` read, and what was `seen` of logs of events.

    Raises: InputError (exit 3) for a torn file.
    """
    unread = {role: table.frame for role, table in sources.tables.items() if role not in tables}
    with broken_files_told(file for files in sources.files.values() for file in files):
        read = dict(zip(unread, map(usable, pl.collect_all(list(unread.values()))), strict=True))
    rows = {role: read[role] if role in read else tables[role] for role in sources.tables}
    active = seen.active if seen is not None else pl.DataFrame(schema=ACTIVE)
    days = {role: _days(role, own, calendar) for role, own in rows.items() if ROLES[role].at in own.columns}
    return Observed(rows, active, today, days, asked)


def _days(role: str, rows: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    at = str(ROLES[role].at)
    day = pl.col(at) if rows.schema[at] == pl.Date else calendar.day_expr(pl.col(at))
    account = [pl.col("account").cast(pl.String)] if "account" in rows.columns else []
    return rows.select("source", *account, day=day)
