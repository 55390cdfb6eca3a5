"""A source, segment, workflow, feature or score that nothing uses.

Flags: a source of which no metric reads a row, a workflow, feature or score that no published metric rests on, a
segment by which nothing is split or narrowed.
Why: what nobody uses is kept up to date by nobody, and the next reader cannot tell it from what matters.
Example: `segments: {industry: {}}` where no metric, view, target or setting names `industry`.
Fix: remove it, or name what needs it.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.answering import roles_under
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.walk import found
from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told

_ALWAYS = frozenset({"accounts", "users", "aliases", "fx"})
"""Roles that say who is who and what a currency is worth; they serve whatever else is read."""


def _check(reading: Reading) -> Iterator[Told]:
    definitions = reading.definitions
    able = [metric for metric in definitions.metrics.values() if metric.missing is None]
    roles = _ALWAYS.union(*(roles_under(definitions, metric) for metric in able))
    if roles & {"leads", "opportunities"}:
        roles |= {"stages"}  # the tall form of their stages
    named = {name for segment in definitions.segments.values() for name in segment.expr}
    for name, source in definitions.sources.items():
        if source.role not in roles and not {name, source.role} & named:
            yield Told(f"source.{name}", ("sources", name), f"no metric reads the source `{name}`", "remove it")
    for name in definitions.segments.keys() - _segments(reading):
        hint = "name it in settings.segments, on a metric or in a view; or remove it"
        yield Told(f"segment.{name}", ("segments", name), f"nothing is split by the segment `{name}`", hint)
    nodes = frozenset().union(*map(reading.under, (*reading.published, *reading.own)))
    used = {*nodes, *(("workflow", name) for kind, name in nodes if kind == "tiers")}
    used |= {("workflow", name.partition(".")[0]) for kind, name in nodes if kind == "milestone"}
    blocks = {"workflow": "workflows", "feature": "features", "score": "scores"}
    for kind, block in blocks.items():
        for name in getattr(definitions, block):
            if (kind, name) not in used:
                message = f"no published metric rests on the {kind} `{name}`"
                yield Told(f"{kind}.{name}", (block, name), message, "publish a metric of it, or remove it")


def _segments(reading: Reading) -> set[str]:
    """Segments that something names."""
    definitions = reading.definitions
    used = {*definitions.settings.segments, definitions.policies.acquisition_segment}
    for metric in definitions.metrics.values():
        used |= {*metric.segments}
    for metric in definitions.governed.values():
        used |= {*metric.segments}
    for view in definitions.views.values():
        used |= {*view.by, *view.where}
    used = used.union(*(target.where for target in definitions.targets))
    used = used.union(*(benchmark.where for benchmark in definitions.benchmarks))
    specs = tuple(variant.spec for metric in definitions.metrics.values() for variant in metric.variants)
    for _, given in found(Input, (*specs, *definitions.scores.values())):
        used |= {*given.where, *given.unless}
    return used


RULE = Rule("SM009", "unused-definition", Severity.WARNING, __doc__, _check)
