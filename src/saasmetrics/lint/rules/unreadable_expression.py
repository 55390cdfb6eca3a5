"""An expression that cannot be read, or that the language refuses.

Flags: SQL that does not parse, and functions, sub-queries and clocks that are not part of the language.
Why: only what computes alike on every engine, today and next year, is let in.
Example: `filter: "amount > "`.
Fix: the place is that of the first word that is not understood; the hint says what is there instead.
"""

from __future__ import annotations

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule

RULE = Rule("SM006", "unreadable-expression", Severity.ERROR, __doc__, told_by=("SM006",))
