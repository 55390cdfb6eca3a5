"""Values, changes and verdicts as cells: five states that never look alike, colour never alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.text import Text

from saasmetrics.frames.values import LOW_N, MATURING, NOT_REACHED, UNDEFINED
from saasmetrics.output.answer import Goal
from saasmetrics.output.change import change
from saasmetrics.output.number import whole
from saasmetrics.output.reading import Point, Reading, State
from saasmetrics.output.sheet import Note, text
from saasmetrics.output.sparkline import EDGE, GAP, height, sparkline
from saasmetrics.output.subject import Subject

GLYPHS = {"met": "✓", "hold": "✓", "on track": "●", "behind": "✗", "missed": "✗", "not judged": "–", "no target": "–"}
TONES = {"met": "good", "hold": "good", "on track": "good", "behind": "bad", "missed": "bad"}
BREAK = "┄"
"""What stands where a definition changed."""
NAMED = 4
"""So many names are told, then how many more there are."""
_INSUFFICIENT = {LOW_N: "low n", UNDEFINED: "n = 0", NOT_REACHED: "unreached"}
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def value_cell(subject: Subject, point: Point | None, style: str = "value") -> Text:
    """The value; `—` for too little data, `n/a` for none, italic with `*` in progress, blank when not there at all."""
    if point is None:
        return Text()
    match point.state:
        case State.VALUE if point.value is not None:
            return Text(subject.number.text(point.value), style)
        case State.PROGRESS:
            return Text() if point.value is None else Text(subject.number.text(point.value) + "*", "progress")
        case State.UNAVAILABLE:
            return Text("n/a", "muted")
    return Text("—", "muted")


def change_cell(reading: Reading) -> Text:
    """The change since the period before, coloured by what is good for the metric; `new` where there is none before."""
    now = reading.shown.known if reading.shown else None
    if now is None:
        return Text()
    if reading.is_first:
        return Text("new", "muted")
    if reading.broken is not None:
        return Text(f"v{reading.broken}", "muted")
    before = reading.before.known if reading.before else None
    if before is None:
        return Text()
    moved = change(reading.subject.number, now, before, reading.subject.flat)
    tone = {"better": "good", "worse": "bad", "": "muted"}[moved.judged(reading.subject.direction)]
    return Text(f"{moved.arrow} {moved.text}", tone)


def spark_cell(reading: Reading, span: int) -> Text:
    """The complete periods, right-aligned to `span`, the edge, and the one in progress on the scale of the others.

    Edges: blank for a series that never had a value.
    """
    known = [point.known if point else None for point in reading.complete]
    if not any(value is not None for value in known):
        return Text()
    glyphs = sparkline(known)
    runs = [("".join(run), tone) for tone, run in groupby(glyphs, key=_tone)]
    line = text(" " * (span - len(known)), *runs, (EDGE, "muted"))
    if reading.now is not None:
        line.append(height(reading.now.value, known), "muted")
    return line


def _tone(glyph: str) -> str:
    return "muted" if glyph == GAP else "accent"


def status_word(reading: Reading) -> tuple[str, str]:
    """What stands in the status column and its tone; empty while in progress."""
    match reading.state:
        case State.VALUE:
            word = reading.subject.verdict.word
            return word, TONES.get(word, "muted")
        case State.INSUFFICIENT:
            return _INSUFFICIENT.get(reading.shown.status if reading.shown else "", "low n"), "warn"
        case State.UNAVAILABLE:
            return "no input", "muted"
    return "maturing" if reading.now and reading.now.status == MATURING else "", "muted"


def status_cell(reading: Reading, note: int | None = None, *, glyph_only: bool = False) -> Text:
    """Glyph and word of the verdict, or why there is none, with the number of its footnote."""
    word, tone = status_word(reading)
    mark = str(note).translate(_SUPERSCRIPT) if note else ""
    glyph = GLYPHS.get(word)
    if glyph_only:
        return Text(glyph or mark, tone)
    if word == "no target":
        return Text("–", tone)
    return Text(f"{glyph} {word}{mark}" if glyph else f"{word}{mark}", tone)


def goal_note(goal: Goal) -> Note:
    """A target of a part of the company: how it stands, whose it is, its value beside what was promised."""
    verdict = goal.subject.verdict
    mark = (f"{GLYPHS[verdict.word]} {verdict.word}", TONES.get(verdict.word, "muted"))
    value = f"{goal.value} in {goal.period}" if goal.value else verdict.reason or "no value"
    said = text(mark, "  ", f"{goal.subject.name}, {goal.part}: {value}", (f", target {verdict.target}", "muted"))
    return Note(said, hang=2)


def broken(readings: Iterable[Reading]) -> Iterator[Note]:
    """Where definitions changed within the periods that are shown: from when on, why, and of which numbers."""
    names: dict[str, dict[str, None]] = {}
    for each in readings:
        versions = list(dict.fromkeys(point.version for point in each.points))
        for said in (each.subject.said_of(version) for version in versions[1:]):
            names.setdefault(said, {})[each.subject.label] = None
    for said, labels in names.items():
        several = [*labels]
        more = f" and {len(several) - NAMED} more" if len(several) > NAMED + 1 else ""
        of = "; ".join(several[:NAMED] if more else several) + more
        yield Note(Text(f"{BREAK} {of}: {said}; nothing is compared across it", "muted"), hang=2)


def footnote_mark(note: int) -> str:
    """The number of a footnote, raised."""
    return str(note).translate(_SUPERSCRIPT)


def reason(reading: Reading) -> str | None:
    """Why a row shows no judged value, for its footnote."""
    if reading.state is State.VALUE:
        return reading.subject.verdict.reason if reading.subject.verdict.word == "not judged" else None
    point = reading.shown
    if point is None:
        return None if reading.now else "nothing was computed for it"
    return point.reason or _plain_reason(point)


def _plain_reason(point: Point) -> str:
    match point.status:
        case "low_n":
            return f"n = {whole(point.entries or 0)} is too few to judge"
        case "undefined":
            return "the denominator is 0"
        case "not_reached":
            return "fewer than half got there, so there is no median"
        case "not_applicable":
            return "cannot be asked for this segment"
    return "an input is missing"
