"""In force: the definitions of every version of a metric, from the lock and the documents closed before it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lock.entry import Lock, Version
from saasmetrics.lock.fingerprint import fingerprints
from saasmetrics.lock.history import closings, found
from saasmetrics.lock.reading import lock_path, read_lock
from saasmetrics.lock.restored import Restored, restored
from saasmetrics.lock.spans import Span, spans


@dataclass(frozen=True)
class Meaning:
    """A metric under one of its versions: the name it had then and the definitions; without any, why."""

    name: str
    definitions: Definitions | None = None
    why: str | None = None


class InForce:
    """Every version of what is locked, turned into definitions when it is asked for.

    Raises: InputError (exit 2) for a lock or a closed document that cannot be read.
    """

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.lock = read_lock(lock_path(definitions.path)) or Lock()
        self._read: dict[int, Restored] = {}

    def spans(self, metric: str) -> tuple[Span, ...]:
        """The versions of a metric that hold on some day; none for one that is not locked."""
        entry = self.lock.entries.get(f"metric.{metric}")
        return spans(entry) if entry is not None else ()

    def meaning(self, metric: str, version: Version) -> Meaning:
        """A metric as a version has it; the definitions there are where they say the same.

        Edges: an earlier version is found by its fingerprint, so that a metric that was called otherwise then is, too.
        """
        if self._present.get(metric) == version.full:
            return Meaning(metric, self.definitions)
        entry = self.lock.entries[f"metric.{metric}"]
        if entry.version == version:
            return self._of(0, self.lock, metric)
        for number, document in enumerate(self._closed, 1):
            if (kept := found([document], version)) is not None:
                return self._of(number, document, kept[1])
        return Meaning(metric, why="it is in no document under metrics.history")

    def _of(self, number: int, document: Lock, name: str) -> Meaning:
        if number not in self._read:
            self._read[number] = restored(document.nodes, self.definitions, REGISTRY)
        found = self._read[number]
        if found.definitions is None or name in found.lost:
            return Meaning(name, why=found.lost[name])
        return Meaning(name, found.definitions)

    @cached_property
    def _present(self) -> dict[str, str]:
        return fingerprints(self.definitions)

    @cached_property
    def _closed(self) -> list[Lock]:
        return closings(self.definitions.path)
