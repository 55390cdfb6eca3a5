"""Formulas of metrics taken apart: what each input is multiplied by, where the formula is no more than that."""

from __future__ import annotations

from collections.abc import Mapping

from saasmetrics.definitions.inputs import ResolvedInput
from saasmetrics.definitions.metric import Metric
from saasmetrics.expression import Node, parse
from saasmetrics.lint.reading import Reading

CONSTANT = ""
"""The name under which what is added without an input stands."""


def shares(formula: str) -> dict[str, float] | None:
    """By input, what it is multiplied by before all are added; null for a formula that does anything else."""
    return _linear(parse(formula).root)


def _linear(node: Node) -> dict[str, float] | None:
    if node.op == "number":
        return {CONSTANT: float(str(node.value))}
    if node.op == "column" and isinstance(node.value, tuple):
        return {node.value[0]: 1.0}
    parts = [_linear(arg) for arg in node.args]
    if None in parts or not parts:
        return None
    first, second = ((part or {}) for part in (parts * 2)[:2])
    if node.op == "neg":
        return _times(first, -1.0)
    if node.op in ("+", "-"):
        return _added(first, _times(second, 1.0 if node.op == "+" else -1.0))
    if node.op == "*" and set(first) == {CONSTANT}:
        return _times(second, first[CONSTANT])
    if set(second) == {CONSTANT} and second[CONSTANT] and node.op in ("*", "/"):
        return _times(first, second[CONSTANT] if node.op == "*" else 1 / second[CONSTANT])
    return None


def _times(terms: Mapping[str, float], factor: float) -> dict[str, float]:
    return {name: value * factor for name, value in terms.items()}


def _added(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in dict.fromkeys([*one, *other])}


def inputs(reading: Reading, metric: Metric) -> dict[str, ResolvedInput]:
    """The inputs of a formula by the names that it gives them."""
    scope = reading.definitions.scope(metric.id)
    return {name: scope.input(given) for name, given in reading.spec(metric).inputs().items()}
