"""What a metric rests on: sources and how far they reach, other metrics, the segments and policies that it knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from saasmetrics.definitions.answering import nodes_under, policies_read, refusal, roles_under
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.dependencies import of_metric
from saasmetrics.definitions.metric import Metric
from saasmetrics.explain.answers import Numbers
from saasmetrics.explain.notation import flow, plain
from saasmetrics.output.explanation import Table


def rests_on(definitions: Definitions, metric: Metric) -> tuple[str, ...]:
    """What a metric names directly: `metric mrr`, `workflow invoicing`, `milestone activated`."""
    named: list[str] = []
    for kind, name in of_metric(definitions, metric):
        if kind == "metric" and "#" in name:
            named += rests_on(definitions, definitions.metrics[name])
        elif kind != "metric" or name in definitions.metrics:
            named.append(" ".join(part for part in (_WORDS.get(kind, kind), name) if part))
    return tuple(dict.fromkeys(named))


_WORDS = {"active": "the rule of active", "tiers": "tiers of"}


def source_table(definitions: Definitions, metric: Metric, numbers: Numbers | None) -> Table | None:
    """Sources of the roles that a metric reads, and what was read of them."""
    roles = roles_under(definitions, metric)
    sources = [name for name, source in definitions.sources.items() if source.role in roles]
    rows = [_source_row(definitions, name, numbers) for name in sources]
    absent = [(role, "", "", "no source has this role") for role in sorted(roles - _roles(definitions))]
    return Table(("source", ">rows used", "reaches to", "files"), (*rows, *absent)) if rows or absent else None


def _roles(definitions: Definitions) -> set[str]:
    return {source.role for source in definitions.sources.values()}


def _source_row(definitions: Definitions, name: str, numbers: Numbers | None) -> tuple[str, ...]:
    source = definitions.sources[name]
    read = numbers.sources.get(name) if numbers else None
    calendar = definitions.settings.calendar
    last = calendar.local_day(read.last - timedelta(microseconds=1)).isoformat() if read and read.last else "not read"
    used = f"{read.used:,}" if read else ""
    called = name if name == source.role else f"{name} ({source.role})"
    return called, used, last, ", ".join(source.path) or "rows of the file"


def split_table(definitions: Definitions, metric: Metric) -> Table | None:
    """Segments, whether they can split a metric, and why not."""
    rows = []
    for name in definitions.segments:
        reason = refused(definitions, metric, name)
        said = "yes" if reason is None else "no"
        shown = "shown unless asked otherwise" if name in metric.segments and reason is None else ""
        rows.append((name, said, reason or shown))
    return Table(("segment", "splits", "note"), tuple(rows)) if rows and not metric.missing else None


def refused(definitions: Definitions, metric: Metric, segment: str) -> str | None:
    """Why a segment cannot split a metric; of arithmetic, why it cannot split an input that is not taken whole."""
    if metric.type == "derived":
        scope = definitions.scope(metric.id)
        for name, given in (metric.variants[0].spec.inputs() if metric.variants else {}).items():
            wanted = scope.input(given)
            reason = refused(definitions, definitions.metrics[wanted.address.metric], segment)
            if reason is not None and not wanted.total:
                return f"{name}: {reason}"
        return None
    return refusal(definitions, metric, segment)


def policy_table(definitions: Definitions, metric: Metric) -> Table | None:
    """Every policy that a metric reads, its value, and who says so."""
    rows = [
        (name, value_of(metric.policies, name), provenance(definitions, name, metric))
        for name in type(metric.policies).model_fields
        if name in policies_of(definitions, metric)
    ]
    return Table(("policy", "value", "said by"), tuple(rows)) if rows else None


def policies_of(definitions: Definitions, metric: Metric) -> frozenset[str]:
    """Names of the policies that a metric reads, by its type, its rows or a reference."""
    return policies_read(definitions, metric)


def value_of(policies: Any, name: str) -> str:
    """The value of a policy, as it would be written."""
    value = getattr(policies, name)
    if value is None:
        return "none"
    if name in _PERCENTS and isinstance(value, float):
        return f"{value:.4%}".rstrip("%").rstrip("0").rstrip(".") + "%"
    return flow(plain(value))


_PERCENTS = frozenset({"trend_drop", "min_coverage", "margin"})


def provenance(definitions: Definitions, name: str, metric: Metric | None = None) -> str:
    """Who says what a policy is: the metric, the file, or nobody."""
    if metric is not None and name in metric.own_policies:
        return f"the metric, {spot(definitions, 'metrics', metric.id, 'policies', name)}"
    if name in definitions.policies.model_fields_set:
        return spot(definitions, "policies", name)
    return "default"


def spot(definitions: Definitions, *path: str | int) -> str:
    """Where a key stands, the file named from the folder of the definitions."""
    place, folder = definitions.place(*path), definitions.path.parent
    inside = Path(place.file).is_relative_to(folder)
    return str(replace(place, file=Path(place.file).relative_to(folder).as_posix()) if inside else place)


def readers(definitions: Definitions, kind: str, name: str) -> tuple[str, ...]:
    """Metrics that rest on a workflow, a feature, a score or the rule of active, at whatever depth."""
    return tuple(metric.id for metric in shown(definitions) if (kind, name) in nodes_under(definitions, metric))


def role_readers(definitions: Definitions, role: str) -> tuple[str, ...]:
    """Metrics that read rows of a role."""
    return tuple(metric.id for metric in shown(definitions) if role in roles_under(definitions, metric))


def policy_readers(definitions: Definitions, policy: str) -> tuple[str, ...]:
    """Metrics that read a policy."""
    return tuple(metric.id for metric in shown(definitions) if policy in policies_of(definitions, metric))


def shown(definitions: Definitions) -> Iterator[Metric]:
    """Metrics with a name of their own."""
    return (metric for name, metric in definitions.metrics.items() if "#" not in name)
