"""A column is kept under its own name, and is nearly one of the role.

Flags: a key under `columns` that the role does not have and that looks like a slip of one it has.
Why: the role's column stays empty, and every number that reads it with it.
Example: `accounts: {path: a.csv, columns: {account: id, created: at, parnt: parent_id}}`.
Fix: spell it as the hint does, or leave it where it is meant.
"""

from __future__ import annotations

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule

RULE = Rule("SM013", "near-column", Severity.WARNING, __doc__, told_by=("SM013",))
