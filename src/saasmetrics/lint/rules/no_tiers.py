"""A core workflow has no tiers.

Flags: a core workflow without `tiers`.
Why: whether an account did it once or lives in it looks the same; depth of adoption cannot be told from width.
Example: `workflows: {invoicing: {success: invoice_posted}}`.
Fix: say what basic, standard and advanced use look like, lowest first.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    for name in reading.core:
        if not reading.definitions.workflows[name].tiers:
            message = f"the core workflow `{name}` has no tiers"
            hint = "write tiers: {basic: ..., standard: ..., advanced: ...}"
            yield Told(f"workflow.{name}", ("workflows", name), message, hint)


RULE = Rule("SM110", "no-tiers", Severity.WARNING, __doc__, _check)
