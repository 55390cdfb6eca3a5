"""Saying: an impact in words, in the unit of its number and under the names of its periods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl

from saasmetrics.definitions.address import Address, split
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.finding import Flip, Impact, counted
from saasmetrics.lock.goals import name_of
from saasmetrics.meanings.flips import Aim, Flipped
from saasmetrics.meanings.reached import Reached
from saasmetrics.output.change import by, plus
from saasmetrics.output.number import Number, rate
from saasmetrics.output.subjects import number_of
from saasmetrics.period import Grain

NAMED = 4
"""Periods that are called by name."""


class Saying:
    """How the numbers of one metric are spoken of."""

    def __init__(self, now: Definitions, accepted: Definitions | None, reached: Reached) -> None:
        is_here = reached.now is not None and reached.now in now.metrics
        self._its = now if is_here or accepted is None else accepted
        self._metric = self._its.metrics.get((reached.now if is_here else reached.was) or "")
        self._calendar = now.settings.calendar
        self._name = reached.name
        self._together = len(reached.causes) > 1

    def _number(self, address: Address) -> Number:
        """How the values of an address are written."""
        if self._metric is None:
            return Number()
        its = self._its
        return number_of(its.about(its.pointed(replace(address, metric=self._metric.id))), its)

    def without(self, why: str, rows: pl.DataFrame) -> Impact:
        """That there is nothing to hold against each other; with what was said last where nothing is said any more."""
        said = rows.filter(pl.col("cut").is_null()).drop_nulls("before").sort("period")
        if said.height and said["after"].null_count() == said.height:
            last = said.row(-1, named=True)
            told = self._number(Address(self._name)).text(last["before"])
            why = f"{why}; it was {told} in {self._label(last['period'], last['grain'])}"
        return Impact(self._name, why, why=why)

    def impacts(self, numbers: pl.DataFrame, flips: Sequence[tuple[Aim, Flipped]]) -> list[Impact]:
        """One for each address that differs, or whose target turns; one for the metric where none does.

        Edges: the headline comes first, then the cuts in the order of their names; a cut that says what was said
        already, as the only one of a headline does, is left out.
        """
        rows = numbers.sort("cut", "stat", nulls_last=False)
        found = list(self._told(rows, flips, moved=True))
        if found:
            return found
        most = rows.sort("periods", descending=True).head(1)
        if most.is_empty():
            why = "no period that is over has a number"
            return [Impact(self._name, why, why=why)]
        row = most.row(0, named=True)
        said = f"no number differs in {counted(row['periods'], row['grain'])}"
        return [Impact(self._name, self._joined(said), row["grain"], row["periods"], median=0.0, largest=0.0)]

    def of_targets(self, numbers: pl.DataFrame, flips: Sequence[tuple[Aim, Flipped]]) -> list[Impact]:
        """Only how targets turn, of addresses whose numbers are told elsewhere."""
        return list(self._told(numbers.sort("cut", "stat", nulls_last=False), flips, moved=False))

    def _told(self, rows: pl.DataFrame, flips: Sequence[tuple[Aim, Flipped]], *, moved: bool) -> Iterator[Impact]:
        turned = [(aim, each) for aim, each in flips if each.met or each.missed]
        seen: set[tuple[Any, ...]] = set()
        for row in rows.iter_rows(named=True):
            address = Address(row["metric"], tuple(split(row["cut"])) if row["cut"] else (), row["stat"])
            own = tuple(
                self._flip(aim, each, address, row["grain"]) for aim, each in turned if self._is_of(aim, address)
            )
            figures = tuple(value for name, value in row.items() if name != "cut")
            if moved and (row["moved"] or row["gone"] or row["come"]) and (own or figures not in seen):
                seen.add(figures)
                yield self._impact(address, row, own)
            elif own:
                yield Impact(self._text(address), "", row["grain"], row["periods"], row["moved"], flips=own)

    def _text(self, address: Address) -> str:
        """The address as people write it: the first stat is not said."""
        first = next(iter(self._its.stats(address.metric)), None) if address.metric in self._its.metrics else None
        return Address(address.metric, address.cut, None if address.stat == first else address.stat).text

    def _is_of(self, aim: Aim, address: Address) -> bool:
        return self._its.number(aim.now.metric).text == self._text(address)

    def _impact(self, address: Address, row: Mapping[str, Any], flips: tuple[Flip, ...]) -> Impact:
        return Impact(
            self._text(address),
            self._joined("; ".join(self._parts(row, self._number(address)))),
            row["grain"],
            row["periods"],
            row["moved"],
            row["median"],
            row["median_share"],
            row["largest"],
            row["largest_share"],
            row["period"].isoformat() if row["moved"] else "",
            row["before"],
            row["after"],
            flips,
        )

    def _joined(self, said: str) -> str:
        return f"{said} (of all changes together)" if self._together else said

    def _parts(self, row: Mapping[str, Any], number: Number) -> Iterator[str]:
        grain = row["grain"]
        if row["moved"]:
            median = f"median {_difference(number, row['median'], row['median_share'])}"
            largest = f"largest {_difference(number, row['largest'], row['largest_share'])}"
            sides = f"{number.text(row['before'])} → {number.text(row['after'])}"
            yield f"{median}, {largest} in {self._label(row['period'], grain)} ({sides})"
            yield f"differs in {row['moved']} of {counted(row['periods'], grain)}"
        elif row["periods"]:
            yield f"no difference in {counted(row['periods'], grain)}"
        if row["gone"]:
            yield f"{counted(row['gone'], grain)} without a number now"
        if row["come"]:
            yield f"{counted(row['come'], grain)} with a number that had none"

    def _flip(self, aim: Aim, each: Flipped, address: Address, grain: str) -> Flip:
        number = self._number(address)
        goal = aim.now.comparison.convert(number.unit)
        name = name_of(aim.now)
        said = [
            f"{way} in {len(periods)}{self._named(periods, grain)}"
            for way, periods in (("missed → met", each.met), ("met → missed", each.missed))
            if periods
        ]
        of = counted(each.periods, grain)
        wanted = number.comparison(goal.op, goal.low, goal.high)
        said_ = f"target {name} {wanted}: {', '.join(said)} of {of}"
        return Flip(name, said_, *(tuple(map(date.isoformat, days)) for days in (each.met, each.missed)))

    def _named(self, periods: Sequence[date], grain: str) -> str:
        if len(periods) > NAMED:
            return ""
        return f" ({', '.join(self._label(period, grain) for period in periods)})"

    def _label(self, period: date, grain: str) -> str:
        return self._calendar.label(period, Grain(grain))


def _difference(number: Number, difference: float, share: float | None) -> str:
    """`+6.1 pp (+6.6%)`."""
    return by(number, difference) + ("" if share is None else f" ({plus(rate(share))})")
