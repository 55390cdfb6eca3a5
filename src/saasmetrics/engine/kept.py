"""Reduced ledgers kept from one run to the next, beside the facts that they come of: `Kept`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.engine.bounded import Stretch
from saasmetrics.engine.program import program
from saasmetrics.engine.read import Read
from saasmetrics.engine.values import Frame
from saasmetrics.facts.cache import Cache
from saasmetrics.facts.request import Request, Runs
from saasmetrics.facts.sparing import Known, Needed
from saasmetrics.finding import Finding
from saasmetrics.frames.canonical import ROLES
from saasmetrics.period import Calendar, Grain, Periods
from saasmetrics.sources.open import Sources

_PLAN = "answers"
_MOST = 10_000
"""Ledgers beyond which none are kept."""


class UnforeseenError(Exception):
    """What was kept does not answer the question after all: everything has to be read."""


@dataclass(frozen=True)
class Asker:
    """A number that is asked for: its name, what it asks of the logs, and what else it rests on.

    `roles` are those of the tables that it reads; `stretch` is None where rows of any day may change it.
    """

    name: str
    grain: Grain
    requests: frozenset[Request]
    roles: frozenset[str]
    stretch: Stretch | None


@dataclass(frozen=True)
class Question:
    """All that decides the numbers beside the rows: what is asked, of what it is told, by which program.

    `tables` tells by role what the exports hold that are no logs. Edges: a definition file counts by what it says,
    without comments and layout; these exports count by their bytes, so that one which is written again as it was
    changes nothing.
    """

    text: str
    tables: Mapping[str, str]

    @classmethod
    def of(cls, definitions: Definitions, sources: Sources, wishes: Sequence[object]) -> Question:
        """The question of these wishes."""
        said = json.dumps(definitions.written.data, default=str)
        columns = sorted((name, log.role, repr(log.columns)) for name, log in sources.logs.items())
        missing = sorted(sources.missing.items())
        text = repr((said, columns, missing, [repr(wish) for wish in wishes], program()))
        return cls(text, _tables(definitions, sources))

    def name(self, plan: str) -> str:
        """A name for it, given that of the plan by which logs are reduced."""
        return hashlib.blake2b(f"{plan}\n{self.text}".encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Told:
    """A ledger reduced: its rows, the periods that it was drawn for, and how far its inputs reached.

    Columns of `rows`: those of `engine/finish.py` before a status is put on them.
    """

    asker: str
    rows: pl.DataFrame
    grain: Grain
    starts: tuple[date, ...]
    as_of: datetime
    since: datetime | None

    def alike(self, other: Told) -> bool:
        """Whether the other one tells the same."""
        moments = (self.starts, self.as_of, self.since) == (other.starts, other.as_of, other.since)
        return moments and self.rows.height == other.rows.height


@dataclass
class Kept:
    """What an earlier run told of a question, and what this one tells, to be kept.

    A period is told as it was when it ended so long before anything new, and before the as-of of then, that neither
    reaches it; where nothing is new, every period is. Those from a border on are made anew, of facts from as far back
    as they reach. In any doubt everything is made anew.
    """

    ask: Callable[[], Question]
    askers: Sequence[Asker]
    opened: frozenset[Request]
    """Requests whose facts are looked at besides."""
    calendar: Calendar
    told: dict[str, Told] = field(default_factory=dict)
    """What is known from before, by ledger."""
    borders: dict[str, date] = field(default_factory=dict)
    """By asker, the day from which on periods are made anew: those that end later. Others are made anew as a whole."""
    made: dict[str, Told] = field(default_factory=dict)
    """What this run made."""
    _cache: Cache | None = None
    _plan: str = ""
    _barred: bool = False
    """Whether nothing is told from before."""
    _unclear: bool = False
    """Whether one key stood for two ledgers, so that nothing is kept."""

    @cached_property
    def question(self) -> Question:
        """What is asked, worked out where there is a cache."""
        return self.ask()

    def needed(self, known: Known) -> Needed | None:
        """From which day on facts are needed, by what was told before and what is new since."""
        self._cache, self._plan = known.cache, known.plan
        self.told.clear()
        self.borders.clear()
        parcel = None if self._barred else known.cache.parcel(_PLAN, self.question.name(known.plan))
        if parcel is None or not _stands(parcel.head, known):
            return None
        tables = known.cache.use(parcel)
        if tables is None:
            return None
        self.told = _read(parcel.head, tables["told"])
        same = not known.read and parcel.head["seals"] == known.seals
        for asker in self.askers:
            border = self._border(asker, known, parcel.head["tables"], same=same)
            if border is not None:
                self.borders[asker.name] = border
        return self._from()

    def _border(self, asker: Asker, known: Known, tables: Mapping[str, str], *, same: bool) -> date | None:
        """The day before which a number is told as it was; None where none is."""
        now, told = self.question.tables, [each for each in self.told.values() if each.asker == asker.name]
        if same and tables == now:
            return date.max
        if asker.stretch is None or not told or any(tables.get(role) != now.get(role) for role in asker.roles):
            return None
        reached = min(self.calendar.local_day(each.as_of) for each in told)
        of_runs = any(isinstance(request, Runs) for request in asker.requests)
        first = known.first_of_runs if of_runs else known.first
        return min(first or date.max, reached - timedelta(days=asker.stretch.after + 1))

    def _from(self) -> Needed:
        """The first day of the facts of each request that is needed."""
        days: dict[Request, date] = dict.fromkeys(self.opened, date.min)
        for asker in self.askers:
            border = self.borders.get(asker.name, date.min)
            if border == date.max:
                continue
            if border > date.min and asker.stretch is not None:
                start = self.calendar.floor(border, asker.grain) - timedelta(days=asker.stretch.before)
                border = start.replace(day=1)  # facts of a month may be one number
            for request in asker.requests:
                days[request] = min(border, days.get(request, date.max))
        return days

    def fresh(self, frame: Frame) -> Periods:
        """The periods of a frame that are made anew."""
        border = self.borders.get(frame.asker, date.min)
        calendar, grain = frame.periods.calendar, frame.periods.grain
        starts = (start for start in frame.periods.starts if border < date.max and calendar.end(start, grain) > border)
        return replace(frame.periods, starts=tuple(starts))

    def find(self, key: str, frame: Frame, fresh: Periods) -> pl.DataFrame | None:
        """The rows of a ledger in the periods that are not made anew.

        None when they are not known, when its inputs begin elsewhere now or reach less far, or, where nothing is new,
        otherwise than before.
        """
        told, starts = self.told.get(key), {*frame.periods.starts} - {*fresh.starts}
        if told is None or not starts <= {*told.starts} or told.since != frame.since or told.as_of > frame.as_of:
            return None
        if told.as_of != frame.as_of and self.borders.get(frame.asker) == date.max:
            return None
        return told.rows.filter(pl.col("period").is_in(sorted(starts)))

    def note(self, key: str, rows: pl.DataFrame, frame: Frame) -> None:
        """Remember what a ledger was reduced to."""
        periods = frame.periods
        told = Told(frame.asker, rows, periods.grain, periods.starts, frame.as_of, frame.since)
        known = self.made.setdefault(key, told)
        self._unclear |= not told.alike(known)

    def bar(self) -> None:
        """Make everything anew."""
        self._barred = True
        self.made.clear()

    def write(self, found: Read) -> tuple[Finding, ...]:
        """Keep what this run made, if it was made of rows that all stand in the cache."""
        news = any(self.borders.get(each.asker) != date.max for each in self.made.values())
        if self._cache is None or found.seals is None or self._unclear or not news or len(self.made) > _MOST:
            return ()
        keys = list(self.made)
        parts = [self.made[key].rows.with_columns(_ledger=pl.lit(n, pl.UInt32)) for n, key in enumerate(keys)]
        told = [[key, *_head(self.made[key])] for key in keys]
        head = {"seals": found.seals, "files": found.parcels, "tables": self.question.tables, "told": told}
        self._cache.write(_PLAN, self.question.name(self._plan), head, {"told": pl.concat(parts)})
        return self._cache.close()


def _stands(head: Mapping[str, Any], known: Known) -> bool:
    """Whether all rows of then are there as they were, in their parcels or in files that are read again.

    Edges: what another run has put there since was not seen by what was told, and makes it stand for nothing.
    """
    seals, files = head["seals"], head["files"]
    gone = [name for name, seal in seals.items() if known.seals.get(name) != seal]
    return known.seals.keys() <= seals.keys() and all(known.read.issuperset(files[name]) for name in gone)


def _head(told: Told) -> list[Any]:
    moments = [told.as_of.isoformat(), told.since and told.since.isoformat()]
    return [told.asker, told.grain.value, [start.isoformat() for start in told.starts], *moments]


def _read(head: Mapping[str, Any], rows: pl.DataFrame) -> dict[str, Told]:
    parts = dict(rows.partition_by("_ledger", as_dict=True, include_key=False))
    told = {}
    for number, (key, asker, grain, starts, as_of, since) in enumerate(head["told"]):
        told[key] = Told(
            asker,
            parts.get((number,), rows.clear().drop("_ledger")),
            Grain(grain),
            tuple(map(date.fromisoformat, starts)),
            datetime.fromisoformat(as_of),
            since and datetime.fromisoformat(since),
        )
    return told


def _tables(definitions: Definitions, sources: Sources) -> dict[str, str]:
    """By role, what the files of all its sources hold, where it is no log."""
    digests: dict[str, Any] = {}
    for name in sorted(sources.files):
        role = definitions.sources[name].role
        if ROLES[role].log:
            continue
        digest = digests.setdefault(role, hashlib.blake2b(digest_size=16))
        for file in sources.files[name]:
            digest.update(f"{name}\n{file.name}\n{file.packed}\n".encode())
            with file.path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "blake2b").digest())
    return {role: digest.hexdigest() for role, digest in digests.items()}
