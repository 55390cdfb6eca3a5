"""Which metrics tell whether the product holds: failures, waiting, incidents."""

from __future__ import annotations

from saasmetrics.definitions.metric import Metric
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.walk import found
from saasmetrics.lint.reading import Reading

_FAILURES = frozenset({"workflow_failures", "failures_per_1000"})


def tells_quality(reading: Reading, metric: Metric) -> bool:
    """Whether a metric reads requests or incidents, or counts failures of a workflow."""
    if reading.roles(metric) & {"requests", "incidents"}:
        return True
    names = {name for kind, name in reading.under(metric) if kind == "metric"}
    if names & _FAILURES:
        return True
    metrics = reading.definitions.metrics
    specs = tuple(variant.spec for name in names if name in metrics for variant in metrics[name].variants)
    failures = {block.failure for block in reading.definitions.workflows.values() if block.failure is not None}
    return any(rows.outcome == "failure" or rows.rows in failures for _, rows in found(Rows, specs))
