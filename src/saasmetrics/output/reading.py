"""Values of one address read as a series: the period that is judged, the one before, the last twelve, the one open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import polars as pl

from saasmetrics.frames.ledger import How
from saasmetrics.frames.values import MATURING, NO_INPUT, NOT_APPLICABLE, OK, PARTIAL
from saasmetrics.output.subject import Subject
from saasmetrics.period import Calendar, Grain

SPAN = 12
"""Complete periods in a sparkline."""


class State(Enum):
    """What a value is; no two of them may look alike. A nought is a value."""

    VALUE = "value"
    INSUFFICIENT = "insufficient data"
    UNAVAILABLE = "not available"
    PROGRESS = "in progress"


@dataclass(frozen=True)
class Point:
    """One row of the values frame."""

    period: date
    value: float | None
    status: str
    reason: str | None = None
    numerator: float | None = None
    denominator: float | None = None
    entries: int | None = None
    accounts: int | None = None
    immature: int | None = None
    version: int | None = None
    """Of its definition, where periods have the one that was in force."""

    @property
    def state(self) -> State:
        """Which of the four; an open period is in progress even when it has no value yet."""
        if self.status in (PARTIAL, MATURING):
            return State.PROGRESS
        if self.status in (NO_INPUT, NOT_APPLICABLE):
            return State.UNAVAILABLE
        return State.VALUE if self.status == OK and self.value is not None else State.INSUFFICIENT

    @property
    def known(self) -> float | None:
        """The value where it may be read as one."""
        return self.value if self.state is State.VALUE else None

    def sample(self, how: How) -> int | None:
        """The n beside a value: entries behind a ratio or a quantile; of a sum, which counts them itself, its accounts.

        Edges: null for a sum without accounts, as for incidents.
        """
        return (self.accounts or None) if how == "sum" else self.entries


@dataclass(frozen=True)
class Reading:
    """A series of one address (and one segment value), ready to be printed.

    `shown` is the latest period that is over and ripe; `before` the one before it; `complete` the last `SPAN` up to
    `shown`, null where there is no row; `now` the latest period when it is still in progress.
    Edges: nothing is compared across a change of version: `before` is null there, and `complete` begins behind it.
    """

    subject: Subject
    grain: Grain
    points: tuple[Point, ...]
    segment: str | None = None
    segment_value: str | None = None
    shown: Point | None = None
    before: Point | None = None
    complete: tuple[Point | None, ...] = ()
    now: Point | None = None

    @property
    def state(self) -> State:
        """State of the shown value; in progress when nothing else is there, not available without any row."""
        if self.shown is not None:
            return self.shown.state
        return State.PROGRESS if self.now is not None else State.UNAVAILABLE

    @property
    def n(self) -> int | None:
        """The n of the shown value."""
        return self.shown.sample(self.subject.how) if self.shown else None

    @property
    def broken(self) -> int | None:
        """The version of the shown period, where the one before it has another."""
        earlier = [point for point in self.points if self.shown and point.period < self.shown.period]
        is_other = bool(earlier) and self.shown is not None and earlier[-1].version != self.shown.version
        return self.shown.version if is_other and self.shown else None

    @property
    def is_first(self) -> bool:
        """Whether the shown period is the first that the inputs reach, so that there is nothing to compare it with."""
        earlier = [point for point in self.points if self.shown and point.period < self.shown.period]
        return bool(earlier) and all(point.state is State.UNAVAILABLE for point in earlier)


def read(
    values: pl.DataFrame, subjects: Iterable[Subject], grain: Grain | None, calendar: Calendar
) -> tuple[Reading, ...]:
    """Totals of every subject, in their order; at `grain`, or each at its own."""
    return tuple(
        reading(subject, grain or subject.grain, points, calendar)
        for subject, points in _series(values.filter(pl.col("segment").is_null()), subjects, grain)
    )


def read_by(values: pl.DataFrame, totals: Iterable[Reading], by: str, calendar: Calendar) -> list[tuple[Reading, ...]]:
    """For every total, a reading of each value of the segment `by` (`plan`, or `plan,size`), in the total's period.

    Edges: segment values in alphabetical order, the bracketed ones (unknown, unattributed, overlap) last; those that
    nothing was ever counted in are left out; a metric that cannot be split has one reading, without a segment value.
    """
    of_segment = values.filter(pl.col("segment") == by)
    found = sorted(of_segment.get_column("segment_value").unique().to_list(), key=_bracketed_last)
    split = {value: of_segment.filter(pl.col("segment_value").eq_missing(pl.lit(value))) for value in found}
    return [tuple(_parts(total, split, by, calendar)) for total in totals]


def _bracketed_last(value: str | None) -> tuple[bool, str]:
    return "(" in (value or ""), value or ""


def _parts(total: Reading, split: Mapping[str | None, pl.DataFrame], by: str, calendar: Calendar) -> Iterator[Reading]:
    until = total.shown.period if total.shown else None
    for value, rows in split.items():
        for subject, points in _series(rows, [total.subject], total.grain):
            if any(
                point.entries or point.accounts or point.value or point.status == NOT_APPLICABLE for point in points
            ):
                yield reading(subject, total.grain, points, calendar, (by, value), until)


def _series(
    values: pl.DataFrame, subjects: Iterable[Subject], grain: Grain | None
) -> list[tuple[Subject, tuple[Point, ...]]]:
    rows: dict[Any, list[dict[str, Any]]] = values.sort("period").rows_by_key(
        ["metric", "cut", "stat", "grain"], named=True
    )

    def found(subject: Subject) -> list[dict[str, Any]]:
        """Its own rows; where nothing was computed, the rows that say why need not name the stat."""
        own = [(subject.metric, subject.cut, stat, grain or subject.grain) for stat in (subject.stat, None)]
        return rows.get(own[0]) or rows.get(own[1]) or []

    return [(subject, tuple(map(_point, found(subject)))) for subject in subjects]


def _point(row: Mapping[str, Any]) -> Point:
    return Point(
        **{name: row[name] for name in ("period", "value", "status", "reason", "numerator", "denominator")},
        **{name: row[name] for name in ("entries", "accounts", "immature")},
        version=row.get("version"),
    )


def reading(
    subject: Subject,
    grain: Grain,
    points: tuple[Point, ...],
    calendar: Calendar,
    segment: tuple[str | None, str | None] = (None, None),
    until: date | None = None,
) -> Reading:
    """Find the judged period in a series, the latest that is ripe (`until` one at most), and what stands around it."""
    ripe = [point for point in points if point.state is not State.PROGRESS and (until is None or point.period <= until)]
    shown = ripe[-1] if ripe else None
    last = points[-1] if points else None
    now = last if last is not None and last.state is State.PROGRESS else None
    if shown is None:
        return Reading(subject, grain, points, *segment, now=now)
    same = [point for point in points if point.version == shown.version]
    by_period = {point.period: point for point in ripe if point.version == shown.version}
    starts = [calendar.shift(shown.period, grain, step) for step in range(1 - SPAN, 1)]
    reach = [start for start in starts if start >= same[0].period]
    return Reading(
        subject,
        grain,
        points,
        *segment,
        shown=shown,
        before=by_period.get(calendar.shift(shown.period, grain, -1)),
        complete=tuple(by_period.get(start) for start in reach),
        now=now,
    )
