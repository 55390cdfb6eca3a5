"""Seats are published, and not the share of them that is used.

Flags: a published metric of seats or licences, where `seat_utilization` is not published.
Why: paid seats are a promise of use; what shrinks at renewal is the part that nobody sat on.
Example: `metrics: {seats: {type: stock, source: subscriptions, agg: sum, expr: seats}}`.
Fix: publish `seat_utilization` beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told

_SEATS = ("seats", "paid_seats", "quantity", "licences", "licenses")


def _check(reading: Reading) -> Iterator[Told]:
    if "seat_utilization" in reading.names:
        return
    for metric in reading.published:
        spec = metric.variants[0].spec if metric.variants else None
        if metric.id == "seat_expansion" or getattr(spec, "expr", None) in _SEATS:
            message = f"`{metric.id}` tells of seats, and nothing of their use"
            yield Told(about(metric), reading.spot(metric), message, "publish seat_utilization beside it")


RULE = Rule("SM207", "seats-as-usage", Severity.WARNING, __doc__, _check)
