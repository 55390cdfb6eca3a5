"""A report before it is written: findings, everything that was looked at, and how to accept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from saasmetrics.finding import Change, Finding, Severity, counted


@dataclass(frozen=True)
class Report:
    """What a check came to.

    `objects` are the ids of all that was looked at, so that what is fine can be told as well. `accepts` are the
    commands that accept what failed. `titles` say in a sentence what a code means, and `tool` is the release.
    """

    findings: tuple[Finding, ...]
    objects: tuple[str, ...] = ()
    accepts: tuple[str, ...] = ()
    titles: Mapping[str, str] | None = None
    tool: str = ""
    canon: int = 1

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are of each severity, the heaviest first."""
        counts = Counter(finding.severity for finding in self.findings)
        return {severity.name.lower(): counts[severity] for severity in sorted(counts, reverse=True)}

    @property
    def classes(self) -> dict[str, int]:
        """How many changes there are of each class."""
        return dict(Counter(class_of(finding) for finding in self.findings if class_of(finding)))


SHOWN = 12
"""Numbers whose effect is told where a report has to be short."""


def effect(finding: Finding, most: int | None = SHOWN) -> Iterator[tuple[str, str]]:
    """What a change does to numbers: the address of each with a sentence, then its targets; at most so many numbers.

    Edges: those that keep their numbers are told together, last.
    """
    impacts = finding.impact if isinstance(finding, Change) else ()
    told = [each for each in impacts if each.moved or each.flips or each.why or not each.periods]
    for each in told if most is None else told[:most]:
        if each.said:
            yield each.address, each.said
        yield from ((each.address, flip.said) for flip in each.flips)
    if most is not None and len(told) > most:
        yield "", f"{counted(len(told) - most, 'more number')}: a report as json has them all"
    if same := [each.address for each in impacts if each not in told]:
        some = f"{', '.join(same[:3])}{', ...' if len(same) > 3 else ''}"
        yield "", f"{counted(len(same), 'metric')} with no other number: {some}"


def class_of(finding: Finding) -> str:
    """The class of a change; of any other finding nothing."""
    return finding.class_ if isinstance(finding, Change) else ""


def family(finding: Finding) -> str:
    """Which kind of care a finding asks for: the definition, lint, tracking, or restatement."""
    if isinstance(finding, Change) or finding.code.startswith(("SM0", "SM94")):
        return "definition"
    if not finding.code.startswith("SM9"):
        return "lint"
    if finding.code.startswith("SM96"):
        return "lint"
    return "restatement" if finding.code.startswith("SM93") else "tracking"


def title(finding: Finding) -> str:
    """Code and class: `SM941 semantic`."""
    return f"{finding.code} {class_of(finding)}".strip()


def heaviest(findings: tuple[Finding, ...]) -> list[Finding]:
    """The same findings, errors first."""
    return sorted(findings, key=lambda finding: -finding.severity)


def summed_up(report: Report) -> str:
    """`2 errors, 1 note (1 semantic, 1 goalpost, 1 label)`; `nothing found` where nothing was."""
    if not report.findings:
        return "nothing found"
    weights = ", ".join(counted(number, name) for name, number in report.counts.items())
    classes = ", ".join(f"{number} {name}" for name, number in report.classes.items())
    return f"{weights} ({classes})" if classes else weights


LEVELS: Mapping[Severity, str] = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
"""Severities as most formats name them."""
