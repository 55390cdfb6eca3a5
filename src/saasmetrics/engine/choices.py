"""Choices of formula that a number was made under, and the one choice that a metric cannot make for itself."""

from __future__ import annotations

from saasmetrics.definitions.answering import policies_read
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.metric import Metric
from saasmetrics.definitions.policies import Policies


def knobs(definitions: Definitions, metric: Metric) -> dict[str, str]:
    """Policies that a metric reads and that are not at their default, as they are written."""
    read = policies_read(definitions, metric)
    defaults = Policies()
    changed = {name: getattr(metric.policies, name) for name in sorted(read)}
    return {name: _shown(value) for name, value in changed.items() if value != getattr(defaults, name)}


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return str(getattr(value, "text", value))


def not_computed(definitions: Definitions, metric: Metric) -> str | None:
    """Why a metric has no number under the policies in force; None when it has."""
    if metric.policies.account != definitions.policies.account:
        return "policy `account` is one for the whole file"
    return None
