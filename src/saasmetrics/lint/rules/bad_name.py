"""A name that is taken, or is no name.

Flags: names with capitals, blanks or dots, and names that mean something else already.
Why: addresses are made of names; one that is ambiguous could name two numbers.
Example: `workflows: {core: {success: invoice_posted}}`.
Fix: small letters, digits and `_`, a letter first, and another name where it is taken.
"""

from __future__ import annotations

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule

RULE = Rule("SM012", "bad-name", Severity.ERROR, __doc__, told_by=("SM012",))
