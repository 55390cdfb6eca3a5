"""Which metrics a segment can split, as far as that is known without data."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from saasmetrics.definitions.dependencies import Node, of_node, rows_of_milestone
from saasmetrics.definitions.policies import ACCOUNTLESS, read_by
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.walk import found
from saasmetrics.frames.canonical import ROLES

if TYPE_CHECKING:
    from saasmetrics.definitions.definitions import Definitions
    from saasmetrics.definitions.metric import Metric


def roles_under(definitions: Definitions, metric: Metric) -> frozenset[str]:
    """Roles of all rows that a metric reads, itself or through what it rests on."""
    roles: set[str] = set()
    for node in nodes_under(definitions, metric):
        roles |= roles_of(definitions, node)
    return frozenset(roles)


def types_under(definitions: Definitions, metric: Metric) -> frozenset[str]:
    """Types of a metric and of every metric that it rests on."""
    names = [name for kind, name in nodes_under(definitions, metric) if kind == "metric"]
    return frozenset(definitions.metrics[name].type for name in names if name in definitions.metrics)


def policies_read(definitions: Definitions, metric: Metric) -> frozenset[str]:
    """Policies that a metric changes with: those of its types and rows, and those that an entry under it refers to."""
    nodes = nodes_under(definitions, metric)
    roles: set[str] = set()
    for node in nodes:
        roles |= roles_of(definitions, node)
    names = [name for kind, name in nodes if kind == "metric" and name in definitions.metrics]
    return read_among(definitions, metric.id, names, roles)


def read_among(definitions: Definitions, metric: str, names: Iterable[str], roles: Collection[str]) -> frozenset[str]:
    """Policies that a metric reads, given the metrics among those under it that count, and the roles of all."""
    under = [definitions.metrics[name] for name in names]
    read = set(read_by(metric, [each.type for each in under], roles))
    for each in under:
        paths = each.refers_to
        read |= {path[9:] for path in paths if path[:9] == "policies."} | set(each.written.get("by_policy", {}))
        if any(path.startswith("acquisition.") for path in paths):
            read |= {"acquisition_segment", "paid_channels"}
        if is_of_tickets(definitions, each):
            read.add("business_hours")
    return frozenset(read)


def is_of_tickets(definitions: Definitions, metric: Metric) -> bool:
    """Whether a metric is the time from one moment of tickets to another: such a clock can keep business hours."""
    if metric.type != "duration":
        return False
    ends = [end for variant in metric.variants for end in (variant.spec.from_, variant.spec.to)]
    return bool(ends) and all(_roles_in(definitions, end) == {"tickets"} for end in ends)


def nodes_under(definitions: Definitions, metric: Metric) -> frozenset[Node]:
    """A metric and all that it rests on."""
    seen: set[Node] = set()
    waiting: list[Node] = [("metric", metric.id)]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(of_node(definitions, node))
    return frozenset(seen)


def roles_of(definitions: Definitions, node: Node) -> set[str]:
    """Roles of the rows that a node itself reads."""
    kind, name = node
    if kind == "metric":
        metric = definitions.metrics.get(name)
        if metric is None:
            return set()
        specs = tuple(variant.spec for variant in metric.variants)
        if metric.type == "sessions":
            return {"events", "tickets"} if any(spec.measure == "unaided" for spec in specs) else {"events"}
        roles = _roles_in(definitions, specs)
        billed = metric.policies.recurring_from == "invoices" or metric.policies.usage == "trailing"
        if "subscriptions" in roles and billed:
            roles |= {"invoices"}
        if metric.type == "attribution":
            roles |= {"touches"} | ({"spend"} if any(spec.measure == "roi" for spec in specs) else set())
        return roles
    if kind == "workflow" and name in definitions.workflows:
        block = definitions.workflows[name]
        return _roles_in(definitions, (block.attempt, block.success, block.failure))
    if kind == "milestone":
        moments = {"created": {"accounts"}, "first_paid": {"subscriptions"}, "churned": {"subscriptions"}}
        return moments.get(name.partition(".")[0], set()) | _roles_in(definitions, rows_of_milestone(definitions, name))
    if kind == "tiers" and name in definitions.workflows:
        return _roles_in(definitions, definitions.workflows[name].tiers)
    blocks = {
        "feature": definitions.features.get(name),
        "active": definitions.active,
        "score": definitions.scores.get(name),
    }
    return _roles_in(definitions, blocks.get(kind))


def _roles_in(definitions: Definitions, value: object) -> set[str]:
    roles = set()
    for _, rows in found(Rows, value):
        if rows.event is not None:
            roles.add("events")
        if rows.source is not None:
            source = definitions.sources.get(rows.source)
            roles.add(source.role if source else rows.source)
    return roles & set(ROLES)


def refusal(definitions: Definitions, metric: Metric, segment: str) -> str | None:
    """Why a segment cannot split a metric: a source that it reads has neither the segment nor an account with it."""
    if metric.missing or segment not in definitions.segments or _undivided(metric, segment):
        return None
    named = _named_roles(definitions, segment)
    if not named <= set(ROLES):
        return None
    roles = roles_under(definitions, metric)
    if metric.type == "attribution" and "touches" in named:
        # Every entry is a touch, and has its value.
        roles &= {"touches", "spend"}
    for role in sorted(roles):
        if role in named:
            continue
        if role in ACCOUNTLESS:
            return f"{role} has no {segment}"
        if not named & {"accounts", "subscriptions"} and not ("users" in named and "user" in ROLES[role].columns):
            return f"{role} has no {segment}"
    return None


def _undivided(metric: Metric, segment: str) -> bool:
    """Whether a side or an input is taken whole on purpose, so that not every source has to answer."""
    if metric.type in ("derived", "score"):
        return True
    return any(segment in getattr(variant.spec, "whole", ()) for variant in metric.variants)


def _named_roles(definitions: Definitions, segment: str) -> frozenset[str]:
    names: Iterable[str] = definitions.segments[segment].expr
    return frozenset(definitions.sources[name].role if name in definitions.sources else name for name in names)
