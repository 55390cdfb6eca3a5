"""Nobody has held a score against what came of it.

Flags: a score that is not among those which were tried on past churn or expansion.
Why: weights that were agreed upon in a meeting are opinions; some of them point the wrong way.
Example: a `health_score` whose red accounts stay as often as its green ones.
Fix: run `saasmetrics drivers` on what the score is to foresee, and keep the parts that have lift.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    for name in reading.definitions.scores:
        if evidence.tested is not None and name not in evidence.tested:
            message = f"the score `{name}` was never held against what came of it"
            yield Told(f"score.{name}", ("scores", name), message, "run saasmetrics drivers, and keep what has lift")


RULE = Rule("SM212", "untested-score", Severity.NOTE, __doc__, check_values=_check)
