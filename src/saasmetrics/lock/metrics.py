"""The nodes of metrics: their keys before references are filled in, with the defaults of their type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from saasmetrics.definitions.answering import read_among, roles_of
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.dependencies import Node as Named
from saasmetrics.definitions.dependencies import of_formula, of_metric, of_node
from saasmetrics.definitions.governance import EXTRAS
from saasmetrics.definitions.metric import TOTAL, Metric, Variant
from saasmetrics.definitions.references import references
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.walk import found
from saasmetrics.document import Path
from saasmetrics.lock.blocks import CALENDAR
from saasmetrics.lock.facts import facts
from saasmetrics.lock.node import Node
from saasmetrics.lock.plain import Plain, plain, raw
from saasmetrics.lock.resting import COMPANY, addresses, ids, is_node, of_role, tries, under

ABOUT = ("owner", "team", "level", "timing", "direction", "status", "review", "action")
"""Governance: who answers for a number, and what for."""
WORDS = (
    "label", "short_name", "description", "stage", "drivers", "segments", "min_sample", "format", "flat", "edition",
    "publish", "ignore",
)  # fmt: skip
"""How a number is called and shown."""
_SELDOM = EXTRAS - {"family", "address", "of_north_star"}
_FANS = {"workflow": "workflow", "feature": "feature", "journey": "journey"}


def metrics(definitions: Definitions) -> Iterator[Node]:
    """The node of every metric that can be computed, and of every address that has governance of its own.

    Edges: an input that is written out is told with its owner; a metric under the policies of another is a node
    called `OWNER#policies.NAME`.
    """
    for name, metric in definitions.metrics.items():
        if not metric.missing and is_node(name):
            yield _node(definitions, metric)
    for address, metric in definitions.governed.items():
        if not metric.missing and address not in definitions.metrics:
            whole = definitions.metrics[address.partition(".")[0]]
            about = {key: value for key, value in _about(metric).items() if _about(whole).get(key) != value}
            words = {key: value for key, value in _words(metric).items() if _words(whole).get(key) != value}
            yield Node("address", address, {}, about=about, words=words, path=("metrics", address))


def _node(definitions: Definitions, metric: Metric) -> Node:
    needs, headline, each = set(_shared(definitions, metric)), set(_groups(metric)), set[str]()
    for variant in metric.variants:
        own = set(_of_variant(definitions, metric, variant))
        if TOTAL in variant.labels:
            headline |= own
            continue
        fanned = {id_ for id_ in own if _is_of_labels(id_, variant.labels)}
        needs |= own - fanned
        (headline if _is_headline(metric, variant.labels) else each).update(fanned)
    if metric.points_to or metric.pointers:
        needs |= {id_ for named in of_metric(definitions, metric) for id_ in ids(definitions, named)}
    specs = tuple(variant.spec for variant in metric.variants)
    formula = (name for kind, name in of_formulas(definitions, metric) if kind == "metric")
    read = {*addresses(definitions, specs, metric.id), *formula, *metric.pointers.values()}
    needs -= {f"metric.{metric.id}"}
    return Node(
        "metric",
        metric.id,
        _facts(definitions, metric),
        tuple(sorted(needs)),
        tuple(sorted(headline - needs)),
        tuple(sorted(each - needs - headline)),
        _about(metric),
        _words(metric),
        _path(definitions, metric),
        metric.renamed_from,
        tuple(sorted(read)),
    )


def _path(definitions: Definitions, metric: Metric) -> Path:
    """Where a metric is said: under its name, as a score, or as the North Star."""
    if not definitions.written.knows(("metrics", metric.id)):
        if metric.type == "score":
            return "scores", metric.id
        if metric.pointers and definitions.north_star:
            return ("north_star",)
    return "metrics", metric.id


def _facts(definitions: Definitions, metric: Metric) -> dict[str, Plain]:
    said: dict[str, Plain] = {"type": metric.type, "grain": metric.grain.value, "unit": metric.unit}
    if metric.pointers:
        return {**said, **{f"points_to.{of}" if of else "points_to": to for of, to in metric.pointers.items()}}
    blocks = [_spec(definitions, metric, variant) for variant in metric.variants]
    keys = dict.fromkeys(key for block in blocks for key in block)
    block: dict[str, Plain] = {}
    for key in keys:
        written = metric.written.get(key)
        values = [each.get(key) for each in blocks]
        symbolic = written is not None and (bool(references(written)) or key in _by_policy(metric))
        block[key] = raw(written, key) if symbolic or (written is not None and _differ(values)) else values[0]
    if references(metric.written.get("unit")):
        said["unit"] = raw(metric.written["unit"])
    extras = {key: raw(metric.written[key], key) for key in sorted(_SELDOM & set(metric.written))}
    differing = _overridden(definitions, metric)
    if "#" in metric.id:  # under the policies of another: those that it reads
        differing &= _read(definitions, metric)[1]
    own = {name: plain(definitions, "", getattr(metric.policies, name), name) for name in sorted(differing)}
    policies: dict[str, Plain] = {name: "none" if value is None else value for name, value in own.items()}
    return {**said, **facts({**block, **extras, **({"policies": policies} if policies else {})})}


def _differ(values: list[Plain]) -> bool:
    return any(value != values[0] for value in values[1:])


def _by_policy(metric: Metric) -> frozenset[str]:
    """Keys that the catalogue gives a metric under one policy or another."""
    chosen: Mapping[str, Any] = metric.written.get("by_policy", {})
    return frozenset(key for values in chosen.values() for keys in values.values() for key in keys)


def _spec(definitions: Definitions, metric: Metric, variant: Variant) -> dict[str, Plain]:
    block = plain(definitions, metric.id, variant.spec)
    data = block if isinstance(block, dict) else {}
    return {key: value for key, value in data.items() if key != "type"}


def _about(metric: Metric) -> dict[str, Plain]:
    about = {name: plain_text(getattr(metric, name)) for name in ABOUT if name != "action"}
    about |= {f"action.{way}": text for way, text in sorted(metric.action.items())}
    return {key: value for key, value in about.items() if value not in (None, [], "", "draft")}


def _words(metric: Metric) -> dict[str, Plain]:
    words = {name: plain_text(getattr(metric, name)) for name in WORDS}
    return {key: value for key, value in words.items() if value not in (None, [], {}, "")}


def plain_text(value: Any) -> Plain:
    """A value of governance as plain data."""
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return {str(key): str(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _is_of_labels(id_: str, labels: tuple[str, ...]) -> bool:
    """Whether a variant rests on something because of what it fans out over."""
    _, _, name = id_.partition(".")
    return any(name == label or name.startswith(f"{label}.") for label in labels)


def _of_variant(definitions: Definitions, metric: Metric, variant: Variant) -> Iterator[str]:
    """What one variant rests on directly; through inputs that are written out as well."""
    alone = Metric(metric.id, metric.type, (variant,))
    for named in of_metric(definitions, alone):
        kind, name = named
        if kind == "metric" and not is_node(name):
            yield from _inline(definitions, definitions.metrics[name])
        elif kind == "active":
            yield f"active.{COMPANY if getattr(variant.spec, 'entity', 'account') == 'account' else 'user'}"
        else:
            yield from ids(definitions, named)
    yield from under(definitions, variant.spec, metric.id)
    yield from _referred(definitions, metric, dict(zip(metric.each, variant.labels, strict=False)))
    yield from _implied(definitions, metric, variant.spec)


def _inline(definitions: Definitions, hidden: Metric) -> Iterator[str]:
    for variant in hidden.variants:
        yield from _of_variant(definitions, hidden, variant)


def _referred(definitions: Definitions, metric: Metric, labels: Mapping[str, str]) -> Iterator[str]:
    """What the references of an entry of the catalogue stand for."""
    if "help" in {path.partition(".")[0] for path in references(dict(metric.written))}:
        yield from (f"workflow.{name}.help" for name, block in definitions.workflows.items() if block.help)
    product = labels.get("product", "")
    for path in references({key: value for key, value in metric.written.items() if key != "requires"}):
        block, _, key = path.partition(".")
        if block in _FANS and (label := labels.get(block)):
            yield f"{_FANS[block]}.{label}"
            facet = key.partition(".")[0]
            if block == "workflow" and label and _has_facet(definitions, label, facet):
                yield f"workflow.{label}.{facet}"
        elif block in ("activation", "window"):
            yield f"activation.{product or COMPANY}"
        elif block == "active":
            own = product and definitions.products[product].active is not None
            yield f"active.{product + '.' if own else ''}{key or COMPANY}"
        elif block == "acquisition":
            yield f"segment.{definitions.policies.acquisition_segment}"


def _has_facet(definitions: Definitions, workflow: str, facet: str) -> bool:
    from saasmetrics.lock.blocks import RUNS

    block = definitions.workflows.get(workflow)
    return bool(facet) and facet not in RUNS and getattr(block, facet, None) not in (None, (), {})


def _implied(definitions: Definitions, metric: Metric, spec: Any) -> Iterator[str]:
    """What a type reads without naming it: blocks."""
    workflows = definitions.workflows
    if metric.type == "tiers" and spec.measure == "stalls":
        yield from tries(definitions, spec.workflow, "failure", "reason")
    if metric.type == "impact":
        yield from tries(definitions, spec.workflow, "attempt")
    if getattr(spec, "entity", "") == "run":
        for _, rows in found(Rows, spec):
            yield from tries(definitions, rows.workflow or "", "attempt", "failure", "within")
    if getattr(spec, "touching", None) == "core":
        yield "workflow.core"
    for key in ("screens", "jobs"):
        if getattr(spec, "names", None) == key:
            yield from (f"workflow.{name}.{key}" for name, block in workflows.items() if getattr(block, key))
    if metric.type == "active":
        yield from _implied_by_active(definitions, spec)
    yield from of_role(definitions, *_implied_roles(metric.type, spec))


def _implied_roles(type_: str, spec: Any) -> Iterator[str]:
    measure = getattr(spec, "measure", "")
    if type_ in ("active", "sessions", "attribution", "retention", "tiers", "score", "lift"):
        yield "accounts"
    if getattr(spec, "entity", "account") in ("user", "person") or measure == "silent":
        yield "users"
    if type_ == "sessions":
        yield from ("events", "tickets") if measure == "unaided" else ("events",)
    if type_ == "attribution":
        yield from ("touches", "leads", "spend") if measure == "roi" else ("touches", "leads")
    if type_ == "impact":
        yield "incidents"
    if type_ == "tiers" and measure == "stalls":
        yield from ("tickets", "surveys")


def _implied_by_active(definitions: Definitions, spec: Any) -> Iterator[str]:
    if (spec.measure == "silent" or spec.cut is not None) and definitions.active.roles is not None:
        yield "active.roles"
    if spec.measure == "depth" and definitions.features:
        yield "feature.all"
    if spec.measure in ("share", "depth", "silent") and getattr(spec, "among", "") == "active":
        yield f"active.{COMPANY if spec.entity == 'account' else 'user'}"
    if spec.measure == "taken_up" and spec.of == "modules":
        facets = (f"workflow.{name}.module" for name, block in definitions.workflows.items() if block.module)
        yield from ("workflow.core", *facets)
    if spec.measure == "taken_up" and spec.of == "integrations":
        yield "feature.integrations"


def _shared(definitions: Definitions, metric: Metric) -> Iterator[str]:
    """What all variants rest on: the calendar, policies, who is who."""
    yield CALENDAR
    roles, policies = _read(definitions, metric)
    yield from (f"policy.{name}" for name in policies - _overridden(definitions, metric))
    if "fx" in policies or metric.unit == "currency":
        yield from ("setting.currency", *of_role(definitions, "fx"))
    yield from of_role(definitions, "aliases")
    if metric.policies.account == "root":
        yield from of_role(definitions, "accounts")
    if "subscriptions" in roles and (
        metric.policies.recurring_from == "invoices" or metric.policies.usage == "trailing"
    ):
        yield from of_role(definitions, "invoices")


def _groups(metric: Metric) -> Iterator[str]:
    """The groups that its headline sums up."""
    for column, headline in zip(metric.each, metric.headline, strict=True):
        kind = _FANS.get(column)
        if kind is not None and headline not in ("none", frozenset({TOTAL})):
            yield f"{kind}.{'core' if isinstance(headline, frozenset) else 'all'}"


def _is_headline(metric: Metric, labels: tuple[str, ...]) -> bool:
    """Whether the short address takes in the variant of these labels."""
    pairs = zip(labels, metric.headline, strict=True)
    return all(
        headline != "none" and (not isinstance(headline, frozenset) or label in headline) for label, headline in pairs
    )


def of_formulas(definitions: Definitions, metric: Metric) -> Iterator[Named]:
    """The metrics that a formula names without an alias."""
    if metric.type == "derived":
        for variant in metric.variants:
            yield from of_formula(definitions, variant.spec)


def _overridden(definitions: Definitions, metric: Metric) -> frozenset[str]:
    """Policies that hold for a metric whatever the file's are."""
    file = definitions.policies
    if metric.policies is file:
        return frozenset()
    names = (name for name in type(file).model_fields if getattr(file, name) != getattr(metric.policies, name))
    return metric.own_policies | frozenset(names)


def _read(definitions: Definitions, metric: Metric) -> tuple[set[str], frozenset[str]]:
    """Roles and policies that a metric reads, less those that it reads through other metrics."""
    seen: set[Named] = set()
    waiting: list[Named] = [("metric", metric.id)]
    roles: set[str] = set()
    names = []
    while waiting:
        named = waiting.pop()
        if named in seen or (named[0] == "metric" and named[1] != metric.id and is_node(named[1])):
            continue
        seen.add(named)
        roles |= roles_of(definitions, named)
        waiting += of_node(definitions, named)
        if named[0] == "metric":
            names.append(named[1])
    return roles, read_among(definitions, metric.id, names, roles)
