"""Only one side of churn is told, or it is not said which.

Flags: `nrr` without `grr`, or one of `gross_revenue_churn` and `net_revenue_churn` without the other; an own metric of
what is lost whose name says churn and neither logo nor revenue.
Why: expansion of a few hides the loss of many in the net number; the gross one alone hides what accounts grow into.
Example: `metrics: {nrr: {}, churn: {type: net_retention, of: mrr, lost: true}}`.
Fix: publish the pair, and name your own `logo_churn_...`, `gross_churn_...` or `net_churn_...`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told

_PAIRS = (("nrr", "grr"), ("gross_revenue_churn", "net_revenue_churn"))
_NAMED = re.compile(r"(^|_)(logos?|accounts?|revenue|mrr|arr|money|gross|net)(_|$)")


def _check(reading: Reading) -> Iterator[Told]:
    published = {metric.id: metric for metric in reading.published}
    for pair in _PAIRS:
        there = [name for name in pair if name in published]
        if len(there) == 1:
            other = next(name for name in pair if name not in there)
            metric = published[there[0]]
            message = f"`{metric.id}` is one side of what is kept and lost"
            yield Told(about(metric), reading.spot(metric), message, f"publish {other} beside it")
    for metric in reading.own:
        if metric.type == "net_retention" and "churn" in metric.id and not _NAMED.search(metric.id):
            message = f"`{metric.id}` does not say whether accounts or revenue are lost, and how much of it comes back"
            hint = "call it logo, gross or net churn"
            yield Told(about(metric), reading.spot(metric), message, hint)


RULE = Rule("SM604", "one-sided-churn", Severity.WARNING, __doc__, _check)
