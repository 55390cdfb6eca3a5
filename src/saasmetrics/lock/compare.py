"""Compare: every difference between what is accepted and what is written, with its class and what it reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.finding import Change
from saasmetrics.lock.differences import DEFAULTS, Difference, differences
from saasmetrics.lock.entry import Lock
from saasmetrics.lock.fingerprint import nodes
from saasmetrics.lock.node import Node
from saasmetrics.lock.reach import Reach
from saasmetrics.lock.renames import Renames, renames
from saasmetrics.lock.scope import scope
from saasmetrics.lock.telling import inherited, told


@dataclass(frozen=True)
class Compared:
    """The definitions held against the lock: all nodes, those that belong in the lock, and what has changed.

    Edges: `changes` are in order of place, and what is inherited follows its cause; `causes` are the nodes, by id,
    that the changes of each group are about.
    """

    current: Mapping[str, Node]
    wanted: Mapping[str, Node]
    renames: Renames
    groups: tuple[tuple[str, tuple[Change, ...]], ...]

    @property
    def silent(self) -> frozenset[str]:
        """Policies and settings that nobody set and the lock does not have yet: they come with whatever is accepted."""
        said = {id_ for id_, _ in self.groups}
        return frozenset(id_ for id_, node in self.wanted.items() if node.kind in DEFAULTS and id_ not in said)

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes in order."""
        return tuple(change for _, group in self.groups for change in group)


def compare(definitions: Definitions, lock: Lock) -> Compared:
    """Every change, one for each fact that differs; what is inherited follows its cause, once."""
    current = nodes(definitions)
    wanted = scope(definitions, current)
    moved = renames(lock, current, wanted)
    reach = Reach(lock.nodes, current)
    found = differences(definitions, lock, current, wanted, moved)
    groups = []
    for id_, some in groupby(found, key=_id):
        several = list(some)
        changes = [told(definitions, each, moved) for each in several]
        groups.append((id_, tuple(_with_reach(several, changes, reach))))
    return Compared(current, wanted, moved, tuple(sorted(groups, key=_place)))


def _id(difference: Difference) -> str:
    return difference.id


def _with_reach(several: list[Difference], changes: list[Change], reach: Reach) -> list[Change]:
    """The changes of one node, and what rests on it where its meaning has moved."""
    moving = [number for number, each in enumerate(several) if each.moves]
    if not moving:
        return changes
    is_new = several[0].entry is None
    reached = reach.of(reach.again(several[0].id), fanned=not is_new)
    if not reached:
        return changes
    changes = [replace(each, reaches=reached) if number in moving else each for number, each in enumerate(changes)]
    under = any(id_.startswith("metric.") for id_ in reached)
    return [*changes, inherited(changes[moving[-1]], reached)] if under else changes


def _place(group: tuple[str, tuple[Change, ...]]) -> tuple[str, int, int, str]:
    place = group[1][0].location
    return (place.file, place.line, place.column, group[0]) if place else ("", 0, 0, group[0])
