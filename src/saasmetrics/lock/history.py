"""Closed documents: a superseded meaning with everything under it, so that it can be computed on its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from saasmetrics.lock.entry import Entry, Lock
from saasmetrics.lock.writing import written

FOLDER = "metrics.history"


def closed(entries: Mapping[str, Entry], metric: str) -> str:
    """The text of one metric as it was accepted, with all that it rests on; a lock of that alone."""
    wanted, waiting = {metric}, [metric]
    while waiting:
        node = entries[waiting.pop()].node
        fresh = {need for need in node.under if need in entries} - wanted
        wanted |= fresh
        waiting += fresh
    return written(Lock({id_: entry for id_, entry in entries.items() if id_ in wanted}), head=_HEAD)


_HEAD = """\
# A meaning that was superseded, closed: everything that it rests on is here too. Never rewritten.
lock: 1
"""


def document(entry: Entry) -> str:
    """Name of the file of a metric's present version, once it is superseded."""
    number = entry.version.number if entry.version else 1
    return f"{entry.node.name}@{number}.yaml"


def folder(definitions: Path) -> Path:
    """The folder of closed documents: beside the definitions."""
    return definitions.parent / FOLDER
