"""A funnel: its steps down, how many reach each, and where most are lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import polars as pl
from rich.text import Text

from saasmetrics.output.bar import bar
from saasmetrics.output.number import duration, rate, whole
from saasmetrics.output.reading import Point, Reading
from saasmetrics.output.sheet import Block, Column, Note, Row, Sheet, text
from saasmetrics.output.timeline import Timeline


@dataclass(frozen=True)
class Step:
    """One step: how many reached it."""

    name: str
    reached: float
    took: Text = field(default_factory=Text)
    """The median time since the step before."""


def blocks(
    readings: Sequence[Reading], timeline: Timeline, width: int, step_times: pl.DataFrame | None = None
) -> Iterator[Block]:
    """The steps in the period that all of them can be judged in, or why there is none."""
    subject = readings[0].subject
    points = [(each, each.shown) for each in readings]
    found = [(each, point) for each, point in points if point and point.numerator is not None and point.denominator]
    if not found:
        yield Note(text((subject.title, "section"), ("  nothing to show yet", "muted")))
        return
    last = found[-1][1]
    steps = _steps(found, step_times)
    entered = f"entered in {timeline.label(last.period, readings[-1].grain)} · n = {whole(last.denominator or 0)}"
    windows = f"{whole(last.immature)} more still inside their window" if last.immature else "every window closed"
    told = f"each step in the {readings[-1].grain.value} it was done in" if subject.as_done else windows
    yield Note(text((subject.title, "section"), (f"  {entered} · {told}", "muted")), 2)
    yield _sheet(steps, 36 if width >= 132 else 18)


def _steps(found: Sequence[tuple[Reading, Point]], step_times: pl.DataFrame | None) -> list[Step]:
    """The entry, unless the first step is the entry itself, and the steps."""
    first = found[0][1]
    steps = [Step(each.subject.path[-1], point.numerator or 0, _took(each, point, step_times)) for each, point in found]
    return steps if first.numerator == first.denominator else [Step("entered", first.denominator or 0), *steps]


def _sheet(steps: Sequence[Step], room: int) -> Sheet:
    drops = [before.reached - step.reached for before, step in pairwise(steps)]
    worst = max(drops, default=0)
    rows = []
    for place, step in enumerate(steps):
        cells = [Text(f"{place + 1} {step.name}"), Text(bar(step.reached, steps[0].reached, room), "accent")]
        cells += [Text(whole(step.reached)), _share(step.reached, steps[0].reached)]
        if place:
            drop = drops[place - 1]
            fall = Text(f"{'▲' if drop < 0 else '▼'} {whole(abs(drop))}", _tone(drop, worst))
            cells += [_share(step.reached, steps[place - 1].reached), fall, step.took]
        rows.append(Row(tuple(cells)))
    columns = (Column("Step", least=20, flex=True), Column(least=room), Column("n", "right"))
    titles = ("start", "prev", "drop", *(["median"] if any(step.took.plain for step in steps) else []))
    return Sheet((*columns, *(Column(title, "right") for title in titles)), tuple(rows), gap=2)


def _took(reading: Reading, point: Point, step_times: pl.DataFrame | None) -> Text:
    """The median time since the step before, where somebody took it."""
    if step_times is None:
        return Text()
    found = step_times.filter(
        (pl.col("metric") == reading.subject.metric)
        & (pl.col("cut") == reading.subject.cut)
        & (pl.col("grain") == reading.grain.value)
        & (pl.col("period") == point.period)
    )
    if not found.height:
        return Text()
    took = found["took"][0]
    return Text("low n", "muted") if took is None else Text(duration(took / 1000))


def _tone(drop: float, worst: float) -> str:
    return "bad" if drop == worst and drop > 0 else "muted"


def _share(part: float, of: float) -> Text:
    return Text(rate(part / of, 0) if of else "")
