"""Some rows of a CSV file, cell by cell as they are written: those at its beginning, and others from later on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

import polars as pl

_CELL = csv.field_size_limit()


def records(reader: Iterable[list[str]]) -> Iterator[list[str]]:
    """Records up to a cell that has no end in the sample."""
    with suppress(csv.Error):
        yield from reader


def begun(
    text: str, separator: str, skip: int, names: Sequence[str], *, whole: bool
) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
    """Rows of a beginning that have a cell for each name, and (line, cells) of those that are wider or narrower.

    Columns: `names`, as text, null where a cell is empty. Edges: the first `skip` lines are no rows; the last record of
    a beginning that is not `whole` may be cut in the middle and is left out.
    """
    lines = pl.Series(_lines(text), dtype=pl.String)
    even = lines[skip:] if whole else lines[skip:-1]
    if _plain(lines, names) and _even(even, separator, names).all():
        return _split(even, separator, names), []
    width = len(names)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[list[str]] = []
    ragged: list[tuple[int, int]] = []
    for record in records(reader):
        if reader.line_num <= skip or not record:
            continue
        while len(record) > width and not record[-1]:
            record.pop()
        if len(record) == width:
            rows.append(record)
        else:
            ragged.append((reader.line_num, len(record)))
    if not whole:
        del (ragged if ragged and ragged[-1][0] == reader.line_num else rows)[-1:]
    return _framed(rows, names), ragged


def later(slices: Sequence[Sequence[str]], separator: str, names: Sequence[str]) -> pl.DataFrame:
    """Rows with a cell for each name from some stretches of whole lines. Columns: `names`."""
    lines = pl.Series([line for some in slices for line in some], dtype=pl.String).str.strip_suffix("\r")
    if _plain(lines, names):
        return _split(lines.filter(_even(lines, separator, names)), separator, names)
    found = (record for some in slices for record in records(csv.reader(some, delimiter=separator)))
    return _framed([record for record in found if len(record) == len(names)], names)


def _lines(text: str) -> list[str]:
    """Lines without their ends."""
    lines = text.replace("\r\n", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


def _plain(lines: pl.Series, names: Sequence[str]) -> bool:
    """Whether a line is a record and is cut at each separator.

    Not so with quotation marks, ends of lines of another kind, or a cell too long for the reader of records.
    """
    longest = int(lines.str.len_chars().max() or 0)  # type: ignore[arg-type] # a count
    return len(names) > 1 and longest < _CELL and not bool(lines.str.contains('["\\r]').any())


def _even(lines: pl.Series, separator: str, names: Sequence[str]) -> pl.Series:
    """Whether a line has a cell for each name."""
    return lines.str.count_matches(separator, literal=True) == len(names) - 1


def _split(lines: pl.Series, separator: str, names: Sequence[str]) -> pl.DataFrame:
    """Lines cut at each separator."""
    cells = lines.str.split_exact(separator, len(names) - 1).struct
    return _emptied(cells.rename_fields(list(names)).struct.unnest())


def _framed(rows: list[list[str]], names: Sequence[str]) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return _emptied(
        pl.DataFrame([pl.Series(name, cells, pl.String) for name, cells in zip(names, columns, strict=True)])
    )


def _emptied(frame: pl.DataFrame) -> pl.DataFrame:
    """Empty cells are null."""
    return frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
