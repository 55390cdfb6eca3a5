"""The two sorts of given: one records what is asked while plans are drawn up, one answers from what was read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import polars as pl

from saasmetrics.books.given import Book, Given
from saasmetrics.books.numbers import Numbers
from saasmetrics.books.segments import Attribute, NotApplicableError, column, has_attribute
from saasmetrics.definitions.inputs import ResolvedInput
from saasmetrics.definitions.metric import Metric
from saasmetrics.definitions.scope import Scope
from saasmetrics.engine.combine import back, bound, combined, cut, moved_starts, renamed
from saasmetrics.engine.shelf import Shelf
from saasmetrics.engine.store import Store
from saasmetrics.facts.request import Content, First, Narrow, Presence, Request, Runs, SameRun, Spread, Tally
from saasmetrics.frames.canonical import ROLES
from saasmetrics.frames.ledger import CORE, Ledger, Side, core_types
from saasmetrics.frames.nothing import nothing
from saasmetrics.period import Grain, Periods

INSTANT = pl.Datetime("us", "UTC")


@dataclass
class Asked:
    """What was asked for while a metric's plan was drawn up."""

    requests: dict[Request, frozenset[str]] = field(default_factory=dict)
    """Of runs, the columns that are read; of other requests all are."""
    roles: dict[str, None] = field(default_factory=dict)
    lookups: dict[str, None] = field(default_factory=dict)
    """Roles that only lend attributes, and say nothing about how far the numbers reach."""

    def add(self, other: Asked, *, lookup: bool = False) -> None:
        """What another plan asked for as well; with `lookup` its roles only lend attributes."""
        for request, columns in other.requests.items():
            self.note(request, columns)
        self.lookups.update(other.lookups)
        (self.lookups if lookup else self.roles).update(other.roles)

    def note(self, request: Request, columns: Collection[str]) -> None:
        """What is asked of the logs, and which columns of it are read."""
        self.requests[request] = self.requests.get(request, frozenset()).union(columns)


class _Common(Given):
    """What both sorts share: walking from a metric to those it is made of."""

    store: Store

    def __init__(self, scope: Scope, by: tuple[str, ...], as_of: datetime) -> None:
        self.scope = scope
        self.by = by
        self.as_of = as_of

    @abstractmethod
    def of(self, metric: Metric) -> Given:
        """The same, for another metric's scope."""

    def schema(self, role: str) -> Mapping[str, pl.DataType]:
        return self.store.schema(role)

    def lacks(self, role: str) -> bool:
        return role in self.store.missing

    def begins(self, role: str) -> datetime | None:
        return self.store.begins.get(role)

    def ledger(self, wanted: ResolvedInput, periods: Periods) -> Ledger:
        definitions = self.scope.definitions
        metric = definitions.metrics[wanted.address.metric]
        given = self.of(metric).narrowed(*dict.fromkeys([*self.by, *wanted.segments]))
        if wanted.offset is None or definitions.shape(metric.id).time == "stock":
            whole = combined(given, metric, back(periods, wanted.offset)).spread
        else:
            names = moved_starts(periods, wanted.offset)
            before = replace(periods, starts=tuple(sorted(set(names.values()))))
            whole = renamed(combined(given, metric, before).spread, names)
        return cut(given, whole, wanted, self.by)


@dataclass
class Drafts:
    """Plans of books and ledgers drawn up before, with what they asked for: many metrics rest on the same ones."""

    books: dict[tuple[Book, str], tuple[pl.LazyFrame, Asked]] = field(default_factory=dict)
    ledgers: dict[tuple[str, tuple[str, ...], Grain], Asked] = field(default_factory=dict)


