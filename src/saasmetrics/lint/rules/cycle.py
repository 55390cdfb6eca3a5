"""Definitions that are made of each other.

Flags: metrics, scores, milestones or workflows that lead back to themselves through their inputs or rows.
Why: none of them has a first value.
Example: `net: {expr: gross - lost}` and `gross: {expr: net + lost}`.
Fix: define one of them by rows, or by inputs outside the loop.
"""

from __future__ import annotations

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule

RULE = Rule("SM004", "cycle", Severity.ERROR, __doc__, told_by=("SM004",))
