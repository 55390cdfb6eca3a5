"""Two names mean the same number.

Flags: an own metric whose type, rows, inputs, policies, grain and unit are those of another metric.
Why: whoever changes one leaves the other behind, and from then on two numbers of one meaning disagree.
Example: `metrics: {posted: {event: invoice_posted}, invoices: {event: invoice_posted}}`.
Fix: keep one name; `renamed_from` carries over what is known of the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.metric import Metric
from saasmetrics.expression import parse
from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told

_SQL = ("filter", "expr", "cut", "area")


def _check(reading: Reading) -> Iterator[Told]:
    definitions = reading.definitions
    seen: dict[object, str] = {}
    own = {metric.id for metric in reading.own}
    types = {metric.type for metric in reading.own}
    others = [
        metric
        for name, metric in definitions.metrics.items()
        if name not in own and "#" not in name and metric.variants and metric.type in types
    ]
    for metric in (*others, *reading.own):
        if not metric.variants:
            continue
        meaning = _meaning_of(reading, metric)
        if metric.id in own and meaning in seen:
            message = f"`{metric.id}` is the same number as `{seen[meaning]}`"
            yield Told(about(metric), reading.spot(metric), message, "keep one of the two names")
        seen.setdefault(meaning, metric.id)


def _meaning_of(reading: Reading, metric: Metric) -> object:
    specs = tuple((variant.labels, _meaning(reading, variant.spec)) for variant in metric.variants)
    policies = metric.policies.model_dump_json() if metric.own_policies else ""
    return metric.type, specs, policies, metric.grain, metric.unit


def _meaning(reading: Reading, value: Any, key: str = "") -> object:
    """A value as something that can be compared, whatever its layout."""
    if isinstance(value, Input) and value.metric is not None:
        address = reading.definitions.pointed(reading.definitions.address(value.metric))
        return address.text, repr(value.where), value.offset, value.total, repr(value.unless)
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        return tuple((name, _meaning(reading, getattr(value, name), name)) for name in fields if name != "ignore")
    if isinstance(value, str):
        return parse(value).canonical if key in _SQL else value
    if isinstance(value, Mapping):
        return tuple((name, _meaning(reading, inner, key)) for name, inner in value.items())
    if isinstance(value, list | tuple):
        return tuple(_meaning(reading, inner, key) for inner in value)
    return value


RULE = Rule("SM307", "duplicate-metric", Severity.ERROR, __doc__, _check)
