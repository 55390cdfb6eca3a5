"""A key that does nothing where it stands.

Flags: options that the block cannot honour: `by` beside `keep`, `expr` beside `agg: count`, `outcome` beside an event.
Why: an option that is ignored without an error costs more time than any other fault of a definition.
Example: `targets: [{metric: waa, keep: ">= 10", by: 2026-12-31}]`.
Fix: remove it, or write the block that it belongs to.
"""

from __future__ import annotations

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule

RULE = Rule("SM008", "idle-key", Severity.ERROR, __doc__, told_by=("SM008",))
