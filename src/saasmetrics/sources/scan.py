"""Files to lazy frames of their own columns: text files give text, Parquet its types."""

from __future__ import annotations

import codecs
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import polars as pl

from saasmetrics.document import Number
from saasmetrics.finding import Finding
from saasmetrics.sources import packed, text
from saasmetrics.sources.files import DataFile
from saasmetrics.sources.marks import EXTRA

NULLS = ("", "NULL", "null", "None", "NaN", "nan", "\\N", "N/A", "#N/A", "-", "--", " --")
"""Cells of a CSV file that mean nothing is there. (`NA`, `none` and `0` are values.)"""
_JSON_SAMPLE = 2**21
_ONE_PER_LINE = "write one JSON object per line, or one list of objects"


@dataclass(frozen=True)
class Unsifted:
    """The `rows` of a CSV file with cells still in them that mean nothing, the `nulls`: the reader is quicker without.

    `to` are the rows that they become.
    """

    rows: pl.LazyFrame
    nulls: Collection[str]
    to: pl.LazyFrame

    def sifted(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Some of them less the nulls: only columns that have cells as short are looked at cell by cell."""
        return rows.with_columns(_emptied(cells, self.nulls) for cells in rows)


@dataclass(frozen=True)
class Raw:
    """Rows as they stand in one file.

    `rows` has the file's columns; `sample` some of its rows, for what only the values tell. `textual` says that cells
    are text because the format has no types, `changed` that `rows` has the columns otherwise than the file.
    """

    rows: pl.LazyFrame
    schema: dict[str, pl.DataType]
    sample: pl.DataFrame
    textual: bool
    findings: tuple[Finding, ...] = ()
    changed: bool = False
    writing: str = ""
    unsifted: Unsifted | None = None

    @property
    def in_bulk(self) -> Unsifted | None:
        """Where the rows are those of a CSV file as they stand, what they are read by when they are many."""
        return self.unsifted if self.unsifted is not None and self.unsifted.to is self.rows else None


def scan(
    file: DataFile,
    declared: Collection[str],
    likely: Collection[str],
    nulls: Collection[str] = NULLS,
    *,
    sampled: bool = True,
    footers: bool = False,
) -> Raw:
    """The rows of a file; with `footers` lines shorter than its header are expected.

    A header is known by the `declared` and the `likely` names; a declared column that the sample of a long JSON file
    lacks may come later. Raises: InputError when the file cannot be read at all.
    """
    if file.format == "parquet":
        return _parquet(file, {*declared, *likely}, 2_000 if sampled else 0)
    if file.format == "csv":
        return _csv(file, {*declared, *likely}, nulls, sampled=sampled, footers=footers)
    start = packed.head(file, _JSON_SAMPLE)
    if file.format == "json" and _is_one_document(_plain(file, start)):
        return _document(file, {*declared, *likely})
    return _json_lines(file, start, declared)


def inline(rows: Collection[dict[str, Any]]) -> Raw:
    """A table written in the definitions."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = {name: [_written(row.get(name)) for row in rows] for name in names}
    frame = pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String))
    return Raw(frame.lazy(), dict(frame.schema), frame, textual=True)


def _csv(file: DataFile, wanted: Collection[str], nulls: Collection[str], *, sampled: bool, footers: bool) -> Raw:
    layout = text.layout_of(file, wanted, sampled=sampled, footers=footers)
    schema: dict[str, Any] = dict.fromkeys((*layout.header, EXTRA), pl.String)
    content = file.path if layout.direct else text.recoded(file, layout)

    def scanned(null_values: list[str] | None) -> pl.LazyFrame:
        return pl.scan_csv(
            content,
            has_header=False,
            skip_lines=layout.skip,
            separator=layout.separator,
            schema=schema,
            null_values=null_values,
            missing_columns="insert",
            truncate_ragged_lines=True,
            extra_columns="ignore",
            quote_char='"' if layout.quoted else None,
            glob=False,
        )

    sample = layout.sample.with_columns(_emptied(cells, nulls) for cells in layout.sample)
    types: dict[str, pl.DataType] = {name: pl.String() for name in schema}
    rows = scanned(list(nulls))
    unsifted = Unsifted(scanned(None), nulls, rows)
    return Raw(rows, types, sample, True, layout.findings, writing=text.said(layout), unsifted=unsifted)


