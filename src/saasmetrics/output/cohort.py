"""Retention as a triangle: cohorts down, ages across."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from saasmetrics.frames.values import LOW_N, NO_INPUT
from saasmetrics.output.number import rate, whole
from saasmetrics.output.reading import Point, Reading, State
from saasmetrics.output.sheet import Block, Column, Note, Row, Sheet, text
from saasmetrics.output.timeline import Timeline

EDGES = (0.2, 0.4, 0.6, 0.75, 0.9)
SHADES = (
    "black on color(195)",
    "black on color(153)",
    "black on color(117)",
    "black on color(75)",
    "bright_white on color(26)",
    "bright_white on color(18)",
)
"""One blue scale from pale to dark, six fixed classes; the ink turns white where the ground is dark."""

NARROW, AGES = 120, 9
CELL = 6
"""Columns of a cell, all of them shaded."""


def blocks(ages: Sequence[Reading], timeline: Timeline, width: int, *, shades: bool) -> Iterator[Block]:
    """The triangle, and what its marks mean."""
    subject = ages[0].subject
    shown = list(ages) if width >= NARROW else list(ages)[:AGES]
    yield Note(text((subject.title, "section"), (f"  {subject.description}".rstrip(), "muted")), hang=2)
    columns = [Column("Cohort", least=8), Column("n", "right", 6)]
    columns += [Column(each.subject.part_name, "right", CELL) for each in shown]
    yield Sheet(tuple(columns), tuple(_rows(shown, timeline, shades)), gap=0)
    early = any(point.status == NO_INPUT for each in shown for point in each.points)
    marks = "percent, * in progress, blank: not reached yet, ·: too few" + ", n/a: before the data" * early
    yield Note(Text(marks, "muted"), hang=2)
    if shades:
        yield Note(Text(f"shades change at {', '.join(rate(edge, 0) for edge in EDGES)}", "muted"), hang=2)
    if len(shown) < len(ages):
        yield Note(Text(f"{len(ages) - len(shown)} more ages: at {NARROW} columns, or --format csv", "muted"), hang=2)


def _rows(ages: Sequence[Reading], timeline: Timeline, shades: bool) -> Iterator[Row]:
    by_age = [{point.period: point for point in each.points} for each in ages]
    grain = ages[0].grain
    for cohort in sorted(set().union(*by_age)):
        points = [age.get(cohort) for age in by_age]
        size = next((point.entries for point in points if point and point.entries), None)
        waiting = next((point.immature for point in points if point and point.immature), None)
        n = size if size is not None else waiting
        if n is None:
            continue
        cells = [_cell(point, shades) for point in points]
        yield Row((Text(timeline.label(cohort, grain)), Text(whole(n), "muted"), *cells))


def _cell(point: Point | None, shades: bool) -> Text:
    """Percent without its sign. A nought is `0`, nothing an age that is not reached, `n/a` one before the data."""
    if point is None:
        return Text()
    if point.status == LOW_N:
        return Text("·", "muted")
    if point.status == NO_INPUT:
        return Text("n/a", "muted")
    if point.value is None:
        return Text()
    number = rate(point.value, 0).removesuffix("%")
    if point.state is State.PROGRESS:
        return Text(f"{number}*", "progress")
    return Text(number.rjust(CELL), SHADES[sum(point.value >= edge for edge in EDGES)] if shades else "")
