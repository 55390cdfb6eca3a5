"""A report as the workflow commands of GitHub, which it shows beside the changed lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from saasmetrics.finding import Finding, Severity, counted
from saasmetrics.output.reports.report import Report, effect, heaviest, title

MOST = 10
"""How many annotations of one kind GitHub shows for a step."""
_KINDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def github(report: Report) -> bytes:
    """One command a finding, errors first. Edges: of each kind ten at most, the last says how many more there are."""
    return "".join(f"{line}\n" for line in _lines(report)).encode(errors="replace")


def _lines(report: Report) -> Iterator[str]:
    for severity, group in groupby(heaviest(report.findings), key=lambda finding: finding.severity):
        findings = list(group)
        shown = findings if len(findings) <= MOST else findings[: MOST - 1]
        yield from (_command(finding) for finding in shown)
        if len(shown) < len(findings):
            more = counted(len(findings) - len(shown), "more finding")
            yield f"::{_KINDS[severity]} title=saasmetrics::and {more}; the summary of the step has them all"


def _command(finding: Finding) -> str:
    place = finding.location
    options = {"file": place.file if place else "", "line": place.line if place else 0,
               "col": place.column if place else 0, "title": title(finding)}  # fmt: skip
    written = ",".join(f"{key}={_property(str(value))}" for key, value in options.items() if value)
    hint = f"; {finding.hint}" if finding.hint else ""
    numbers = "".join(f"\n{f'{address}: ' if address else ''}{said}" for address, said in effect(finding))
    return f"::{_KINDS[finding.severity]} {written}::{_data(finding.message + hint + numbers)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
