"""Units of time: how many milliseconds one of a metric's unit has."""

from __future__ import annotations

from saasmetrics.definitions.scope import Scope

MILLISECONDS = {
    "ms": 1,
    "seconds": 1_000,
    "minutes": 60_000,
    "hours": 3_600_000,
    "days": 86_400_000,
    "weeks": 604_800_000,
}


def per_millisecond(scope: Scope) -> float:
    """What one millisecond is worth in the unit of the metric that owns the scope; days unless it says otherwise."""
    metric = scope.definitions.metrics.get(scope.owner)
    unit = metric.unit if metric is not None else "days"
    return 1.0 / MILLISECONDS.get(unit, MILLISECONDS["days"])
