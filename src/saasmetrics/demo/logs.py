"""The two logs on disk: events and requests, file by file, with the repeats and late rows of real deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from saasmetrics.demo.activity import World
from saasmetrics.demo.columns import hexadecimal, instants, named, numbered, scatter, texts
from saasmetrics.demo.draws import Draws, Flags, Ints
from saasmetrics.demo.rows import Rows
from saasmetrics.demo.scripts import CODE, FLAWS, RUNS, SCRIPTS, STEP_EVENT, STEPS
from saasmetrics.demo.span import HOUR, Chapter
from saasmetrics.demo.stories import NEW_NAME, OLD_NAME

ROW_GROUP = 250_000
REPEATED, CROSSING, LATE = 512, 640, 24
"""One in so many rows is delivered twice; of the last hours of a file, one in so many twice over two files, or late."""
TAIL = {"monthly": 36 * HOUR, "daily": 4 * HOUR}
"""The stretch before the end of a file whose rows may be delivered with the next one."""

_NAMES = (*(step.name for step in STEPS), NEW_NAME)
_AREAS = ("", "invoices", "stock", "orders", "reports", "dashboard", "help", "api")
_FORMS = ("", "invoice", "recurring", "customer", "taxes", "settings", "stock", "item", "supplier")
_SAVES = ("form_saved", "form_save_failed")
_AREA = np.array(
    [_AREAS.index(step.detail) if step.name not in _SAVES and step.detail in _AREAS else 0 for step in STEPS]
)
_FORM = np.array([_FORMS.index(step.detail) if step.name in _SAVES else 0 for step in STEPS])
_STEP_RUN_KIND = np.zeros(len(STEPS), dtype=np.int64)
for _kind, _steps in SCRIPTS.values():
    for _step in _steps:
        _STEP_RUN_KIND[STEPS.index(_step)] = RUNS.index(_kind) if _step.run else 0
_SYSTEM = np.array([step.system for step in STEPS])
_TESTABLE = np.array([step.name in ("page_view", "form_saved", "customer_created") for step in STEPS])

_KINDS = ("page", "api", "job", "sync")
_KIND = np.array([_KINDS.index(step.kind) if step.kind in _KINDS else 0 for step in STEPS])
_MEDIAN = np.array([420.0, 140.0, 1500.0, 5200.0])
_SPREAD = np.array([0.75, 0.8, 0.9, 0.9])
_ERROR = np.array([0.002, 0.011, 0.014, 0.022])
_TIMEOUT = np.array([0.001, 0.004, 0.003, 0.008])
_OUTCOMES = ("ok", "error", "timeout")
_SLOW = np.array([1.0 + (sum(map(ord, step.name)) % 7) / 5 for step in STEPS])


@dataclass
class Counts:
    """What was delivered: rows, rows delivered twice (in one file, over two files), rows in a later file than theirs."""

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
        accounts, users = self.world.accounts, self.world.users
        self._workspaces = pa.array(accounts.ids(), pa.string())
        self._people = pa.array(users.ids(), pa.string())

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
            self._events.write_table(self._event_table(rows, ids), row_group_size=ROW_GROUP)

    def _event_table(self, rows: Rows, ids: Ints) -> pa.Table:
        renamed = (rows.code == CODE[OLD_NAME]) & (rows.at >= self.world.stories.renamed_at)
        kind = _STEP_RUN_KIND[rows.code]
        account = self.world.users.account[rows.user]
        test = (_TESTABLE[rows.code] & (ids // 7 % 150 == 1)) | self.world.accounts.internal[account]
        columns = [
            hexadecimal(ids),
            named(np.where(renamed, len(STEPS), rows.code), _NAMES),
            instants(rows.at),
            named(account, self._workspaces),
            named(rows.user, self._people, _SYSTEM[rows.code]),
            *(numbered(f"{name[0]}-", rows.run, kind == place) for place, name in enumerate(RUNS) if name),
            texts(rows.flaw, FLAWS),
            pa.array(rows.cents / 100, mask=rows.cents == 0),
            texts(_AREA[rows.code], _AREAS),
            texts(_FORM[rows.code], _FORMS),
            pa.array(test, mask=~test),
        ]
        return pa.Table.from_arrays(columns, names=EVENTS.names)

    def _write_requests(self, rows: Rows) -> None:
        if not len(rows) or self._requests is None:
            return
        self.counts.requests += len(rows)
        draws = Draws(self.world.seed, "requests", self._blocks)
        count, kind = len(rows), _KIND[rows.code]
        luck = draws.uniform(count)
        outcome = np.select([luck < _ERROR[kind], luck < _ERROR[kind] + _TIMEOUT[kind]], [1, 2], 0)
        outcome = np.where(rows.flaw > 0, 2, outcome)
        duration = _MEDIAN[kind] * _SLOW[rows.code] * np.exp(_SPREAD[kind] * draws.normal(count))
        duration = np.where(outcome == 2, 30_000, np.minimum(duration, 29_000)).astype(np.int32)
        tries = np.minimum((draws.exponential(count) * np.where(outcome > 0, 1.6, 0.14)).astype(np.int8), 5)
        columns = [
            instants(rows.at),
            named(self.world.users.account[rows.user], self._workspaces),
            named(rows.user, self._people, _SYSTEM[rows.code]),
            named(kind, _KINDS),
            named(rows.code, _NAMES),
            pa.array(duration),
            named(outcome.astype(np.int64), _OUTCOMES),
            pa.array(tries),
        ]
        table = pa.Table.from_arrays(columns, names=REQUESTS.names)
        self._requests.write_table(table, row_group_size=ROW_GROUP)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    path.parent.mkdir(parents=True, exist_ok=True)
    part, repeating = path.with_name(path.name + ".part"), [field.name for field in schema if field.type == _TEXT]
    packed = {field.name: "DELTA_BINARY_PACKED" for field in schema if field.type in (_AT, pa.int32())}
    return pq.ParquetWriter(
        part, schema, compression="zstd", store_schema=False, use_dictionary=repeating, column_encoding=packed
    )


_TEXT = pa.dictionary(pa.int32(), pa.string())
_AT = pa.timestamp("us", "UTC")
EVENTS = pa.schema({
    "event_id": pa.string(), "name": _TEXT, "ts": _AT, "workspace_id": _TEXT, "user_id": _TEXT,
    "invoice_id": pa.string(), "count_id": pa.string(), "order_id": pa.string(), "checkout_id": pa.string(),
    "error_code": _TEXT, "amount_eur": pa.float64(), "area": _TEXT, "form": _TEXT, "is_test": pa.bool_(),
})  # fmt: skip
REQUESTS = pa.schema({
    "ts": _AT, "workspace_id": _TEXT, "user_id": _TEXT, "kind": _TEXT, "route": _TEXT,
    "duration_ms": pa.int32(), "outcome": _TEXT, "retries": pa.int8(),
})  # fmt: skip
