"""The engine's own street: addresses in, values out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import polars as pl

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.metric import Metric
from saasmetrics.engine.choices import not_computed
from saasmetrics.engine.contents import Held, contents, filled
from saasmetrics.engine.given import Asked, Drafts, Live, Recorder, Shelf
from saasmetrics.engine.plan import Plan, Where, gathered, planned
from saasmetrics.engine.read import Progress, Read, blank, read
from saasmetrics.engine.reconciled import reconciled
from saasmetrics.engine.too_large import too_large_told
from saasmetrics.engine.unrated import unrated
from saasmetrics.engine.unread import unread
from saasmetrics.engine.values import Frame, absent, cut_text
from saasmetrics.facts.cache import UNSAID, Caching
from saasmetrics.facts.request import Narrow, Request
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.frames.canonical import ROLES
from saasmetrics.frames.values import KEYS, NO_INPUT, value_types
from saasmetrics.ledgers.derived import Derived
from saasmetrics.period import Calendar, Grain, Periods
from saasmetrics.sources.broken import broken_files_told
from saasmetrics.sources.open import Sources

DRAFT = datetime(2026, 1, 2, tzinfo=UTC)
"""Any moment: plans are drawn up without data, and what they ask for does not depend on when."""

STATE = ("accounts", "users", "aliases")
"""Roles that tell what there is, not what happened: a quiet week in them does not mean that the export stops."""


@dataclass(frozen=True)
class Wish:
    """Values wanted of one metric: for which addresses, split and narrowed how, by which grain."""

    metric: str
    addresses: tuple[Address, ...]
    grain: Grain
    by: tuple[str, ...] = ()
    where: Where = field(default_factory=dict)
    meaning: Definitions | None = field(default=None, compare=False)
    """Definitions under which it is computed, where those are others than the computation's; over the same rows."""

    @property
    def levels(self) -> tuple[int, ...]:
        """How many parts of the cut path the addresses write."""
        return tuple(sorted({len(address.cut) for address in self.addresses}))


@dataclass(frozen=True)
class Computed:
    """Values, and what they rest on.

    `reaches` are the as-of instants of each metric, `begins` from when on its inputs tell anything.
    """

    values: pl.DataFrame
    read: Read
    as_of: datetime
    reaches: Mapping[str, datetime]
    begins: Mapping[str, datetime | None]
    live: Live
    beside: tuple[pl.DataFrame, ...] = ()
    """Values of each of the wishes that were computed along and are kept apart."""
    contents: Mapping[str, Held] = field(default_factory=dict)
    """By source, where it was asked for, what the rows of a log come to."""

    def live_of(self, metric: str) -> Live:
        """What answers for a metric, over the stretch of time that its inputs cover."""
        return self.live.at(self.reaches[metric], self.begins[metric])


@dataclass
class _Under:
    """What is asked for under some definitions, and what answers it."""

    definitions: Definitions
    wishes: Sequence[Wish]
    asked: dict[str, Asked] = field(default_factory=dict)
    reaches: dict[str, datetime] = field(default_factory=dict)
    begins: dict[str, datetime | None] = field(default_factory=dict)
    live: Live = field(init=False)

    @property
    def reads_invoices(self) -> bool:
        return any(self.definitions.metrics[name].policies.recurring_from == "invoices" for name in self.asked)

    def ask(self, sources: Sources, *, fine: bool) -> None:
        self.asked = draw_up(self.definitions, sources, self.wishes)
        if fine:
            for name, finer in draw_up(self.definitions, sources, self.wishes, fine=True).items():
                self.asked[name].add(finer)

    def answer(self, found: Read, as_of: datetime | None, overall: datetime) -> None:
        self.reaches = {metric: as_of or _reach(one, found, overall) for metric, one in self.asked.items()}
        self.begins = {metric: _since(one, found) for metric, one in self.asked.items()}
        first = next(iter(self.definitions.metrics))
        self.live = Live(self.definitions.scope(first), found.store, (), Shelf(), overall)


def _meanings(definitions: Definitions, everything: Sequence[Wish]) -> dict[int, _Under]:
    """All definitions that something is computed under, the computation's own first."""
    known: dict[int, tuple[Definitions, list[Wish]]] = {id(definitions): (definitions, [])}
    for wish in everything:
        its = wish.meaning or definitions
        known.setdefault(id(its), (its, []))[1].append(wish)
    return {key: _Under(its, wishes) for key, (its, wishes) in known.items()}


