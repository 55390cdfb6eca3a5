"""Something is said twice.

Flags: a key that stands twice in one mapping, a name that two included files define, a target that is there already.
Why: one of the two would win, and which one is not to be seen.
Example: two lines `mrr:` under `metrics`.
Fix: keep one; the hint says where the other is.
"""

from __future__ import annotations

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule

RULE = Rule("SM002", "duplicate-key", Severity.ERROR, __doc__, told_by=("SM002",))
