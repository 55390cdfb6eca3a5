"""Files to batches of raw rows: each is opened once for all sources on it, in pieces of about half a million rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from saasmetrics.facts.batch import Batch, Coded
from saasmetrics.facts.demand import Demand
from saasmetrics.sources.files import DataFile
from saasmetrics.sources.marks import EXTRA

ROWS = 500_000
"""Rows of one batch: small enough that a few fit in memory, large enough that the work outweighs the calls."""


_NULL = 0.6
"""Share of nulls from which on a column of texts is not read as codes."""


@dataclass(frozen=True)
class Piece:
    """Rows of one Parquet file, from whole row groups; without `groups` a file that is read through its own frame.

    `total` is the number of row groups in the file.
    """

    file: DataFile
    groups: tuple[int, ...]
    first: int
    rows: int
    total: int


@dataclass(frozen=True)
class Unit:
    """What one task reads: pieces that make about one batch together, for the sources that read these files."""

    sources: tuple[str, ...]
    pieces: tuple[Piece, ...]

    @property
    def rows(self) -> int:
        """Rows to come, as far as the files say."""
        return sum(piece.rows for piece in self.pieces)


@dataclass(frozen=True)
class Wish:
    """The raw columns to read, those among them to read as codes, and their types; whether rows are to be judged."""

    columns: tuple[str, ...]
    coded: frozenset[str]
    types: Mapping[str, pl.DataType]
    judged: bool = True


def readers(demands: Mapping[str, Demand]) -> dict[DataFile, tuple[str, ...]]:
    """All files in reading order, with the sources that read each."""
    found: dict[DataFile, list[str]] = {}
    for name, demand in demands.items():
        for file in demand.log.files:
            found.setdefault(file, []).append(name)
    ordered = sorted(found.items(), key=lambda reader: (str(reader[0].path), reader[0].name))
    return {file: tuple(sources) for file, sources in ordered}


def units(demands: Mapping[str, Demand], files: Mapping[DataFile, tuple[str, ...]]) -> list[Unit]:
    """Cut files into units; neighbouring small files of the same sources share one."""
    out: list[Unit] = []
    for file, sources in files.items():
        for piece in _pieces(file, [demands[name] for name in sources]):
            last = out[-1] if out else None
            joins = last and last.sources == sources and last.pieces[0].groups and piece.groups
            if last and joins and last.rows + piece.rows <= ROWS:
                out[-1] = Unit(last.sources, (*last.pieces, piece))
            else:
                out.append(Unit(sources, (piece,)))
    return out


def wish(demands: Collection[Demand], *, ids: bool = False) -> Wish:
    """What all these sources together want of a file: their columns, or their ids."""
    columns = tuple(dict.fromkeys(name for demand in demands for name in (demand.id_columns if ids else demand.raw)))
    coded = frozenset() if ids else frozenset(name for demand in demands for name in demand.coded)
    types: dict[str, pl.DataType] = {}
    for demand in demands:
        for raw in demand.log.raw.values():
            types = raw.schema | types
    return Wish(columns, coded, {name: types[name] for name in columns if name in types}, judged=not ids)


def batches(unit: Unit, wanted: Wish, demand: Demand) -> Iterator[Batch]:
    """Raw rows of a unit in the order of the files; `demand` is any source on them."""
    return _parquet(unit, wanted) if unit.pieces[0].groups else _framed(unit, wanted, demand)


def _pieces(file: DataFile, demands: Collection[Demand]) -> Iterator[Piece]:
    if file.format != "parquet":
        yield Piece(file, (), 0, 0, 0)
        return
    footer = pq.read_metadata(file.path)
    stored = set(footer.schema.to_arrow_schema().names)
    raws = [(demand.raw, demand.log.raw[file]) for demand in demands]
    if any(raw.changed or any(name in raw.schema and name not in stored for name in names) for names, raw in raws):
        yield Piece(file, (), 0, footer.num_rows, 0)  # columns have other names or types: only its own frame has those
        return
    groups: list[int] = []
    first = rows = 0
    for group in range(footer.num_row_groups):
        size = footer.row_group(group).num_rows
        if groups and rows + size > ROWS:
            yield Piece(file, tuple(groups), first, rows, footer.num_row_groups)
            groups, first, rows = [], first + rows, 0
        groups.append(group)
        rows += size
    if groups:
        yield Piece(file, tuple(groups), first, rows, footer.num_row_groups)


def _framed(unit: Unit, wanted: Wish, demand: Demand) -> Iterator[Batch]:
    """Rows of a file through its own frame, in batches."""
    raw = demand.log.raw[unit.pieces[0].file]
    names = [name for name in raw.schema if name in wanted.columns or (name == EXTRA and wanted.judged)]
    bulk = raw.in_bulk
    rows = (bulk.rows if bulk else raw.rows).select(names)
    for batch in rows.collect_batches(chunk_size=ROWS, maintain_order=True):
        yield Batch.of(bulk.sifted(batch) if bulk else batch)


def _parquet(unit: Unit, wanted: Wish) -> Iterator[Batch]:
    """Rows of Parquet pieces as one batch; a row group much larger than a batch comes in several."""
    parts = []
    for piece in unit.pieces:
        if piece.rows > 2 * ROWS:
            yield from _large(piece, wanted)
        else:
            parts.append(_piece(piece, wanted))
    if parts:
        yield Batch.joined(parts)


def _piece(piece: Piece, wanted: Wish) -> Batch:
    """Texts of few values come as codes, through PyArrow; the rest through Polars, which copies no texts."""
    footer = pq.read_metadata(piece.file.path)
    types = _types(footer)
    texts = [name for name in wanted.columns if name in wanted.coded and _is_text(types.get(name))]
    coded = sorted(set(texts) - _mostly_null(footer, piece.groups))
    others = [name for name in wanted.columns if name in types and name not in coded]
    table, rows = pa.table({}), pl.DataFrame()
    if coded:
        file = pq.ParquetFile(piece.file.path, metadata=footer, read_dictionary=coded, memory_map=False)
        table = file.read_row_groups(list(piece.groups), coded, use_threads=False)
    if others:
        rows = pl.scan_parquet(piece.file.path, glob=False).select(others).slice(piece.first, piece.rows).collect()
    return _filled(piece.rows, rows, table, wanted)


def _large(piece: Piece, wanted: Wish) -> Iterator[Batch]:
    types = _types(pq.read_metadata(piece.file.path))
    coded = [name for name in wanted.columns if name in wanted.coded and _is_text(types.get(name))]
    file = pq.ParquetFile(piece.file.path, read_dictionary=coded, memory_map=False)
    present = [name for name in wanted.columns if name in types]
    for batch in file.iter_batches(ROWS, list(piece.groups), present, use_threads=False):
        table = pa.Table.from_batches([batch])
        others = table.drop_columns(coded)
        rows = pl.from_arrow(others) if others.num_columns else pl.DataFrame()
        assert isinstance(rows, pl.DataFrame)
        yield _filled(batch.num_rows, rows, table.select(coded), wanted)


def _types(footer: pq.FileMetaData) -> dict[str, pa.DataType]:
    return {field.name: field.type for field in footer.schema.to_arrow_schema()}


def _mostly_null(footer: pq.FileMetaData, groups: Collection[int]) -> set[str]:
    """Columns of which so few rows have a value that a code for each row is dearer than the texts of those."""
    nulls: Counter[str] = Counter()
    for group in map(footer.row_group, groups):
        for column in map(group.column, range(group.num_columns)):
            known = column.statistics
            nulls[column.path_in_schema] += known.null_count if known is not None and known.has_null_count else 0
    rows = sum(footer.row_group(group).num_rows for group in groups)
    return {name for name, count in nulls.items() if count > _NULL * rows}


def _is_text(dtype: pa.DataType | None) -> bool:
    return dtype is not None and (pa.types.is_string(dtype) or pa.types.is_large_string(dtype))


def _filled(height: int, rows: pl.DataFrame, table: pa.Table, wanted: Wish) -> Batch:
    """The columns wished for, in their order; those that a file lacks are null."""
    coded = {name: Coded(table[name].chunks) for name in table.column_names}
    missing = []
    for name in wanted.columns:
        if name in coded or name in rows.columns:
            continue
        dtype = wanted.types.get(name, pl.String())
        if name in wanted.coded and dtype == pl.String:
            coded[name] = Coded.nothing(height)
        else:
            missing.append(pl.repeat(None, height, dtype=dtype, eager=True).alias(name))
    rows = rows.hstack(missing) if rows.width else pl.DataFrame(missing)
    return Batch(height, wanted.columns, rows, coded)
