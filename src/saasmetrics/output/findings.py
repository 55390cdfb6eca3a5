"""Findings as text: place, weight, code, sentence, hint; one a line, the count last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.text import Text

from saasmetrics.finding import Finding, Severity, counted
from saasmetrics.output.sheet import text

TONES = {Severity.ERROR: "bad", Severity.WARNING: "warn", Severity.NOTE: "muted"}


def lines(findings: Sequence[Finding]) -> Iterator[Text]:
    """A line per finding in the order given, and how many there were when there were several."""
    for finding in findings:
        yield line(finding)
    if len(findings) > 1:
        yield Text(_count(findings), "strong", end="")


def line(finding: Finding) -> Text:
    """`metrics.yaml:3:5: error SM012 message; hint`, or `orders.csv, column amount: warning SM903 message`."""
    place = [str(finding.location)] if finding.location else []
    place += [f"column {finding.column}"] if finding.column else []
    weight = f"{finding.severity.name.lower()} {finding.code}"
    return text(
        (f"{', '.join(place)}: " if place else "", "strong"),
        (weight, TONES[finding.severity]),
        f" {finding.message}",
        (f"; {finding.hint}" if finding.hint else "", "muted"),
    )


def as_object(finding: Finding) -> dict[str, Any]:
    """A finding for JSON: its severity by name, its location in parts."""
    return {**asdict(finding), "severity": finding.severity.name.lower()}


def _count(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(counted(counts[severity], severity.name.lower()) for severity in sorted(counts, reverse=True))
