"""An edition: what was said at one time about all periods. Its three tables and what stands beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from saasmetrics.frames.accounted import ACCOUNTED
from saasmetrics.frames.values import KEYS, MATURING, NO_INPUT, NOT_APPLICABLE, PARTIAL, value_types

Schema = Mapping[str, pl.DataType | type[pl.DataType]]

SCHEMA = 1
"""Version of the layout; a later one is refused rather than misread."""


SAID: Schema = {
    **value_types(),
    "basis": pl.String,
    "full": pl.String,
    "version": pl.Int64,
    "complete": pl.Boolean,
    "sources": pl.String,
    "beyond": pl.Boolean,
    "edition": pl.Int64,
}
"""`values.parquet`. Grain: metric, cut, stat, grain, period, segment, segment_value. The columns of Values (`period` is
when it was true, `as_of` and `edition` when it was said), and `basis` (`current`), `full` and `version` (the
fingerprint of the definition it was computed by, and its number), `complete` (the period was over and everything in it
known), `sources` (those the metric reads, comma-joined), `beyond` (whether rows of days after the period can be a part
of it, as those of windows and runs are)."""

KEY = tuple(KEYS)

ENTRIES: Schema = ACCOUNTED
"""`entries.parquet`. Grain: metric, cut, grain, period, side, account (null: nobody's). `amount` in units of `scale`,
as the ledger has it; null where the account is no longer there. Only what changed since the edition before, unless the
head says that everything is here."""

ENTRY_KEY = ("metric", "cut", "grain", "period", "side", "account")

SOURCES: Schema = {
    "source": pl.String,
    "role": pl.String,
    "level": pl.String,
    "period": pl.Date,
    "part": pl.UInt64,
    "rows": pl.Int64,
    "first": pl.Datetime("us", "UTC"),
    "last": pl.Datetime("us", "UTC"),
    "columns": pl.String,
    "schema": pl.String,
    "digest": pl.UInt64,
    "extra": pl.UInt64,
}
"""`sources.parquet`. `level` is `source` (one line: rows, span, columns looked at beside the canonical ones, digests of
the names of all columns and of everything), `period` (a line per local day; null for rows without a time) or `part`
(what tells added, changed and deleted rows apart: of a table a line per row key and day, of a log a line per day and
bucket of accounts; only those that changed since the edition before). `digest` is the sum of a hash of each row, so
that neither order nor files make a difference; `extra` the same of columns that have no canonical name. Of a part that
is no longer there `rows` is 0."""

PART_KEY = ("source", "period", "part")

FILES = ("values.parquet", "entries.parquet", "sources.parquet")
HEAD = "edition.json"


@dataclass(frozen=True)
class Edition:
    """One edition as it lies in its folder.

    `altered` names its files that are not what was published, `broken` those that cannot be read at all.
    """

    number: int
    as_of: datetime
    folder: Path
    whole: bool
    tool: str
    digest: str
    previous: str | None
    altered: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """What is to be published: all values, all entries of complete periods, all lines of the sources."""

    as_of: datetime
    values: pl.DataFrame
    entries: pl.DataFrame
    sources: pl.DataFrame
    tool: str = ""


def is_complete() -> pl.Expr:
    """Whether a value is final for what is known: its period is over, and nothing in it is still open."""
    return ~pl.col("status").is_in([PARTIAL, MATURING, NOT_APPLICABLE])


def is_said() -> pl.Expr:
    """Whether a value was told as a number of a complete period, or as there being none to tell of it."""
    return pl.col("complete") & (pl.col("status") != NO_INPUT)


def shaped(rows: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Rows with the columns of a table of an edition, in their order."""
    return rows.select([pl.col(name).cast(dtype) for name, dtype in schema.items()])
