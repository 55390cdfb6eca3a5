"""The engine's own street: addresses in, values out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial

import polars as pl

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.metric import Metric
from saasmetrics.engine.bounded import stretch
from saasmetrics.engine.choices import not_computed
from saasmetrics.engine.contents import Held, contents, filled
from saasmetrics.engine.given import Asked, Drafts, Live, Recorder
from saasmetrics.engine.kept import Asker, Kept, Question, UnforeseenError
from saasmetrics.engine.plan import Plan, Where, gathered, planned
from saasmetrics.engine.reaching import newest, periods_asked, reach_of, since_of, timeless
from saasmetrics.engine.read import Progress, Read, blank, read
from saasmetrics.engine.reconciled import reconciled
from saasmetrics.engine.shelf import Shelf
from saasmetrics.engine.too_large import too_large_told
from saasmetrics.engine.unrated import unrated
from saasmetrics.engine.unread import unread
from saasmetrics.engine.values import Frame, absent, cut_text
from saasmetrics.facts.cache import UNSAID, Caching
from saasmetrics.facts.request import Content, Narrow, Request
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.frames.values import KEYS, NO_INPUT, value_types
from saasmetrics.ledgers.derived import Derived
from saasmetrics.period import Grain, Periods
from saasmetrics.sources.broken import broken_files_told
from saasmetrics.sources.open import Sources

DRAFT = datetime(2026, 1, 2, tzinfo=UTC)
"""Any moment: plans are drawn up without data, and what they ask for does not depend on when."""


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
    def asker(self) -> str:
        """A name for it, which other wishes of a run do not have."""
        return repr((self.metric, self.grain.value, self.by, sorted(self.where.items())))

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

    def answer(self, found: Read, as_of: datetime | None, overall: datetime, kept: Kept | None) -> None:
        self.reaches = {metric: as_of or reach_of(one, found, overall) for metric, one in self.asked.items()}
        self.begins = {metric: since_of(one, found) for metric, one in self.asked.items()}
        first = next(iter(self.definitions.metrics))
        self.live = Live(self.definitions.scope(first), found.store, (), Shelf(kept=kept), overall)


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
    opened: Collection[str] | None = None,
) -> Computed:
    """All wishes, computed together; those of `beside` in the same pass, each with values of its own.

    With `fine`, what their entries one by one need is read as well; with `content`, what the logs hold as a whole.
    Where it is said which metrics are `opened` afterwards, others may be told as they were in an earlier run, without
    their rows.
    """
    everything = (*wishes, *beside)
    meanings = _meanings(definitions, everything)
    for its in meanings.values():
        its.ask(sources, fine=fine)
    asked = meanings[id(definitions)].asked
    own = Asked()
    for one in asked.values():
        own.add(one)
    whole = contents(sources, own.requests, definitions.settings.calendar) if content else {}

    def span(grain: Grain, moment: datetime) -> Periods:
        return periods_asked(definitions, grain, moment, count, since, until)

    kept = None
    if opened is not None and not (fine or content) and len(meanings) == 1:
        question = partial(Question.of, definitions, sources, everything)
        looked_at = frozenset(request for name in opened if name in asked for request in asked[name].requests)
        askers = [_asker(definitions, wish, asked.get(wish.metric, Asked())) for wish in everything]
        kept = Kept(question, askers, looked_at, definitions.settings.calendar)
    run = _Run(definitions, sources, meanings, as_of, span, whole, kept)
    try:
        return run.computed(wishes, beside, caching, progress)
    except UnforeseenError:
        if kept is not None:
            kept.bar()
        return run.computed(wishes, beside, caching, progress)


def _asker(definitions: Definitions, wish: Wish, asked: Asked) -> Asker:
    segments = (*wish.by, *wish.where)
    roles = {*asked.roles, *asked.lookups, *(["accounts"] if segments else [])}
    bounds = stretch(definitions, definitions.metrics[wish.metric], segments)
    return Asker(wish.asker, wish.grain, frozenset(asked.requests), frozenset(roles), bounds)


@dataclass
class _Run:
    """What is computed, and of what."""

    definitions: Definitions
    sources: Sources
    meanings: Mapping[int, _Under]
    as_of: datetime | None
    span: Callable[[Grain, datetime], Periods]
    whole: Mapping[str, Content]
    kept: Kept | None

    def computed(
        self, wishes: Sequence[Wish], beside: Sequence[Wish], caching: Caching, progress: Progress | None
    ) -> Computed:
        """Read, and answer all wishes. Raises: UnforeseenError where what was kept does not answer them."""
        found = self._read(caching, progress)
        if self.as_of is None and not found.reaches:
            raise InputError([*found.findings, timeless()], 3)
        overall = self.as_of or newest(found, self.definitions.settings.calendar)
        for its in self.meanings.values():
            its.answer(found, self.as_of, overall, self.kept)
        mine = self.meanings[id(self.definitions)]
        reading = [mine.live.at(mine.reaches[name], None).of(self.definitions.metrics[name]) for name in mine.asked]
        asked = [(*one.roles, *one.lookups) for one in mine.asked.values()]
        found = replace(
            found, findings=(*found.findings, *unrated(zip(reading, asked, strict=True)), *reconciled(reading))
        )
        everything = (*wishes, *beside)
        plans = [self._planned(wish, found, overall) for wish in everything]
        parts = [_picked(wish, part) for wish, part in zip(everything, gathered(plans, self.kept), strict=True)]
        read_as_numbers = mine.live.shelf.blank.counted | mine.live.shelf.counted
        found = replace(found, findings=(*found.findings, *unread(read_as_numbers, found.store, self.sources)))
        values = pl.concat([pl.DataFrame(schema=value_types()), *parts[: len(wishes)]])
        values = values.unique(KEYS, keep="first", maintain_order=True).sort(KEYS)
        if self.kept is not None:
            found = replace(found, findings=(*found.findings, *self.kept.write(found)))
        told = filled(found.store.facts, self.whole)
        return Computed(values, found, overall, mine.reaches, mine.begins, mine.live, tuple(parts[len(wishes) :]), told)

    def _read(self, caching: Caching, progress: Progress | None) -> Read:
        every = [one for its in self.meanings.values() for one in its.asked.values()]
        roles = {role for one in every for role in (*one.roles, *one.lookups)}
        if any(its.reads_invoices for its in self.meanings.values()):
            roles.add("subscriptions")  # to be held against the invoices
        everyone, own = Asked(), Asked()
        for one in every:
            everyone.add(one)
        for one in self.meanings[id(self.definitions)].asked.values():
            own.add(one)
        asking: dict[Request, Collection[str]] = {**everyone.requests, **dict.fromkeys(self.whole.values(), ())}
        with broken_files_told(file for files in self.sources.files.values() for file in files):
            found = read(self.definitions, self.sources, roles, asking, self.as_of, caching, progress, self.kept)
        return replace(found, findings=(*found.findings, *_by_time(self.definitions, own.requests)))

    def _planned(self, wish: Wish, found: Read, overall: datetime) -> Plan:
        its = self.meanings[id(wish.meaning or self.definitions)]
        metric = its.definitions.metrics[wish.metric]
        moment, since = its.reaches.get(wish.metric, overall), its.begins.get(wish.metric)
        frame = Frame(metric, self.span(wish.grain, overall), wish.by, moment, since, wish.asker)
        why = (
            metric.missing
            or not_computed(its.definitions, metric)
            or _without(its.asked.get(wish.metric), self.definitions, self.sources, found)
        )
        return _plan(its.live.at(moment, since), frame, wish, why)


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
