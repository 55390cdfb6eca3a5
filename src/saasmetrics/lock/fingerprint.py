"""Fingerprints: one short name for everything that a number means."""

from __future__ import annotations

from collections.abc import Mapping
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
    return {id_: _with_labels(node, known) if node.addresses else node for id_, node in known.items()}


def _with_labels(node: Node, known: Mapping[str, Node]) -> Node:
    """A node that reads one address of a metric rests on what stands behind the labels of that address too."""
    needs = set(node.needs)
    for address in node.addresses:
        name, *parts = address.split(".")
        read = known.get(f"metric.{name}")
        needs |= {id_ for id_ in (read.each if read else ()) if id_.split(".")[1] in parts}
    return replace(node, needs=tuple(sorted(needs)))


def fulls(known: Mapping[str, Node]) -> dict[str, str]:
    """The full fingerprint of every node by id.

    Edges: of a metric that another reads, what it fans out over does not count: the other says itself which address it
    reads. A need that is not among them counts as nothing.
    """

    @cache
    def read(id_: str) -> str:
        node = known[id_]
        return full(node.own, (read(need) for need in node.needs if need in known), ())

    def of(node: Node) -> str:
        needs, each = ([read(need) for need in needs if need in known] for needs in (node.needs, node.each))
        return full(node.own, needs, each)

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
    marks = sorted(every[f"segment.{segment}"] for segment in segments)
    whole = {id_.partition(".")[2]: mark for id_, mark in every.items() if id_.startswith("metric.") and "#" not in id_}
    return {name: digest("split", mark, marks) for name, mark in whole.items()}