class Recorder(_Common):
    """Draws up plans over empty frames and notes what they ask for."""

    def __init__(
        self,
        scope: Scope,
        store: Store,
        by: tuple[str, ...],
        asked: Asked,
        as_of: datetime,
        drafts: Drafts,
        fine: bool = False,
    ) -> None:
        super().__init__(scope, by, as_of)
        self.store = store
        self.asked = asked
        self.drafts = drafts
        self.fine = fine

    def of(self, metric: Metric) -> Recorder:
        return self._with(scope=self.scope.definitions.scope(metric.id))

    def narrowed(self, *by: str) -> Recorder:
        return self._with(by=by)

    def finely(self) -> Recorder:
        return self._with(fine=True)

    def noting(self, asked: Asked) -> Recorder:
        """The same, noting elsewhere."""
        return self._with(asked=asked)

    def _with(
        self,
        scope: Scope | None = None,
        by: tuple[str, ...] | None = None,
        asked: Asked | None = None,
        fine: bool | None = None,
    ) -> Recorder:
        return Recorder(
            scope or self.scope,
            self.store,
            self.by if by is None else by,
            self.asked if asked is None else asked,
            self.as_of,
            self.drafts,
            self.fine if fine is None else fine,
        )

    def table(self, role: str) -> pl.LazyFrame:
        self.asked.roles[role] = None
        return self.store.tables[role].lazy()

    def fact(self, request: Request, columns: Sequence[str] = ()) -> pl.LazyFrame:
        self.asked.note(request, columns)
        selectors = request.selectors if not isinstance(request, Runs) else request.attempt + request.success
        for selector in selectors:
            self.asked.roles[selector.role] = None
        return _some(nothing(_columns(request, self.store)).lazy(), columns)

    def made(self, book: Book) -> pl.LazyFrame:
        key = (book, self.scope.choices)
        if key not in self.drafts.books:
            asked = Asked()
            frame = book.make(self.noting(asked).narrowed())
            self.drafts.books[key] = (nothing(frame.collect_schema()).lazy(), asked)
        frame, asked = self.drafts.books[key]
        self.asked.add(asked, lookup=getattr(book, "lends", False))
        return frame

    def ledger(self, wanted: ResolvedInput, periods: Periods) -> Ledger:
        metric = self.scope.definitions.metrics[wanted.address.metric]
        marks = tuple(dict.fromkeys([*self.by, *wanted.segments]))
        self.record(metric, marks, periods)
        shape = self.scope.definitions.shape(metric.id)
        own = {part.column: pl.String() for part in self.scope.definitions.parts(metric.id)}
        payload = {name: pl.Int64() for name in shape.payload - set(CORE)}
        columns = {**core_types(), **own, **payload, **{column(name): pl.String() for name in marks}}
        side = Side(nothing(columns).lazy(), names=frozenset(columns))
        return Ledger(shape, side, side if shape.how == "ratio" else None)

    def record(self, metric: Metric, marks: tuple[str, ...], periods: Periods) -> None:
        """Note all that a metric's variants ask for, carrying those segments."""
        key = (metric.id, marks, periods.grain)
        if key not in self.drafts.ledgers:
            asked = Asked()
            given = self.of(metric).noting(asked).narrowed(*marks)
            # A segment that some side refuses leaves the metric without a number there, which the answer will say.
            with suppress(NotApplicableError):
                for variant in metric.variants:
                    variant.spec.ledger(given, periods)
            for segment in marks:
                if has_attribute(given, segment):
                    given.made(Attribute(segment))
            self.drafts.ledgers[key] = asked
        self.asked.add(self.drafts.ledgers[key])

    def history(self, grain: Grain) -> Periods:
        return Periods(self.calendar, grain, self.calendar.span(date(2026, 1, 1), date(2026, 1, 1), grain))


def _some(fact: pl.LazyFrame, columns: Sequence[str]) -> pl.LazyFrame:
    return fact.select(columns) if columns else fact


def _columns(request: Request, store: Store) -> dict[str, pl.DataType]:
    """The columns a request is answered with, as `facts/request.py` says."""
    text, count, instant = pl.String(), pl.Int64(), INSTANT
    if isinstance(request, Tally):
        more = {"total": count, "filled": count} if request.expr else {}
        return {"account": text, **dict.fromkeys(request.by, text), "cell": pl.Date(), "rows": count, **more}
    if isinstance(request, Presence):
        user: dict[str, pl.DataType] = {"user": text} if request.entity == "user" else {}
        return {"account": text, **user, "month": pl.Date(), "days": pl.UInt32()}
    if isinstance(request, Spread):
        return {"account": text, **dict.fromkeys(request.by, text), "cell": pl.Date(), "amount": count}
    if isinstance(request, First | SameRun):
        return {"account": text, "at": instant}
    if isinstance(request, Narrow):
        role = request.selectors[0].role
        known = store.schema(role)
        more = {"amount": count} if request.expr else {}
        own = {name: known.get(name, text) for name in request.columns}
        return {"account": text, "user": text, "at": instant, "selector": pl.UInt8(), **own, **more}
    if isinstance(request, Content):
        return {"day": pl.Date(), "bucket": pl.UInt8(), "rows": count, "digest": pl.UInt64(), "extra": pl.UInt64()}
    times = {name: instant for name in ("attempt", "success", "any_success", "failure")}
    counts = {"attempts": pl.UInt32(), "failures": pl.UInt32(), "total": count}
    run = text if request.named else pl.UInt64()
    return {"account": text, "user": text, "run": run, **times, **counts, "reason": text}


