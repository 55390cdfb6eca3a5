"""Waiting is told as a mean.

Flags: an own metric that averages the duration of requests, or any number of milliseconds or seconds.
Why: most requests are fast, and the mean follows them; people leave over the slow ones.
Example: `metrics: {load: {source: requests, agg: average, expr: duration_ms}}`.
Fix: `agg: p95`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.expression import parse
from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    for metric in reading.own:
        spec = reading.spec(metric)
        if metric.type != "simple" or spec.agg != "average":
            continue
        if metric.unit in ("ms", "seconds") or "duration_ms" in parse(spec.expr).columns:
            message = f"`{metric.id}` is a mean of waiting"
            yield Told(about(metric), reading.written(metric, "agg"), message, "write agg: p95")


RULE = Rule("SM704", "mean-latency", Severity.WARNING, __doc__, _check)
