"""A target's day has passed.

Flags: a target whose `by` lies before today, as the caller of the rules has it.
Why: a list of what was once wanted hides what is wanted now, and nobody has said how it ended.
Example: `targets: [{metric: waa, reach: ">= 70", by: 2024-12-31}]`.
Fix: write down how it ended where you keep such things, and remove it, or set the next one.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.targets import named


def _check(reading: Reading) -> Iterator[Told]:
    for number, target in enumerate(reading.definitions.targets):
        if reading.today is not None and target.by is not None and target.by < reading.today:
            message = f"the target of `{target.metric}` was due on {target.by}"
            path = ("targets", number, "by")
            yield Told(named(target), path, message, "write down how it ended, and remove it", value=True)


RULE = Rule("SM323", "stale-target", Severity.WARNING, __doc__, _check)
