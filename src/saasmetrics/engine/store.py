"""What is there to read: tables in memory, facts, and how far every source reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import polars as pl

from saasmetrics.facts.request import Request
from saasmetrics.frames.canonical import DTYPES, ROLES
from saasmetrics.period import Calendar

TEXT = pl.String()


@dataclass(frozen=True)
class Store:
    """Everything that was read, once.

    Columns: tables have every canonical column of their role (null where the file has none) and the file's others;
    `account` and `user` are Enums over all ids of the run.
    """

    tables: Mapping[str, pl.DataFrame]
    logs: Mapping[str, Mapping[str, pl.DataType]]
    facts: Mapping[Request, pl.DataFrame] = field(default_factory=dict)

    def schema(self, role: str) -> Mapping[str, pl.DataType]:
        """Columns of a role, of tables and logs alike; canonical ones are always there."""
        if role in self.tables:
            return self.tables[role].schema
        canonical = {name: pl_type(DTYPES[column.kind]) for name, column in ROLES[role].columns.items()}
        return {**canonical, **self.logs.get(role, {}), "source": TEXT}


def pl_type(dtype: pl.DataType | type[pl.DataType]) -> pl.DataType:
    """A data type as an instance."""
    return dtype if isinstance(dtype, pl.DataType) else dtype()


def whole(rows: pl.DataFrame, role: str) -> pl.DataFrame:
    """A table with every canonical column of its role."""
    missing = [
        pl.lit(None, dtype=pl_type(DTYPES[column.kind])).alias(name)
        for name, column in ROLES[role].columns.items()
        if name not in rows.columns
    ]
    source = [] if "source" in rows.columns else [pl.lit(role).alias("source")]
    return rows.with_columns(*missing, *source)


def empty(role: str) -> pl.DataFrame:
    """A table without rows."""
    return whole(pl.DataFrame({"source": []}, schema={"source": pl.String}), role)


def reach(rows: pl.DataFrame, role: str, calendar: Calendar) -> tuple[datetime, datetime] | None:
    """First and last moment that a table tells of: instants as they are, a day by its end; None without any.

    Edges: the last moment is the first instant after the newest row. Ends and dates that lie ahead by nature (end,
    expected_close, trial_end, discount_end, valid_to) say nothing.
    """
    ahead = {"end", "expected_close", "trial_end", "discount_end", "valid_to", "valid_from"}
    first: list[datetime] = []
    last: list[datetime] = []
    for name, column in ROLES[role].columns.items():
        if name in ahead or name not in rows.columns or column.kind not in ("time", "day"):
            continue
        low, high = rows[name].min(), rows[name].max()
        if isinstance(low, datetime) and isinstance(high, datetime):
            first.append(low)
            last.append(high + timedelta(microseconds=1))
        elif isinstance(low, date) and isinstance(high, date):
            first.append(calendar.start_of(low))
            last.append(calendar.start_of(high + timedelta(days=1)))
    return (min(first), max(last)) if first else None
