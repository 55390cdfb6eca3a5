"""What a thing rests on: the ids of sources, settings, blocks and metrics that its facts name or its type reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.dependencies import Node as Named
from saasmetrics.definitions.dependencies import of_inputs, of_rows
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.walk import found

COMPANY = "account"
"""Name of what a file without products has once: `activation.account`, `active.account`."""


def of_role(definitions: Definitions, *roles: str) -> Iterator[str]:
    """The sources of roles."""
    return (f"source.{name}" for name, source in definitions.sources.items() if source.role in roles)


def of_source(definitions: Definitions, name: str, *, catalogue: bool = False) -> Iterator[str]:
    """The sources that `source: NAME` reads: one, or all of a role; in the catalogue always the role."""
    source = definitions.sources.get(name)
    if source is None or (catalogue and source.role == name):
        return of_role(definitions, name)
    return iter((f"source.{name}",))


def under(definitions: Definitions, value: Any, owner: str) -> Iterator[str]:
    """What the rows and inputs inside a value rest on directly; `owner` is the metric or score that says it.

    Edges: an input that is written out has no id: what it rests on is what its owner rests on.
    """
    catalogue = definitions.is_catalogue(owner)
    for _, rows in found(Rows, value):
        if rows.event is not None:
            yield from of_role(definitions, "events")
        if rows.source is not None:
            yield from of_source(definitions, rows.source, catalogue=catalogue)
        if rows.workflow is not None and rows.outcome in ("attempt", "failure"):
            yield from tries(definitions, rows.workflow, rows.outcome)
    for named in of_rows(value):
        yield from ids(definitions, named)
    for _, given in found(Input, value):
        yield from (
            f"segment.{segment}" for segment in (*given.where, *given.unless) if segment in definitions.segments
        )
    for named in of_inputs(definitions, owner, value):
        if is_node(named[1]):
            yield from ids(definitions, named)
        else:
            for variant in definitions.metrics[named[1]].variants:
                yield from under(definitions, variant.spec, named[1])


def tries(definitions: Definitions, workflow: str, *keys: str) -> Iterator[str]:
    """The nodes of some keys of a workflow, or of all core ones, as far as they say them."""
    for name, block in definitions.workflows.items():
        if name == workflow or (workflow == "core" and block.core):
            yield from (f"workflow.{name}.{key}" for key in keys if getattr(block, key) is not None)


def addresses(definitions: Definitions, value: Any, owner: str) -> Iterator[str]:
    """The addresses of metrics that the inputs inside a value name."""
    for _, given in found(Input, value):
        if given.metric is not None:
            yield given.metric
        elif (hidden := definitions.hidden.get((owner, repr(given.inline)))) is not None:
            for variant in definitions.metrics[hidden].variants:
                yield from addresses(definitions, variant.spec, hidden)


def is_node(name: str) -> bool:
    """Whether a metric has a node: those of inputs that are written out have none."""
    return "#" not in name or "#policies." in name


def ids(definitions: Definitions, named: Named) -> Iterator[str]:
    """The ids of what `definitions.dependencies` calls a node."""
    kind, name = named
    if kind == "milestone":
        yield from _of_milestone(definitions, name)
    elif kind == "tiers":
        yield f"workflow.{name}.tiers"
    elif kind == "active":
        yield from (f"active.{COMPANY}", "active.user")
    elif kind != "metric" or name in definitions.metrics:
        yield f"{kind}.{name}"


def _of_milestone(definitions: Definitions, name: str) -> Iterable[str]:
    first, _, rest = name.partition(".")
    if first in definitions.workflows:
        return (f"workflow.{first}.tiers",)
    if first in definitions.scores:
        return (f"score.{first}",)
    if first == "activated":
        return (f"activation.{rest or COMPANY}",)
    if first == "first_success":
        return (f"product.{rest}", "workflow.core") if rest else ("workflow.core",)
    return of_role(definitions, *{"created": ("accounts",)}.get(first, ("subscriptions", "invoices")))
