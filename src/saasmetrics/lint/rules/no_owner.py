"""Nobody owns a published metric.

Flags: a published metric, or an address with governance of its own, without `owner` and without `team`.
Why: what everybody watches nobody acts on.
Example: `metrics: {approvals: {event: invoice_approved}}`.
Fix: `team: [product]`, whose owner then owns it, or `owner:` a person or group.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    for metric in reading.answered:
        if metric.owner is None:
            hint = "write team: [...], or owner:"
            yield Told(about(metric), reading.spot(metric), f"nobody owns `{metric.id}`", hint)


RULE = Rule("SM301", "no-owner", Severity.ERROR, __doc__, _check)
