"""The two logs on disk: events and requests, file by file, with the repeats and late rows of real deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from saasmetrics.demo.activity import World
from saasmetrics.demo.columns import scatter
from saasmetrics.demo.draws import Draws, Flags, Ints
from saasmetrics.demo.encoding import AT, EVENTS, REQUESTS, TEXT, Encoder
from saasmetrics.demo.rows import Rows
from saasmetrics.demo.scripts import CODE, FLAWS, STEP_EVENT
from saasmetrics.demo.span import HOUR, Chapter
from saasmetrics.demo.stories import OLD_NAME

ROW_GROUP = 250_000
DICTIONARY = 8 << 20
"""Bytes that a column's dictionary may take: enough for the ids of all users of a row group."""
REPEATED, CROSSING, LATE = 512, 640, 24
"""One in so many rows is delivered twice; of the last hours of a file, one in so many twice over two files, or late."""
TAIL = {"monthly": 36 * HOUR, "daily": 4 * HOUR}
"""The stretch before the end of a file whose rows may be delivered with the next one."""


@dataclass
class Counts:
    """What was delivered: rows, each once; those that came twice (in one file, over two), or late; those of stories."""

    events: int = 0
    requests: int = 0
    repeats: int = 0
    crossing: int = 0
    late: int = 0
    incident: int = 0
    old_name: int = 0
    new_name: int = 0


@dataclass
class _Delivery:
    """Event rows with their ids."""

    rows: Rows
    ids: Ints

    def take(self, chosen: Ints | Flags) -> _Delivery:
        return _Delivery(self.rows.take(chosen), self.ids[chosen])


@dataclass
class Logs:
    """Writes blocks of rows to `data/events` and `data/requests`. Unit of memory: one block and what is late."""

    world: World
    folder: Path
    counts: Counts = field(default_factory=Counts)
    _events: pq.ParquetWriter | None = None
    _requests: pq.ParquetWriter | None = None
    _chapter: Chapter | None = None
    _later: list[_Delivery] = field(default_factory=list)
    _blocks: int = 0

    def __post_init__(self) -> None:
        self._encoder = Encoder(self.world)

    def add(self, chapter: Chapter, rows: Rows) -> None:
        """Write a block. A new chapter begins new files, headed by the rows that the last one left for later."""
        self._blocks += 1
        arrived: list[_Delivery] = []
        if chapter != self._chapter:
            self.close()
            self._begin(chapter)
            arrived, self._later = self._later, []
        event = STEP_EVENT[rows.code]
        delivery = self._deliver(chapter, rows.take(event))
        self._write_events([*arrived, delivery])
        self._write_requests(rows.take(~event))

    def close(self) -> None:
        """Finish the files that are open."""
        for writer in (self._events, self._requests):
            if writer is not None:
                writer.close()
        if self._chapter is not None:
            for name in ("events", "requests"):
                path = self._path(name, self._chapter)
                path.with_name(path.name + ".part").replace(path)
        self._events = self._requests = self._chapter = None

    def _path(self, name: str, chapter: Chapter) -> Path:
        return self.folder / name / f"{name}-{chapter.label}.parquet"

    def _begin(self, chapter: Chapter) -> None:
        self._chapter = chapter
        self._events = _writer(self._path("events", chapter), EVENTS)
        self._requests = _writer(self._path("requests", chapter), REQUESTS)

    def _deliver(self, chapter: Chapter, rows: Rows) -> _Delivery:
        """Number the events, deliver some twice, and keep some back for the next file."""
        numbers = np.arange(self.counts.events, self.counts.events + len(rows))
        self.counts.events += len(rows)
        fresh = _Delivery(rows, scatter(numbers, self.world.seed))
        tail = rows.at >= chapter.end - TAIL[self.world.span.layout]
        tail &= chapter.end < self.world.span.cutoff
        luck = fresh.ids // 7
        late = tail & (luck % LATE == 3)
        crossing = tail & ~late & (luck % CROSSING == 5)
        twice = ~late & ~crossing & (luck % REPEATED == 11)
        self._later.append(fresh.take(late | crossing))
        self.counts.late += int(late.sum())
        self.counts.crossing += int(crossing.sum())
        self.counts.repeats += int(twice.sum())
        self._count_stories(rows)
        times = np.where(late, 0, np.where(twice, 2, 1))
        return fresh.take(np.repeat(np.arange(len(rows)), times))

    def _count_stories(self, rows: Rows) -> None:
        """How many of the rows, each counted once, belong to a story."""
        self.counts.incident += int((rows.flaw == len(FLAWS) - 1).sum())
        exports = rows.at[rows.code == CODE[OLD_NAME]]
        renamed = int((exports >= self.world.stories.renamed_at).sum())
        self.counts.new_name += renamed
        self.counts.old_name += len(exports) - renamed

    def _write_events(self, deliveries: list[_Delivery]) -> None:
        rows = Rows.stack([delivery.rows for delivery in deliveries])
        ids = np.concatenate([delivery.ids for delivery in deliveries])
        if len(rows) and self._events is not None:
            self._events.write_table(self._encoder.events(rows, ids), row_group_size=ROW_GROUP)

    def _write_requests(self, rows: Rows) -> None:
        if len(rows) and self._requests is not None:
            self.counts.requests += len(rows)
            table = self._encoder.requests(rows, Draws(self.world.seed, "requests", self._blocks))
            self._requests.write_table(table, row_group_size=ROW_GROUP)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    path.parent.mkdir(parents=True, exist_ok=True)
    part, repeating = path.with_name(path.name + ".part"), [field.name for field in schema if field.type == TEXT]
    packed = {field.name: "DELTA_BINARY_PACKED" for field in schema if field.type in (AT, pa.int32())}
    return pq.ParquetWriter(
        part,
        schema,
        compression="zstd",
        store_schema=False,
        use_dictionary=repeating,
        dictionary_pagesize_limit=DICTIONARY,
        column_encoding=packed,
    )
