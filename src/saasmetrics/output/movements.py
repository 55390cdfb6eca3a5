"""Movements of a balance: opening, what came and went, closing, a column for every period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from rich.text import Text

from saasmetrics.output.number import Number
from saasmetrics.output.reading import Point, Reading, State
from saasmetrics.output.sheet import Block, Column, Line, Note, Row, Sheet, text
from saasmetrics.output.timeline import Timeline

PARTS = ("new", "expansion", "reactivation", "contraction", "churn", "transfer", "fx")
"""The labels in reading order; together they are the whole change."""

EXPLAINED = frozenset({"new", "expansion", "reactivation", "contraction", "churn"})
CENT = 0.005


def blocks(parts: Sequence[Reading], balance: Reading | None, timeline: Timeline, width: int) -> Iterator[Block]:
    """The table over the last complete periods: six, or twelve where there is room."""
    subject = parts[0].subject
    name = balance.subject.name if balance else subject.of
    room = 12 if width >= 132 else 6 if width >= 80 else 3
    whole = _periods(parts, balance, timeline)
    periods = whole[-room:]
    told = ["losses are negative", *_left_out(parts, whole, room, timeline)]
    yield Note(text((f"Movements of {name}", "section"), (f"  {' · '.join(told)}", "muted")), hang=2)
    columns = [Column(least=14), *(Column(timeline.short(day, subject.grain), "right", 8) for day in periods)]
    yield Sheet(tuple(columns), tuple(_rows(parts, balance, periods, timeline)))


def _left_out(parts: Sequence[Reading], whole: Sequence[date], room: int, timeline: Timeline) -> Iterator[str]:
    """Periods that were asked for and have no column: the one in progress, and the first, which nothing opens."""
    subject = parts[0].subject
    first = min((each.points[0] for each in parts if each.points), key=lambda point: point.period, default=None)
    if first and first.state is State.VALUE and first.period not in whole and len(whole) < room:
        yield f"{timeline.short(first.period, subject.grain)} has no opening balance here"
    now = max((each.now.period for each in parts if each.now), default=None)
    if now is not None:
        yield f"{timeline.short(now, subject.grain)} is in progress, not shown"


def _periods(parts: Sequence[Reading], balance: Reading | None, timeline: Timeline) -> list[date]:
    """Complete periods; where the balance is known, those that it opens as well as closes."""
    over = {point.period for each in parts for point in each.points if point.state is State.VALUE}
    if balance:
        held = {point.period for point in balance.points if point.state is State.VALUE}
        over = {day for day in over if day in held and timeline.before(day, balance.grain) in held}
    return sorted(over)


def _rows(
    parts: Sequence[Reading], balance: Reading | None, periods: Sequence[date], timeline: Timeline
) -> Iterator[Row | Line]:
    by_part = {each.subject.part: _by_period(each) for each in parts}
    number = parts[0].subject.number
    opening = closing = None
    if balance:
        held = _by_period(balance)
        opening = {day: held.get(timeline.before(day, balance.grain)) for day in periods}
        closing = {day: held.get(day) for day in periods}
        yield _row("Opening", opening, periods, number, "value")
    for part in PARTS:
        if part in by_part:
            yield _row(f"  {part.capitalize()}", by_part[part], periods, number)
    if "net" in by_part:
        yield _row("Net", by_part["net"], periods, number, "value")
    if opening is not None and closing is not None:
        if by_part.keys() >= EXPLAINED:
            yield from _unexplained(opening, by_part, closing, periods, number)
        yield _row("Closing", closing, periods, number, "value")


def _unexplained(
    opening: Mapping[date, Point | None],
    by_part: Mapping[str, Mapping[date, Point | None]],
    closing: Mapping[date, Point | None],
    periods: Sequence[date],
    number: Number,
) -> Iterator[Row]:
    """What the parts leave over between opening and closing; no row where they leave nothing."""
    rest = {}
    for day in periods:
        ends = [_known(opening.get(day)), _known(closing.get(day))]
        known = [_known(by_part[part].get(day)) or 0 for part in PARTS if part in by_part]
        if ends[0] is not None and ends[1] is not None:
            rest[day] = ends[1] - ends[0] - sum(known)
    if any(abs(each) > CENT for each in rest.values()):
        cells = [Text(number.text(rest[day]) if day in rest else "", "bad") for day in periods]
        yield Row((Text("  Not explained", "bad"), *cells))


def _by_period(reading: Reading) -> dict[date, Point | None]:
    return {point.period: point for point in reading.points}


def _known(point: Point | None) -> float | None:
    return point.known if point else None


def _row(
    name: str, points: Mapping[date, Point | None], periods: Sequence[date], number: Number, style: str = ""
) -> Row:
    cells = []
    for day in periods:
        value = _known(points.get(day))
        cells.append(Text("" if value is None else number.text(value), style))
    return Row((Text(name, style), *cells))
