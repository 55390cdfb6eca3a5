"""Reach: what rests on a thing, by what was accepted and by what is written now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from saasmetrics.lock.node import Node

SHOWN = ("metric", "score", "target")
"""Kinds of what is reached that a reader asks about."""


class Reach:
    """The way up from every node. `locked` are the nodes as accepted, `current` as they are written now."""

    def __init__(self, locked: Mapping[str, Node], current: Mapping[str, Node]) -> None:
        self._locked = locked
        self._clones = [id_ for id_ in {**locked, **current} if "#policies." in id_]
        self._above: dict[str, set[str]] = {}
        self._summed: dict[str, set[str]] = {}
        self._fanned: dict[str, set[str]] = {}
        for known in (locked, current):
            for id_, node in known.items():
                for need in node.needs:
                    self._above.setdefault(need, set()).add(id_)
                for need in node.headline:
                    self._summed.setdefault(need, set()).add(id_)
                for need in node.each:
                    self._fanned.setdefault(need, set()).add(id_)

    def again(self, id_: str) -> tuple[str, ...]:
        """A node, and its like under the policies of other metrics."""
        return (id_, *(clone for clone in self._clones if id_ == f"metric.{clone.rpartition('#policies.')[2]}"))

    def of(self, causes: Iterable[str], *, fanned: bool = True) -> tuple[str, ...]:
        """Locked metrics, scores and targets that rest on some nodes, in order; less those nodes themselves.

        Edges: what fans out over something that changed is reached, and what reads it as a whole is not. With `fanned`
        false what fans out over the causes themselves is not reached either: it has one address more.
        """
        starts = set(causes)
        reached: set[str] = set()
        waiting = list(starts)
        while waiting:
            above = self._above.get(waiting.pop(), set()) - reached
            waiting += above
            reached |= above
        through = reached | starts
        reached |= {id_ for cause in through for id_ in self._summed.get(cause, ())}
        reached |= {id_ for cause in (through if fanned else through - starts) for id_ in self._fanned.get(cause, ())}
        shown = (id_ for id_ in reached - starts if id_ in self._locked and id_.partition(".")[0] in SHOWN)
        return tuple(sorted(id_ for id_ in shown if "#" not in id_))
