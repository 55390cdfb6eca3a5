"""Reached: the metrics that mean something else than was accepted, or are held against another target; and by what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from saasmetrics.finding import Change
from saasmetrics.lock.compare import Compared
from saasmetrics.lock.entry import Lock

MOVING = ("semantic", "breaking")


@dataclass(frozen=True)
class Reached:
    """One metric by the name it was accepted under and its present one, null where it is new or gone.

    `causes` are the ids of the nodes whose changes reach it, in the order of the report.
    """

    was: str | None
    now: str | None
    causes: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its present name, or the last one it had."""
        return self.now or self.was or ""

    def cause_of(self, target: str) -> str:
        """What a turned target is told of: itself where it has moved, else the first that reaches its metric."""
        return target if target in self.causes else self.causes[0]


def reached(lock: Lock, compared: Compared) -> tuple[Reached, ...]:
    """Every metric whose numbers, or whose targets, unlocked changes may have moved, in the order of the causes.

    Edges: what is new was never accepted and is not among them.
    """
    new = compared.renames.new
    present = {old: now for now, old in new.items()}
    found: dict[tuple[str | None, str | None], list[str]] = {}
    for id_, group in compared.groups:
        for metric in dict.fromkeys(_metrics(id_, group, lock)):
            was, now = new.get(metric, metric), present.get(metric, metric)
            pair = (_name(was, lock.entries), _name(now, compared.current))
            if pair[0] is not None:
                found.setdefault(pair, []).append(id_)
    return tuple(Reached(was, now, tuple(causes)) for (was, now), causes in found.items())


def _name(id_: str, known: Mapping[str, object]) -> str | None:
    return id_.partition(".")[2] if id_ in known else None


def _metrics(id_: str, group: tuple[Change, ...], lock: Lock) -> Iterator[str]:
    moving = [change for change in group if change.class_ in MOVING or change.reaches]
    if moving and id_.startswith("metric."):
        yield id_
    for change in moving:
        yield from (each for each in change.reaches if each.startswith("metric."))
    if id_.startswith("target.") and any(change.class_ == "goalpost" for change in group) and id_ in lock.entries:
        address = str(lock.entries[id_].node.facts["metric"])
        yield f"metric.{address.partition('.')[0]}"
