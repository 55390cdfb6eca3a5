"""The street: a definition file and exports in, right numbers out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.load import load
from saasmetrics.engine.ask import Ask, of_view, wishes
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.frames.values import NOT_APPLICABLE
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.period import Calendar
from saasmetrics.review.targets import Part, Verdict, held, narrowings

# What reads and computes is imported where that begins: a faulty file is told without it.
if TYPE_CHECKING:
    from saasmetrics.engine.opened import Depth
    from saasmetrics.engine.read import Progress, SourceRead
    from saasmetrics.engine.run import Computed, Wish
    from saasmetrics.facts.cache import Cache, Caching
    from saasmetrics.lock.entry import Version
    from saasmetrics.output.explanation import Explanation
    from saasmetrics.sources.open import Sources


@dataclass(frozen=True)
class Along:
    """A series told beside another: `address` under other definitions, as `name`, next to the metric `beside`."""

    name: str
    beside: str
    address: Address
    definitions: Definitions


@dataclass(frozen=True)
class Result:
    """One computation: values, whose they are, how far they reach, how they stand, and what was wrong."""

    definitions: Definitions
    values: pl.DataFrame
    addresses: tuple[Address, ...]
    as_of: datetime
    sources: Mapping[str, SourceRead]
    findings: tuple[Finding, ...] = ()
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    judged: Mapping[str, date] = field(default_factory=dict)
    cache: Cache | None = None
    ask: Ask = field(default_factory=Ask)
    """The question, with what its view adds to it."""
    parts: tuple[Part, ...] = ()
    """Targets that are held against a part of the company, of a question about the whole."""
    step_times: pl.DataFrame | None = None
    """Of funnels asked for by name: how long their steps take."""
    versions: Mapping[tuple[str, int], Version] = field(default_factory=dict)
    """By metric and number, where the values have a column `version`."""
    along: tuple[Along, ...] = ()
    """Series under versions before, among the values."""


def compute(
    path: Path,
    ask: Ask,
    *,
    data_root: Path | None = None,
    cache: Path | None = None,
    no_cache: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Read the definitions, open the sources, compute what is asked, hold it against the targets.

    Raises: InputError, exit 2 for definitions or questions that cannot be understood, 3 where no source can be used.
    """
    definitions = load(path, REGISTRY, data_root=data_root)
    return answered(definitions, ask, caching_of(cache, no_cache), progress, opens=False)[0]


def caching_of(folder: Path | None, off: bool) -> Caching:
    """What was said of keeping facts: a folder, that there shall be none, or nothing."""
    from saasmetrics.facts.cache import Caching

    return Caching(folder, off)


def answered(
    definitions: Definitions,
    ask: Ask,
    caching: Caching,
    progress: Progress | None,
    *,
    beside: Sequence[Wish] = (),
    content: bool = False,
    opens: bool = True,
) -> tuple[Result, Made]:
    """The answer to a question, and what else can be asked of the same computation: nothing where it `opens` no number.

    `beside` are computed along, those under other definitions too, as far as these read the same rows. With `content`,
    what the logs hold as a whole is told.
    """
    from saasmetrics.engine.read import torn
    from saasmetrics.engine.run import compute as run
    from saasmetrics.engine.step_times import step_times
    from saasmetrics.engine.values import judged_periods
    from saasmetrics.sources.open import open_sources

    ask = of_view(definitions, ask)
    addresses, wanted = wishes(definitions, ask)
    narrowed = _narrowed(definitions, ask, addresses, wanted)
    sources = open_sources(definitions)
    findings = [*definitions.findings, *sources.findings, *torn(sources)]
    if not sources.tables and not sources.logs:
        raise InputError(findings, 3)
    as_of = instant(definitions.settings.calendar, ask.as_of)
    funnels = _funnels(definitions, addresses) if ask.metrics and not ask.by else []
    done = run(
        definitions,
        sources,
        wanted,
        beside=[*(wish for _, wish in narrowed), *beside],
        as_of=as_of,
        count=ask.periods,
        since=ask.since,
        until=ask.until,
        content=content,
        caching=caching,
        progress=progress,
        opened=None if opens else funnels,
    )
    _refuse_splits(ask, done.values)
    if done.values["value"].null_count() == done.values.height:
        _refuse_nothing([*findings, *done.read.findings])
    judged = judged_periods(definitions, done.values, addresses)
    verdicts = {
        address.text: held(definitions, done.values, address, done.as_of, ask.where).verdict for address in addresses
    }
    parts = [
        held(definitions, values, address, done.as_of, wish.where)
        for (address, wish), values in zip(narrowed, done.beside, strict=False)
    ]
    result = Result(
        definitions,
        done.values,
        addresses,
        done.as_of,
        done.read.sources,
        (*findings, *done.read.findings),
        verdicts,
        judged,
        done.read.cache,
        ask,
        tuple(parts),
        step_times(done, funnels, ask.where) if ask.metrics and not ask.by else None,
    )
    return result, Made(definitions, sources, done, done.beside[len(narrowed) :])


