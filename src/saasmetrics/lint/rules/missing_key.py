"""Something that is needed is missing.

Flags: a block without the key that it cannot do without: a workflow without `success`, a target without `by`.
Why: a default would be a guess about the business.
Example: `workflows: {invoicing: {attempt: invoice_started}}`.
Fix: write the key that the message names.
"""

from __future__ import annotations

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule

RULE = Rule("SM007", "missing-key", Severity.ERROR, __doc__, told_by=("SM007",))
