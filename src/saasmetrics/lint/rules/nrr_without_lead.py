"""Retention of revenue is watched, and nothing that comes before it.

Flags: published metrics of retained revenue, of which none names a leading metric under `drivers`.
Why: what was lost this month was decided months ago, by use that fell and tickets that went unanswered.
Example: `metrics: {nrr: {}}`.
Fix: `drivers: [health_score, waa, tickets_per_100]` on one of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.metric import Metric
from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    retained = [m for m in reading.published if m.type == "net_retention" and not reading.spec(m).lost]
    if retained and not any(_is_led(reading, metric) for metric in retained):
        metric = next((m for m in retained if m.id == "nrr"), retained[0])
        message = f"`{metric.id}` names no driver that moves before it"
        hint = "name use, health or tickets under its drivers"
        yield Told(about(metric), reading.written(metric, "drivers"), message, hint)


def _is_led(reading: Reading, metric: Metric) -> bool:
    definitions = reading.definitions
    return any(definitions.about(definitions.address(driver)).timing == "leading" for driver in metric.drivers)


RULE = Rule("SM609", "nrr-without-lead", Severity.WARNING, __doc__, _check)
