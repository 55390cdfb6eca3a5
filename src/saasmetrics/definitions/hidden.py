"""Hidden metrics: what inline inputs become, and inputs read under another metric's policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from saasmetrics.definitions.entry import Entry
from saasmetrics.definitions.inputs import INLINE_TYPES, Input
from saasmetrics.definitions.kinds import implied
from saasmetrics.definitions.metric import Metric, Variant
from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.resolve import Resolver
from saasmetrics.definitions.spec import read_spec
from saasmetrics.definitions.units import format_of, grain_of, normal, unit_of
from saasmetrics.definitions.walk import found
from saasmetrics.definitions.written import Written
from saasmetrics.document import Path


@dataclass(frozen=True)
class Owner:
    """The metric or score whose inputs are resolved."""

    id: str
    path: Path
    written: Written
    policies: Policies
    catalogue: bool = False
    labels: tuple[str, ...] = ()


def hide(resolver: Resolver) -> None:
    """Add the hidden metrics of every metric and score to `metrics`, and their names to `hidden`."""
    for name in list(resolver.definitions.metrics):
        if name in resolver.entries:
            hide_inputs(resolver, name)
    for name, score in resolver.definitions.scores.items():
        _of_spec(resolver, Owner(name, ("scores", name), resolver.written, resolver.definitions.policies), score)


def hide_inputs(resolver: Resolver, name: str) -> None:
    """Add the hidden metrics of one metric."""
    metric, entry = resolver.definitions.metrics[name], resolver.entries[name]
    for variant in metric.variants:
        owner = Owner(name, entry.path, entry.written, metric.policies, metric.catalogue, variant.labels)
        _of_spec(resolver, owner, variant.spec)
        if metric.own_policies or entry.policies:
            for _, given in found(Input, variant.spec):
                if given.metric is not None:
                    _clone(resolver, name, given.metric.partition(".")[0], metric.policies)


def _of_spec(resolver: Resolver, owner: Owner, spec: Any) -> None:
    hidden = resolver.definitions.hidden
    for path, given in found(Input, spec, owner.path):
        if given.inline is None or (owner.id, repr(given.inline)) in hidden:
            continue
        name = f"{owner.id}#{path[-1]}"
        if name in resolver.definitions.metrics:
            name = f"{owner.id}#{'.'.join((*owner.labels, str(path[-1])))}"
        hidden[owner.id, repr(given.inline)] = name
        _inline(resolver, replace(owner, id=name, path=path), given.inline)


def _inline(resolver: Resolver, owner: Owner, keys: Mapping[str, Any]) -> None:
    """An input that is written out becomes a metric of its own."""
    type_ = str(keys.get("type") or implied(keys))
    kind = resolver.registry.get(type_)
    if type_ not in INLINE_TYPES or kind is None:
        hint = "give the metric a name under `metrics` and write its address"
        place = owner.written.at(owner.path)
        owner.written.fault("SM005", f"an input is a simple, stock or ratio, not {type_}", place, hint)
        return
    fields = {key: value for key, value in keys.items() if key in kind.model_fields or key != "unit"}
    spec = read_spec(type_, kind, fields, owner.path, owner.written)
    if spec is None:
        return
    settings = resolver.definitions.settings
    unit = normal(str(keys.get("unit") or unit_of(type_, spec, resolver.unit_of_input)), settings.currency)
    resolver.entries[owner.id] = Entry(owner.id, {}, keys, owner.written, owner.path, owner.policies)
    resolver.definitions.metrics[owner.id] = Metric(
        owner.id,
        type_,
        (Variant((), spec),),
        unit=unit,
        format=format_of(unit),
        grain=grain_of(unit),
        label=owner.id,
        short_name=owner.id,
        publish=False,
        policies=owner.policies,
        catalogue=owner.catalogue,
        location=owner.written.at(owner.path),
        written=keys,
    )
    _of_spec(resolver, owner, spec)


def _clone(resolver: Resolver, owner: str, name: str, policies: Policies) -> None:
    """A metric again, under the policies of the one that reads it."""
    definitions = resolver.definitions
    if (owner, name) in definitions.hidden or name not in resolver.entries:
        return
    hidden = f"{owner}#policies.{name}"
    entry = replace(resolver.entries[name], id=hidden, policies=policies)
    metric = resolver.metric(entry)
    if metric is not None:
        definitions.hidden[owner, name] = hidden
        resolver.entries[hidden] = entry
        definitions.metrics[hidden] = replace(metric, publish=False)
        hide_inputs(resolver, hidden)
