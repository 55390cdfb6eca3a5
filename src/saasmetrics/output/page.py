"""What an answer comes to on a page: a header, then the tables that its metrics call for, the verdict last."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from rich.text import Text

from saasmetrics.output import breakdown, cohort, funnel, history, movements, scorecard
from saasmetrics.output.answer import Answer, last_day
from saasmetrics.output.printout import Printout, Sight
from saasmetrics.output.reading import Reading, read, read_by
from saasmetrics.output.sheet import Block, Line, Note, text
from saasmetrics.output.standing import broken
from saasmetrics.output.timeline import Timeline, timeline

FEWEST = {"cohort": 2, "funnel": 2, "movement": 3}
"""So many readings of a kind make its table; fewer stand in the scorecard."""


def printout(answer: Answer) -> Printout:
    """The answer as rows and as a page."""
    return Printout(
        answer.values,
        "values",
        {"as_of": answer.as_of, **answer.about},
        lambda sight: page(answer, sight),
        answer.findings,
    )


def page(answer: Answer, sight: Sight) -> Iterator[Block]:
    """The blocks of an answer."""
    led = {each.metric for each in answer.subjects if each.is_named}
    subjects = [each for each in answer.subjects if answer.is_full or each.is_named or each.metric not in led]
    readings = read(answer.values, subjects, answer.grain, answer.calendar)
    line = timeline(readings, answer.calendar, answer.as_of)
    own, rest = _sorted(answer, readings)
    alone = answer.named and bool(rest) and len({each.subject.own_metric for each in rest}) == 1
    alone = alone and len({each.subject.address for each in rest if not each.subject.before}) == 1
    alone = alone and not own and not answer.by
    yield from _header(answer, None if alone or not rest else line)
    yield Line()
    if answer.by:
        yield from _breakdowns(answer, readings, line, sight)
    elif alone:
        for place, each in enumerate(rest):
            yield from [Line()] if place else []
            yield from history.blocks(each, line, sight.width, () if each.subject.before else answer.goals)
    else:
        for number, (kind, group, balance) in enumerate(own):
            yield from [Line()] if number else []
            yield from _table(kind, group, balance, line, sight, answer.step_times)
        if rest:
            yield from [Line()] if own else []
            yield from scorecard.blocks(
                scorecard.scorecard(rest, line), sight.width, answer.goals, bounded=sight.bounded
            )
    if not alone:
        yield from broken(readings)
    if len(readings) < len(answer.subjects):
        hidden = len(answer.subjects) - len(readings)
        yield Note(Text(f"{hidden} cuts not shown: name their metric, or --all", "muted"), hang=2)


def _breakdowns(answer: Answer, readings: tuple[Reading, ...], line: Timeline, sight: Sight) -> Iterator[Block]:
    for by in answer.by:
        parts = read_by(answer.values, readings, by, answer.calendar)
        yield from breakdown.blocks(by, readings, parts, line, sight.width)


Own = tuple[str, list[Reading], Reading | None]


def _sorted(answer: Answer, readings: tuple[Reading, ...]) -> tuple[list[Own], list[Reading]]:
    """The tables of their own that named metrics make, and the readings that are left over.

    A headline is left out where its steps or ages stand in a table, and so is a balance whose movements do.
    """
    if not answer.named or answer.by:
        return [], list(readings)
    own: list[Own] = []
    told: list[Reading] = []
    for (kind, of), group in _groups(readings).items():
        rows = [each for each in group if each.subject.is_whole]
        if kind and len(rows) >= FEWEST[kind]:
            balance = next((each for each in readings if each.subject.address == of), None)
            own.append((kind, rows, balance))
            told += [*group, *([balance] if balance else [])]
    drawn = {each.subject.metric for _, rows, _ in own for each in rows}
    spare = [each for each in readings if each.subject.metric in drawn and not each.subject.is_whole]
    return own, [each for each in readings if each not in told and each not in spare]


def _table(
    kind: str,
    group: list[Reading],
    balance: Reading | None,
    line: Timeline,
    sight: Sight,
    step_times: pl.DataFrame | None,
) -> Iterator[Block]:
    if kind == "cohort":
        return cohort.blocks(group, line, sight.width, shades=sight.shades)
    if kind == "funnel":
        return funnel.blocks(group, line, sight.width, step_times)
    return movements.blocks(group, balance, line, sight.width)


def _groups(readings: tuple[Reading, ...]) -> dict[tuple[str, str], list[Reading]]:
    """Readings that could stand in one table: steps or ages of one metric, movements of one balance."""
    groups: dict[tuple[str, str], list[Reading]] = {}
    for each in readings:
        subject = each.subject
        owner = {"movement": subject.of, "cohort": subject.title, "funnel": subject.title}.get(subject.kind, "")
        groups.setdefault((subject.kind if owner else "", owner), []).append(each)
    return groups


def _header(answer: Answer, line: Timeline | None) -> Iterator[Note]:
    """Whose numbers, of when; without the periods where the table below names its own."""
    yield Note(text(("saasmetrics compute", "strong"), ("  ", ""), (answer.title, "muted")))
    parts = []
    judged = [(grain, line.judged[grain]) for grain in line.grains if grain in line.judged] if line else []
    if line and judged:
        shown = ", ".join(line.label(day, grain) for grain, day in judged)
        before = ", ".join(line.label(line.before(day, grain), grain) for grain, day in judged)
        parts += [text("period " if len(judged) == 1 else "periods ", (shown, "strong"), " (complete)")]
        parts += [Text(f"compared with {before}")]
    parts.append(Text(f"data as of {last_day(answer.calendar, answer.as_of)}"))
    if answer.where:
        parts.append(Text(f"only {answer.where}"))
    said = Text(" · ", "muted").join(parts)
    said.stylize_before("muted")
    yield Note(said, hang=2)
