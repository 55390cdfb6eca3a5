"""Nobody has held a score against what came of it.

Flags: a score of signals that no computed metric begins with: neither the lift of its signals, nor a conversion or a
retention of accounts from the day on which they qualify. A score of parts has no such day, and is not looked at.
Why: signals that were agreed upon in a meeting are opinions; some of them point the wrong way.
Example: a score of qualified accounts that pay as often as all others.
Fix: publish `signal_lift`, or a conversion with `entry: {milestone: NAME}`, and keep the signals that have lift.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    for name, score in reading.definitions.scores.items():
        if score.signals and evidence.tested is not None and name not in evidence.tested:
            message = f"the score `{name}` was never held against what came of it"
            hint = "publish the lift of its signals, or what accounts that qualify go on to do"
            yield Told(f"score.{name}", ("scores", name), message, hint)


RULE = Rule("SM212", "untested-score", Severity.NOTE, __doc__, check_values=_check)