def _funnels(definitions: Definitions, addresses: Sequence[Address]) -> list[str]:
    """Metrics whose addresses are the steps of a funnel."""
    metrics = [address.metric for address in addresses if definitions.metrics[address.metric].points_to is None]
    able = [name for name in dict.fromkeys(metrics) if definitions.metrics[name].missing is None]
    return [name for name in able if (parts := definitions.parts(name)) and parts[-1].column == "step"]


def _narrowed(
    definitions: Definitions, ask: Ask, addresses: Sequence[Address], wanted: Sequence[Wish]
) -> list[tuple[Address, Wish]]:
    """What the targets of parts of the company need, where the question is about the whole."""
    from saasmetrics.engine.run import Wish

    if ask.where:
        return []
    grains = {wish.metric: wish.grain for wish in wanted}
    return [
        (address, Wish(address.metric, (address,), grains[address.metric], (), where))
        for address in addresses
        for where in narrowings(definitions, address)
    ]


def _refuse_nothing(findings: Sequence[Finding]) -> None:
    """Not one number, and sources that could not be used: there is nothing to say. Raises: InputError (exit 3)."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        raise InputError(errors, 3)


def _refuse_splits(ask: Ask, values: pl.DataFrame) -> None:
    """A split asked for by name that none of the named metrics can answer is a question that makes no sense.

    Raises: InputError (exit 2) with the reason of each metric. In a view, or where other metrics can answer, a metric
    that cannot is shown undivided with a note.
    """
    for by in ask.by if ask.metrics else ():
        split = values.filter(pl.col("segment") == ",".join(by))
        if split.height and (split["status"] == NOT_APPLICABLE).all():
            told = split.select("metric", "reason").unique(maintain_order=True).sort("metric")
            message = f"cannot be split by {' and '.join(by)}"
            raise InputError(
                [Finding("SM974", Severity.ERROR, f"{metric} {message}: {why}") for metric, why in told.iter_rows()]
            )


def instant(calendar: Calendar, as_of: date | datetime | None) -> datetime | None:
    """The first instant that is not visible: a day is visible as a whole, an instant up to itself."""
    if as_of is None or isinstance(as_of, datetime):
        return as_of
    return calendar.start_of(as_of + timedelta(days=1))


@dataclass(frozen=True)
class LedgerResult:
    """A number opened: what it is, the entries behind it, and what they reduce to again.

    `reduced` is null where only a part of the entries is shown.
    """

    definitions: Definitions
    address: Address
    period: str
    as_of: datetime
    header: Mapping[str, Any]
    entries: pl.DataFrame
    reduced: float | None
    findings: tuple[Finding, ...] = ()


def ledger(
    path: Path,
    address: str,
    *,
    period: str | None = None,
    against: str | None = None,
    where: Mapping[str, tuple[str, ...]] | None = None,
    account: str | None = None,
    depth: Depth = "account",
    as_of: date | datetime | None = None,
    data_root: Path | None = None,
    cache: Path | None = None,
    no_cache: bool = False,
    progress: Progress | None = None,
) -> LedgerResult:
    """Open one number: the entries behind it add up to it, exactly.

    Raises: InputError (exit 2) for an address or a period that names nothing; AssertionError when the entries do not
    reduce to the value, which is a bug in the tool.
    """
    definitions = load(path, REGISTRY, data_root=data_root)
    from saasmetrics.engine.open_number import Question, open_number
    from saasmetrics.sources.open import open_sources

    opened = open_number(
        definitions,
        open_sources(definitions),
        Question(address, period, against, dict(where or {}), account, depth),
        instant(definitions.settings.calendar, as_of),
        caching_of(cache, no_cache),
        progress,
    )
    return LedgerResult(
        definitions,
        opened.address,
        opened.period,
        opened.as_of,
        opened.header,
        opened.entries,
        opened.reduced,
        (*definitions.findings, *opened.findings),
    )


def explain(
    path: Path,
    name: str,
    *,
    as_of: date | datetime | None = None,
    data_root: Path | None = None,
    cache: Path | None = None,
    no_cache: bool = False,
    progress: Progress | None = None,
) -> Explanation:
    """What a name means: a metric with the formula and its numbers put in; a type, policy, source, block.

    Edges: only a metric reads data, and one without usable data is explained without numbers.
    Raises: InputError (exit 2) for a name that means nothing, with the nearest ones.
    """
    from saasmetrics.explain.answers import Answers
    from saasmetrics.explain.index import explained

    definitions, made = load(path, REGISTRY, data_root=data_root), list[Made]()

    def values(ask: Ask) -> Result:
        caching = caching_of(cache, no_cache)
        result, computed = answered(definitions, replace(ask, as_of=as_of), caching, progress)
        made.append(computed)
        return result

    return explained(definitions, name, Answers(values, lambda address, period: made[-1].entries(address, period)))


@dataclass(frozen=True)
class Made:
    """A computation, of which numbers can be opened without reading anything again."""

    definitions: Definitions
    sources: Sources
    done: Computed
    beside: tuple[pl.DataFrame, ...] = ()
    """Values of what was wished for along with the answer."""

    def entries(self, address: str, period: str) -> pl.DataFrame:
        """The entries of one of its numbers."""
        from saasmetrics.engine.open_number import Question, open_number

        question, caching = Question(address, period, depth="entry"), caching_of(None, off=False)
        return open_number(self.definitions, self.sources, question, None, caching, None, self.done).entries
