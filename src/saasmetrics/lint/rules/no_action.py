"""A published metric does not say what is done when it goes wrong.

Flags: a published metric without an `action` for its bad direction: `down` where more is good, `up` where less is.
Why: a number that changes nothing that anybody does is not worth the time of looking at it.
Example: `metrics: {approvals: {event: invoice_approved, direction: up}}`.
Fix: `action: {down: "Call the approvers who stopped"}`, or drop the metric; a helper of others gets `publish: false`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.metric import Metric
from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told

_BAD = {"up": "down", "down": "up"}


def _check(reading: Reading) -> Iterator[Told]:
    for metric in reading.answered:
        if not _says_what(metric):
            way = _BAD.get(metric.direction)
            when = {"down": " when it falls", "up": " when it rises"}.get(way or "", "")
            message = f"nothing is said of what is done about `{metric.id}`{when}"
            hint = f'write action: {{{way or "down"}: "..."}}, or drop it'
            yield Told(about(metric), reading.spot(metric), message, hint)


def _says_what(metric: Metric) -> bool:
    """Whether there is an action for the bad direction; for a band, for either."""
    way = _BAD.get(metric.direction)
    return bool(metric.action) if way is None else way in metric.action


RULE = Rule("SM302", "no-action", Severity.ERROR, __doc__, _check)
