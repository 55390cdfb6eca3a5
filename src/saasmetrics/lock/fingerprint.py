"""Fingerprints: one short name for everything that a number means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.lock.blocks import blocks, groups
from saasmetrics.lock.goals import goals
from saasmetrics.lock.metrics import metrics
from saasmetrics.lock.node import Node, digest, full


def nodes(definitions: Definitions) -> dict[str, Node]:
    """Every node of the definitions by id: the file's, the presets', the catalogue's and the defaults'."""
    known = {node.id: node for node in blocks(definitions)}
    known |= {node.id: node for node in groups(known)}
    known |= {node.id: node for node in (*metrics(definitions), *goals(definitions))}

    @cache
    def whole(id_: str) -> Node:
        node = known[id_]
        read = {address: whole(id_) for address in node.addresses if (id_ := _read(address)) in known}
        return _with_labels(node, read)

    return {id_: whole(id_) for id_ in known}


def _read(address: str) -> str:
    return f"metric.{address.partition('.')[0]}"


def _with_labels(node: Node, read: Mapping[str, Node]) -> Node:
    """A node that reads addresses of metrics rests on what those stand for.

    Edges: an address without a label is the headline; a metric that reads one has the other addresses as well, as a
    ratio has those of its sides.
    """
    needs, headline, each = set(node.needs), set(node.headline), set(node.each)
    for address, metric in read.items():
        parts = address.split(".")[1:]
        named = {id_ for id_ in (*metric.headline, *metric.each) if id_.split(".")[1] in parts}
        if named or node.kind != "metric":
            needs |= named or set(metric.headline)
        else:
            headline |= set(metric.headline)
            each |= set(metric.each)
    needs -= {node.id}
    headline -= needs
    each -= needs | headline
    return replace(node, needs=tuple(sorted(needs)), headline=tuple(sorted(headline)), each=tuple(sorted(each)))


def fulls(known: Mapping[str, Node]) -> dict[str, str]:
    """The full fingerprint of every node by id.

    Edges: of a metric that another reads neither its headline nor what it fans out over counts: the other rests itself
    on what the address stands for that it reads. A need that is not among them counts as nothing.
    """

    @cache
    def read(id_: str) -> str:
        node = known[id_]
        return full(node.own, (read(need) for need in node.needs if need in known), ())

    def of(node: Node) -> str:
        always, each = (*node.needs, *node.headline), node.each
        return full(node.own, *([read(need) for need in some if need in known] for some in (always, each)))

    return {id_: of(node) for id_, node in known.items()}


def fingerprints(definitions: Definitions) -> dict[str, str]:
    """The full fingerprint of every metric that can be computed, by its name.

    Edges: it changes with the meaning of the metric or of anything under it, and with nothing else; a series split by
    a segment has that of `split`.
    """
    every = fulls(nodes(definitions))
    return {id_.partition(".")[2]: mark for id_, mark in every.items() if id_.startswith("metric.") and "#" not in id_}


def split(definitions: Definitions, segments: tuple[str, ...]) -> dict[str, str]:
    """The fingerprints of series split by segments, by the metric's name: that of the metric and of the segments."""
    every = fulls(nodes(definitions))
    marks = [every[f"segment.{segment}"] for segment in segments]
    whole = {id_.partition(".")[2]: mark for id_, mark in every.items() if id_.startswith("metric.") and "#" not in id_}
    return {name: split_mark(mark, marks) for name, mark in whole.items()}


def segment_marks(definitions: Definitions, segments: tuple[str, ...]) -> list[str]:
    """The full fingerprints of segments."""
    every = fulls(nodes(definitions))
    return [every[f"segment.{segment}"] for segment in segments]


def split_mark(full: str, segments: Iterable[str]) -> str:
    """The fingerprint of a series that is split, of that of its metric and of those of the segments."""
    return digest("split", full, sorted(segments))