def _emptied(cells: pl.Series, nulls: Collection[str]) -> pl.Series:
    short = cells.str.len_bytes() <= max(len(null.encode()) for null in nulls)
    if not short.any():
        return cells
    nothing = cells.is_in(list(nulls))
    return cells.set(nothing, None) if nothing.any() else cells


def _parquet(file: DataFile, wanted: Collection[str], rows: int) -> Raw:
    known = {name.casefold() for name in wanted}
    try:
        schema = dict(pl.read_parquet_schema(file.path))
        untyped = [name for name, dtype in schema.items() if dtype == pl.String or _is_zoneless(dtype)]
        texts = [name for name in untyped if name.casefold() in known]
        sample = pl.read_parquet(file.path, columns=texts, n_rows=rows, glob=False) if rows else pl.DataFrame()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise packed.unreadable(file, f"cannot be read as Parquet: {error}") from None
    return Raw(pl.scan_parquet(file.path, glob=False), schema, sample, textual=False)


def _is_zoneless(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Datetime) and dtype.time_zone is None


def _plain(file: DataFile, content: bytes) -> str:
    """JSON as text: UTF-8, or what its byte-order mark says; in a sample the last character may be cut."""
    decoder = codecs.getincrementaldecoder(json.detect_encoding(content))()
    try:
        return decoder.decode(content)
    except UnicodeDecodeError:
        raise packed.unreadable(file, "is not UTF-8", "save it as UTF-8") from None


def _json_lines(file: DataFile, start: bytes, declared: Collection[str]) -> Raw:
    cut = len(start) == _JSON_SAMPLE
    lines = _plain(file, start).split("\n")[: -1 if cut else None]
    records = [_record(file, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    names = dict.fromkeys(name for record in records for name in record)
    if cut:
        names |= dict.fromkeys(sorted(declared))
    schema = {name: pl.String() for name in names}
    direct = file.packed != ".zip" and json.detect_encoding(start) == "utf-8"
    rows = pl.scan_ndjson(file.path if direct else _plain(file, packed.whole(file)).encode(), schema=schema)
    cells = {name: [_written(record.get(name)) for record in records] for name in names}
    return Raw(rows, dict(schema), pl.DataFrame(cells, schema=schema), textual=True)


def _record(file: DataFile, number: int, line: str) -> dict[str, Any]:
    record = _loaded(file, line, number)
    if not isinstance(record, dict):
        raise packed.unreadable(file, "is not an object", _ONE_PER_LINE, number)
    return record


def _is_one_document(text: str) -> bool:
    """Whether all of a file is one list or one object, and not an object on each line."""
    text = text.lstrip()
    if text[:1] == "[":
        return True
    first, _, rest = text.partition("\n")
    try:
        return isinstance(json.loads(first), dict) and not rest.strip()
    except json.JSONDecodeError:
        return True
    except RecursionError:
        return False


def _document(file: DataFile, wanted: Collection[str]) -> Raw:
    """A list of objects; in an envelope (`{"page": {...}, "incidents": [...]}`) the one that has most wanted keys.

    Edges: an object without such a list is one row.
    """
    found = _loaded(file, _plain(file, packed.whole(file)))
    if isinstance(found, dict):
        known = {name.casefold() for name in wanted}
        lists = [value for value in found.values() if isinstance(value, list) and value and _are_objects(value)]
        own = len(known & {key.casefold() for key in found})
        best = max(lists, key=lambda rows: len(known & {key.casefold() for key in rows[0]}), default=None)
        if best is None or own > len(known & {key.casefold() for key in best[0]}):
            return inline([found])
        return inline(best)
    if not _are_objects(found):
        raise packed.unreadable(file, "is not a list of objects")
    return inline(found)


def _are_objects(values: Collection[Any]) -> bool:
    return all(isinstance(value, dict) for value in values)


def _loaded(file: DataFile, content: str, line: int = 0) -> Any:
    try:
        value = json.loads(content, parse_float=str, parse_int=str)
        if "\\u" in content:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise packed.unreadable(file, "holds one half of a character (`\\ud8…`)", "export it again", line) from None
    except json.JSONDecodeError as error:
        raise packed.unreadable(file, f"is not JSON: {error.msg}", _ONE_PER_LINE, line or error.lineno) from None
    except RecursionError:
        raise packed.unreadable(file, "is nested too deeply", line=line) from None
    return value


def _written(value: Any) -> str | None:
    """A value as text: `true`, `12.50` as written, objects and lists as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Number):
        return value.text
    return json.dumps(value, ensure_ascii=False)