class Live(_Common):
    """Answers from what was read; every book is made once."""

    def __init__(
        self,
        scope: Scope,
        store: Store,
        by: tuple[str, ...],
        shelf: Shelf,
        as_of: datetime,
        since: datetime | None = None,
        fine: bool = False,
    ) -> None:
        super().__init__(scope, by, as_of)
        self.store = store
        self.shelf = shelf
        self.since = since
        self.fine = fine

    @property
    def as_of(self) -> datetime:
        self.shelf.asking[-1] = True
        return self._as_of

    @as_of.setter
    def as_of(self, as_of: datetime) -> None:
        self._as_of = as_of

    def of(self, metric: Metric) -> Live:
        scope = self.scope.definitions.scope(metric.id)
        return Live(scope, self.store, self.by, self.shelf, self._as_of, self.since, self.fine)

    def narrowed(self, *by: str) -> Live:
        return Live(self.scope, self.store, by, self.shelf, self._as_of, self.since, self.fine)

    def under(self, scope: Scope) -> Live:
        """The same, under other policies."""
        return Live(scope, self.store, self.by, self.shelf, self._as_of, self.since, self.fine)

    def at(self, as_of: datetime, since: datetime | None) -> Live:
        """The same over another stretch of time: what is visible, and from when on there is anything."""
        return Live(self.scope, self.store, self.by, self.shelf, as_of, since, self.fine)

    @property
    def blank(self) -> Live:
        """The same over no rows."""
        return Live(self.scope, self.store.blank, self.by, self.shelf.blank, self._as_of, self.since, self.fine)

    def finely(self) -> Live:
        return Live(self.scope, self.store, self.by, self.shelf, self._as_of, self.since, fine=True)

    def table(self, role: str) -> pl.LazyFrame:
        return self.store.tables[role].lazy()

    def fact(self, request: Request, columns: Sequence[str] = ()) -> pl.LazyFrame:
        return _some(self.store.facts[request].lazy(), columns)

    def counting(self, numbers: Numbers) -> None:
        self.shelf.counted.setdefault(numbers, self)

    def made(self, book: Book) -> pl.LazyFrame:
        shelf, policies = self.shelf, self.scope.choices
        for moment in (None, self._as_of):
            if (made := shelf.books.get((book, policies, moment))) is not None:
                shelf.asking[-1] |= moment is not None
                return made
        shelf.asking.append(False)
        made = book.make(self.narrowed())
        if not getattr(book, "light", False):
            # Collected here, so that the many ledgers that read a book share it: plans collected together share
            # nothing that differs by so much as a filter.
            made = made.collect(engine=self.store.engine).lazy()
        asked = shelf.asking.pop()
        shelf.asking[-1] |= asked
        shelf.books[book, policies, self._as_of if asked else None] = made
        return made

    @property
    def accounts_change(self) -> bool:
        return self.store.accounts_change

    def drawn(
        self, metric: Metric, wanted: ResolvedInput | None, periods: Periods, marks: tuple[str, ...], *, told: bool
    ) -> Ledger:
        """The ledger of a metric, or of an input of one, drawn up once for all who ask.

        Its rows carry the segments that they can; with `told` the accounts tell the others.
        Raises: NotApplicableError when nobody can.
        """
        key = (metric.id, wanted, periods, marks, told, self._as_of, self.since, self.fine)
        if key not in self.shelf.ledgers:
            given = self.narrowed(*marks)
            if told:
                ledger = self.drawn(metric, wanted, periods, marks, told=False)
                below = ledger.denominator
                ledger = replace(
                    ledger,
                    numerator=bound(self, ledger.numerator, ledger.shape, marks),
                    denominator=None if below is None else bound(self, below, ledger.shape, marks, below=True),
                )
            else:
                ledger = combined(given, metric, periods) if wanted is None else given.ledger(wanted, periods)
            self.shelf.ledgers[key] = ledger
        return self.shelf.ledgers[key]

    def history(self, grain: Grain) -> Periods:
        days = [
            self.store.tables[role][name].min()
            for role, name in (("subscriptions", "start"), ("invoices", "start"), ("accounts", "created"))
        ]
        first = [self.calendar.local_day(day) if isinstance(day, datetime) else day for day in days if day is not None]
        logged = [at for role, at in self.store.begins.items() if ROLES[role].log]
        first += [self.calendar.local_day(at) for at in logged]
        start = min((day for day in first if isinstance(day, date)), default=self.as_of_day)
        last = self.unseen_day - timedelta(days=1)  # a day that has not begun is no day to compare
        return Periods(self.calendar, grain, self.calendar.span(start, max(start, last), grain))
