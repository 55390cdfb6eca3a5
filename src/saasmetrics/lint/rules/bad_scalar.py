"""A value of another kind than the key takes.

Flags: `yes` for a text, `7 days` for a duration, `0,45` for a number, a list for a mapping.
Why: YAML would guess, and a guess changes numbers without a word.
Example: `activation: {within: 7 days}`.
Fix: write it as the language has it: `7d`, `45%`, `2026-12-31`, `true`; texts that look otherwise in quotes.
"""

from __future__ import annotations

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule

RULE = Rule("SM005", "bad-scalar", Severity.ERROR, __doc__, told_by=("SM005",), fixable=True)
