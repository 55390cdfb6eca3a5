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
    from saasmetrics.lock.accept import Accepted
    from saasmetrics.lock.asking import Given
    from saasmetrics.lock.held import Held

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

    def with_impacts(self, impacts: Mapping[str, tuple[Impact, ...]]) -> Checked:
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


def examined(
    checked: Checked,
    *,
    as_of: date | datetime | None = None,
    cache: Path | None = None,
    no_cache: bool = False,
    samples: int = 0,
    progress: Progress | None = None,
) -> Checked:
    """With what was wrong with the data, and what the rules find in the published numbers, the rows and the logs.

    Every unlocked change says what it does to the numbers that it reaches. Edges: numbers are those of
    `settings.baseline` periods, whole and by each of `settings.segments`.
    Raises: InputError, exit 3 where no source can be used.
    """
    from saasmetrics.engine.currencies import currencies
    from saasmetrics.engine.linked import linked
    from saasmetrics.engine.observed import observed
    from saasmetrics.engine.sighted import sighted
    from saasmetrics.lint.evidence import Evidence
    from saasmetrics.lint.index import disagreements, drift, lint_values
    from saasmetrics.lint.tested import tested
    from saasmetrics.meanings.impact import both
    from saasmetrics.meanings.passes import under_meanings

    definitions, locked = checked.definitions, locked_in(checked.held)
    compared, question = both(definitions, checked.held), _question(definitions, as_of)
    wished = compared.wishes if compared is not None else ()
    done = under_meanings(definitions, question, wished, caching_of(cache, no_cache), progress)
    wide, sources = done.result, done.made.sources
    past = tested(definitions, wide.values)
    evidence = Evidence(wide.values, linked(definitions, sources, wide.as_of), past, currencies(sources), sources.types)
    today = definitions.settings.calendar.local_day(wide.as_of)
    findings = lint_values(definitions, evidence, locked, today=today)
    tables = done.made.done.read.usable
    seen = sighted(definitions, sources, wide.as_of if as_of is not None else None, tables)
    told = [finding for finding in wide.findings if finding not in definitions.findings]
    rows = observed(sources, definitions.settings.calendar, today, seen, tables, asked=as_of is not None)
    findings += disagreements(definitions, rows, locked, samples=samples)
    found = (*told, *findings, *(drift(definitions, seen, locked) if seen is not None else ()))
    return checked.with_impacts(compared.told(done.others) if compared is not None else {}).beside(found)


def _question(definitions: Definitions, as_of: date | datetime | None) -> Ask:
    """All that rules look at: the published numbers and a few helpers, over the baseline, whole and split."""
    published = dict.fromkeys(address.metric for address in definitions.published())
    able = [name for name in (*published, *UNPUBLISHED) if definitions.metrics[name].missing is None]
    by = tuple((segment,) for segment in definitions.settings.segments)
    return Ask(tuple(able), by, periods=definitions.settings.baseline + 1, as_of=as_of)
