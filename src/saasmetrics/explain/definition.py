"""A metric's definition as it came to be: catalogue and file merged, references filled, defaults said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saasmetrics.definitions.governance import GOVERNANCE
from saasmetrics.definitions.metric import TOTAL, Metric, Variant
from saasmetrics.explain.notation import block, plain

_SAID_ELSEWHERE = GOVERNANCE | {"family", "type"}


def resolved(metric: Metric, labels: tuple[str, ...]) -> str:
    """The text of a definition, `labels` chosen where it fans out.

    Edges: with several variants and no label to tell them apart it is the common text, with its references. Values
    that nobody wrote are marked as defaults.
    """
    named = [each for each in chosen(metric, labels) if TOTAL not in each.labels]
    return _filled(metric, named[0]) if len(named) == 1 else _shared(metric)


def chosen(metric: Metric, labels: tuple[str, ...]) -> tuple[Variant, ...]:
    """The variants that an address whose first labels are these leaves."""
    return tuple(each for each in metric.variants if each.labels[: len(labels)] == labels)


def variants(metric: Metric) -> tuple[str, ...]:
    """The labels of the variants, as the addresses write them."""
    return tuple(".".join(each.labels) for each in metric.variants if each.labels and TOTAL not in each.labels)


def _shared(metric: Metric) -> str:
    """What all variants have in common: the keys before their references are filled in."""
    keys = {key: plain(value) for key, value in metric.written.items() if key not in _SAID_ELSEWHERE}
    typed = {"type": metric.type} if metric.type not in ("pointer", "") else {}
    return block({**typed, **keys, **_meant(metric)})


def _meant(metric: Metric) -> dict[str, Any]:
    return {"grain": metric.grain.value, "unit": metric.unit}


def _filled(metric: Metric, variant: Variant) -> str:
    said: dict[str, Any] = {"type": metric.type}
    unsaid: dict[str, Any] = {}
    for name, field in type(variant.spec).model_fields.items():
        key, value = field.alias or name.rstrip("_"), plain(getattr(variant.spec, name))
        if key == "type" or value is None:
            continue
        if key in metric.written:
            said[key] = value
        elif value not in (False, [], {}):
            unsaid[key] = value
    for key, value in _meant(metric).items():
        (said if key in metric.written else unsaid)[key] = value
    if metric.own_policies:
        said["policies"] = {name: plain(getattr(metric.policies, name)) for name in sorted(metric.own_policies)}
    return "\n".join([block(said), *_defaults(unsaid)])


def _defaults(keys: Mapping[str, Any]) -> list[str]:
    lines = [block({key: value}) for key, value in keys.items()]
    margin = max((len(line) for line in lines if "\n" not in line and len(line) <= 40), default=0)
    return [line if "\n" in line else f"{line:<{margin}}  # default" for line in lines]
