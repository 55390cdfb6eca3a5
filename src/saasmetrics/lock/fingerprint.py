"""Fingerprints: one short name for everything that a number means."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.lock.blocks import blocks
from saasmetrics.lock.goals import goals
from saasmetrics.lock.metrics import metrics
from saasmetrics.lock.node import Node, digest, full


def nodes(definitions: Definitions) -> dict[str, Node]:
    """Every node of the definitions by id: the file's, the presets', the catalogue's and the defaults'."""
    return {node.id: node for node in (*blocks(definitions), *metrics(definitions), *goals(definitions))}


def fulls(known: Mapping[str, Node]) -> dict[str, str]:
    """The full fingerprint of every node by id. Edges: a need that is not among them counts as nothing."""

    @cache
    def of(id_: str) -> str:
        node = known[id_]
        below = (tuple(of(need) for need in needs if need in known) for needs in (node.needs, node.each))
        return full(node.own, *below)

    return {id_: of(id_) for id_ in known}


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
