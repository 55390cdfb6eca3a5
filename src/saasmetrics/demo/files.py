"""Small tables on disk, as the mixed bag of formats that exports come in."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

_INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def write_table(rows: pl.DataFrame, path: Path) -> None:
    """Write rows in the format that the path's endings ask for: CSV, JSON lines, Parquet; plain, `.gz` or `.zst`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(_encoded(rows, path.name), path)


def write_bytes(content: bytes, path: Path) -> None:
    """Write a file under a temporary name, then rename it."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)


def _encoded(rows: pl.DataFrame, name: str) -> bytes:
    if name.endswith(".parquet"):
        packed = pa.BufferOutputStream()
        pq.write_table(
            rows.to_arrow(compat_level=pl.CompatLevel.oldest()), packed, compression="zstd", store_schema=False
        )
        return bytes(packed.getvalue())
    plain = _json_lines(rows) if ".jsonl" in name else _csv(rows)
    for ending, codec in ((".gz", "gzip"), (".zst", "zstd")):
        if name.endswith(ending):
            packed = pa.BufferOutputStream()
            with pa.CompressedOutputStream(packed, codec) as stream:
                stream.write(plain)
            return bytes(packed.getvalue())
    return plain


def _csv(rows: pl.DataFrame) -> bytes:
    return rows.write_csv(datetime_format=_INSTANT).encode()


def _json_lines(rows: pl.DataFrame) -> bytes:
    times = [name for name, dtype in rows.schema.items() if dtype == pl.Datetime]
    return rows.with_columns(pl.col(times).dt.strftime(_INSTANT)).write_ndjson().encode()
