"""The qualification of accounts has too few signals, or too many.

Flags: a score with `signals` that has fewer than four of them, or more than six.
Why: with two or three a single habit qualifies everybody; with eight nobody can say why an account was called.
Example: `scores: {pqa: {at_least: 1, signals: {activated: {milestone: activated}}}}`.
Fix: keep four to six that have lift, as `signal_lift` shows.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity, counted
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told

FEW, MANY = 4, 6


def _check(reading: Reading) -> Iterator[Told]:
    for name, score in reading.definitions.scores.items():
        number = len(score.signals)
        if score.signals and not FEW <= number <= MANY:
            message = f"the score `{name}` has {counted(number, 'signal')}: {FEW} to {MANY} can be explained"
            path = ("scores", name, "signals")
            yield Told(f"score.{name}", path, message, "keep those with lift, see signal_lift")


RULE = Rule("SM211", "scoreless-pqa", Severity.WARNING, __doc__, _check)
