"""A duration is told without its slow end.

Flags: an own duration of which `stat` has neither `p90` nor a higher one.
Why: half of the accounts wait longer than the median, and those who leave are among them.
Example: `metrics: {lead: {from: order_started, to: order_received, stat: [median]}}`.
Fix: `stat: [median, p90]`, which is the default.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    for metric in reading.own:
        for variant in metric.variants if metric.type == "duration" else ():
            if not any(re.fullmatch(r"p9\d", stat) for stat in variant.spec.stat):
                message = f"`{metric.id}` tells {' and '.join(variant.spec.stat)}, and not how long the slow ones take"
                yield Told(about(metric), reading.written(metric, "stat"), message, "write stat: [median, p90]")


RULE = Rule("SM208", "median-only", Severity.WARNING, __doc__, _check)
