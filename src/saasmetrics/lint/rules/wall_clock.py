"""An expression looks at the clock.

Flags: `NOW()`, `CURRENT_DATE` and their kin.
Why: the same file would give another number tomorrow, and nobody could compute last month's again.
Example: `filter: "at > NOW()"`.
Fix: `$as_of`, `$start` and `$end` are the days of the question. The gate of expressions refuses every other clock.
"""

from __future__ import annotations

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule

RULE = Rule("SM801", "wall-clock", Severity.ERROR, __doc__, told_by=("SM006",))
