"""A conversion counts every entry of the same one.

Flags: a conversion with `counting: entries`.
Why: whoever tries five times is five tries; a rate of people turns into one of clicks, and one busy
account bends it.
Example: `metrics: {tried: {steps: {...}, within: 2d, counting: entries}}`.
Fix: leave `counting` out, so that an account, user or run counts once in a period.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    for metric in reading.own:
        if metric.type == "conversion" and reading.spec(metric).counting == "entries":
            message = f"`{metric.id}` counts an entity once for every entry"
            yield Told(about(metric), reading.written(metric, "counting"), message, "remove counting")


RULE = Rule("SM503", "rate-over-100", Severity.WARNING, __doc__, _check)
