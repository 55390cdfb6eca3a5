"""One pass over the logs: units of work in, partial facts together, facts out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa

from saasmetrics.facts.batch import Batch
from saasmetrics.facts.chunk import Chunk, Ground
from saasmetrics.facts.demand import Demand
from saasmetrics.facts.family import reducer
from saasmetrics.facts.feed import Unit, batches, wish
from saasmetrics.facts.intake import Intake
from saasmetrics.facts.keeping import Keeper
from saasmetrics.facts.leaving import Leaving
from saasmetrics.facts.matching import Matcher
from saasmetrics.facts.pack import Flags, Hashes, Partial
from saasmetrics.facts.repeats import Marks, first_of_each
from saasmetrics.facts.request import Request
from saasmetrics.facts.result import Facts
from saasmetrics.facts.runs import RunBook
from saasmetrics.facts.shelf import Lot, Shelf, StaleError
from saasmetrics.facts.sparing import Sparing
from saasmetrics.facts.usable import Count, sift
from saasmetrics.facts.vocabulary import Vocabulary
from saasmetrics.finding import Finding, Severity

_IDS = frozenset({"account", "user", "event"})

Progress = Callable[[str, int, int], None]
Work = TypeVar("Work")


@dataclass(frozen=True)
class Found:
    """What one batch of one source came to.

    Its count, the marks of its rows where they have ids, rows set aside as repeats, rows that earlier ones stand for
    (`owned`), and a partial for each reducer, by its number.
    """

    source: str
    count: Count
    partials: list[tuple[int, Partial]]
    marks: Hashes | None = None
    aside: pl.DataFrame | None = None
    owned: pl.DataFrame | None = None
    apart: tuple[Hashes, Hashes] | None = None
    """The marks of the rows set aside, and of those owned."""


class Pass:
    """Reads every unit in a few threads and puts together what they find, in one.

    Memory is bounded by the plan: there are never more units under way than threads and one. What a shelf has of files
    that are as they were is taken from there, the rest is reduced and put there.
    """

    def __init__(
        self,
        ground: Ground,
        demands: Mapping[str, Demand],
        shelf: Shelf,
        progress: Progress | None,
        threads: int,
        sparing: Sparing | None = None,
    ) -> None:
        self._sparing = sparing
        self._ground = ground
        self._demands = demands
        self._shelf = shelf
        self._units = list(enumerate(shelf.stock.units))
        self._threads = threads
        self._progress = progress
        self._reducers = [reducer(family, ground.atoms, ground.reads) for family in ground.plan.families]
        self._matchers, self._readers, self._intakes = {}, {}, {}
        lexicons: dict[str, Vocabulary] = {}
        for name, demand in demands.items():
            self._intakes[name] = Intake(demand, ground.words, lexicons)
            predicates = [predicate for predicate in ground.plan.predicates if predicate.source == name]
            self._matchers[name] = Matcher(predicates, demand.main, ground.words.keys() - _IDS)
            self._readers[name] = [n for n, family in enumerate(ground.plan.families) if name in family.sources]
        self._counts = {name: Count() for name in demands}
        leads: dict[Hashable, str] = {}
        self._lead = {name: leads.setdefault(each.marked, name) for name, each in demands.items() if each.log.id}
        self._marks = {lead: Marks() for lead in leads.values()}
        self._aside: dict[str, list[pl.DataFrame]] = {name: [] for name in demands}
        self._owned: dict[str, list[pl.DataFrame]] = {name: [] for name in demands}
        self._findings: list[Finding] = []
        self._differing: dict[str, int] = {}

    def run(self) -> Facts:
        """Read the ids of sources that have them, then all rows, then the rows set aside as repeats.

        Raises: StaleError when the shelf has to be cleared, as an id came again with other content.
        """
        keeper = Keeper(self._reducers, self._ground.words, self._ground.atoms)
        lots = [self._shelf.lot(parcel) for parcel in self._shelf.stock.parcels]
        needs = self._find_repeats(lots) if self._marks and self._units else {}
        self._shelf.needs(lot for some in needs.values() for lot in some)
        self._each("rows", self._units, lambda number, unit: self._reduce(keeper, number, unit), self._absorb)
        for name, parts in self._owned.items():
            if parts:
                self._check(name, pl.concat(parts, how="vertical_relaxed"), needs[name])
        before = {name: [lot.aside[name] for lot in lots if name in lot.aside] for name in self._demands}
        rest = self._settle_new(before)
        leaving = Leaving(self._ground, self._reducers, self._shelf, keeper, lots)
        reached = Count()
        for count in self._counts.values():
            reached.reach(count.reached)
        leaving.take(leaving.needed(self._sparing, reached.reached, self._shelf.stock.read))
        for lot in lots:
            for name, count in lot.counts.items():
                self._counts[name].add(count)
        for name, rows in rest.items():
            self._settle(name, rows)
        self._tell_repeats()
        return self._facts()

    def _settle_new(self, before: Mapping[str, list[pl.DataFrame]]) -> dict[str, pl.DataFrame]:
        """Settle rows set aside that are new, with those set aside `before` under the same ids; by source, the rest."""
        rest: dict[str, pl.DataFrame] = {}
        for name, parts in self._aside.items():
            both = [*parts, *before[name]]
            if not both:
                continue
            rows = pl.concat(both, how="vertical_relaxed")
            ids = pl.concat([part["id"] for part in (parts or [rows.clear()])])
            touched = rows["id"].is_in(ids.implode())
            if touched.any():
                some = rows.filter(touched)
                self._counts[name].reach(Chunk(self._ground, self._demands[name].main, some).span())
                self._settle(name, some)
            if not touched.all():
                rest[name] = rows.filter(~touched)
        return rest

    def _find_repeats(self, lots: Sequence[Lot]) -> dict[str, list[Lot]]:
        """Read the ids of all units. By source, the lots of which some rows come again."""
        needs: dict[str, list[Lot]] = {}
        self._each("ids", self._units, self._read_ids, self._mark)
        for lot in lots:
            self._shelf.mark(lot)
        for lead, marks in self._marks.items():
            there = [lot for lot in lots if lead in lot.before]
            owned = marks.close([lot.before[lead] for lot in there])
            for name in (name for name, its in self._lead.items() if its == lead):
                needs[name] = [lot for lot, marks_ in zip(there, owned, strict=True) if len(marks_)]
                for lot, marks_ in zip(there, owned, strict=True):
                    lot.owns[name] = marks_
            if self._shelf.cache is None:  # else they are kept with what the rows come to
                marks.forget_others()
        kept = [lot for some in needs.values() for lot in some]
        for lot in lots:
            if not any(lot is other for other in kept):
                lot.before = {}
        return needs

    def _each(
        self,
        what: str,
        units: Iterable[tuple[int, Unit]],
        work: Callable[[int, Unit], Work],
        use: Callable[[Work], None],
    ) -> None:
        """Work on all units, a few at a time; use each result in this thread as soon as it is there."""
        units = list(units)
        total, done = sum(unit.rows for _, unit in units), 0
        waiting: dict[Future[Work], Unit] = {}
        with ThreadPoolExecutor(self._threads) as pool:
            for number, unit in units:
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
        demands = {name: self._demands[name] for name in unit.sources if name in self._marks}  # one of those that share
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

    def _reduce(self, keeper: Keeper, number: int, unit: Unit) -> list[Found]:
        """What a unit came to, batch by batch; it is put on the shelf before anybody else sees it."""
        demands = {name: self._demands[name] for name in unit.sources}
        out = []
        leads = dict.fromkeys(self._lead[name] for name in demands if name in self._lead)
        for raw in batches(unit, wish(demands.values()), demands[unit.sources[0]]):
            again = {lead: self._marks[lead].repeated(number, raw.height) for lead in leads}
            out += [self._found(raw, name, again.get(self._lead.get(name, ""))) for name in demands]
        self._shelf.put(unit, out, keeper, self._lead)
        return out

    def _found(self, raw: Batch, name: str, repeated: tuple[Flags, Hashes] | None) -> Found:
        demand, count = self._demands[name], Count()
        if repeated is None:
            return Found(name, count, self._taken(name, raw, None, count))
        again, marks = repeated
        owned = again.copy()
        owned[again] = self._marks[self._lead[name]].owned(marks[again])
        aside = self._apart(demand, raw, again & ~owned, marks, count)
        stood_for = self._apart(demand, raw, owned, marks, count)
        partials = self._taken(name, raw, again if again.any() else None, count)
        if stood_for is not None:
            count.repeats += stood_for.height
        apart = marks[again & ~owned], marks[owned]
        return Found(name, count, partials, marks, aside, stood_for, apart)

    def _apart(self, demand: Demand, raw: Batch, chosen: Flags, marks: Hashes, count: Count) -> pl.DataFrame | None:
        """Usable canonical rows of some that are not reduced with the others; None without any."""
        if not chosen.any():
            return None
        rows = demand.aside(raw, chosen, marks)
        usable, left_out = sift(rows, demand.main, self._ground.plan.as_of)
        count.add(left_out)
        return rows if usable.all() else rows.filter(pl.Series(usable))

    def _taken(self, name: str, raw: Batch, repeated: Flags | None, count: Count) -> list[tuple[int, Partial]]:
        """What each reducer makes of the usable rows that are not repeated; they are counted."""
        intake = self._intakes[name].rows(raw, repeated)
        usable, left_out = sift(intake.rows, self._demands[name].main, self._ground.plan.as_of, intake.kept)
        count.add(left_out)
        times = intake.rows[self._demands[name].main]
        count.use(times if usable.all() else times.filter(pl.Series(usable)))
        count.not_read(intake.rows, usable)
        chunk = Chunk(self._ground, self._demands[name].main, intake.rows, intake.worded)
        return self._partials(name, chunk, count, usable)

    def _partials(
        self, name: str, chunk: Chunk, count: Count, usable: Flags | None = None
    ) -> list[tuple[int, Partial]]:
        """What each reducer that reads this source makes of its rows; cells that are no numbers are counted."""
        chunk.atoms = self._matchers[name].atoms(chunk)
        if usable is not None:
            chunk.atoms[~usable] = 0
        chunk = chunk.meeting_any()
        count.reach(chunk.span())
        partials = [(number, self._reducers[number].take(chunk)) for number in self._readers[name]]
        count.unread.update({column: int(flags.sum()) for column, flags in chunk.unread.items()})
        return partials

    def _absorb(self, found: list[Found]) -> None:
        for each in found:
            self._counts[each.source].add(each.count)
            if each.aside is not None:
                self._aside[each.source].append(each.aside)
            if each.owned is not None:
                self._owned[each.source].append(each.owned)
            for number, partial in each.partials:
                self._reducers[number].absorb(partial)

    def _check(self, name: str, rows: pl.DataFrame, lots: list[Lot]) -> None:
        """Rows that earlier ones stand for must be like them. Raises: StaleError where one is not."""
        demand = self._demands[name]
        parts = [rows]
        for lot in lots:
            first = 0
            marks, wanted = lot.before[self._lead[name]].marks, lot.owns[name]
            for raw in batches(self._shelf.stock.unit(lot.parcel), wish([demand]), demand):
                some = marks[first : first + raw.height]
                first += raw.height
                chosen = np.isin(some, wanted)
                found = self._apart(demand, raw, chosen, some, Count())
                parts += [found] if found is not None else []
        different = pl.concat(parts, how="vertical_relaxed").unique()
        if different.height != different["id"].n_unique():
            raise StaleError

    def _settle(self, name: str, rows: pl.DataFrame) -> None:
        """Reduce the rows set aside, one for each id."""
        kept, differing = first_of_each(rows)
        count = Count(repeats=rows.height - kept.height)
        count.use(kept[self._demands[name].main])
        chunk = Chunk(self._ground, self._demands[name].main, kept)
        count.not_read(kept, np.ones(kept.height, np.bool_))
        self._absorb([Found(name, count, self._partials(name, chunk, count))])
        self._differing[name] = self._differing.get(name, 0) + differing

    def _tell_repeats(self) -> None:
        for name in [name for name in self._demands if self._differing.get(name)]:
            rows = self._differing[name]
            message = f"{rows} rows of `{name}` repeat an id with other content; the first by content is kept"
            self._findings.append(Finding("SM905", Severity.WARNING, message, column="id", rows=rows))

    def _facts(self) -> Facts:
        names = {column: vocabulary.names() for column, vocabulary in self._ground.words.items()}
        frames: dict[Request, pl.DataFrame] = {}
        runless: dict[str, int] = {}
        self._marks.clear()
        while self._reducers:  # one at a time, so that what it held is gone before the next builds its frames
            pa.default_memory_pool().release_unused()  # what arrays left behind goes back to the system
            each = self._reducers.pop(0)
            frames |= each.frames(names)
            if isinstance(each, RunBook):
                runless = each.runless
        pa.default_memory_pool().release_unused()
        reads = {name: count.read for name, count in self._counts.items()}
        ids = names["account"].enum, names["user"].enum
        seals = dict(self._shelf.seals) if self._shelf.whole else None
        return Facts(frames, *ids, reads, runless, tuple(self._findings), seals, self._shelf.files)
