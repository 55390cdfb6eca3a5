"""Targets: how a number stands against what was promised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import polars as pl

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.goals import Target
from saasmetrics.frames.values import OK
from saasmetrics.period import Grain

Where = Mapping[str, tuple[str, ...]]

Word = Literal["met", "on track", "behind", "missed", "not judged", "no target", "hold"]


@dataclass(frozen=True)
class Verdict:
    """One number against its target. `reason` says why it is not judged."""

    word: Word
    target: Target | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Part:
    """A target of a part of the company: the address narrowed by `where`, its judged value, and how that stands."""

    address: Address
    where: Where
    verdict: Verdict
    value: float | None = None
    period: date | None = None
    grain: Grain | None = None


def verdict(target: Target | None, value: float | None, period_end: date | None, today: date, unit: str) -> Verdict:
    """How the judged value stands.

    Formula: met when the comparison holds. Otherwise, for `reach`: missed when the due date is over; on track when
    the value is at least as good as the straight line from the baseline `from` at `set` to the target at `by`, read
    at the judged period's end; behind when it is worse. For `keep`: behind.
    Edges: without a value there is no judgement. Without a baseline, or before its date, there is no line: a target
    that is not met yet is behind.
    """
    if target is None:
        return Verdict("no target")
    if value is None:
        return Verdict("not judged", target, "no value to judge")
    goal = target.comparison.convert(unit)
    if goal.holds(value):
        return Verdict("met", target)
    if target.reach is None or target.by is None:
        return Verdict("behind", target)
    if today > target.by:
        return Verdict("missed", target)
    return Verdict(
        "on track" if _ahead_of_line(target, goal.bound, value, period_end or today, unit) else "behind", target
    )


def _ahead_of_line(target: Target, bound: float, value: float, at: date, unit: str) -> bool:
    if target.from_ is None or target.set is None or target.by is None:
        return False
    start = target.from_.convert(unit)
    days = (target.by - target.set).days
    share = min(max((at - target.set).days / days, 0.0), 1.0) if days > 0 else 1.0
    line = start + (bound - start) * share
    return value >= line if bound >= start else value <= line


def narrowings(definitions: Definitions, address: Address) -> list[Where]:
    """The parts of the company for which an address has targets of their own."""
    wheres = [target.where for target in definitions.targets if target.where and _names(definitions, target, address)]
    return [where for place, where in enumerate(wheres) if not any(_same(where, other) for other in wheres[:place])]


def held(
    definitions: Definitions, values: pl.DataFrame, address: Address, as_of: datetime, where: Where | None = None
) -> Part:
    """How an address stands against its nearest target that is not over, of the part of the company that `where` names.

    `values` are those of that part.
    """
    calendar, part = definitions.settings.calendar, dict(where or {})
    today = calendar.local_day(as_of - timedelta(microseconds=1))
    target = _nearest(definitions, address, today, part)
    if target is None:
        return Part(address, part, Verdict("no target"))
    stat = address.stat or next(iter(definitions.stats(address.metric)), None)
    own = values.filter((pl.col("metric") == address.metric) & pl.col("segment").is_null())
    cut = Address("x", address.cut).text.partition(".")[2] or None
    rows = own.filter(pl.col("cut").is_null() if cut is None else pl.col("cut") == cut)
    if stat:
        rows = rows.filter(pl.col("stat").is_null() | (pl.col("stat") == stat))
    good = rows.filter(pl.col("status") == OK).sort("period")
    if good.is_empty():
        reasons = rows.sort("period")["reason"].drop_nulls()
        return Part(address, part, Verdict("not judged", target, reasons[-1] if len(reasons) else "no value"))
    period, value, grain = good["period"][-1], good["value"][-1], Grain(good["grain"][-1])
    unit = definitions.about(address).unit
    return Part(address, part, verdict(target, value, calendar.end(period, grain), today, unit), value, period, grain)


def _nearest(definitions: Definitions, address: Address, today: date, where: Where) -> Target | None:
    own = [
        target for target in definitions.targets if _same(target.where, where) and _names(definitions, target, address)
    ]
    ahead = sorted(
        (target for target in own if target.by and target.by >= today), key=lambda target: target.by or today
    )
    kept = [target for target in own if target.by is None]
    past = [target for target in own if target.by and target.by < today]
    return next(iter([*ahead, *kept, *past[::-1]]), None)


def _same(one: Where, other: Where) -> bool:
    return {name: set(values) for name, values in one.items()} == {name: set(values) for name, values in other.items()}


def _names(definitions: Definitions, target: Target, address: Address) -> bool:
    return definitions.number(target.metric) == address
