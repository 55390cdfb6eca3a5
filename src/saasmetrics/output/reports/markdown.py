"""A report as Markdown, for a pull request or the summary of a step."""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Change, Finding
from saasmetrics.output.reports.report import Report, counted, heaviest, title


def markdown(report: Report) -> bytes:
    """A table of all findings, errors first, and how to accept them."""
    return "\n".join([*_lines(report), ""]).encode()


def _lines(report: Report) -> Iterator[str]:
    yield f"### saasmetrics check: {counted(report)}"
    if report.findings:
        yield ""
        yield "| | place | finding | old | new |"
        yield "|---|---|---|---|---|"
        yield from (_row(finding) for finding in heaviest(report.findings))
    if report.accepts:
        yield from ("", "To accept after review:", "", "```sh", *report.accepts, "```")


def _row(finding: Finding) -> str:
    change = finding if isinstance(finding, Change) else None
    said = f"{finding.message} [{change.direction}]" if change and change.direction else finding.message
    weight = f"{finding.severity.name.lower()} {title(finding)}"
    sides = [_code(change.old), _code(change.new)] if change else ["", ""]
    return "| " + " | ".join([weight, _cell(str(finding.location or "")), _cell(said), *sides]) + " |"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def _code(text: str) -> str:
    return f"`{_cell(text).replace('`', chr(39))}`" if text else ""
