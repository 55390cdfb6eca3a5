"""Recurring revenue is told without what moved it.

Flags: published `mrr` or `arr` where new, expansion, contraction and churned revenue are not all published.
Why: revenue that grows by ten may have won eleven and lost one, or won fifty and lost forty.
Example: `metrics: {mrr: {}}`.
Fix: `publish: [revenue]`, or name the four movements; an own metric of type movement counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told

PARTS = {"new": "new_mrr", "expansion": "expansion_mrr", "contraction": "contraction_mrr", "churn": "churned_mrr"}


def _check(reading: Reading) -> Iterator[Told]:
    metric = next((m for m in reading.published if m.id in ("mrr", "arr")), None)
    if metric is None:
        return
    told = {reading.spec(other).part for other in reading.published if other.type == "movement"}
    lacking = [name for part, name in PARTS.items() if part not in told]
    if lacking:
        message = f"`{metric.id}` is published without {', '.join(lacking)}"
        yield Told(about(metric), reading.spot(metric), message, "publish what moves it, as in publish: [revenue]")


RULE = Rule("SM603", "mrr-without-movement", Severity.WARNING, __doc__, _check)
