"""The headline of a side: the entries that a shortened address counts."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from saasmetrics.definitions.metric import TOTAL
from saasmetrics.frames.ledger import Ledger, Part, Shape, Side


def at_level(side: Side, shape: Shape, level: int) -> Side:
    """The entries that count when the first `level` parts are told apart and the rest takes its default.

    Edges: entries of the variant that only stands for the total (an empty label) count only where its part is not
    told apart.
    """
    entries = side.entries
    for position, part in enumerate(shape.parts):
        if part.column not in side.columns:
            continue
        label = pl.col(part.column)
        if position < level or part.default in ("all", "none"):
            entries = entries.filter(label.is_null() | (label != TOTAL))
        else:
            entries = _by_default(entries, shape, position, part)
    return replace(side, entries=entries, alone=side.alone and _is_single(shape, level))


def _is_single(shape: Shape, level: int) -> bool:
    """Whether the defaults of all parts from a level on come down to one value each."""
    for position, part in enumerate(shape.parts[level:], start=level):
        one = isinstance(part.default, frozenset) and len(part.default) == 1
        if not one and not (isinstance(part.default, tuple) and position == level):
            return False
    return True


def _by_default(entries: pl.LazyFrame, shape: Shape, position: int, part: Part) -> pl.LazyFrame:
    if isinstance(part.default, frozenset):
        return entries.filter(pl.col(part.column).is_in(sorted(part.default)))
    before = [other.column for other in shape.parts[:position]]
    pairs = part.default if isinstance(part.default, tuple) else ()
    allowed = [(*labels[: len(before)], value) for labels, value in pairs]
    frame = pl.LazyFrame(allowed, schema=dict.fromkeys([*before, part.column], pl.String), orient="row")
    return entries.join(frame, on=[*before, part.column], how="semi")


def denominator_shape(shape: Shape) -> Shape:
    """The shape whose parts' defaults are those of the denominator.

    Edges: parts that only the denominator has stand behind the others: no cut tells them apart, so it is always by
    their default that its entries count.
    """
    if shape.denominator_parts is None:
        return shape
    below = {part.column: part for part in shape.denominator_parts}
    parts = [below.pop(part.column, part) for part in shape.parts]
    return replace(shape, parts=(*parts, *below.values()))


def headline(ledger: Ledger) -> Ledger:
    """A ledger with the entries of its headline alone."""
    below = ledger.denominator and at_level(ledger.denominator, denominator_shape(ledger.shape), 0)
    return replace(ledger, numerator=at_level(ledger.numerator, ledger.shape, 0), denominator=below)
