"""No number that is looked at every week says whether the product holds.

Flags: published metrics of which none that is reviewed weekly or daily tells failures, waiting or incidents.
Why: adoption falls after the product broke; without the second number the first is explained by everything else.
Example: `publish: [revenue]`.
Fix: `publish: [weekly]`, which has some, or one per core workflow: `failures_per_1000`, `load_time_p95`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.quality import tells_quality
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    often = [metric for metric in reading.answered if metric.review in ("daily", "weekly")]
    if reading.published and not any(tells_quality(reading, metric) for metric in often):
        message = "nothing that is looked at every week tells failures, waiting or incidents"
        path = ("publish",) if reading.definitions.publish else reading.spot(reading.published[0])
        yield Told("quality", path, message, "publish failures_per_1000, load_time_p95 or incident_count")


RULE = Rule("SM701", "no-quality", Severity.ERROR, __doc__, _check)
