"""Files to batches of rows: each file is opened once for all sources on it, in pieces of about a million rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from saasmetrics.sources.files import DataFile
from saasmetrics.sources.log import Log
from saasmetrics.sources.marks import EXTRA

ROWS = 1_000_000
"""Rows of one batch: small enough that a few fit in memory, large enough that the work outweighs the calls."""


@dataclass(frozen=True)
class Demand:
    """The canonical columns one source has to give, and which of them are better read as plain text."""

    log: Log
    columns: tuple[str, ...]
    plain: frozenset[str]

    def only(self, *columns: str) -> Demand:
        """The same source asked for other columns."""
        return Demand(self.log, columns, self.plain)

    @property
    def raw(self) -> tuple[str, ...]:
        """The columns to read from a file."""
        return self.log.raw_columns(self.columns)

    @property
    def coded(self) -> tuple[str, ...]:
        """Those of them that are worth reading as codes where the file holds text."""
        return self.log.raw_columns([name for name in self.columns if name not in self.plain])


@dataclass(frozen=True)
class Piece:
    """Row groups of one Parquet file; `groups` is empty for a file that is read through its own frame, as a whole."""

    file: DataFile
    groups: tuple[int, ...]
    rows: int


@dataclass(frozen=True)
class Unit:
    """What one task reads: pieces that make about one batch together, for the sources that read these files."""

    sources: tuple[str, ...]
    pieces: tuple[Piece, ...]

    @property
    def rows(self) -> int:
        """Rows to come, as far as the files say."""
        return sum(piece.rows for piece in self.pieces)


def units(demands: Mapping[str, Demand]) -> list[Unit]:
    """Cut all files into units; neighbouring small files of the same sources share one."""
    readers: dict[DataFile, list[str]] = {}
    for name, demand in demands.items():
        for file in demand.log.files:
            readers.setdefault(file, []).append(name)
    out: list[Unit] = []
    for file, sources in sorted(readers.items(), key=lambda reader: (str(reader[0].path), reader[0].name)):
        for piece in _pieces(file, [demands[name] for name in sources]):
            last = out[-1] if out else None
            if last and last.sources == tuple(sources) and piece.groups and last.rows + piece.rows <= ROWS:
                out[-1] = Unit(last.sources, (*last.pieces, piece))
            else:
                out.append(Unit(tuple(sources), (piece,)))
    return out


def batches(unit: Unit, demands: Mapping[str, Demand]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Canonical rows of a unit, source by source, in the order of the file."""
    wanted = {name: demands[name] for name in unit.sources if name in demands}
    if not wanted:
        return
    for raw in _parquet(unit, wanted) if unit.pieces[0].groups else _text(unit, wanted):
        for name, demand in wanted.items():
            yield name, demand.log.conform(raw.lazy(), demand.columns).collect()


def _pieces(file: DataFile, demands: Collection[Demand]) -> Iterator[Piece]:
    if file.format != "parquet":
        yield Piece(file, (), 0)
        return
    footer = pq.read_metadata(file.path)
    stored = set(footer.schema.to_arrow_schema().names)
    if any(name in demand.log.raw[file].schema and name not in stored for demand in demands for name in demand.raw):
        yield Piece(file, (), footer.num_rows)  # a preset gave columns other names: only its own frame has those
        return
    groups: list[int] = []
    rows = 0
    for group in range(footer.num_row_groups):
        size = footer.row_group(group).num_rows
        if groups and rows + size > ROWS:
            yield Piece(file, tuple(groups), rows)
            groups, rows = [], 0
        groups.append(group)
        rows += size
    if groups:
        yield Piece(file, tuple(groups), rows)


def _text(unit: Unit, demands: Mapping[str, Demand]) -> Iterator[pl.DataFrame]:
    """Raw rows of a file through its own frame, in batches."""
    file = unit.pieces[0].file
    raw = next(iter(demands.values())).log.raw[file]
    wanted = {EXTRA, *(name for demand in demands.values() for name in demand.raw)}
    rows = raw.rows.select([name for name in raw.schema if name in wanted])
    yield from rows.collect_batches(chunk_size=ROWS, maintain_order=True)


def _parquet(unit: Unit, demands: Mapping[str, Demand]) -> Iterator[pl.DataFrame]:
    """Raw rows of Parquet pieces as one batch; a row group much larger than a batch comes in several."""
    columns = list(dict.fromkeys(name for demand in demands.values() for name in demand.raw))
    coded = {name for demand in demands.values() for name in demand.coded}
    lacking = {name: dtype for name, dtype in _types(demands.values(), coded).items() if name in columns}
    frames = []
    for piece in unit.pieces:
        file, present = _opened(piece.file.path, columns, coded)
        groups = list(piece.groups)
        if piece.rows > 2 * ROWS:
            for batch in file.iter_batches(ROWS, groups, present, use_threads=False):
                yield _frame(pa.Table.from_batches([batch]), lacking).select(columns)
        else:
            frames.append(_frame(file.read_row_groups(groups, present, use_threads=False), lacking).select(columns))
    if frames:
        yield pl.concat(frames, how="vertical_relaxed")


def _opened(path: Path, columns: Sequence[str], coded: Collection[str]) -> tuple[pq.ParquetFile, list[str]]:
    """A file whose text columns in `coded` come as dictionaries, and which of `columns` it has."""
    fields = {field.name: field.type for field in pq.read_schema(path)}
    texts = [name for name in coded if name in fields and pa.types.is_string(fields[name])]
    return pq.ParquetFile(path, read_dictionary=texts, memory_map=True), [name for name in columns if name in fields]


def _frame(table: pa.Table, lacking: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Rows of a table; columns it does not have are null."""
    rows = pl.from_arrow(table)
    assert isinstance(rows, pl.DataFrame)
    missing = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in lacking.items() if name not in rows.columns]
    return rows.with_columns(missing)


def _types(demands: Collection[Demand], coded: Collection[str]) -> dict[str, pl.DataType]:
    """The type of each raw column, from the first file that has it."""
    types: dict[str, pl.DataType] = {}
    for demand in demands:
        for raw in demand.log.raw.values():
            types = raw.schema | types
    return {name: pl.Categorical() if name in coded and dtype == pl.String else dtype for name, dtype in types.items()}
