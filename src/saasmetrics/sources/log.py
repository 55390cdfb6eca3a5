"""Big logs, events and requests: their files, and how any part of their rows becomes canonical."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from saasmetrics.finding import Finding
from saasmetrics.sources import checks
from saasmetrics.sources.conform import Conform
from saasmetrics.sources.files import DataFile
from saasmetrics.sources.marks import UNREAD
from saasmetrics.sources.scan import Raw


@dataclass(frozen=True)
class Log:
    """One source of a log.

    Grain: a row of the files. `raw` holds each file's rows as they stand there.
    """

    name: str
    role: str
    files: tuple[DataFile, ...]
    how: Conform
    raw: Mapping[DataFile, Raw]

    @cached_property
    def columns(self) -> Mapping[str, pl.DataType]:
        """Canonical columns that can be filled, then the files' others; with their types after conforming."""
        return {name: dtype for name, dtype in self._schema.items() if name not in ("_fault", UNREAD)}

    @cached_property
    def _schema(self) -> pl.Schema:
        raws = [raw.schema for raw in self.raw.values()]
        return self.how.conform(
            pl.LazyFrame(schema={k: v for raw in raws for k, v in raw.items()}), log=True
        ).collect_schema()

    @property
    def id(self) -> bool:
        """Whether rows have an id, so that repeats can be found."""
        return "id" in self.how.origins

    @cached_property
    def key(self) -> str:
        """A text that changes with everything that changes the canonical rows of one file."""
        return repr((self.role, self.how.key, sorted((name, str(dtype)) for name, dtype in self.columns.items())))

    def raw_columns(self, columns: Collection[str]) -> tuple[str, ...]:
        """The files' columns that these columns, the fault and the filter are made of."""
        return self.how.raw_columns(columns)

    def conform(self, rows: pl.LazyFrame, columns: Collection[str]) -> pl.LazyFrame:
        """Canonical `columns` and `_fault` of rows that hold the raw columns; the filter applied.

        Edges: raw texts may be String, Categorical or Enum; a raw column that is absent is null; columns asked for
        that the source cannot fill are left out.
        """
        return self.how.conform(rows, columns, log=True)

    def scan(self, file: DataFile, columns: Collection[str]) -> pl.LazyFrame:
        """Canonical `columns` and `_fault` of one file."""
        return self.conform(self.raw[file].rows, columns)

    def fault_findings(self, faults: Mapping[str, int]) -> tuple[Finding, ...]:
        """What to tell of faults that were counted while reading."""
        place = self.files[0].name if len(self.files) == 1 else self.how.source.path[0]
        return tuple(checks.fault_finding(self.role, fault, rows, place) for fault, rows in sorted(faults.items()))

    def unread_findings(self, unread: Mapping[str, int]) -> tuple[Finding, ...]:
        """What to tell of cells that are no numbers, counted by column while reading."""
        place = self.files[0].name if len(self.files) == 1 else self.how.source.path[0]
        return tuple(checks.unread_finding(column, rows, place) for column, rows in sorted(unread.items()))