def draw_up(
    definitions: Definitions, sources: Sources, wishes: Sequence[Wish], *, fine: bool = False
) -> dict[str, Asked]:
    """What every wished metric asks for, by the metric's id; with `fine` for its entries one by one."""
    store, drafts = blank(sources), Drafts()
    asked: dict[str, Asked] = {}
    for wish in wishes:
        metric = definitions.metrics[wish.metric]
        if metric.points_to is not None:
            metric = definitions.metrics[definitions.number(metric.points_to).metric]
        if not metric.missing and metric.variants:
            noted = asked.setdefault(wish.metric, Asked())
            given = Recorder(definitions.scope(metric.id), store, (), noted, DRAFT, drafts, fine)
            _record(given, metric, tuple(dict.fromkeys([*wish.by, *wish.where])), wish.grain)
    return asked


def _record(given: Recorder, metric: Metric, marks: tuple[str, ...], grain: Grain) -> None:
    """Note what a metric asks for; of arithmetic, what its inputs ask for."""
    spec = metric.variants[0].spec
    calendar = given.calendar
    periods = Periods(calendar, grain, (calendar.floor(DRAFT.date(), grain),))
    if not isinstance(spec, Derived):
        given.record(metric, marks, periods)
        return
    for written in spec.inputs().values():
        wanted = given.of(metric).scope.input(written)
        target = given.scope.definitions.metrics[wanted.address.metric]
        _record(given, target, tuple(dict.fromkeys([*marks, *wanted.segments])), grain)


@too_large_told()
def compute(
    definitions: Definitions,
    sources: Sources,
    wishes: Sequence[Wish],
    *,
    as_of: datetime | None,
    beside: Sequence[Wish] = (),
    count: int | None = None,
    since: date | None = None,
    until: date | None = None,
    fine: bool = False,
    content: bool = False,
    caching: Caching = UNSAID,
    progress: Progress | None = None,
) -> Computed:
    """All wishes, computed together; those of `beside` in the same pass, each with values of its own.

    With `fine`, what their entries one by one need is read as well; with `content`, what the logs hold as a whole.
    """
    everything = (*wishes, *beside)
    meanings = _meanings(definitions, everything)
    for its in meanings.values():
        its.ask(sources, fine=fine)
    asked = meanings[id(definitions)].asked
    every = [one for its in meanings.values() for one in its.asked.values()]
    roles = {role for one in every for role in (*one.roles, *one.lookups)}
    if any(its.reads_invoices for its in meanings.values()):
        roles.add("subscriptions")  # to be held against the invoices
    everyone, own = Asked(), Asked()
    for one in every:
        everyone.add(one)
    for one in asked.values():
        own.add(one)
    whole = contents(sources, own.requests, definitions.settings.calendar) if content else {}
    asking: dict[Request, Collection[str]] = {**everyone.requests, **{content: () for content in whole.values()}}
    with broken_files_told(file for files in sources.files.values() for file in files):
        found = read(definitions, sources, roles, asking, as_of, caching, progress)
    found = replace(found, findings=(*found.findings, *_by_time(definitions, own.requests)))
    if as_of is None and not found.reaches:
        raise InputError([*found.findings, _timeless()], 3)
    overall = as_of or _newest(found, definitions.settings.calendar)
    for its in meanings.values():
        its.answer(found, as_of, overall)
    mine = meanings[id(definitions)]
    live, reaches, begins = mine.live, mine.reaches, mine.begins
    reading = [live.at(reaches[name], None).of(definitions.metrics[name]) for name in asked]
    lacking = unrated((live_, (*one.roles, *one.lookups)) for live_, one in zip(reading, asked.values(), strict=True))
    found = replace(found, findings=(*found.findings, *lacking, *reconciled(reading)))
    plans = []
    for wish in everything:
        its = meanings[id(wish.meaning or definitions)]
        metric = its.definitions.metrics[wish.metric]
        moment = its.reaches.get(wish.metric, overall)
        periods = _periods(definitions, wish.grain, overall, count, since, until)
        frame = Frame(metric, periods, wish.by, moment, its.begins.get(wish.metric))
        why = (
            metric.missing
            or not_computed(its.definitions, metric)
            or _without(its.asked.get(wish.metric), definitions, sources, found)
        )
        plans.append(_plan(its.live.at(moment, frame.since), frame, wish, why))
    parts = [_picked(wish, part) for wish, part in zip(everything, gathered(plans), strict=True)]
    found = replace(found, findings=(*found.findings, *unread(live.shelf.counted, sources)))
    values = pl.concat([pl.DataFrame(schema=value_types()), *parts[: len(wishes)]])
    values = values.unique(KEYS, keep="first", maintain_order=True).sort(KEYS)
    return Computed(
        values,
        found,
        overall,
        reaches,
        begins,
        live,
        tuple(parts[len(wishes) :]),
        filled(found.store.facts, whole),
    )


