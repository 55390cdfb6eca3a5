"""A name of something that does not exist.

Flags: a metric, segment, workflow, feature, source, team or score that is named and nowhere defined.
Why: a number that rests on nothing would be silently empty.
Example: `settings: {segments: [plan]}` where no segment `plan` is declared.
Fix: take the name that the hint offers, or define it.
"""

from __future__ import annotations

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule

RULE = Rule("SM003", "unresolved-reference", Severity.ERROR, __doc__, told_by=("SM003",), fixable=True)
