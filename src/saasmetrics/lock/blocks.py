"""The nodes of a file's blocks: settings, policies, sources, segments, workflows and what hangs on them, scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from saasmetrics.definitions.blocks import Activation, Active, Segment, Source, Workflow
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.scalars import sql
from saasmetrics.document import Path
from saasmetrics.lock.facts import OPENED, facts
from saasmetrics.lock.node import Node
from saasmetrics.lock.plain import Plain, plain
from saasmetrics.lock.resting import COMPANY, addresses, of_role, of_source, under
from saasmetrics.lock.spelling import spelled

SETTINGS = ("timezone", "week_start", "fiscal_year_start", "currency")
"""Settings that change numbers."""
GROUPS = frozenset({"workflow.core", "workflow.all", "feature.all", "feature.integrations", "journey.all"})
"""Nodes that only gather others: what changes in them is said of their members."""
CALENDAR = "setting.calendar"
"""What every number rests on: where days, weeks and years begin. It stands for those settings alone."""
RUNS = ("success", "run", "core")
"""Keys of a workflow that everything over it reads; each other key is a node that only its readers rest on."""
_NO_MEANING = frozenset(
    {"label", "renamed_from", "path", "preset", "beside", "partition", "ignore_events", "settle", "base", "ignore"}
)


def blocks(definitions: Definitions) -> Iterator[Node]:
    """The node of every block, in the order of kinds."""
    yield from _settings(definitions)
    yield from (_source(definitions, name, source) for name, source in definitions.sources.items())
    yield from (_segment(definitions, name, segment) for name, segment in definitions.segments.items())
    for name, workflow in definitions.workflows.items():
        yield from _workflow(definitions, name, workflow)
    yield from _named(definitions)
    for name, product in definitions.products.items():
        north_star = {"north_star": product.north_star} if product.north_star else {}
        needs = (f"workflow.{workflow}" for workflow in product.workflows)
        yield _node("product", name, {"workflows": sorted(product.workflows), **north_star}, needs, product)
        yield from _activation(definitions, name, product.activation, ("products", name, "activation"))
        if product.active is not None:
            yield from _active(definitions, f"{name}.", product.active, ("products", name, "active"))
    yield from _activation(definitions, COMPANY, definitions.activation, ("activation",))
    yield from _active(definitions, "", definitions.active, ("active",))
    for name, score in definitions.scores.items():
        block = _meant(definitions, name, score)
        columns = of_role(definitions, "accounts")
        node = _node("score", name, facts(block), (*under(definitions, score, name), *columns), score)
        yield replace(node, addresses=tuple(sorted({*addresses(definitions, score, name)})))


def _node(kind: str, name: str, said: Mapping[str, Plain], needs: Iterable[str], block: Any, path: Path = ()) -> Node:
    label = getattr(block, "label", None)
    words: dict[str, Plain] = {"label": label} if label else {}
    place = path or (_KEYS[kind], name)
    earlier = getattr(block, "renamed_from", None)
    return Node(kind, name, dict(said), tuple(sorted(set(needs))), words=words, path=place, renamed_from=earlier)


_KEYS = {
    "source": "sources", "segment": "segments", "workflow": "workflows", "feature": "features", "journey": "journeys",
    "product": "products", "score": "scores",
}  # fmt: skip


def _meant(definitions: Definitions, owner: str, block: Any) -> dict[str, Plain]:
    """The keys of a block that change numbers."""
    data = plain(definitions, owner, block)
    return {key: value for key, value in data.items() if key not in _NO_MEANING} if isinstance(data, dict) else {}


def _settings(definitions: Definitions) -> Iterator[Node]:
    for name in SETTINGS:
        value = getattr(definitions.settings, name)
        yield Node("setting", name, {"value": "none" if value is None else value}, path=("settings", name))
    yield calendar()
    for name in type(definitions.policies).model_fields:
        value = plain(definitions, "", getattr(definitions.policies, name), name)
        yield Node("policy", name, {"value": "none" if value is None else value}, path=("policies", name))


def calendar() -> Node:
    """The node of the calendar."""
    return Node("setting", "calendar", {}, tuple(f"setting.{name}" for name in SETTINGS if name != "currency"))


def _source(definitions: Definitions, name: str, source: Source) -> Node:
    block = _meant(definitions, "", source)
    rows = block.pop("rows", None)
    said = facts(block)
    said |= {f"rows.{number}": row for number, row in enumerate(rows if isinstance(rows, list) else ())}
    return _node("source", name, said, (), source)


def _segment(definitions: Definitions, name: str, segment: Segment) -> Node:
    said: dict[str, Plain] = {f"expr.{role}": spelled(text) for role, text in sorted(segment.expr.items())}
    if segment.buckets:
        said["buckets"] = list(segment.buckets)
        for bucket, text in segment.buckets.items():
            said[f"buckets.{bucket}"] = text if text == "else" else spelled(sql(text))
    if segment.as_of:
        said["as_of"] = segment.as_of
    needs = [id_ for role in segment.expr for id_ in of_source(definitions, role)]
    return _node("segment", name, said, needs, segment)


def _workflow(definitions: Definitions, name: str, workflow: Workflow) -> Iterator[Node]:
    """The runs of a workflow, and every other key that is said as a node of its own."""
    block = _meant(definitions, "", workflow)
    runs = {key: value for key, value in block.items() if key in RUNS}
    yield _node("workflow", name, runs, under(definitions, workflow.success, ""), workflow)
    for key, value in block.items():
        if key in RUNS:
            continue
        said = facts({key: value}, OPENED | {"value"})
        own = getattr(workflow, key)
        rests = {f"workflow.{name}"} if key in ("attempt", "failure", "reason", "tiers", "value") else set()
        path: Path = ("workflows", name)
        yield _node("workflow", f"{name}.{key}", said, {*rests, *under(definitions, own, "")}, None, path)


def _named(definitions: Definitions) -> Iterator[Node]:
    for name, feature in definitions.features.items():
        block = _meant(definitions, "", feature)
        eligible = of_role(definitions, "accounts", "subscriptions") if feature.eligible else ()
        yield _node("feature", name, facts(block), (*under(definitions, feature, ""), *eligible), feature)
    for name, journey in definitions.journeys.items():
        block = _meant(definitions, "", journey)
        yield _node("journey", name, facts(block), under(definitions, journey, ""), journey)


def groups(known: Mapping[str, Node]) -> Iterator[Node]:
    """What stands for several: the core workflows, all workflows, all features, the integrations, all journeys."""
    of: dict[str, list[Node]] = {"workflow": [], "feature": [], "journey": []}
    for node in known.values():
        if node.kind in of and "." not in node.name and f"{node.kind}.{node.name}" not in GROUPS:
            of[node.kind].append(node)
    members = {
        "workflow.core": [node for node in of["workflow"] if node.facts.get("core")],
        "workflow.all": of["workflow"],
        "feature.all": of["feature"],
        "feature.integrations": [node for node in of["feature"] if node.facts.get("kind") == "integration"],
        "journey.all": of["journey"],
    }
    for id_, some in members.items():
        kind, _, name = id_.partition(".")
        if some:
            said: dict[str, Plain] = {"members": sorted(node.name for node in some)}
            yield _node(kind, name, said, (node.id for node in some), None, (_KEYS[kind],))


def _activation(definitions: Definitions, name: str, activation: Activation | None, path: Path) -> Iterator[Node]:
    if activation is not None:
        block = _meant(definitions, "", activation)
        block["windows"] = [window.text for window in activation.all_windows]
        yield _node("activation", name, facts(block), under(definitions, activation, ""), None, path)


def _active(definitions: Definitions, prefix: str, active: Active, path: Path) -> Iterator[Node]:
    for key in ("account", "user"):
        rule = getattr(active, key)
        said = {"rule": plain(definitions, "", rule)}
        where = (*path, key) if definitions.written.knows((*path, key)) else path
        yield _node("active", f"{prefix}{key}", said, under(definitions, rule, ""), None, where)
    if active.roles is not None:
        said = {"roles": plain(definitions, "", active.roles, "roles")}
        yield _node("active", f"{prefix}roles", said, (), None, (*path, "roles"))
