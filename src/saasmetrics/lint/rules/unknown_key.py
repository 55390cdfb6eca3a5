"""A key that the language does not have.

Flags: a key that no block of that kind takes.
Why: a key that is skipped in silence looks like a choice that was made; the number does not follow it.
Example: `workflows: {invoicing: {succes: invoice_posted}}`.
Fix: take the key that the hint names, or remove the line.
"""

from __future__ import annotations

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule

RULE = Rule("SM001", "unknown-key", Severity.ERROR, __doc__, told_by=("SM001",), fixable=True)