def _plan(live: Live, frame: Frame, wish: Wish, why: str | None) -> Plan:
    if why is None:
        return planned(live, frame, wish.where, wish.levels)

    def finish(_: Sequence[pl.DataFrame]) -> pl.DataFrame:
        return pl.concat([absent(frame, cut_text(a.cut), a.stat, NO_INPUT, why) for a in wish.addresses])

    return Plan((), finish)


def _picked(wish: Wish, values: pl.DataFrame) -> pl.DataFrame:
    """The values of the wished addresses; `*` in a cut takes every value there."""
    if any("*" in address.cut for address in wish.addresses):
        return values
    cuts = [cut_text(address.cut) for address in wish.addresses]
    kept = values.filter(pl.col("cut").is_in([cut for cut in cuts if cut]) | (pl.col("cut").is_null() & (None in cuts)))
    return kept if kept.height or not values.height else values.filter(pl.col("cut").is_null())


def _by_time(definitions: Definitions, requests: Collection[Request]) -> list[Finding]:
    """A note for every workflow whose runs are matched by time: another rule than run ids, with another result."""
    read_ = {
        selector.workflow
        for request in requests
        if isinstance(request, Narrow)
        for selector in request.selectors
        if selector.workflow and selector.outcome == "attempt"
    }
    return [
        Finding(
            "SM976",
            Severity.NOTE,
            f"runs of the workflow `{name}` are matched by time, for each account and user: it names no run column",
            definitions.place("workflows", name),
        )
        for name in sorted(read_)
        if definitions.workflows[name].run is None
    ]


def _newest(found: Read, calendar: Calendar) -> datetime:
    """The first instant after everything that was read; sparse roles count only where nothing else is there.

    Edges: a day known by its date alone counts as a whole, unless instants of that very day say how far it got.
    """
    dense = [one for role, one in found.reaches.items() if not ROLES[role].sparse] or [*found.reaches.values()]
    instants = [one.last for one in dense if not one.by_day]
    last = max(one.last for one in dense)
    if instants and calendar.local_day(max(instants)) == calendar.local_day(last - timedelta(microseconds=1)):
        return max(instants)
    return last


def _reach(asked: Asked, found: Read, overall: datetime) -> datetime:
    """How far a metric's inputs reach: the smallest newest row over the sources it counts."""
    known = [
        found.reaches[role].last
        for role in asked.roles
        if role in found.reaches and not ROLES[role].sparse and role not in STATE
    ]
    return min([*known, overall])


def _since(asked: Asked, found: Read) -> datetime | None:
    """From when on a metric's inputs tell anything: the latest beginning over the logs it counts."""
    begins = [found.reaches[role].first for role in asked.roles if role in found.reaches and role not in STATE]
    return max(begins, default=None)


def _timeless() -> Finding:
    """Nothing that was read has a time: there is no day up to which anything could be said."""
    hint = "say one with --as-of, and nothing counts as nothing"
    return Finding("SM978", Severity.ERROR, "no row that can be used says up to which day the data reaches", hint=hint)


def _without(asked: Asked | None, definitions: Definitions, sources: Sources, found: Read) -> str | None:
    """Which source a metric lacks; None when it has all it counts.

    Edges: a source with rows of which none can be used is as good as none; one without rows says that nothing was.
    """
    if asked is None:
        return None
    for role in asked.roles:
        if role in sources.missing:
            return sources.missing[role]
        if role not in sources.tables and not any(log.role == role for log in sources.logs.values()):
            return f"no source has the role `{role}`"
        reads = [read for name, read in found.sources.items() if definitions.sources[name].role == role]
        if any(read.rows for read in reads) and not any(read.used for read in reads):
            return f"no row with the role `{role}` can be used"
    return None


def _periods(
    definitions: Definitions, grain: Grain, as_of: datetime, count: int | None, since: date | None, until: date | None
) -> Periods:
    """The periods asked for; without a word the one in progress and the twelve before it."""
    calendar = definitions.settings.calendar
    last = calendar.local_day(as_of - timedelta(microseconds=1))
    last = min(last, until) if until else last
    if since is not None:
        starts = calendar.span(min(since, last), last, grain)
        return Periods(calendar, grain, starts[-count:] if count else starts)
    current = calendar.floor(last, grain)
    first = calendar.shift(current, grain, -((count or 13) - 1))
    return Periods(calendar, grain, calendar.span(first, current, grain))
