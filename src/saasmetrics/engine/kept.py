"""Reduced ledgers kept from one run to the next, beside the facts that they come of: `Kept`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

import polars as pl

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.engine.program import program
from saasmetrics.engine.values import Frame
from saasmetrics.facts.cache import Cache
from saasmetrics.facts.request import Request
from saasmetrics.facts.sparing import Known
from saasmetrics.finding import Finding
from saasmetrics.frames.canonical import ROLES
from saasmetrics.period import Grain, Periods
from saasmetrics.sources.open import Sources

_PLAN = "answers"
_FEW = 10_000
"""Ledgers beyond which none are kept."""


class UnforeseenError(Exception):
    """What was kept does not answer the question after all: everything has to be read."""


@dataclass(frozen=True)
class Question:
    """All that decides the numbers beside the rows: what is asked, of what it is told, by which program.

    Edges: a definition file counts by what it says, without comments and layout; exports that are no logs count by
    their bytes, so that one which is written again as it was changes nothing.
    """

    text: str
    tables: str

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

    Columns of `rows`: those of `engine/finish.py` before a status is put on them, without the number of the piece.
    """

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

    Where nothing is new, nothing of the logs is read but how many rows they have: every ledger is told as it was. In
    any doubt everything is made anew.
    """

    ask: Callable[[], Question]
    opened: frozenset[Request]
    """Requests whose facts are looked at besides."""
    periods: Callable[[Grain, datetime], Periods]
    """The periods asked for of a grain, as of a moment."""
    told: dict[str, Told] = field(default_factory=dict)
    """What is known from before, by ledger; empty where everything is made anew."""
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

    def needed(self, known: Known) -> frozenset[Request] | None:
        """Of a question that was answered from the same rows, only what is opened besides; else everything."""
        self._cache, self._plan = known.cache, known.plan
        name = self.question.name(known.plan)
        parcel = known.cache.parcel(_PLAN, name) if known.whole and not self._barred else None
        if parcel is None or parcel.head["seals"] != known.seals or parcel.head["tables"] != self.question.tables:
            return None
        tables = known.cache.use(parcel)
        if tables is None:
            return None
        told = _read(parcel.head, tables["told"])
        if not self._covers(told, datetime.fromisoformat(parcel.head["as_of"])):
            return None
        self.told = told
        return self.opened

    def _covers(self, told: Mapping[str, Told], as_of: datetime) -> bool:
        """Whether the periods that are asked for are among those that were told."""
        grains = {each.grain: set(each.starts) for each in told.values()}
        return all({*self.periods(grain, as_of).starts} <= starts for grain, starts in grains.items())

    def find(self, key: str, frame: Frame) -> pl.DataFrame | None:
        """The rows of a ledger in these periods, known from before.

        None when they are not, or when its inputs reach elsewhere now.
        """
        told, starts = self.told.get(key), frame.periods.starts
        if told is None or not {*starts} <= {*told.starts} or (told.as_of, told.since) != (frame.as_of, frame.since):
            return None
        return told.rows.filter(pl.col("period").is_in(list(starts)))

    def note(self, key: str, rows: pl.DataFrame, frame: Frame) -> None:
        """Remember what a ledger was reduced to."""
        periods = frame.periods
        told = Told(rows, periods.grain, periods.starts, frame.as_of, frame.since)
        known = self.made.setdefault(key, told)
        self._unclear |= not told.alike(known)

    def forget(self) -> None:
        """Make everything anew."""
        self._barred = True
        self.told.clear()
        self.made.clear()

    def write(self, seals: Mapping[str, int] | None, as_of: datetime) -> tuple[Finding, ...]:
        """Keep what this run made, if it was made of rows that all stand in the cache."""
        if self._cache is None or seals is None or self._unclear or not 0 < len(self.made) < _FEW:
            return ()
        keys = list(self.made)
        parts = [self.made[key].rows.with_columns(_ledger=pl.lit(n, pl.UInt32)) for n, key in enumerate(keys)]
        told = [[key, *_head(self.made[key])] for key in keys]
        head = {"seals": seals, "tables": self.question.tables, "as_of": as_of.isoformat(), "told": told}
        self._cache.write(_PLAN, self.question.name(self._plan), head, {"told": pl.concat(parts)})
        return self._cache.close()


def _head(told: Told) -> list[Any]:
    moments = [told.as_of.isoformat(), told.since and told.since.isoformat()]
    return [told.grain.value, [start.isoformat() for start in told.starts], *moments]


def _read(head: Mapping[str, Any], rows: pl.DataFrame) -> dict[str, Told]:
    parts = dict(rows.partition_by("_ledger", as_dict=True, include_key=False))
    told = {}
    for number, (key, grain, starts, as_of, since) in enumerate(head["told"]):
        told[key] = Told(
            parts.get((number,), rows.clear().drop("_ledger")),
            Grain(grain),
            tuple(map(date.fromisoformat, starts)),
            datetime.fromisoformat(as_of),
            since and datetime.fromisoformat(since),
        )
    return told


def _tables(definitions: Definitions, sources: Sources) -> str:
    """What the files of all sources but the logs hold."""
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(sources.files):
        if ROLES[definitions.sources[name].role].log:
            continue
        for file in sources.files[name]:
            digest.update(f"{name}\n{file.name}\n{file.packed}\n".encode())
            with file.path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "blake2b").digest())
    return digest.hexdigest()


def requests_of(asked: Mapping[str, Any], metrics: Collection[str]) -> frozenset[Request]:
    """What some metrics ask of the logs."""
    return frozenset(request for name in metrics if name in asked for request in asked[name].requests)
