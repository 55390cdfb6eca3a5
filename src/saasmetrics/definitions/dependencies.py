"""What rests on what: metrics on inputs and rows, rows on workflows, features, milestones and scores."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.metric import Metric
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.walk import found

if TYPE_CHECKING:
    from saasmetrics.definitions.definitions import Definitions

Node: TypeAlias = tuple[str, str]
"""Kind and name: `("workflow", "invoicing")`, `("metric", "mrr")`, `("milestone", "activated")`, `("score", "pqa")`."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def of_rows(value: Any) -> Iterator[Node]:
    """What the rows inside a value name, at any depth."""
    for _, rows in found(Rows, value):
        if rows.workflow is not None:
            yield "workflow", rows.workflow
        if rows.feature is not None:
            yield "feature", rows.feature
        if rows.milestone is not None:
            yield "milestone", rows.milestone


def of_inputs(definitions: Definitions, owner: str, value: Any) -> Iterator[Node]:
    """The metrics that the inputs inside a value name."""
    for _, given in found(Input, value):
        if given.metric is not None:
            name = given.metric.partition(".")[0]
            yield "metric", definitions.hidden.get((owner, name), name)
        elif (hidden := definitions.hidden.get((owner, repr(given.inline)))) is not None:
            yield "metric", hidden


def of_formula(definitions: Definitions, spec: Any) -> Iterator[Node]:
    """The metrics that a formula names without an alias."""
    aliases: Mapping[str, Any] = getattr(spec, "input_metrics", {})
    for name in _NAME.findall(str(getattr(spec, "expr", ""))):
        if name not in aliases and name in definitions.metrics:
            yield "metric", name


def of_metric(definitions: Definitions, metric: Metric) -> Iterator[Node]:
    """What a metric rests on directly."""
    for target in (metric.points_to, *metric.pointers.values()):
        if target:
            yield "metric", target.partition(".")[0]
    for variant in metric.variants:
        yield from of_rows(variant.spec)
        yield from of_inputs(definitions, metric.id, variant.spec)
        if metric.type == "derived":
            yield from of_formula(definitions, variant.spec)
        if metric.type == "impact" or getattr(variant.spec, "measure", "") == "stalls":
            yield "workflow", str(variant.spec.workflow)
        if metric.type == "tiers":
            yield "tiers", str(variant.spec.workflow)
        if metric.type in ("score", "lift"):
            yield "score", str(variant.spec.score)
        if metric.type in ("active", "retention") and getattr(variant.spec, "rule", None) is None:
            yield "active", ""


def of_node(definitions: Definitions, node: Node) -> tuple[Node, ...]:
    """What any node rests on directly."""
    kept = definitions.resting
    if kept is None:
        return _found(definitions, node)
    if node not in kept:
        kept[node] = _found(definitions, node)
    return kept[node]


def _found(definitions: Definitions, node: Node) -> tuple[Node, ...]:
    kind, name = node
    if kind == "metric":
        metric = definitions.metrics.get(name)
        return tuple(of_metric(definitions, metric)) if metric else ()
    if kind == "workflow":
        return _of_workflow(definitions, name)
    if kind == "milestone":
        return _of_milestone(definitions, name)
    if kind == "score" and name in definitions.scores:
        score = definitions.scores[name]
        return (*of_rows(score), *of_inputs(definitions, name, score))
    blocks = {"feature": definitions.features.get(name), "active": definitions.active}
    if kind == "tiers" and name in definitions.workflows:
        return tuple(of_rows(definitions.workflows[name].tiers))
    return tuple(of_rows(blocks.get(kind)))


def _of_workflow(definitions: Definitions, name: str) -> tuple[Node, ...]:
    if name == "core":
        return tuple(
            ("workflow", other) for other, block in definitions.workflows.items() if block.core and other != "core"
        )
    block = definitions.workflows.get(name)
    return tuple(of_rows((block.attempt, block.success, block.failure))) if block else ()


def _of_milestone(definitions: Definitions, name: str) -> tuple[Node, ...]:
    first, _, _ = name.partition(".")
    if first in definitions.scores and first not in definitions.workflows:
        return (("score", first),)
    if first == "first_success":
        return (("workflow", "core"),)
    return tuple(of_rows(rows_of_milestone(definitions, name)))


def rows_of_milestone(definitions: Definitions, name: str) -> Any:
    """The rows with which a milestone is reached, where the file says them: those of a tier, or of an activation."""
    first, _, rest = name.partition(".")
    if first in definitions.workflows:
        return definitions.workflows[first].tiers.get(rest)
    if first == "activated":
        product = definitions.products.get(rest)
        return product.activation if product else definitions.activation
    return None


def loops(definitions: Definitions) -> Iterator[tuple[Node, ...]]:
    """Every loop, once, as the nodes that it goes through."""
    done: set[Node] = set()
    for start in [*(("metric", name) for name in definitions.metrics), *_blocks(definitions)]:
        if start not in done:
            yield from _from(definitions, start, done)


def _blocks(definitions: Definitions) -> Iterator[Node]:
    yield from (("workflow", name) for name in definitions.workflows)
    yield from (("feature", name) for name in definitions.features)
    yield from (("score", name) for name in definitions.scores)
    yield from (("milestone", name) for name in ("activated", *(f"activated.{name}" for name in definitions.products)))
    for name, workflow in definitions.workflows.items():
        yield from (("milestone", f"{name}.{tier}") for tier in workflow.tiers)


def _from(definitions: Definitions, start: Node, done: set[Node]) -> Iterator[tuple[Node, ...]]:
    """Depth first from one node; a node met again on the way closes a loop."""
    way: list[Node] = [start]
    open_ = [iter(of_node(definitions, start))]
    while way:
        following = next(open_[-1], None)
        if following is None:
            done.add(way.pop())
            open_.pop()
        elif following in way:
            yield tuple(way[way.index(following) :])
        elif following not in done:
            way.append(following)
            open_.append(iter(of_node(definitions, following)))
