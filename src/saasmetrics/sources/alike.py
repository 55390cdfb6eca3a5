"""Files of one source that hold a column in different types: text in one and a number in its neighbour."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import polars as pl

from saasmetrics.sources.files import DataFile
from saasmetrics.sources.scan import Raw


def alike(raw: Mapping[DataFile, Raw]) -> dict[DataFile, Raw]:
    """The same files, a column that is not of one kind in all of them as text in each.

    Edges: kinds are text, numbers, yes or no, days, times with a zone and times without; whole numbers and others are
    of one kind, and a column without any value is of every kind.
    """
    kinds: dict[str, set[str]] = {}
    for rows in raw.values():
        for name, dtype in rows.schema.items():
            kinds.setdefault(name, set()).add(_kind(dtype))
    mixed = {name for name, found in kinds.items() if len(found - {"nothing"}) > 1 and "other" not in found}
    return {file: _as_texts(rows, mixed) for file, rows in raw.items()}


def _kind(dtype: pl.DataType) -> str:
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text"
    if isinstance(dtype, pl.Datetime):
        return "moment" if dtype.time_zone else "wall clock"
    known = {pl.Boolean(): "flag", pl.Date(): "day", pl.Null(): "nothing"}
    return "number" if dtype.is_numeric() else known.get(dtype, "other")


def _as_texts(rows: Raw, mixed: Collection[str]) -> Raw:
    changed = {name: dtype for name, dtype in rows.schema.items() if name in mixed and dtype != pl.String}
    if not changed:
        return rows
    texts = [_text(name, dtype).alias(name) for name, dtype in changed.items()]
    schema = rows.schema | dict.fromkeys(changed, pl.String())
    return replace(rows, rows=rows.rows.with_columns(texts), schema=schema, changed=True)


def _text(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column as a text file would have it: whole numbers without a point, times as ISO writes them."""
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        local = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if dtype.time_zone else column
        return local.dt.to_string("%Y-%m-%dT%H:%M:%S%.6f" + ("Z" if dtype.time_zone else ""))
    if dtype.is_float():
        whole = column.cast(pl.Int64, strict=False)
        return pl.when(column == whole).then(whole.cast(pl.String)).otherwise(column.cast(pl.String))
    return column.cast(pl.String)
