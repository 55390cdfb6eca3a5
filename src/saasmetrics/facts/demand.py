"""What one pass wants of one source: its columns, the form they are read in, and the ids of its rows."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from saasmetrics.facts.batch import Batch
from saasmetrics.facts.pack import Flags, Hashes, Ints
from saasmetrics.facts.plan import main_time
from saasmetrics.sources.conform import Conform
from saasmetrics.sources.log import Log
from saasmetrics.sources.marks import EXTRA
from saasmetrics.sources.naming import columns_of

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

    def ids(self, raw: Batch) -> pl.Series:
        """Grain: as `raw`, which holds the columns of the id; the filter is not applied."""
        rows = raw.frame({*self.id_columns, EXTRA})
        return self._unfiltered.conform(rows.lazy(), [ID], log=True).select(ID).collect().to_series()

    def worded(self, names: Collection[str]) -> dict[str, str]:
        """Columns among these that follow from the text of one raw column that may be coded, with that column."""
        out = {}
        for name in names:
            if name not in self.columns or name in self.plain:
                continue
            reads = self._text_reads(name)
            if len(reads) == 1 and reads[0] in self.coded:
                out[name] = reads[0]
        return out

    def canonical(self, name: str, raw: str, texts: pl.Series) -> pl.Series:
        """Canonical texts of such a column, of texts as they stand in its raw column."""
        origin = self.log.how.origins.get(name)
        if origin is None:
            return texts
        if origin.as_it_is and origin.column.kind in ("id", "text"):
            empty = texts == ""
            return texts.set(empty, None) if empty.any() else texts
        rows = texts.alias(raw).to_frame().lazy()
        return self._unfiltered.conform(rows, [name], log=True).select(pl.col(name).cast(pl.String)).collect()[name]

    def kept(self, raw: Batch) -> Flags | None:
        """Grain: as `raw`. Whether the filter lets a row through; None when it lets all."""
        if not self._filter_reads:
            return None
        rows = raw.frame(self._filter_reads)
        keeps = self.log.how.keeps(rows.schema)
        return None if keeps is None else rows.select(keeps).to_series().to_numpy()

    def conform(self, raw: Batch, places: Ints | None = None, beside: Collection[str] = ()) -> pl.DataFrame:
        """Canonical rows, or those at these positions, without the columns `beside`; the filter is not applied."""
        columns = [name for name in self.columns if name not in beside]
        how = self._kept
        rows = raw.frame({*how.raw_columns(columns, beside), EXTRA}, places)
        return how.conform(rows.lazy(), columns, log=True, beside=beside).collect()

    def aside(self, raw: Batch, repeated: Flags, marks: Hashes) -> pl.DataFrame:
        """Canonical rows of those that are marked as repeated, with `id`: the same for the same id."""
        places = np.flatnonzero(repeated)
        rows = raw.frame({*self.raw, EXTRA}, places, few=True)
        if self._stand_in:
            rows = rows.with_columns(pl.Series(marks[places]).cast(pl.String).alias(self._stand_in))
        return self.log.conform(rows.lazy(), (*self.columns, ID)).collect()

    def _text_reads(self, name: str) -> tuple[str, ...]:
        """The raw columns that a column of texts is made of."""
        how = self.log.how
        if name in how.others:
            return (name,)
        origin = how.origins.get(name)
        if origin is None or not origin.canonical or origin.elapsed or origin.source.json_path:
            return ()
        kinds = ("id", "text") if origin.column.needed else ("id", "text", "choice")
        return origin.reads(how.names) if origin.column.kind in kinds else ()

    @cached_property
    def _filter_reads(self) -> frozenset[str]:
        sql = self.log.how.source.filter
        return frozenset() if sql is None else frozenset(columns_of(sql, self.log.how.names))

    @cached_property
    def _stand_in(self) -> str | None:
        """The file's column that is the id and nothing else."""
        if not self.log.id or self.log.how.origins[ID].source.column is None or self.log.how.origins[ID].source.map:
            return None
        [column] = self.id_columns
        return None if column in self.log.raw_columns(self.columns) else column

    @cached_property
    def _kept(self) -> Conform:
        """What is made of rows that the filter let through."""
        how = self.log.how
        return replace(how, source=how.source.model_copy(update={"filter": None}))

    @cached_property
    def _unfiltered(self) -> Conform:
        how = self.log.how
        return replace(how, source=how.source.model_copy(update={"filter": None}), drop={})
