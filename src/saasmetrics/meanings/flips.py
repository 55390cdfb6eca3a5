"""Flips: targets that periods meet under one meaning and miss under the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.goals import Target
from saasmetrics.engine.values import of_address
from saasmetrics.lock.goals import name_of

Where = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Aim:
    """One target as it was accepted and as it is written."""

    was: Target
    now: Target

    @property
    def metric(self) -> str:
        """The metric that it is about."""
        return self.now.metric.partition(".")[0]

    @property
    def id(self) -> str:
        """The node that it is, as it is written."""
        return f"target.{name_of(self.now)}"

    @property
    def where(self) -> Where:
        """The part of the company that it is about."""
        return self.now.where


def aims(accepted: Mapping[str, Target], written: tuple[Target, ...], renamed: Mapping[str, str]) -> tuple[Aim, ...]:
    """Targets that were there and are there, each with itself; `renamed` are present names of metrics by earlier ones.

    Edges: one with another day is the same target where only one can be meant; what is new or gone is no flip.
    """
    pairs = []
    left = dict(accepted)
    rest = []
    for target in written:
        was = left.pop(f"target.{name_of(target)}", None)
        if was is not None:
            pairs.append(Aim(was, target))
        else:
            rest.append(target)
    for target in rest:
        alike = [id_ for id_, was in left.items() if _is_about(was, target, renamed)]
        if len(alike) == 1 and sum(_is_about(left[alike[0]], other, renamed) for other in rest) == 1:
            pairs.append(Aim(left.pop(alike[0]), target))
    return tuple(pairs)


def _is_about(was: Target, now: Target, renamed: Mapping[str, str]) -> bool:
    metric, dot, cut = was.metric.partition(".")
    return f"{renamed.get(metric, metric)}{dot}{cut}" == now.metric and dict(was.where) == dict(now.where)


@dataclass(frozen=True)
class Flipped:
    """The periods in which a target is met that was missed, and missed that was met, of how many."""

    met: tuple[date, ...]
    missed: tuple[date, ...]
    periods: int


def flipped(aim: Aim, rows: pl.DataFrame, units: tuple[str, str]) -> Flipped:
    """How a target turns, over the rows of its number as `paired` has them; `units` are the metric's on both sides."""
    known = rows.drop_nulls(["before", "after"]).sort("period")
    was, now = (side.comparison.convert(unit) for side, unit in zip((aim.was, aim.now), units, strict=True))
    met: list[date] = []
    missed: list[date] = []
    for period, before, after in known.select("period", "before", "after").iter_rows():
        if was.holds(before) != now.holds(after):
            (met if now.holds(after) else missed).append(period)
    return Flipped(tuple(met), tuple(missed), known.height)


def of_number(rows: pl.DataFrame, definitions: Definitions, address: Address) -> pl.DataFrame:
    """The rows of one address among those of `paired`."""
    return of_address(definitions, rows.with_columns(segment=pl.lit(None, pl.String)), address)
