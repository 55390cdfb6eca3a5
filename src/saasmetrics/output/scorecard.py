"""The scorecard: one row per metric in the sections of the weekly stack, footnotes, and the totals last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.text import Text

from saasmetrics.output.answer import Goal
from saasmetrics.output.layout import LAYOUTS, Layout, layout
from saasmetrics.output.number import whole
from saasmetrics.output.reading import SPAN, Reading, State
from saasmetrics.output.sheet import Block, Column, Line, Note, Row, Sheet, least_width, text
from saasmetrics.output.standing import (
    NAMED,
    TONES,
    change_cell,
    footnote_mark,
    goal_note,
    reason,
    spark_cell,
    status_cell,
    status_word,
    value_cell,
)
from saasmetrics.output.subject import SECTIONS, Subject
from saasmetrics.output.timeline import Timeline


@dataclass(frozen=True)
class Scorecard:
    """Readings in print order and the periods they share; `notes` maps each reason to the number of its footnote."""

    readings: tuple[Reading, ...]
    timeline: Timeline
    notes: dict[str, int]

    @property
    def span(self) -> int:
        """Complete periods in the sparklines."""
        return max((len(reading.complete) for reading in self.readings), default=0)


def scorecard(readings: Iterable[Reading], timeline: Timeline) -> Scorecard:
    """Sort readings into the sections, the North Star first, otherwise as asked for; number the footnotes.

    Edges: a number that the North Star already stands for is not printed again under its own name.
    """
    given = list(readings)
    pointed = {each.subject.name for each in given if each.subject.is_pointer}
    kept = [
        each for each in given if each.subject.is_pointer or not (each.subject.star and each.subject.name in pointed)
    ]
    ordered = sorted(kept, key=lambda each: (SECTIONS.index(each.subject.section), not each.subject.is_pointer))
    notes: dict[str, int] = {}
    for reading in ordered:
        why = reason(reading)
        if why is not None:
            notes.setdefault(why, len(notes) + 1)
    return Scorecard(tuple(ordered), timeline, notes)


def blocks(card: Scorecard, width: int, goals: Sequence[Goal] = (), *, bounded: bool) -> Iterator[Block]:
    """The table, its footnotes, the targets of parts of the company, the totals and what is in progress."""
    shape = _layout(card, width, bounded)
    yield sheet(card, shape)
    yield Line()
    yield from _footnotes(card)
    yield from map(goal_note, goals)
    yield Note(_totals(card), hang=2)
    if shape.spark:
        yield from _in_progress(card.timeline)
    if any(card.timeline.suffix(reading) for reading in card.readings):
        yield Note(Text("a row that names a period shows that one, compared with the one before it", "muted"), hang=2)


def _layout(card: Scorecard, width: int, bounded: bool) -> Layout:
    """The richest layout for the width; a poorer one where long numbers leave too little for the names."""
    chosen = layout(width)
    if not bounded:
        return chosen
    poorer = LAYOUTS[LAYOUTS.index(chosen) :]
    return next((each for each in poorer if least_width(sheet(card, each)) <= width), LAYOUTS[-1])


def sheet(card: Scorecard, shape: Layout) -> Sheet:
    """The table in one layout."""
    rows: list[Row | Line] = []
    for section, readings in groupby(card.readings, key=lambda reading: reading.subject.section):
        rows += [Line(), Line(Text(section, "section"))] if rows else [Line(Text(section, "section"))]
        for _, family in groupby(readings, key=lambda reading: reading.subject.metric):
            rows += _family(card, list(family), shape)
    return Sheet(tuple(_columns(card, shape)), tuple(rows), gap=shape.gap)


def _columns(card: Scorecard, shape: Layout) -> Iterator[Column]:
    last, before, now = card.timeline.titles
    yield Column("" if shape.two_lines else "Metric", least=shape.name, flex=not shape.two_lines)
    yield Column(last, "right", 8)
    yield Column(f"Δ {before}" if before else "Δ", least=10)
    if shape.spark:
        yield Column(f"{card.span} {card.timeline.unit}┆now", least=SPAN + 2)
    if shape.extras:
        yield Column(now, "right")
        yield Column("target", "right")
    yield Column("status" if shape.words else "", least=10 if shape.words else 1)
    if shape.n:
        yield Column("n", "right", 7)
    if shape.extras:
        yield Column("owner")


def _family(card: Scorecard, readings: Sequence[Reading], shape: Layout) -> Iterator[Row | Line]:
    """All addresses of one metric: its cuts stand under its headline, or under its name where it has none."""
    several = len(readings) > 1
    if several and readings[0].subject.path and not shape.two_lines:
        yield Line(text("  ", _label(readings[0], shape)))
    for reading in readings:
        is_part = several and bool(reading.subject.path) and not shape.two_lines
        yield from _rows(card, reading, shape, is_part)


def _rows(card: Scorecard, reading: Reading, shape: Layout, is_part: bool) -> Iterator[Row | Line]:
    subject, suffix = reading.subject, Text(card.timeline.suffix(reading), "muted")
    cells = tuple(_cells(card, reading, shape))
    star = text(("★ ", "accent")) if subject.star else Text()
    if is_part:
        yield Row((text("    ", star, subject.part_name), *cells), suffix)
        return
    if shape.two_lines:
        yield Line(text(star, subject.name, suffix))
        yield Row((Text(), *cells))
    else:
        name = subject.name if shape.full_names else subject.short_name
        yield Row((text("  ", star, name), *cells), suffix)


def _label(reading: Reading, shape: Layout) -> str:
    return reading.subject.label if shape.full_names else reading.subject.short_label or reading.subject.label


def _cells(card: Scorecard, reading: Reading, shape: Layout) -> Iterator[Text]:
    subject, why = reading.subject, reason(reading)
    yield value_cell(subject, reading.shown)
    yield change_cell(reading)
    if shape.spark:
        yield spark_cell(reading, card.span)
    if shape.extras:
        yield value_cell(subject, reading.now)
        yield Text(subject.verdict.target, "muted")
    yield status_cell(reading, None if why is None else card.notes[why], glyph_only=not shape.words)
    if shape.n:
        yield Text("" if reading.n is None else whole(reading.n), "muted")
    if shape.extras:
        yield Text(subject.owner, "muted")


def _footnotes(card: Scorecard) -> Iterator[Note]:
    for why, number in card.notes.items():
        names = _names([reading.subject for reading in card.readings if reason(reading) == why])
        yield Note(Text(f"{footnote_mark(number)} {names}: {why}", "muted"), hang=2)


def _names(subjects: Sequence[Subject]) -> str:
    """The rows that share a footnote, each metric once, a few of them by name."""
    families: dict[str, list[Subject]] = {}
    for subject in subjects:
        families.setdefault(subject.metric, []).append(subject)
    names = [group[0].name if len(group) == 1 else group[0].label for group in families.values()]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED + 1 else ""
    return "; ".join(names[:NAMED] if more else names) + more


def _totals(card: Scorecard) -> Text:
    """How many stand where; a nought is dim, never red."""
    counts = Counter(_class(reading) for reading in card.readings)
    number = len(card.readings)
    line = text((f"{number} {'metric' if number == 1 else 'metrics'}", "strong"), ": ")
    judged = [word for word in ("met", "on track", "behind") if any(counts[each] for each in TONES)]
    rest = ("missed", "hold", "not judged", "no target", "insufficient data", "not available", "in progress")
    parts = [(word, TONES.get(word, "")) for word in judged] + [
        (word, {"missed": "bad", "insufficient data": "warn"}.get(word, "muted")) for word in rest if counts[word]
    ]
    words = {"not available": "n/a", "no target": "without target"}
    for place, (word, tone) in enumerate(parts):
        line.append(", " if place else "")
        line.append(f"{counts[word]} {words.get(word, word)}", tone if counts[word] else "muted")
    return line


def _class(reading: Reading) -> str:
    return status_word(reading)[0] if reading.state is State.VALUE else reading.state.value


def _in_progress(line: Timeline) -> Iterator[Note]:
    open_periods = []
    for grain in line.grains:
        if day := line.current.get(grain):
            passed, days = line.passed(day, grain)
            open_periods.append(f"{line.label(day, grain)} in progress (day {passed} of {days})")
    if open_periods:
        yield Note(Text(f"after ┆: {', '.join(open_periods)}, no delta, no status", "muted"), hang=2)
