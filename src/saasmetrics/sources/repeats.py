"""One row per id: which rows repeat one, and which of those differ."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from saasmetrics.frames.canonical import ROLES
from saasmetrics.period import Calendar
from saasmetrics.sources.convert import Reading, convert
from saasmetrics.sources.naming import named
from saasmetrics.sources.times import Clock

_KEYS: Mapping[str, tuple[str, ...]] = {
    "users": ("user", "account", "role"),
    "aliases": ("alias",),
    "leads": ("lead",),
    "opportunities": ("opportunity",),
    "fx": ("currency", "at"),
}


def key_of(role: str) -> tuple[str, ...]:
    """The columns that tell rows of a role apart; none where rows have no identity."""
    if role == "accounts":
        return ("account", "valid_from")
    return _KEYS.get(role, ("id",) if "id" in ROLES[role].columns else ())


def once(role: str, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Marks the rows that repeat an id: all usable ones but the first by content."""
    names = rows.collect_schema().names()
    key = [name for name in key_of(role) if name in names]
    if not key:
        return rows
    content = [name for name in names if name not in ("_fault", "_seen", *key)]
    sortable = [name for name, dtype in rows.collect_schema().items() if name in content and not dtype.is_nested()]
    usable = pl.col("_fault").is_null() & pl.col(key[0]).is_not_null()
    later = ~pl.struct(*key, usable).is_first_distinct()
    fault = pl.when(usable & later).then(pl.lit("repeat")).otherwise("_fault")
    return rows.sort(*key, *sortable, nulls_last=True).with_columns(_fault=fault)


def superseded(role: str, rows: pl.LazyFrame, newest: str, calendar: Calendar) -> pl.LazyFrame:
    """Marks the rows of an id that are not its last by the column `newest`, of an export that keeps every version.

    Edges: rows without such a time, or in a file without that column, are older than all; of two last ones both stay,
    for `once`.
    """
    key = key_of(role)
    schema = rows.collect_schema()
    column = named(newest, schema)
    if column is None or key[0] not in schema:
        return rows
    told = convert(pl.col(column), schema[column], "time", Reading(Clock("UTC", calendar)))
    usable = pl.col("_fault").is_null()
    time = pl.when(usable).then(told.to_physical().fill_null(-(2**62)))
    older = usable & (time < time.max().over(key[0]))
    return rows.with_columns(_fault=pl.when(older).then(pl.lit("no record:older versions")).otherwise("_fault"))


def differing(role: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Ids whose rows say different things. Grain: an id. Columns: the key, `source`."""
    key = [name for name in key_of(role) if name in rows.columns]
    repeated = rows.filter(pl.col("_fault") == "repeat")
    content = [name for name in ROLES[role].columns if name in rows.columns and name not in key]
    if repeated.is_empty() or not content:
        return repeated.select(*key, "source").clear()
    usable = rows.filter(pl.col("_fault").is_null() | (pl.col("_fault") == "repeat"))
    same = usable.join(repeated.select(key).unique(), on=key, nulls_equal=True)
    ids = same.group_by(key).agg(contents=pl.struct(content).n_unique(), source=pl.col("source").min())
    return ids.filter(pl.col("contents") > 1).select(*key, "source")
