"""What belongs in the lock: what is published or held against a target, and everything under it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.finding import InputError
from saasmetrics.lock.node import Node

_ALWAYS = frozenset(
    {"setting", "source", "segment", "feature", "journey", "product", "activation", "active", "score", "address",
     "target"}
)  # fmt: skip


def scope(definitions: Definitions, known: Mapping[str, Node]) -> dict[str, Node]:
    """The nodes that are locked, by id, in the order in which they are known.

    Edges: a metric of the catalogue that nobody publishes, shows or reads is no part of it, nor is a policy that
    nothing reads and nobody set.
    """
    roots = {f"metric.{name}" for name in _metrics(definitions)}
    roots |= {id_ for id_, node in known.items() if _is_written(definitions, node)}
    wanted = _closed(roots & set(known), known)
    return {id_: node for id_, node in known.items() if id_ in wanted}


def _metrics(definitions: Definitions) -> Iterator[str]:
    yield from (address.metric for address in definitions.published())
    yield from (name.partition(".")[0] for name in definitions.named)
    yield from (target.metric.partition(".")[0] for target in definitions.targets)
    for star in (definitions.north_star, *(product.north_star for product in definitions.products.values())):
        if star:
            yield star.partition(".")[0]
    for view in definitions.views.values():
        for shown in view.show:
            yield from _shown(definitions, shown.address) if shown.address else ()


def _shown(definitions: Definitions, pattern: str) -> Iterable[str]:
    try:
        return {address.metric for address in definitions.expand(pattern)}
    except InputError:
        return ()


def _is_written(definitions: Definitions, node: Node) -> bool:
    """Whether the file itself says it, as far as that puts it in the lock."""
    if node.kind == "policy":
        return node.name in definitions.policies.model_fields_set
    if node.kind == "workflow" or node.kind == "feature":
        return not (len(node.path) < 2)  # a group stands for others
    return node.kind in _ALWAYS


def _closed(roots: set[str], known: Mapping[str, Node]) -> set[str]:
    reached, waiting = set(roots), list(roots)
    while waiting:
        node = known[waiting.pop()]
        for need in node.under:
            if need in known and need not in reached:
                reached.add(need)
                waiting.append(need)
    return reached
