"""Closed documents: superseded meanings with everything under them, so that they can be computed on their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from saasmetrics.lock.entry import Entry, Lock, Version
from saasmetrics.lock.node import Node, digest
from saasmetrics.lock.reading import parsed
from saasmetrics.lock.writing import written

FOLDER = "metrics.history"
_HEAD = """\
# Meanings that were superseded, closed: everything that they rest on is here too, once. Never rewritten.
lock: 1
"""


def documents(entries: Mapping[str, Entry], ended: Mapping[str, str]) -> dict[str, str]:
    """The texts, by name of file, that close what has ended; one for each cause, however many metrics it reaches.

    `ended` are ids of metrics, each with the id of what is to blame: itself, or what it rests on.
    Edges: the document of a metric that changed itself is called `nrr@1.yaml`; that of a workflow, a policy, ... by
    the meanings that it closes, so that branches that close different ones never write the same file.
    """
    of = {cause: sorted(id_ for id_ in ended if ended[id_] == cause) for cause in ended.values()}
    return {_name(entries, cause, metrics): closed(entries, metrics) for cause, metrics in of.items()}


def _name(entries: Mapping[str, Entry], cause: str, metrics: list[str]) -> str:
    name = cause.partition(".")[2]
    own = entries.get(cause)
    if own is not None and own.version is not None:
        return f"{name}@{own.version.number}.yaml"
    said = [(id_, entries[id_].full, str(entries[id_].version)) for id_ in metrics]
    return f"{name}@{digest('closed', said)[3:11]}.yaml"


def closed(entries: Mapping[str, Entry], metrics: Iterable[str]) -> str:
    """The text of metrics as they were accepted, with all that they rest on; a lock of that alone.

    Edges: who answered for them, and what is no part of a meaning, is left out.
    """
    wanted = set(metrics)
    ended, waiting = set(wanted), list(wanted)
    while waiting:
        node = entries[waiting.pop()].node
        fresh = {need for need in node.under if need in entries} - wanted
        wanted |= fresh
        waiting += fresh
    kept = {id_: _bare(entry, is_metric=id_ in ended) for id_, entry in entries.items() if id_ in wanted}
    return written(Lock(kept), head=_HEAD)


def _bare(entry: Entry, *, is_metric: bool) -> Entry:
    bare = replace(entry, node=replace(entry.node, about={}), own="", meta="", overlap=None, past=())
    return bare if is_metric else replace(bare, full="", version=None)


def closings(definitions: Path) -> list[Lock]:
    """The closed documents beside the definitions, by name. Raises: InputError (exit 2) for one that cannot be read."""
    files = sorted(folder(definitions).glob("*@*.yaml"))
    return [parsed(file.read_text(encoding="utf-8"), str(file)) for file in files]


def found(documents: Sequence[Lock], version: Version) -> tuple[dict[str, Node], str] | None:
    """The nodes of the document that holds a version, and the name that its metric had then; null where none does."""
    for document in documents:
        for kept in document.entries.values():
            if kept.version is not None and (kept.version.number, kept.full) == (version.number, version.full):
                return document.nodes, kept.node.name
    return None


def folder(definitions: Path) -> Path:
    """The folder of closed documents: beside the definitions."""
    return definitions.parent / FOLDER
