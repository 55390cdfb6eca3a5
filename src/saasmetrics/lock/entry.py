"""What is accepted: nodes with their versions, the findings that an old file may keep, and the file of all that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from saasmetrics.finding import Location
from saasmetrics.lock.node import CANON, Node


@dataclass(frozen=True)
class Version:
    """One meaning that a metric has, or had: from when on, why it was accepted, and by whom.

    Edges: without `since` it holds for all periods before the next version. `because` is the id of what changed, where
    the metric only rests on that.
    """

    number: int
    full: str
    since: str | None = None
    reason: str | None = None
    by: str | None = None
    because: str | None = None


@dataclass(frozen=True)
class Entry:
    """One node as it was accepted.

    Edges: only metrics have versions. `own`, `full` and `meta` are what the file says; `place` is where it says so.
    `overlap` is how long the version before is shown beside this one.
    """

    node: Node
    own: str = ""
    full: str = ""
    meta: str = ""
    version: Version | None = None
    overlap: str | None = None
    past: tuple[Version, ...] = ()
    place: Location | None = None


@dataclass(frozen=True)
class Lock:
    """Everything that is accepted. `accepted` are the objects of each lint rule whose finding may stay."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    accepted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    canon: int = CANON

    @property
    def nodes(self) -> dict[str, Node]:
        """The nodes alone, by id."""
        return {id_: entry.node for id_, entry in self.entries.items()}

    @property
    def metrics(self) -> frozenset[str]:
        """Names of the metrics, and addresses, that are locked."""
        return frozenset(entry.node.name for entry in self.entries.values() if entry.node.kind in ("metric", "address"))
