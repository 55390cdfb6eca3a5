"""What a computation reads of its files: every door through which values come in, counted.

The unit is a column of a part of a file: of a Parquet log a row group's column as PyArrow decodes it, of anything else
the columns of one execution of a Polars scan. Footers, headers and samples of bounded size are not values and are not
counted. Polars merges equal scans of one query; the counter's scans are declared pure, so that it merges them as well
and what is counted is what really runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from polars.io.plugins import register_io_source

SCANS = ("scan_csv", "scan_parquet", "scan_ndjson")


class Reads:
    """How often each column of each part of each file was read, since it was set up."""

    def __init__(self) -> None:
        self.times: Counter[tuple[str, int, str]] = Counter()
        self._lock = Lock()

    def note(self, path: object, part: int, columns: Sequence[str]) -> None:
        """Count one read; several threads may."""
        with self._lock:
            self.times.update((Path(str(path)).name, part, column) for column in columns)

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Stand in every door."""
        for name in SCANS:
            patch.setattr(pl, name, self._scan(getattr(pl, name)))
        patch.setattr(pq, "ParquetFile", self._parquet_file())

    def often(self, file: str) -> dict[str, int]:
        """The columns of a file, with how often any part of each was read."""
        found: dict[str, int] = {}
        for (name, _, column), times in sorted(self.times.items()):
            if name == file:
                found[column] = max(times, found.get(column, 0))
        return found

    def _scan(self, scan: Callable[..., pl.LazyFrame]) -> Callable[..., pl.LazyFrame]:
        def scanned(source: object, **options: Any) -> pl.LazyFrame:
            rows = scan(source, **options)
            schema = rows.collect_schema()

            def read(
                columns: list[str] | None, predicate: pl.Expr | None, count: int | None, _: int | None
            ) -> Iterator[pl.DataFrame]:
                wanted = rows if columns is None else rows.select(columns)
                wanted = wanted if predicate is None else wanted.filter(predicate)
                self.note(source, 0, columns if columns is not None else schema.names())
                yield (wanted if count is None else wanted.head(count)).collect()

            return register_io_source(read, schema=schema, is_pure=True)

        return scanned

    def _parquet_file(self) -> type[pq.ParquetFile]:
        reads = self

        class Watched(pq.ParquetFile):  # type: ignore[misc]  # PyArrow has no types
            def __init__(self, source: object, **options: Any) -> None:
                self._path = source
                super().__init__(source, **options)

            def _noted(self, groups: Sequence[int], columns: Sequence[str] | None) -> None:
                for group in groups:
                    reads.note(self._path, group, self.schema_arrow.names if columns is None else columns)

            def read_row_groups(
                self, row_groups: Sequence[int], columns: Sequence[str] | None = None, **options: Any
            ) -> pa.Table:
                self._noted(row_groups, columns)
                return super().read_row_groups(row_groups, columns, **options)

            def iter_batches(
                self,
                batch_size: int = 65_536,
                row_groups: Sequence[int] | None = None,
                columns: Sequence[str] | None = None,
                **options: Any,
            ) -> Iterator[pa.RecordBatch]:
                groups = range(self.num_row_groups) if row_groups is None else row_groups
                self._noted(groups, columns)
                yield from super().iter_batches(batch_size, row_groups, columns, **options)

        return Watched
