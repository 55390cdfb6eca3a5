"""Examination: definitions held against their lock and the rules, and against the data they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.load import load
from saasmetrics.engine.ask import Ask
from saasmetrics.finding import Finding, Impact
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.pipeline import caching_of

# As in the pipeline: what reads and computes is imported where that begins.
if TYPE_CHECKING:
    from saasmetrics.engine.read import Progress
    from saasmetrics.facts.cache import Caching
    from saasmetrics.lock.accept import Accepted
    from saasmetrics.lock.asking import Given
    from saasmetrics.lock.held import Held
    from saasmetrics.meanings.impact import Both

UNPUBLISHED = ("acquisition_spend", "paid_spend")
"""Helpers whose values a rule looks at, though nobody publishes them."""


@dataclass(frozen=True)
class Checked:
    """A definition file held against its lock and the rules: findings in order of place."""

    definitions: Definitions
    held: Held
    findings: tuple[Finding, ...]

    def beside(self, findings: Iterable[Finding]) -> Checked:
        """With more findings, less those that were accepted."""
        from saasmetrics.lock.held import unaccepted

        told = dict.fromkeys((*self.findings, *unaccepted(findings, self.held.lock)))
        return Checked(self.definitions, self.held, tuple(sorted(told, key=_place)))

    def with_impacts(self, impacts: Impacts) -> Checked:
        """With what changes do to numbers, beside the last thing that is said of each cause."""
        last = {id_: group[-1] for id_, group in self.held.compared.groups if id_ in impacts}
        shown: dict[Finding, Finding] = {change: replace(change, impact=impacts[id_]) for id_, change in last.items()}
        return replace(self, findings=tuple(shown.get(each, each) for each in self.findings))


def check(path: Path, *, data_root: Path | None = None, strict: bool = False) -> Checked:
    """Say what differs from what was accepted, and what the rules find. Reads no data, no clock, no network, no git.

    Edges: with `strict` who answers for a number may not change unseen either. Raises: InputError (exit 2) for
    definitions or a lock that cannot be read.
    """
    from saasmetrics.lock.held import held

    definitions = load(path, REGISTRY, data_root=data_root)
    standing = held(definitions, strict=strict)
    return Checked(definitions, standing, (*definitions.findings, *standing.findings)).beside(
        _linted(definitions, standing)
    )


def locked_in(held: Held) -> frozenset[str]:
    """Names of the metrics that are locked: what rules find about them counts in full."""
    return held.lock.metrics if held.lock else frozenset()


def _linted(definitions: Definitions, held: Held, being: frozenset[str] = frozenset()) -> list[Finding]:
    """What the rules find; `being` are metrics that are being locked."""
    from saasmetrics.lint.index import lint

    return lint(definitions, locked_in(held) | being)


def _place(finding: Finding) -> tuple[str, int, int]:
    place = finding.location
    return (place.file, place.line, place.column) if place else ("", 0, 0)


def lock(
    path: Path, given: Given | None, *, accept: bool = False, upgrade: bool = False, data_root: Path | None = None
) -> tuple[Checked, Accepted]:
    """What accepting would write: changes that `given` names, today's findings of the rules, fingerprints anew.

    Raises: InputError (exit 2) for whatever is refused; nothing is written here.
    """
    from saasmetrics.lock.accept import proposed

    checked = check(path, data_root=data_root)
    being = frozenset(given.names) or frozenset(checked.definitions.metrics) if given is not None else frozenset()
    rules = _linted(checked.definitions, checked.held, being)
    return checked, proposed(checked.definitions, checked.held, given, rules, accept=accept, upgrade=upgrade)


def examine(
    path: Path,
    *,
    locked: frozenset[str] | None = None,
    as_of: date | datetime | None = None,
    data_root: Path | None = None,
    cache: Path | None = None,
    no_cache: bool = False,
    samples: int = 0,
    progress: Progress | None = None,
) -> tuple[Finding, ...]:
    """What was wrong with the data, and what the rules find in the published numbers, the rows and the logs of events.

    Edges: numbers are those of `settings.baseline` periods, whole and by each of `settings.segments`.
    Raises: InputError, exit 2 for definitions that cannot be understood, 3 where no source can be used.
    """
    definitions = load(path, REGISTRY, data_root=data_root)
    return _examined(definitions, None, locked, as_of, caching_of(cache, no_cache), samples, progress)[0]


def examined(
    checked: Checked,
    *,
    as_of: date | datetime | None = None,
    cache: Path | None = None,
    no_cache: bool = False,
    samples: int = 0,
    progress: Progress | None = None,
) -> Checked:
    """As `examine`, beside what was checked; and what every unlocked change does to the numbers that it reaches.

    Raises: as `examine`.
    """
    from saasmetrics.meanings.impact import both

    compared = both(checked.definitions, checked.held)
    locked, caching = locked_in(checked.held), caching_of(cache, no_cache)
    found, impacts = _examined(checked.definitions, compared, locked, as_of, caching, samples, progress)
    return checked.with_impacts(impacts).beside(found)


Impacts = Mapping[str, tuple[Impact, ...]]


def _examined(
    definitions: Definitions,
    compared: Both | None,
    locked: frozenset[str] | None,
    as_of: date | datetime | None,
    caching: Caching,
    samples: int,
    progress: Progress | None,
) -> tuple[tuple[Finding, ...], Impacts]:
    """Findings, and impacts by the id of their cause, of one pass over the data."""
    from saasmetrics.engine.currencies import currencies
    from saasmetrics.engine.linked import linked
    from saasmetrics.engine.observed import observed
    from saasmetrics.engine.sighted import sighted
    from saasmetrics.lint.evidence import Evidence
    from saasmetrics.lint.index import disagreements, drift, lint_values
    from saasmetrics.lint.tested import tested
    from saasmetrics.meanings.passes import under_meanings

    question, wished = _question(definitions, as_of), compared.wishes if compared is not None else ()
    done = under_meanings(definitions, question, wished, caching, progress)
    wide, sources = done.result, done.made.sources
    past = tested(definitions, wide.values)
    evidence = Evidence(wide.values, linked(definitions, sources, wide.as_of), past, currencies(sources), sources.types)
    today = definitions.settings.calendar.local_day(wide.as_of)
    findings = lint_values(definitions, evidence, locked, today=today)
    seen = sighted(definitions, sources, wide.as_of if as_of is not None else None)
    told = [finding for finding in wide.findings if finding not in definitions.findings]
    rows = observed(sources, definitions.settings.calendar, today, asked=as_of is not None)
    findings += disagreements(definitions, rows, locked, samples=samples)
    found = (*told, *findings, *(drift(definitions, seen, locked) if seen is not None else ()))
    return found, compared.told(done.others) if compared is not None else {}


def _question(definitions: Definitions, as_of: date | datetime | None) -> Ask:
    """All that rules look at: the published numbers and a few helpers, over the baseline, whole and split."""
    published = dict.fromkeys(address.metric for address in definitions.published())
    able = [name for name in (*published, *UNPUBLISHED) if definitions.metrics[name].missing is None]
    by = tuple((segment,) for segment in definitions.settings.segments)
    return Ask(tuple(able), by, periods=definitions.settings.baseline + 1, as_of=as_of)
