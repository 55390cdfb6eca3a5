"""An own metric has no level, or no timing.

Flags: an own metric, published, without `level` or without `timing`.
Why: the level says how often it is reviewed and what it may displace; the timing whether it can still be acted on. What
nobody said is taken to be supporting and leading.
Example: `metrics: {approvals: {event: invoice_approved, team: [product]}}`.
Fix: `level: core`, `supporting` or `operational`, and `timing: leading` or `lagging`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told

_HINTS = {"level": "level: core, supporting or operational", "timing": "timing: leading or lagging"}

_HINTS = {"level": "level: core, supporting or operational", "timing": "timing: leading or lagging"}


def _check(reading: Reading) -> Iterator[Told]:
    for metric in reading.own:
        stars = {star.partition(".")[0] for star in reading.stars.values()}
        lacking = [key for key in ("level", "timing") if key not in metric.written]
        if metric.id in stars and "level" in lacking:
            lacking.remove("level")
        if lacking and metric.publish:
            keys = " and no ".join(lacking)
            message = f"`{metric.id}` has no {keys}"
            hint = f"write {' and '.join(_HINTS[key] for key in lacking)}"
            yield Told(about(metric), reading.spot(metric), message, hint)


RULE = Rule("SM305", "no-level", Severity.WARNING, __doc__, _check)
