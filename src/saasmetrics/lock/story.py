"""The story of a metric: every version that was accepted, from when on, why, and what was changed by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from saasmetrics.lock.blocks import CALENDAR, GROUPS
from saasmetrics.lock.entry import Lock, Version
from saasmetrics.lock.history import found
from saasmetrics.lock.node import Node, meaning
from saasmetrics.lock.restored import under
from saasmetrics.lock.telling import called, object_of, shown


@dataclass(frozen=True)
class Edit:
    """One fact that a version changed: of what, which, from what to what; empty where there was, or is, none."""

    object: str
    field: str
    old: str
    new: str

    @property
    def what(self) -> str:
        """What was changed, in words: `workflow invoicing: within`."""
        return f"{called(self.object)}: {self.field}" if self.field else called(self.object)


@dataclass(frozen=True)
class Chapter:
    """One version and what it changed; null where nothing is kept of the one before, or there was none."""

    version: Version
    edits: tuple[Edit, ...] | None = None


def story(lock: Lock, closed: Sequence[Lock], metric: str) -> tuple[Chapter, ...]:
    """The versions of a metric, the latest first; none for one that is not locked."""
    entry = lock.entries.get(f"metric.{metric}")
    if entry is None or entry.version is None:
        return ()
    versions = (entry.version, *reversed(entry.past))
    kept = [(lock.nodes, metric), *(found(closed, version) for version in versions[1:])]
    return tuple(
        Chapter(version, _edits(kept[place + 1], kept[place]) if place + 1 < len(kept) else None)
        for place, version in enumerate(versions)
    )


Kept = tuple[Mapping[str, Node], str] | None


def _edits(before: Kept, after: Kept) -> tuple[Edit, ...] | None:
    if before is None or after is None:
        return None
    was, now = (_closed(*each) for each in (before, after))
    return tuple(edit for id_ in dict.fromkeys([*now, *was]) for edit in _of(was.get(id_), now.get(id_)))


def _closed(nodes: Mapping[str, Node], name: str) -> dict[str, Node]:
    return {_alike(id_, name): nodes[id_] for id_ in under(f"metric.{name}", nodes) if id_ in nodes}


def _alike(id_: str, name: str) -> str:
    """An id in which a metric that was renamed is the same."""
    return "metric" if id_ == f"metric.{name}" else id_


def _of(was: Node | None, now: Node | None) -> Iterator[Edit]:
    node = now or was
    if node is None or node.id in GROUPS or node.id == CALENDAR or "#" in node.id:
        return
    if was is None or now is None:
        if node.kind != "policy":  # one more or less that is read says nothing by itself
            yield Edit(object_of(node.id), "", "" if was is None else "there", "" if now is None else "there")
        return
    old, new = meaning(was.facts), meaning(now.facts)
    for key in dict.fromkeys([*new, *old]):
        if old.get(key) != new.get(key):
            field = "" if node.kind in ("policy", "setting") else key
            yield Edit(object_of(node.id), field, shown(old.get(key), new.get(key)), shown(new.get(key), old.get(key)))
