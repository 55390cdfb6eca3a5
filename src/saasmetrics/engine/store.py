"""What is there to read: tables in memory, facts, and how far every source reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal

import polars as pl

from saasmetrics.facts.request import Request
from saasmetrics.frames.canonical import ROLES, types
from saasmetrics.period import Calendar
from saasmetrics.sources.table import MONEY
from saasmetrics.sources.times import EARLIEST, LATEST

TEXT = pl.String()

FEW = 2_000_000
"""Rows below which a plan costs more to prepare than to run."""


@dataclass(frozen=True)
class Store:
    """Everything that was read, once.

    Columns: tables have every canonical column of their role (null where the file has none) and the file's others;
    `account` and `user` are Enums over all ids of the run.
    """

    tables: Mapping[str, pl.DataFrame]
    logs: Mapping[str, Mapping[str, pl.DataType]]
    facts: Mapping[Request, pl.DataFrame] = field(default_factory=dict)
    begins: Mapping[str, datetime] = field(default_factory=dict)
    """By role, the first moment that its rows tell of."""
    missing: frozenset[str] = frozenset()
    """Roles whose sources cannot be used, so that nobody knows their columns."""

    @cached_property
    def engine(self) -> Literal["in-memory", "streaming"]:
        """Which engine collects plans over this: streaming takes about a millisecond a plan before it begins."""
        rows = sum(frame.height for frame in (*self.tables.values(), *self.facts.values()))
        return "in-memory" if rows < FEW else "streaming"

    @cached_property
    def blank(self) -> Store:
        """The same without rows."""
        tables = {role: rows.clear() for role, rows in self.tables.items()}
        return replace(self, tables=tables, facts={request: rows.clear() for request, rows in self.facts.items()})

    @cached_property
    def accounts_change(self) -> bool:
        """Whether any row of accounts says since when it holds."""
        since = self.tables["accounts"]["valid_from"]
        return since.null_count() < len(since)

    def schema(self, role: str) -> Mapping[str, pl.DataType]:
        """Columns of a role, of tables and logs alike; canonical ones are always there."""
        if role in self.tables:
            return self.tables[role].schema
        canonical = {name: pl_type(types()[column.kind]) for name, column in ROLES[role].columns.items()}
        return {**canonical, **self.logs.get(role, {}), "source": TEXT}


def pl_type(dtype: pl.DataType | type[pl.DataType]) -> pl.DataType:
    """A data type as an instance."""
    return dtype if isinstance(dtype, pl.DataType) else dtype()


def whole(rows: pl.DataFrame, role: str) -> pl.DataFrame:
    """A table with every canonical column of its role."""
    missing = [
        pl.lit(None, dtype=pl_type(types()[column.kind])).alias(name)
        for name, column in ROLES[role].columns.items()
        if name not in rows.columns
    ]
    source = [] if "source" in rows.columns else [pl.lit(role).alias("source")]
    rate = [pl.lit(1.0).alias("rate")] if role in MONEY and "rate" not in rows.columns else []
    return rows.with_columns(*missing, *source, *rate)


def usable(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of a table, as it was collected, that count."""
    return rows.filter(pl.col("_fault").is_null()).drop("_fault", "_seen")


def empty(role: str) -> pl.DataFrame:
    """A table without rows."""
    return whole(pl.DataFrame({"source": []}, schema={"source": pl.String}), role)


@dataclass(frozen=True)
class Reach:
    """How far rows reach: the first moment they tell of, and the first instant after the newest.

    `by_day` says that the newest is known by its day alone, so that the day counts as a whole.
    """

    first: datetime
    last: datetime
    by_day: bool = False

    def wider(self, other: Reach | None) -> Reach:
        """Both together."""
        if other is None:
            return self
        later = self if self.last >= other.last else other
        return Reach(min(self.first, other.first), later.last, later.by_day)


def reach(rows: pl.DataFrame, role: str, calendar: Calendar) -> Reach | None:
    """How far a table reaches; None without any time.

    Edges: ends and dates that lie ahead by nature (end, expected_close, trial_end, discount_end) say nothing.
    """
    ahead = {"end", "expected_close", "trial_end", "discount_end", "valid_to", "valid_from"}
    found: Reach | None = None
    for name, column in ROLES[role].columns.items():
        if name in ahead or name not in rows.columns or column.kind not in ("time", "day"):
            continue
        low, high = rows[name].clip(EARLIEST, LATEST).min(), rows[name].clip(EARLIEST, LATEST).max()
        if isinstance(low, date) and isinstance(high, date):
            found = moment_reach(low, high, calendar).wider(found)
    return found


def moment_reach(low: date | datetime, high: date | datetime, calendar: Calendar) -> Reach:
    """The reach of a span: instants as they are; days, and instants at the first moment of a day, by their day."""
    first = low if isinstance(low, datetime) else calendar.start_of(low)
    day = min(calendar.local_day(high) if isinstance(high, datetime) else high, LATEST - timedelta(days=3))
    if isinstance(high, datetime) and high != calendar.start_of(day):
        return Reach(first, high + timedelta(microseconds=1))
    return Reach(first, calendar.start_of(day + timedelta(days=1)), by_day=True)
