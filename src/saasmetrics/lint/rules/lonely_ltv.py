"""Lifetime value is one number for everybody.

Flags: a published `ltv` or `ltv_cac`, or an own formula over them, that no segment splits.
Why: it is revenue times margin over churn, three means; accounts that leave at once and those that never leave have a
mean life that none of them lives.
Example: `metrics: {ltv: {segments: []}}`.
Fix: split it by plan and channel, `segments: [plan, channel]`, and look at the smallest.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.splitting import splitting


def _check(reading: Reading) -> Iterator[Told]:
    for metric in reading.reading_of(frozenset({"ltv"})):
        if not splitting(reading, metric, metric.segments):
            able = splitting(reading, metric, reading.definitions.segments)
            hint = f"name {' and '.join(able[:2])} under its segments" if able else "declare segments: plan and channel"
            message = f"`{metric.id}` is one number for all accounts"
            yield Told(about(metric), reading.written(metric, "segments"), message, hint)


RULE = Rule("SM605", "lonely-ltv", Severity.WARNING, __doc__, _check)
