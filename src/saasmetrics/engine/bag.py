"""Bags: the entries of a side, collected once as whole numbers for all that they are reduced to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from saasmetrics.books.segments import MARK
from saasmetrics.engine.numbered import Flags, Numbered, Whole, different, numbered, packed, physical
from saasmetrics.facts.pack import looked_up
from saasmetrics.frames.ledger import COUNTED, COVERAGE, EXCLUDED, IMMATURE, OPEN, STATUSES, Shape, Side
from saasmetrics.period import Periods

_STATUSES = {word: number for number, word in enumerate(STATUSES)}

NUMBER = "_mark"
"""The column of `Bag.marks` with a mark's number."""

LONG = 1_000_000
"""Entries above which quantiles are taken by stretches of periods: they need several columns more."""


@dataclass(frozen=True)
class Bag:
    """The entries of a side in the periods asked for.

    Grain: an entry. `period` is its place among the periods; `mark` the number of the parts and carried segments it
    has, which `marks` lists (a column for each, and `_mark`); `own` are the columns whose combination is counted once;
    `amount` and `weight` are one number where all entries have the same. `counted` is None where every entry is;
    `immature`, `open`, `excluded` and `early` (left out because the data begins too late) are None where none is.
    """

    period: Whole
    mark: Whole | None
    marks: pl.DataFrame
    account: Numbered | None
    own: dict[str, Numbered]
    amount: Whole | int
    weight: Whole | int
    missing: Flags | None
    """Entries without an amount, where there are any."""
    counted: Flags | None
    immature: Flags | None
    open: Flags | None
    excluded: Flags | None
    early: Flags | None
    alone: bool
    begins: Whole | None = None
    """Where the entries of each period begin, and the last ones end, if they stand in the order of their periods."""


def collected(
    sides: Sequence[tuple[Side, Shape]], collapses: Sequence[tuple[str, ...]], periods: Periods, engine: Any
) -> list[Bag]:
    """The bags of the sides of a ledger, each with its shape, collected together."""
    plans = []
    for (side, shape), collapse in zip(sides, collapses, strict=False):
        plans.append(side.entries.select(_needed(side, shape, collapse)))
    frames = pl.collect_all(plans, engine=engine)
    # Each frame goes when its bag is made.
    return [
        _bag(frames.pop(0), side, shape, collapse, periods)
        for (side, shape), collapse in zip(sides, collapses, strict=False)
    ]


def _marked(side: Side, shape: Shape) -> list[str]:
    """Columns that tell entries apart: parts, what a contrast or an average is over, segments that rows carry."""
    names = [part.column for part in shape.parts]
    if shape.contrast is not None:
        names.append(shape.contrast[0])
    if shape.average is not None:
        names.append(shape.average[0])
    names += sorted(name for name in side.columns if name.startswith(MARK))
    return [name for name in dict.fromkeys(names) if name in side.columns]


def _needed(side: Side, shape: Shape, collapse: tuple[str, ...]) -> list[str]:
    names = ["period", "account", "amount", *_marked(side, shape), *collapse]
    if "weight" not in side.ones:
        names.append("weight")
    if not side.settled:
        names.append("status")
    if shape.tells_coverage:
        names.append("reason")
    return [name for name in dict.fromkeys(names) if name in side.columns and name not in side.ones]


