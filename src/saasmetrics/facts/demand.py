"""What one pass wants of one source: its columns, the form they are read in, and the ids of its rows."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from saasmetrics.facts.plan import main_time
from saasmetrics.sources.conform import Conform
from saasmetrics.sources.log import Log

ID = "id"


@dataclass(frozen=True)
class Demand:
    """The canonical columns one source has to give, and which of those have too many values to be worth coding."""

    log: Log
    columns: tuple[str, ...]
    plain: frozenset[str]

    @property
    def main(self) -> str:
        """The time column that decides when a row is visible."""
        return main_time(self.log.role)

    @cached_property
    def raw(self) -> tuple[str, ...]:
        """The columns to read from a file; not those of the id where a mark can stand in for it."""
        again = () if self._stand_in else self.id_columns
        return tuple(dict.fromkeys((*self.log.raw_columns(self.columns), *again)))

    @cached_property
    def coded(self) -> frozenset[str]:
        """Those of them that are read as codes where the file holds text."""
        few = self.log.raw_columns([name for name in self.columns if name not in self.plain])
        return frozenset(few).difference(self.id_columns)

    @cached_property
    def id_columns(self) -> tuple[str, ...]:
        """The file's columns that the id is made of; none when rows have no id."""
        return self.log.how.origins[ID].reads(self.log.how.names) if self.log.id else ()

    @cached_property
    def marked(self) -> Hashable:
        """What the ids of its rows follow from: sources of which this is the same see the same ids."""
        origin = self.log.how.origins[ID]
        return self.log.files, repr((origin.source, origin.column.kind, self.id_columns, self.log.how.zone))

    def ids(self, rows: pl.DataFrame) -> pl.Series:
        """Grain: as `rows`, which hold the columns of the id as they stand in a file; the filter is not applied."""
        return self._unfiltered.conform(rows.lazy(), [ID], log=True).select(ID).collect().to_series()

    def conform(self, rows: pl.DataFrame, repeated: pl.Series | None = None) -> pl.DataFrame:
        """Canonical rows; without those that are marked as repeated."""
        kept = rows.lazy()
        if repeated is not None:
            kept = kept.with_columns(repeated.alias(_REPEATED)).filter(~pl.col(_REPEATED))
        return self.log.conform(kept, self.columns).collect()

    def aside(self, rows: pl.DataFrame, repeated: pl.Series, marks: pl.Series) -> pl.DataFrame:
        """Canonical rows of those that are marked as repeated, with `id`: the same for the same id."""
        places = repeated.arg_true()
        rows = rows[places]
        if self._stand_in:
            rows = rows.with_columns(marks[places].cast(pl.String).alias(self._stand_in))
        return self.log.conform(rows.lazy(), (*self.columns, ID)).collect()

    @cached_property
    def _stand_in(self) -> str | None:
        """The file's column that is the id and nothing else."""
        if not self.log.id or self.log.how.origins[ID].source.column is None or self.log.how.origins[ID].source.map:
            return None
        [column] = self.id_columns
        return None if column in self.log.raw_columns(self.columns) else column

    @cached_property
    def _unfiltered(self) -> Conform:
        how = self.log.how
        return replace(how, source=how.source.model_copy(update={"filter": None}), drop=())


_REPEATED = "\x00repeated"
