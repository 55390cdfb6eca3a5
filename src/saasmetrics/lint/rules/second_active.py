"""A metric has a rule of active of its own.

Flags: an own metric of active accounts or users, or of retention, with a `rule`; a distinct count of accounts or users.
Why: two rules of active make two numbers of one name, and meetings about which of them is true.
Example: `metrics: {actives: {event: invoice_posted, agg: count_distinct, expr: account}}`.
Fix: leave `rule` out, so that `active.account` or `active.user` holds; of one workflow, use `waa.WORKFLOW`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told

_MEASURES = ("count", "trend", "lifecycle", "silent")
_LOGS = ("event", "workflow", "feature", "any")


def _check(reading: Reading) -> Iterator[Told]:
    for metric in reading.own:
        spec = reading.spec(metric)
        if metric.type in ("active", "retention") and spec.rule is not None:
            if getattr(spec, "measure", "count") in _MEASURES:
                message = f"`{metric.id}` has a rule of active of its own"
                hint = f"remove it, so that active.{'user' if spec.entity != 'account' else 'account'} holds"
                yield Told(about(metric), reading.written(metric, "rule"), message, hint)
        elif metric.type == "simple" and spec.form in _LOGS and spec.agg == "count_distinct":
            if spec.expr not in ("account", "user"):
                continue
            message = f"`{metric.id}` counts {spec.expr}s that did something: a second rule of active"
            hint = f"use {'waa' if spec.expr == 'account' else 'wau'}, or type: active without a rule"
            yield Told(about(metric), reading.spot(metric), message, hint)


RULE = Rule("SM206", "second-active", Severity.WARNING, __doc__, _check)