def _bag(frame: pl.DataFrame, side: Side, shape: Shape, collapse: tuple[str, ...], periods: Periods) -> Bag:
    place = _places(frame.drop_in_place("period"), periods)
    if len(place) and place.min() < 0:
        frame = frame.filter(pl.Series(place >= 0))
        place = place[place >= 0]
    order = _order(place, len(periods.starts)) if shape.how == "quantile" and len(place) > LONG else None
    place = _moved(place, order)
    mark, marks = _marks(frame, _marked(side, shape))
    mark = _moved(mark, order)
    frame = frame.drop(name for name in marks.columns if name in frame.columns and name not in {"account", *collapse})

    # A column of the frame goes when that of the bag is made.
    def named(name: str) -> Numbered:
        column = numbered(frame.drop_in_place(name))
        return replace(column, numbers=_moved(column.numbers, order))

    def numbers(name: str) -> tuple[Whole | int, Flags | None]:
        """Amounts, and where there are none."""
        if name not in frame.columns:
            return 1, None
        column = frame.drop_in_place(name)
        missing = _moved(column.is_null().to_numpy(), order) if column.null_count() else None
        return _moved(_amounts(column), order), missing

    columns = {name: named(name) for name in {"account", *collapse} & set(frame.columns)}
    amount, missing = numbers("amount")
    weight, _ = numbers("weight")
    early = (frame["reason"] == COVERAGE).fill_null(False) if "reason" in frame.columns else None
    status = _moved(physical(frame.drop_in_place("status"), -1), order) if "status" in frame.columns else None
    return Bag(
        period=place,
        mark=mark,
        marks=marks,
        account=columns.get("account"),
        own={name: columns[name] for name in collapse if name in columns},
        amount=amount,
        weight=weight,
        missing=missing,
        counted=_but_all(status, COUNTED),
        immature=_but_none(status, IMMATURE),
        open=_but_none(status, OPEN),
        excluded=_but_none(status, EXCLUDED),
        early=None if early is None or not early.any() else _moved(early.to_numpy(), order),
        alone=side.alone,
        begins=None if order is None else np.searchsorted(place, np.arange(len(periods.starts) + 1)),
    )


def _order(place: Whole, periods: int) -> Whole:
    """Where the entries of each period are, one period after the other."""
    # Numbers of 16 bits are sorted by counting them.
    narrow = place.astype(np.uint16) if periods < 2**16 else place
    return np.argsort(narrow, kind="stable").astype(np.uint32)


def _moved(values: Any, order: Whole | None) -> Any:
    """A column in another order, a stretch at a time, for many places are long; what is no column as it is."""
    if order is None or not isinstance(values, np.ndarray):
        return values
    moved = np.empty_like(values)
    for first in range(0, len(values), LONG):
        moved[first : first + LONG] = values[order[first : first + LONG]]
    return moved


def _places(period: pl.Series, periods: Periods) -> Whole:
    """The place of each period among those asked for; -1 for others."""
    starts = physical(pl.Series(periods.starts, dtype=pl.Date), 0)
    first, last = int(starts[0]), int(starts[-1])
    # A day outside stands before the first or behind the last.
    days = np.clip(physical(period, first - 1), first - 1, last + 1)
    table = np.full(last - first + 3, -1, dtype=np.int32)
    table[starts - first + 1] = np.arange(len(starts), dtype=np.int32)
    places: Whole = looked_up(table, np.subtract(days, first - 1))
    return places


def _marks(frame: pl.DataFrame, names: list[str]) -> tuple[Whole | None, pl.DataFrame]:
    if not names:
        return None, pl.DataFrame({NUMBER: [0]}, schema={NUMBER: pl.Int64})
    columns = {name: numbered(frame[name]) for name in names}
    whole, size = packed([(column.numbers, len(column.names)) for column in columns.values()])
    if size > 2**22:
        found, mark = np.unique(whole, return_inverse=True)
    else:
        found = different(whole, size)
        table = np.zeros(size, dtype=np.int32)
        table[found] = np.arange(len(found), dtype=np.int32)
        mark = looked_up(table, whole)
    marks = {NUMBER: pl.Series(np.arange(len(found), dtype=np.int64))}
    for name, column in reversed(columns.items()):
        found, numbers = np.divmod(found, len(column.names))
        marks[name] = column.names.gather(numbers)
    return mark, pl.DataFrame(marks)


def _amounts(column: pl.Series) -> Whole | int:
    """Amounts as numbers; one number where all are the same. Edges: null is nothing."""
    low, high = column.min(), column.max()
    if low is None or (low == high and not column.null_count()):
        return low if isinstance(low, int) else 0
    filled = column.fill_null(0) if column.null_count() else column
    numbers: Whole = filled.cast(pl.Int64).to_numpy()
    return numbers


def _but_all(status: Whole | None, word: str) -> Flags | None:
    if status is None:
        return None
    flags: Flags = status == _STATUSES[word]
    return None if flags.all() else flags


def _but_none(status: Whole | None, word: str) -> Flags | None:
    if status is None:
        return None
    flags: Flags = status == _STATUSES[word]
    return flags if flags.any() else None
