"""Tickets are counted, and not against the work that was done.

Flags: an own count of tickets, where no published ratio divides tickets by anything.
Why: tickets grow with the company. Whether the product hurts more is told by tickets for the same amount of work.
Example: `metrics: {tickets: {source: tickets}}`.
Fix: publish `tickets_per_100` beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    if any(metric.type == "ratio" and "tickets" in reading.roles(metric) for metric in reading.published):
        return
    for metric in reading.own:
        counting = metric.type in ("simple", "stock") and reading.spec(metric).agg == "count"
        if counting and metric.publish and reading.roles(metric) == {"tickets"}:
            message = f"`{metric.id}` counts tickets, and nothing divides them by the work that was done"
            yield Told(about(metric), reading.spot(metric), message, "publish tickets_per_100 beside it")


RULE = Rule("SM703", "tickets-alone", Severity.WARNING, __doc__, _check)
