"""What an answer comes to on a page: a header, then the tables that its metrics call for, the verdict last."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from saasmetrics.output import breakdown, cohort, funnel, history, movements, scorecard
from saasmetrics.output.answer import Answer
from saasmetrics.output.printout import Printout, Sight
from saasmetrics.output.reading import Reading, read, read_by
from saasmetrics.output.sheet import Block, Line, Note, text
from saasmetrics.output.timeline import Timeline, timeline

FEWEST = {"cohort": 2, "funnel": 2, "movement": 3}
"""So many readings of a kind make its table; fewer stand in the scorecard."""


def printout(answer: Answer) -> Printout:
    """The answer as rows and as a page."""
    return Printout(
        answer.values, "values", {"as_of": answer.as_of}, lambda sight: page(answer, sight), answer.findings
    )


def page(answer: Answer, sight: Sight) -> Iterator[Block]:
    """The blocks of an answer."""
    readings = read(answer.values, answer.subjects, answer.grain, answer.calendar)
    line = timeline(readings, answer.calendar, answer.as_of)
    yield from _header(answer, line)
    yield Line()
    for by in answer.by:
        parts = read_by(answer.values, answer.subjects, by, answer.grain, answer.calendar)
        yield from breakdown.blocks(by, readings, parts, line, sight.width)
    if answer.by:
        return
    rest: list[Reading] = []
    for (kind, of), group in _groups(readings if answer.named else ()).items():
        balance = next((each for each in readings if each.subject.address == of), None)
        if len(group) < FEWEST.get(kind, len(group) + 1):
            rest += group
            continue
        yield from _table(kind, group, balance, line, sight)
        yield Line()
    if not answer.named:
        rest = list(readings)
    if len(readings) == 1 and answer.named:
        yield from history.blocks(readings[0], line, sight.width)
    elif rest:
        yield from scorecard.blocks(scorecard.scorecard(rest, line), sight.width, bounded=sight.bounded)


def _table(kind: str, group: list[Reading], balance: Reading | None, line: Timeline, sight: Sight) -> Iterator[Block]:
    if kind == "cohort":
        return cohort.blocks(group, line, sight.width, shades=sight.shades)
    if kind == "funnel":
        return funnel.blocks(group, line, sight.width)
    return movements.blocks(group, balance, line, sight.width)


def _groups(readings: tuple[Reading, ...]) -> dict[tuple[str, str], list[Reading]]:
    """Readings that could stand in one table: steps or ages of one metric, movements of one balance."""
    groups: dict[tuple[str, str], list[Reading]] = {}
    for each in readings:
        subject = each.subject
        owner = {"movement": subject.of, "cohort": subject.title, "funnel": subject.title}.get(subject.kind, "")
        groups.setdefault((subject.kind if owner else "", owner), []).append(each)
    return groups


def _header(answer: Answer, line: Timeline) -> Iterator[Note]:
    yield Note(text(("saasmetrics compute", "strong"), ("  ", ""), (answer.title, "muted")))
    judged = [(grain, line.judged[grain]) for grain in line.grains if grain in line.judged]
    parts = []
    if judged:
        shown = " and ".join(line.label(day, grain) for grain, day in judged)
        before = " and ".join(line.label(line.before(day, grain), grain) for grain, day in judged)
        parts += [text("period " if len(judged) == 1 else "periods ", (shown, "strong"), " (complete)")]
        parts += [Text(f"compared with {before}")]
    parts.append(Text(f"data as of {answer.last_day}"))
    if answer.where:
        parts.append(Text(f"only {answer.where}"))
    said = Text(" · ", "muted").join(parts)
    said.stylize_before("muted")
    yield Note(said, hang=2)
