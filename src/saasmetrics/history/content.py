"""What the sources held: counts, spans, and digests by which a later edition tells what became of their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from saasmetrics.facts.hashing import hashed, named, rows_hashed
from saasmetrics.facts.pack import Hashes
from saasmetrics.frames.canonical import ROLES, Role
from saasmetrics.history.edition import SOURCES, shaped
from saasmetrics.period import Calendar

_OWN = {"source", "rate"}
"""Columns that are not the files'."""
_MEASURED = ("money", "number", "count", "flag")


@dataclass(frozen=True)
class Span:
    """One source as it was read: its role, the rows that were used, and the moments between which they lie."""

    role: str
    rows: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class LogContent:
    """What a log holds, by day and bucket; the columns of which that is, and all it has."""

    rows: pl.DataFrame
    read: tuple[str, ...]
    names: tuple[str, ...]


def lines(
    spans: Mapping[str, Span],
    tables: Mapping[str, pl.DataFrame],
    logs: Mapping[str, LogContent],
    calendar: Calendar,
    mentioned: str,
) -> pl.DataFrame:
    """The lines of `sources.parquet`.

    `tables` hold the usable rows of a role. Of the other columns of a table, those count whose name occurs in
    `mentioned`, the text of the definitions: what nobody asks for may change at every export.
    """
    found = [pl.DataFrame(schema=SOURCES)]
    for name, span in sorted(spans.items()):
        if name in logs:
            log = logs[name]
            found.append(_levels(name, span, log.read, log.names, _of_log(log.rows)))
        elif span.role in tables:
            rows = tables[span.role].filter(pl.col("source") == name)
            extra, parts = _of_table(rows, ROLES[span.role], calendar, mentioned)
            names = [
                column for column in rows.columns if column not in _OWN and rows[column].null_count() < rows.height
            ]
            found.append(_levels(name, span, extra, names, parts))
    return pl.concat(found)


def _levels(name: str, span: Span, extra: Sequence[str], names: Sequence[str], parts: pl.DataFrame) -> pl.DataFrame:
    """The lines of one source: the whole, its days, its parts."""
    sums = [pl.col("rows").sum(), _wrapped("digest"), _wrapped("extra")]
    periods = parts.group_by("period").agg(sums).with_columns(level=pl.lit("period"))
    whole = parts.select(sums).with_columns(
        pl.lit(span.first, dtype=SOURCES["first"]).alias("first"),
        pl.lit(span.last, dtype=SOURCES["last"]).alias("last"),
        columns=pl.lit("|".join(extra)),
        schema=pl.lit(f"{named('|'.join(sorted(names))):016x}"),
        level=pl.lit("source"),
    )
    stacked = pl.concat([whole, periods, parts.with_columns(level=pl.lit("part"))], how="diagonal_relaxed")
    rows = stacked.with_columns(source=pl.lit(name), role=pl.lit(span.role))
    missing = [pl.lit(None).alias(column) for column in SOURCES if column not in rows.columns]
    return shaped(rows.with_columns(missing), SOURCES).sort("level", "period", "part", descending=[True, False, False])


def _wrapped(name: str) -> pl.Expr:
    """The sum of unsigned numbers, beginning anew at 2^64."""
    return pl.col(name).cast(pl.Int128).sum().mod(2**64).cast(pl.UInt64)


def _of_log(content: pl.DataFrame) -> pl.DataFrame:
    return content.select(
        period="day", part=pl.col("bucket").cast(pl.UInt64), rows="rows", digest="digest", extra="extra"
    )


def _of_table(rows: pl.DataFrame, role: Role, calendar: Calendar, mentioned: str) -> tuple[list[str], pl.DataFrame]:
    """Parts of a table: a line per row key and day."""
    others = [name for name in rows.columns if name not in role.columns and name not in _OWN]
    extra = sorted(name for name in others if name in mentioned)
    hashes = {name: hashed(rows[name], name) for name in role.columns if name in rows.columns}
    loose = [hashed(rows[name], name, loose=True) for name in extra]
    core = rows_hashed([*hashes.values()], rows.height)
    beside = rows_hashed([core, *loose], rows.height) if extra else np.zeros(rows.height, np.uint64)
    keyed = pl.DataFrame(
        {
            "period": _days(rows, role, calendar),
            "part": _keys(rows, role, hashes),
            "digest": core,
            "extra": beside,
        }
    )
    parts = keyed.group_by("period", "part").agg(
        pl.len().cast(pl.Int64).alias("rows"), _wrapped("digest"), _wrapped("extra")
    )
    return extra, parts


def _days(rows: pl.DataFrame, role: Role, calendar: Calendar) -> pl.Series:
    """The local day of each row's time; null where it has none."""
    if role.at is None or role.at not in rows.columns:
        return pl.repeat(None, rows.height, dtype=pl.Date, eager=True)
    at = pl.col(role.at)
    day = at if rows.schema[role.at] == pl.Date else calendar.day_expr(at)
    return rows.select(day).to_series()


def _keys(rows: pl.DataFrame, role: Role, hashes: Mapping[str, Hashes]) -> Hashes:
    """What makes a row the same row as before, whatever else of it changes: its id, else whom it is about.

    Edges: rows about nobody (spend, costs, rates) are told by everything but their amounts.
    """
    subject = next((name for name, column in role.columns.items() if column.needed and column.kind == "id"), None)
    if subject is not None:
        told = [subject]
    else:
        told = [name for name, column in role.columns.items() if column.kind not in _MEASURED and name in hashes]
    keys = rows_hashed([hashes[name] for name in told], rows.height)
    if "id" in role.columns and "id" in hashes:
        ids = rows_hashed([hashes["id"]], rows.height)
        return np.where(rows["id"].is_null().to_numpy(), keys, ids)
    return keys
