"""Activity is told for users and not for accounts.

Flags: published metrics of active users, where neither active nor returning accounts are published beside them.
Why: accounts pay. Users may come and go while the account stays, and stay busy in one while ten others leave.
Example: `metrics: {busy: {type: active, entity: user}}` with no metric of accounts.
Fix: publish `waa`, or `cohort_retention`, beside them.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told

_MEASURES = ("count", "trend", "lifecycle")


def _check(reading: Reading) -> Iterator[Told]:
    metrics = [metric for metric in reading.published if metric.type in ("active", "retention")]
    counting = [metric for metric in metrics if getattr(reading.spec(metric), "measure", "count") in _MEASURES]
    if any(reading.spec(metric).entity == "account" for metric in counting):
        return
    for metric in counting:
        message = f"`{metric.id}` is about users, and no such metric is about accounts"
        yield Told(about(metric), reading.spot(metric), message, "publish waa beside it")


RULE = Rule("SM204", "user-only-retention", Severity.ERROR, __doc__, _check)
