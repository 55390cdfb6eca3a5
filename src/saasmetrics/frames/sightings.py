"""Sightings: what was seen of events, week by week, small enough to be held against a tracking plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

WEEKS: dict[str, pl.DataType | type[pl.DataType]] = {
    "event": pl.String, "week": pl.Date, "rows": pl.Int64, "known": pl.Int64,
}  # fmt: skip
ACTIVES: dict[str, pl.DataType | type[pl.DataType]] = {"week": pl.Date, "accounts": pl.Int64}
DAYS: dict[str, pl.DataType | type[pl.DataType]] = {"source": pl.String, "day": pl.Date, "rows": pl.Int64}
PAIRS: dict[str, pl.DataType | type[pl.DataType]] = {
    "event": pl.String, "account": pl.String, "rows": pl.Int64, "first": pl.Datetime("us", "UTC"),
    "last": pl.Datetime("us", "UTC"),
}  # fmt: skip
NULLS: dict[str, pl.DataType | type[pl.DataType]] = {
    "event": pl.String, "column": pl.String, "week": pl.Date, "nulls": pl.Int64,
}  # fmt: skip
RUNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "workflow": pl.String, "week": pl.Date, "successes": pl.Int64, "orphans": pl.Int64,
}  # fmt: skip
BUCKETS: dict[str, pl.DataType | type[pl.DataType]] = {
    "segment": pl.String, "accounts": pl.Int64, "unnamed": pl.Int64, "example": pl.String,
}  # fmt: skip
ACTIVE: dict[str, pl.DataType | type[pl.DataType]] = {
    "source": pl.String, "account": pl.String, "rows": pl.UInt32, "first": pl.Date, "last": pl.Date,
}  # fmt: skip


def _none(schema: Mapping[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    return pl.DataFrame(schema=schema)


@dataclass(frozen=True)
class Sightings:
    """What the logs of events, and a few other rows, look like.

    Grain: `weeks` an event and a week: its rows, and those whose account is in `accounts`; `actives` a week: accounts
    with any row; `days` a log and a local day; `pairs` an event and an account; `nulls` an event, a column that the
    plan reads on it, and a week; `runs` a workflow and the week of a run's first success: runs that succeeded, and
    those without an attempt; `buckets` a segment: accounts with a value, those that no bucket takes, and one such
    value; `active` a log and an account: its rows, the local days of the first and of the last. Edges: `as_of` is the
    first instant that is not seen, in anything but `active`. `columns` are those of the logs of events; rows that
    repeat an id count each time.
    """

    as_of: datetime
    weeks: pl.DataFrame = field(default_factory=lambda: _none(WEEKS))
    actives: pl.DataFrame = field(default_factory=lambda: _none(ACTIVES))
    days: pl.DataFrame = field(default_factory=lambda: _none(DAYS))
    pairs: pl.DataFrame = field(default_factory=lambda: _none(PAIRS))
    nulls: pl.DataFrame = field(default_factory=lambda: _none(NULLS))
    runs: pl.DataFrame = field(default_factory=lambda: _none(RUNS))
    buckets: pl.DataFrame = field(default_factory=lambda: _none(BUCKETS))
    columns: frozenset[str] | None = None
    active: pl.DataFrame = field(default_factory=lambda: _none(ACTIVE))
