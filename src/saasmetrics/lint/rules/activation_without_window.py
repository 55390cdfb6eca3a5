"""Activation has no window.

Flags: an `activation` without `within`.
Why: without a window every account is activated some day, and last month can never be compared with this one.
Example: `activation: {steps: {posted: {workflow: invoicing}}}`.
Fix: set `within: 7d`, `14d` or `30d`. The reader of definitions asks for it.
"""

from __future__ import annotations

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule

RULE = Rule("SM203", "activation-without-window", Severity.ERROR, __doc__, told_by=("SM007",))
