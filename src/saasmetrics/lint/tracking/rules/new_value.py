"""A segment shows a value that no bucket takes.

Flags: a segment with `buckets` and no `else`, of which more than one account in a hundred has a value that none takes.
Why: these accounts are in no line of any table, and the lines no longer add up to the total.
Example: `buckets: {small: "value = 'S'", large: "value = 'L'"}` when the export begins to say `M`.
Fix: give the value a bucket, or end the buckets with one that is `else`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.tracking.tracked import Tracked

SHARE = 0.01


def _check(tracked: Tracked) -> Iterator[Told]:
    for row in tracked.seen.buckets.iter_rows(named=True):
        if row["unnamed"] > SHARE * row["accounts"]:
            name = row["segment"]
            few = f"{row['unnamed']} of {row['accounts']} accounts"
            message = f"no bucket of `{name}` takes {few}, such as those with `{row['example']}`"
            path = ("segments", name, "buckets")
            yield Told(f"segment.{name}", path, message, "give it a bucket, or end them with else")


RULE = Rule("SM987", "new-value", Severity.WARNING, __doc__, check_tracking=_check)
