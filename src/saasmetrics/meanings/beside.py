"""Beside: the version before, next to the one that took its place, while both are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from saasmetrics.definitions.scalars import Duration
from saasmetrics.engine.run import Wish
from saasmetrics.lock.entry import Version
from saasmetrics.meanings.defined import under_meaning
from saasmetrics.meanings.in_force import InForce
from saasmetrics.meanings.passes import Other
from saasmetrics.pipeline import Along


@dataclass(frozen=True)
class Beside:
    """A wish for the version before: its values are told under `name`, `nrr@1`, up to the day before `until`.

    `under` is the wish under the version before, and `other` the place of its values among those under other meanings;
    `since` is the day on which it was superseded.
    """

    wish: Wish
    under: Wish
    version: Version
    since: date
    until: date
    other: int

    @property
    def name(self) -> str:
        """What its numbers are told as."""
        return f"{self.wish.metric}@{self.version.number}"

    @property
    def segment(self) -> str | None:
        """What it is split by, as values name it."""
        return ",".join(self.wish.by) or None

    def is_on(self, day: date) -> bool:
        """Whether old and new are told side by side on a day."""
        return self.since <= day < self.until


def besides(force: InForce, wishes: Sequence[Wish], asked: list[Wish], length: Duration | None = None) -> list[Beside]:
    """The versions before of all that is wished for; what has to be computed is put with `asked`.

    Edges: the overlap is `length`, or the one that was accepted with the version; without either, and of a version that
    holds for all periods, there is nothing to tell beside.
    """
    found = []
    for wish in wishes:
        entry = force.lock.entries.get(f"metric.{wish.metric}")
        own = length or (Duration.parse(entry.overlap) if entry is not None and entry.overlap else None)
        if entry is None or own is None or entry.version is None or not entry.version.since or not entry.past:
            continue
        meaning = force.meaning(wish.metric, entry.past[-1])
        under = under_meaning(wish, meaning)
        if under is not None:
            since = date.fromisoformat(entry.version.since)
            found.append(Beside(wish, under, entry.past[-1], since, own.after(since), len(asked)))
            asked.append(under)
    return found


def told(found: Sequence[Beside], others: Sequence[Other]) -> list[pl.DataFrame]:
    """The values of each, under the name it is told as, of periods that begin before the overlap is over."""
    return [
        others[each.other].values.filter(pl.col("period") < each.until).with_columns(metric=pl.lit(each.name))
        for each in found
    ]


def along(found: Sequence[Beside]) -> tuple[Along, ...]:
    """The series that they add, each address by what it is called and under which definitions."""
    return tuple(
        Along(each.name, each.wish.metric, address, meaning)
        for each in found
        if (meaning := each.under.meaning) is not None
        for address in each.under.addresses
    )
