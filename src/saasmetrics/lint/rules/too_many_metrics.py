"""More numbers are published than a company can act on.

Flags: more than 15 metrics that are reviewed weekly, or more than 40 in all; `lint.limits` sets other numbers.
Why: in a meeting about thirty numbers the one that matters gets two minutes.
Example: `publish: [all]`.
Fix: demote what is only watched to `level: supporting`, retire what nobody missed, or publish a smaller bundle.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    limits, pointers = reading.definitions.lint.limits, {m.id for m in reading.published if m.pointers}
    weekly = [metric.id for metric in reading.published if metric.review == "weekly"]
    counts = [
        ("weekly", len(weekly), limits.weekly, "metrics are reviewed weekly", "demote some to level: supporting"),
        ("total", len(reading.names - pointers), limits.total, "metrics are published", "publish fewer"),
    ]
    for name, number, limit, what, hint in counts:
        if number > limit:
            path = (
                ("lint", "limits", name)
                if reading.definitions.written.knows(("lint", "limits", name))
                else ("publish",)
            )
            message = f"{number} {what}, the limit is {limit}"
            yield Told(f"limit.{name}", path, message, f"{hint}, or set lint.limits.{name}")


RULE = Rule("SM304", "too-many-metrics", Severity.WARNING, __doc__, _check)
