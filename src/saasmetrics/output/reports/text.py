"""A report for people: place, weight, sentence; what it was, what it is, what it reaches."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from saasmetrics.finding import Change, Finding
from saasmetrics.output.findings import TONES
from saasmetrics.output.reports.report import Report, effect, summed_up
from saasmetrics.output.sheet import text as styled


def lines(report: Report) -> Iterator[Text]:
    """The findings in their order, how many there are, and how to accept them."""
    for finding in report.findings:
        yield from _finding(finding)
    yield styled((summed_up(report), "strong"))
    if report.accepts:
        yield Text("To accept after review:", end="")
        for command in report.accepts:
            line = styled((f"  {command}", "accent"))
            line.no_wrap = True
            yield line


def text(report: Report) -> bytes:
    """As lines without colour."""
    return "".join(f"{line.plain}\n" for line in lines(report)).encode(errors="replace")


def _finding(finding: Finding) -> Iterator[Text]:
    tone = TONES[finding.severity]
    if isinstance(finding, Change) and finding.class_ == "inherited":
        yield styled("    ", (finding.code, tone), f" {finding.message}")
        yield from _effect(finding)
        return
    weight = f"{finding.severity.name.lower()} {finding.code}"
    change = finding if isinstance(finding, Change) else None
    direction = f" [{change.direction}]" if change and change.direction else ""
    yield styled(
        (f"{finding.location}: " if finding.location else "", "strong"),
        (f"{weight} {change.class_}" if change else weight, tone),
        f" {finding.message}{direction}",
        (f"; {finding.hint}" if finding.hint else "", "muted"),
    )
    if change and change.field and (change.old or change.new):
        for name, value in (("old", change.old), ("new", change.new)):
            yield styled((f"    {name}  ", "muted"), " ".join(value.split("\n")) or "-")
    yield from _effect(finding)


def _effect(finding: Finding) -> Iterator[Text]:
    """What it does to numbers, a line each."""
    for address, said in effect(finding):
        yield styled(("    impact  ", "muted"), (f"{address}: " if address else "", "strong"), said)
