"""Choices of formula that are computed; a metric that reads another one has no number rather than a wrong one."""

from __future__ import annotations

from collections.abc import Mapping

from saasmetrics.definitions.answering import policies_read, types_under
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.metric import Metric
from saasmetrics.definitions.policies import Policies

ANY = None
COMPUTED: Mapping[str, tuple[str, ...] | None] = {
    "account": ANY,
    "discounts": ANY,
    "fx": ANY,
    "recurring_from": ANY,
    "usage": ANY,
    "usage_months": ANY,
    "mrr_statuses": ANY,
    "end_inclusive": ANY,
    "movement_grain": ANY,
    "churn_at": ANY,
    "reactivation_window": ANY,
    "retention": ANY,
    "reactivation_in_net": ANY,
    "churn_annualised": ANY,
    "window_anchor": ANY,
    "entry": ANY,
    "ties": ANY,
    "exclusion": ANY,
    "funnel_by": ANY,
    "immature": ANY,
    "came_back": ANY,
    "cohort_clock": ANY,
    "cohort_average": ANY,
    "grace": ANY,
    "order": ANY,
    "tiers": ANY,
    "tier_memory": ANY,
    "rolling": ANY,
    "stickiness_days": ANY,
    "feature_uses": ANY,
    "feature_days": ANY,
    "lifecycle_new": ANY,
    "trend_drop": ANY,
    "trend_weeks": ANY,
    "trend_floor": ANY,
    "session_gap": ANY,
    "self_serve_within": ANY,
    "business_hours": ANY,
    "missing": ANY,
    "min_coverage": ANY,
}
"""Policies with values beside the default that are computed."""

ONLY_DEFAULT: Mapping[str, frozenset[str]] = {
    "client_errors": frozenset(),
}
"""Policies whose default alone is computed, with the types that they would change (empty: every type that reads
them). Those that are listed nowhere change only metrics that are not computed at all."""


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
    """Why a metric has no number under the policies in force; None when all it reads is computed."""
    types = frozenset(types_under(definitions, metric))
    defaults = Policies()
    if metric.policies.account != definitions.policies.account:
        return "policy `account` is one for the whole file"
    for name in sorted(policies_read(definitions, metric)):
        value = getattr(metric.policies, name)
        if value == getattr(defaults, name) or not _changes(name, value, types):
            continue
        return f"policy `{name}: {_shown(value)}` is read, and not computed by this version"
    return None


def _changes(name: str, value: object, types: frozenset[str]) -> bool:
    """Whether a value beside the default would change a metric of these types, and is not computed."""
    if name in COMPUTED:
        known = COMPUTED[name]
        return known is not ANY and value not in known
    return name in ONLY_DEFAULT and (not ONLY_DEFAULT[name] or bool(ONLY_DEFAULT[name] & types))
