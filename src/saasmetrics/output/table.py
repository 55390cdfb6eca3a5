"""Rows for machines: raw, unrounded, the same columns in every format."""

from __future__ import annotations

import io
import json as text_json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from saasmetrics.output.findings import as_object
from saasmetrics.output.printout import Printout

SCHEMA = 1
"""Version of the JSON document."""

_FORMULA = r"^[=+\-@\t\r]"
_INSTANT = "%Y-%m-%dT%H:%M:%S%.fZ"


def csv(printout: Printout) -> bytes:
    """A header and a line per row, texts in quotes.

    Edges: a text that a spreadsheet would run as a formula starts with an apostrophe; nulls are empty; instants are
    UTC.
    """
    texts = pl.selectors.string()
    guarded = printout.rows.with_columns(
        pl.when(texts.str.contains(_FORMULA)).then(pl.lit("'") + texts).otherwise(texts).name.keep(),
        pl.selectors.datetime().dt.to_string(_INSTANT),
    )
    return guarded.write_csv(quote_style="non_numeric").encode()


def json(printout: Printout) -> bytes:
    """One object; every row on its own line, so that two runs can be compared by eye."""
    about = {"schema": SCHEMA, **printout.about}
    lines = ",\n".join(_objects(printout.rows))
    head = "".join(f"{text_json.dumps(key)}: {_text(value)},\n" for key, value in about.items())
    findings = ",\n".join(_text(as_object(finding)) for finding in printout.findings)
    return f'{{{head}"{printout.name}": [\n{lines}\n],\n"findings": [{findings}]}}\n'.encode()


def jsonl(printout: Printout) -> bytes:
    """An object a line."""
    return "".join(f"{line}\n" for line in _objects(printout.rows)).encode()


def parquet(printout: Printout) -> bytes:
    """The frame as it is."""
    target = io.BytesIO()
    printout.rows.write_parquet(target, compression="zstd")
    return target.getvalue()


def _objects(rows: pl.DataFrame) -> Iterator[str]:
    return (_text(row) for row in rows.iter_rows(named=True))


def _text(value: object) -> str:
    return text_json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
