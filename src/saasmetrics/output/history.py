"""One address over time: its periods down the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from saasmetrics.output.answer import Goal
from saasmetrics.output.bar import bar
from saasmetrics.output.number import whole
from saasmetrics.output.reading import Point, Reading, State, reading
from saasmetrics.output.sheet import Block, Column, Line, Note, Row, Sheet, text
from saasmetrics.output.standing import BREAK, change_cell, goal_note, status_cell, value_cell
from saasmetrics.output.timeline import Timeline

DRAWN = 80
"""Columns from which on there are bars, and long words for what is in progress."""


def blocks(series: Reading, timeline: Timeline, width: int, goals: Sequence[Goal] = ()) -> Iterator[Block]:
    """Title, one row per period from the first with an input, and the reasons where there is no value."""
    subject = series.subject
    parts = [(subject.name, "section")]
    if subject.description:
        parts += [("  ", ""), (subject.description, "muted")]
    yield Note(text(*parts), hang=2)
    first = next((place for place, point in enumerate(series.points) if point.state is not State.UNAVAILABLE), 0)
    points = series.points[first:]
    yield _sheet(series, points, timeline, width)
    notes = [*_notes(series, points), *map(goal_note, goals)]
    if notes:
        yield Line()
        yield from notes


def _notes(series: Reading, points: tuple[Point, ...]) -> Iterator[Note]:
    verdict = series.subject.verdict
    if verdict.target:
        yield Note(text(("target ", "muted"), verdict.target, ", ", verdict.word))
    silent = (State.VALUE, State.PROGRESS)
    if series.segment is None and series.subject.splits:
        names = ", ".join(series.subject.splits)
        yield Note(text(("split by ", "muted"), names, (f": --by {series.subject.splits[0]}", "muted")), hang=2)
    for why in dict.fromkeys(point.reason for point in points if point.reason and point.state not in silent):
        yield Note(Text(why, "muted"), hang=2)


def _sheet(series: Reading, points: tuple[Point, ...], timeline: Timeline, width: int) -> Sheet:
    full = max((point.value or 0 for point in points), default=0)
    drawn = width >= DRAWN and all((point.value or 0) >= 0 for point in points)
    room = min(width - 65, 24)
    columns = [
        Column(series.grain.value.capitalize(), least=10),
        Column("value", "right", 8),
        Column("Δ", least=10),
        *([Column(least=room)] if drawn else []),
        Column("n", "right", 7),
        Column("status"),
    ]
    rows: list[Row | Line] = []
    for place, point in enumerate(points):
        if place and point.version != points[place - 1].version:
            rows.append(Line(Text(f"{BREAK * 2} {series.subject.said_of(point.version)}", "muted")))
        step = _step(series, points[: place + 1], timeline)
        cells = [
            Text(timeline.label(point.period, series.grain)),
            value_cell(series.subject, point),
            change_cell(step),
            *([Text(bar(point.value or 0, full, room), _tone(point))] if drawn else []),
            Text("" if (n := point.sample(series.subject.how)) is None else whole(n), "muted"),
            _status(series, step, point, timeline, width),
        ]
        rows.append(Row(tuple(cells)))
    return Sheet(tuple(columns), tuple(rows))


def _tone(point: Point) -> str:
    return "accent" if point.state is State.VALUE else "muted"


def _step(series: Reading, points: tuple[Point, ...], timeline: Timeline) -> Reading:
    """The series as it stood at one period; a period in progress is compared with nothing."""
    if points[-1].state is State.PROGRESS:
        return Reading(series.subject, series.grain, points, now=points[-1])
    return reading(series.subject, series.grain, points, timeline.calendar)


def _status(series: Reading, step: Reading, point: Point, timeline: Timeline, width: int) -> Text:
    if point.state is State.PROGRESS:
        passed, days = timeline.passed(point.period, series.grain)
        is_over = timeline.calendar.end(point.period, series.grain) <= timeline.calendar.local_day(timeline.as_of)
        said = "windows still open" if is_over else f"day {passed} of {days}"
        return Text(f"in progress, {said}" if width >= DRAWN and not is_over else said, "muted")
    if point.state is State.VALUE and (series.shown is None or point.period != series.shown.period):
        return Text()
    return status_cell(step)
