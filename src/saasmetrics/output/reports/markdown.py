"""A report as Markdown, for a pull request or the summary of a step."""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Change, Finding, counted
from saasmetrics.output.reports.report import Report, effect, heaviest, summed_up, title

MOST = 40
"""How many findings the table shows; a page with more is not read, and is too long for a comment."""
_NARROW = 60
"""Characters of a value that a cell of the table takes; longer ones are told below it."""


def markdown(report: Report) -> bytes:
    """A table of findings, errors first, what changed at length, what that reaches, and how to accept it."""
    return "\n".join([*_lines(report), ""]).encode(errors="replace")


def _lines(report: Report) -> Iterator[str]:
    yield f"### saasmetrics check: {summed_up(report)}"
    ordered = heaviest(report.findings)
    shown, changes = ordered[:MOST], [each for each in ordered if isinstance(each, Change)]
    if shown:
        has_sides = any(each.old or each.new for each in changes)
        yield ""
        yield "| | where | what |" + (" old | new |" if has_sides else "")
        yield "|---|---|---|" + ("---|---|" if has_sides else "")
        yield from (_row(finding, has_sides) for finding in shown)
    if len(ordered) > len(shown):
        more = counted(len(ordered) - len(shown), "more finding")
        yield from ("", f"and {more}; `saasmetrics check` tells them all.")
    yield from _at_length(changes)
    numbers = [(finding, each) for finding in ordered for each in effect(finding, None)]
    if numbers:
        yield from (
            "",
            "What it does to numbers, as accepted against as written:",
            "",
            "| of | number | |",
            "|---|---|---|",
        )
        yield from (
            f"| {_cell(finding.object)} | {_code(address)} | {_cell(said)} |" for finding, (address, said) in numbers
        )
    if report.accepts:
        yield from ("", "To accept after review:", "", "```sh", *report.accepts, "```")
    if shown:
        yield from ("", f"`saasmetrics explain {shown[0].code}` tells what a code means and what to do.")


def _row(finding: Finding, has_sides: bool) -> str:
    change = finding if isinstance(finding, Change) else None
    said = f"{finding.message} [{change.direction}]" if change and change.direction else finding.message
    said = f"{said}; {finding.hint}" if finding.hint else said
    weight = f"**{finding.severity.name.lower()}** {title(finding)}"
    cells = [weight, _code(str(finding.location or "")), _cell(said)]
    if has_sides:
        cells += [_side(change.old), _side(change.new)] if change else ["", ""]
    return "| " + " | ".join(cells) + " |"


def _at_length(changes: list[Change]) -> Iterator[str]:
    """What does not fit into a cell: long values, and all that a change reaches."""
    for change in changes:
        if any(_is_long(side) for side in (change.old, change.new)):
            removed, added = (side.split("\n") if side else [] for side in (change.old, change.new))
            lines = [*(f"- {line}" for line in removed), *(f"+ {line}" for line in added)]
            yield from _folded(change.message, ["```diff", *lines, "```"])
        if change.class_ == "inherited" and change.reaches:
            yield from _folded(f"{change.object} reaches {len(change.reaches)}", [", ".join(change.reaches)])


def _folded(title: str, lines: list[str]) -> Iterator[str]:
    said = title.replace("&", "&amp;").replace("<", "&lt;")
    yield from ("", f"<details><summary>{said}</summary>", "", *lines, "", "</details>")


def _is_long(text: str) -> bool:
    return len(text) > _NARROW or "\n" in text


def _side(text: str) -> str:
    return "below" if _is_long(text) else _code(text)


def _cell(text: str) -> str:
    """Text in a cell: nothing in it makes a column, an element or a line."""
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(escaped.splitlines())


def _code(text: str) -> str:
    """Text as code in a cell, where only a bar means anything."""
    return f"`{' '.join(text.splitlines()).replace('|', chr(92) + '|').replace('`', chr(39))}`" if text else ""
