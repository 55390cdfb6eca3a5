"""There is more than one North Star.

Flags: a second `north_star` of the file, or of one product.
Why: two numbers that matter most do not settle anything when they part.
Example: `north_star: mrr` in one file and `north_star: waa` in a file that it includes.
Fix: keep one, and give the other `level: core`. The language holds one address here, so that the reader refuses more.
"""

from __future__ import annotations

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule

RULE = Rule("SM102", "many-north-stars", Severity.ERROR, __doc__, told_by=("SM002", "SM005"))
