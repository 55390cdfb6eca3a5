"""Retention does not say of whom.

Flags: a retention metric with an empty `cohort`.
Why: a share that came back is only comparable between groups that began together.
Example: `metrics: {back: {type: retention, cohort: }}`.
Fix: leave the key out, and accounts are grouped by when they were created; or name another beginning, such as
`cohort: {milestone: first_success}`. The reader of definitions refuses an empty one.
"""

from __future__ import annotations

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule

RULE = Rule("SM209", "no-cohort", Severity.ERROR, __doc__, told_by=("SM005",))
