"""One pass over the logs: units of work in, partial facts together, facts out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import polars as pl

from saasmetrics.facts.chunk import Chunk, Ground
from saasmetrics.facts.demand import Demand
from saasmetrics.facts.family import reducer
from saasmetrics.facts.feed import Unit, batches, units, wish
from saasmetrics.facts.matching import Matcher
from saasmetrics.facts.repeats import Marks, first_of_each
from saasmetrics.facts.request import Request
from saasmetrics.facts.result import Facts
from saasmetrics.facts.runs import RunBook
from saasmetrics.facts.usable import Count, sift
from saasmetrics.finding import Finding, Severity

_IDS = frozenset({"account", "user", "event"})

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Found:
    """What one batch of one source came to: its count, rows set aside as repeats, and a partial per reducer."""

    source: str
    count: Count
    aside: pl.DataFrame | None
    partials: list[Any]


class Pass:
    """Reads every unit in a few threads and puts together what they find, in one.

    Memory is bounded by the plan: there are never more units under way than threads and one.
    """

    def __init__(self, ground: Ground, demands: Mapping[str, Demand], progress: Progress | None, threads: int) -> None:
        self._ground = ground
        self._demands = demands
        self._units = units(demands)
        self._threads = threads
        self._progress = progress
        self._reducers = [reducer(family, ground.atoms) for family in ground.plan.families]
        self._matchers, self._readers = {}, {}
        for name, demand in demands.items():
            predicates = [predicate for predicate in ground.plan.predicates if predicate.source == name]
            self._matchers[name] = Matcher(predicates, demand.main, ground.words.keys() - _IDS)
            self._readers[name] = [n for n, family in enumerate(ground.plan.families) if name in family.sources]
        self._counts = {name: Count() for name in demands}
        self._marks = {name: Marks() for name, demand in demands.items() if demand.log.id}
        self._aside: dict[str, list[pl.DataFrame]] = {name: [] for name in demands}
        self._findings: list[Finding] = []

    def run(self) -> Facts:
        """Read the ids of sources that have them, then all rows, then the rows set aside as repeats."""
        if self._marks:
            self._each("ids", self._read_ids, self._mark)
            for marks in self._marks.values():
                marks.close()
        self._each("rows", self._reduce, self._absorb)
        for name, parts in self._aside.items():
            if parts:
                self._settle(name, pl.concat(parts, how="vertical_relaxed"))
        return self._facts()

    def _each(self, what: str, work: Callable[[int, Unit], Any], use: Callable[[Any], None]) -> None:
        """Work on all units, a few at a time; use each result in this thread as soon as it is there."""
        total, done = sum(unit.rows for unit in self._units), 0
        waiting: dict[Future[Any], Unit] = {}
        with ThreadPoolExecutor(self._threads) as pool:
            for number, unit in enumerate(self._units):
                waiting[pool.submit(work, number, unit)] = unit
                if len(waiting) > self._threads:
                    done = self._drain(waiting, use, what, done, total)
            while waiting:
                done = self._drain(waiting, use, what, done, total)

    def _drain(
        self, waiting: dict[Future[Any], Unit], use: Callable[[Any], None], what: str, done: int, total: int
    ) -> int:
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            use(future.result())
            done += waiting.pop(future).rows
            if self._progress is not None:
                self._progress(what, done, total)
        return done

    def _read_ids(self, number: int, unit: Unit) -> tuple[int, list[tuple[str, pl.Series]]]:
        demands = {name: self._demands[name] for name in unit.sources if name in self._marks}
        if not demands:
            return number, []
        found = []
        for raw in batches(unit, wish(demands.values(), ids=True), next(iter(demands.values()))):
            found += [(name, demand.ids(raw)) for name, demand in demands.items()]
        return number, found

    def _mark(self, found: tuple[int, list[tuple[str, pl.Series]]]) -> None:
        number, ids = found
        for name, column in ids:
            self._marks[name].add(number, column)

    def _reduce(self, number: int, unit: Unit) -> list[Found]:
        """Partial facts of a unit, batch by batch, with what was counted and set aside."""
        demands = {name: self._demands[name] for name in unit.sources}
        out = []
        for raw in batches(unit, wish(demands.values()), demands[unit.sources[0]]):
            out += [self._found(number, raw, name) for name in demands]
        return out

    def _found(self, number: int, raw: pl.DataFrame, name: str) -> Found:
        demand, repeated, aside = self._demands[name], None, None
        count = Count()
        if name in self._marks:
            again, marks = self._marks[name].repeated(number, raw.height)
            if again.any():
                repeated = pl.Series(again)
                aside = self._usable(demand, demand.aside(raw, repeated, pl.Series(marks)), count)
        rows = self._usable(demand, demand.conform(raw, repeated), count)
        count.use(rows[demand.main])
        return Found(name, count, aside, self._partials(name, rows))

    def _usable(self, demand: Demand, rows: pl.DataFrame, count: Count) -> pl.DataFrame:
        usable, left_out = sift(rows, demand.main, self._ground.plan.as_of)
        count.add(left_out)
        return rows if usable.all() else rows.filter(pl.Series(usable))

    def _partials(self, name: str, rows: pl.DataFrame) -> list[Any]:
        """What each reducer that reads this source makes of its rows."""
        chunk = Chunk(self._ground, self._demands[name].main, rows)
        chunk.atoms = self._matchers[name].atoms(chunk)
        return [self._reducers[place].take(chunk) for place in self._readers[name]]

    def _absorb(self, found: list[Found]) -> None:
        for each in found:
            self._counts[each.source].add(each.count)
            if each.aside is not None:
                self._aside[each.source].append(each.aside)
            for place, partial in zip(self._readers[each.source], each.partials, strict=True):
                self._reducers[place].absorb(partial)

    def _settle(self, name: str, rows: pl.DataFrame) -> None:
        """Reduce the rows set aside, one for each id."""
        kept, differing = first_of_each(rows)
        count = Count(repeats=rows.height - kept.height)
        count.use(kept[self._demands[name].main])
        self._absorb([Found(name, count, None, self._partials(name, kept))])
        if differing:
            message = f"{differing} rows of `{name}` repeat an id with other content; the first by content is kept"
            self._findings.append(Finding("SM905", Severity.WARNING, message, column="id", rows=differing))

    def _facts(self) -> Facts:
        names = {column: vocabulary.names() for column, vocabulary in self._ground.words.items()}
        frames: dict[Request, pl.DataFrame] = {}
        runless: dict[str, int] = {}
        self._marks.clear()
        while self._reducers:  # one at a time, so that what it held is gone before the next builds its frames
            each = self._reducers.pop(0)
            frames |= each.frames(names)
            if isinstance(each, RunBook):
                runless[each.workflow] = max(each.runless, runless.get(each.workflow, 0))
        reads = {name: count.read for name, count in self._counts.items()}
        ids = names["account"].enum, names["user"].enum
        return Facts(frames, *ids, reads, runless, tuple(self._findings))
