"""From a metric to one ledger: its variants side by side, cut by an address, narrowed, moved in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.segments import NotApplicableError, bind, column, has_attribute
from saasmetrics.books.several import narrowed_to
from saasmetrics.definitions.scalars import Duration
from saasmetrics.frames.ledger import CORE, UNATTRIBUTED, Ledger, Part, Shape, Side, complete
from saasmetrics.period import Periods, add_months

if TYPE_CHECKING:
    from saasmetrics.definitions.inputs import ResolvedInput
    from saasmetrics.definitions.metric import Metric


def combined(given: Given, metric: Metric, periods: Periods) -> Ledger:
    """The ledger of a metric: that of its one variant, or all of them with their labels as own columns.

    Grain: that of the variants. Columns: one per column of `each`, in front of the type's own parts.
    """
    ledgers = [(variant.labels, variant.spec.ledger(given, periods)) for variant in metric.variants]
    shape = ledgers[0][1].shape
    parts = given.scope.definitions.parts(metric.id)
    inner = {ledger.shape.parts for _, ledger in ledgers}
    if len(inner) > 1:
        parts = (*parts[: len(metric.each)], *_merged([(labels, ledger.shape.parts) for labels, ledger in ledgers]))
    shape = replace(shape, parts=parts)
    numerator = _stacked([(labels, ledger.numerator) for labels, ledger in ledgers], metric.each)
    bottoms = [(labels, ledger.denominator) for labels, ledger in ledgers if ledger.denominator is not None]
    denominator = _stacked(bottoms, metric.each) if bottoms else None
    return Ledger(shape, numerator, denominator, days=ledgers[0][1].days)


def _merged(parts: list[tuple[tuple[str, ...], tuple[Part, ...]]]) -> list[Part]:
    """Parts whose defaults differ by variant, as one part with a default for each."""
    first = parts[0][1]
    merged = []
    for position, part in enumerate(first):
        defaults = []
        for labels, own in parts:
            default = own[position].default
            if isinstance(default, frozenset) and len(default) == 1:
                defaults.append((labels, next(iter(default))))
        merged.append(replace(part, default=tuple(defaults) if defaults else part.default, values=()))
    return merged


def _stacked(sides: list[tuple[tuple[str, ...], Side]], each: tuple[str, ...]) -> Side:
    roles = frozenset(role for _, side in sides for role in side.roles)
    if not each:
        return _completed(sides[0][1])
    if all(side.under is not None for _, side in sides):
        return _under_all(sides, each)
    sides = [(labels, side.spread) for labels, side in sides]
    entries, names, alone, settled, ones = [], frozenset(each), True, True, frozenset({"amount", "weight"})
    # Of a fixed list, so that many entries need no text each.
    words = {name: pl.Enum(list(dict.fromkeys(labels[at] for labels, _ in sides))) for at, name in enumerate(each)}
    for labels, side in sides:
        marks = [pl.lit(label, dtype=words[name]).alias(name) for name, label in zip(each, labels, strict=True)]
        whole = _completed(side)
        entries.append(whole.entries.with_columns(marks))
        names |= whole.names
        alone, settled, ones = alone and whole.alone, settled and whole.settled, ones & whole.ones
    stacked = pl.concat(entries, how="diagonal_relaxed") if len(entries) > 1 else entries[0]
    return Side(stacked, roles, names, alone, settled, ones=ones)


def _under_all(sides: list[tuple[tuple[str, ...], Side]], each: tuple[str, ...]) -> Side:
    """The side of variants whose entries are the same: those of the first, under the lines of all."""
    lines = []
    for labels, side in sides:
        marks = [pl.lit(label).alias(name) for name, label in zip(each, labels, strict=True)]
        if side.under is not None:
            lines.append(side.under.select(*marks, pl.all()))
    return replace(_completed(sides[0][1]), under=pl.concat(lines))


def _completed(side: Side) -> Side:
    names = side.columns
    entries = side.entries if names >= set(CORE) else complete(side.entries, set(names))
    ones = side.ones | ({"weight"} - names)
    settled = side.settled or "status" not in names
    return replace(side, entries=entries, names=names | set(CORE), settled=settled, ones=ones)


def back(periods: Periods, offset: Duration | None) -> Periods:
    """Periods whose stocks are read so much earlier."""
    if offset is None:
        return periods
    months = offset.months if offset.is_calendar else 0
    days = 0 if offset.is_calendar else max(1, offset.microseconds // 86_400_000_000)
    return replace(periods, back_months=periods.back_months + months, back_days=periods.back_days + days)


def moved_starts(periods: Periods, offset: Duration) -> Mapping[date, date]:
    """The earlier period that stands for each period: the one that holds its start, moved back by the offset."""
    moved = back(replace(periods, back_months=0, back_days=0), offset)
    return {
        start: periods.calendar.floor(
            add_months(start, -moved.back_months) - timedelta(days=moved.back_days), periods.grain
        )
        for start in periods.starts
    }


def renamed(ledger: Ledger, names: Mapping[date, date]) -> Ledger:
    """Entries of the earlier periods under the names of the periods they stand for."""
    frame = pl.LazyFrame(
        {"_name": list(names), "period": list(names.values())}, schema={"_name": pl.Date, "period": pl.Date}
    )

    def rename(side: Side) -> Side:
        entries = side.entries.join(frame, on="period").with_columns(period=pl.col("_name")).drop("_name")
        return replace(side, entries=entries)

    return replace(
        ledger,
        numerator=rename(ledger.numerator),
        denominator=rename(ledger.denominator) if ledger.denominator else None,
    )


def cut(given: Given, ledger: Ledger, wanted: ResolvedInput, keep: tuple[str, ...]) -> Ledger:
    """A ledger at an address, narrowed by `where` and `unless`; the parts that the address leaves open stay.

    `keep` are the segments whose columns the asker wants to find.
    """
    written = wanted.address.cut
    said = {part.column for part in ledger.shape.parts[: len(written)]}
    below_parts = ledger.shape.denominator_parts
    if below_parts is not None:
        below_parts = tuple(part for part in below_parts if part.column not in said)
    shape = replace(ledger.shape, parts=ledger.shape.parts[len(written) :], denominator_parts=below_parts)
    gone = [column(name) for name in wanted.segments if name not in keep]

    def narrow(side: Side, below: bool) -> Side:
        entries = side.entries
        for part, value in zip(ledger.shape.parts, written, strict=False):
            if part.column in side.columns:
                entries = entries.filter(pl.col(part.column) == value)
        side = replace(side, entries=entries)
        if wanted.segments:
            side = bound(given, side, ledger.shape, wanted.segments, below=below)
            entries = side.entries
            for name, values in wanted.where.items():
                entries = narrowed_to(given, entries, name, values)
            for name, values in wanted.unless.items():
                entries = narrowed_to(given, entries, name, values, unless=True)
            side = replace(side, entries=entries.drop(gone), names=side.columns - set(gone))
        return side

    denominator = narrow(ledger.denominator, True) if ledger.denominator else None
    return replace(ledger, shape=shape, numerator=narrow(ledger.numerator, False), denominator=denominator)


def bound(given: Given, side: Side, shape: Shape, segments: tuple[str, ...], *, below: bool = False) -> Side:
    """Give a side a column for each segment: its own, none where it stays whole, else its account's.

    Raises: NotApplicableError when the side has neither.
    """
    names = side.columns
    entries = side.entries
    for segment in segments:
        if is_told(given, side, shape, segment, below=below):
            entries = bind(given, entries, [segment], "segment_at")
    there = [column(name) for name in segments if column(name) in names or not (below and name in shape.whole)]
    filled = [pl.col(name).fill_null(UNATTRIBUTED) for name in there]
    return replace(side, entries=entries.with_columns(filled), names=names | set(there))


def is_told(given: Given, side: Side, shape: Shape, segment: str, *, below: bool = False) -> bool:
    """Whether it is the account that tells the segment of an entry: not its rows, and not nobody.

    Raises: NotApplicableError when accounts do not know it, or the rows have none.
    """
    if column(segment) in side.columns or (below and segment in shape.whole):
        return False
    if not has_attribute(given, segment) or (side.roles and not _has_accounts(given, side)):
        raise NotApplicableError(f"{' and '.join(sorted(side.roles)) or 'this metric'} has no {segment}")
    return True


def _has_accounts(given: Given, side: Side) -> bool:
    return any("account" in given.schema(role) for role in side.roles)
