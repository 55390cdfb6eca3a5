"""Attempts and outcomes of a workflow share no id.

Flags: a workflow with an `attempt` and without `run`.
Why: attempt and outcome are then matched by time, for each account and user, which mistakes runs that overlap.
Example: `workflows: {invoicing: {attempt: invoice_started, success: invoice_posted, within: 24h}}`.
Fix: `run: invoice_id`, the column that both rows carry.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    for name, block in reading.definitions.workflows.items():
        if block.attempt is not None and block.run is None:
            message = f"the workflow `{name}` names no `run`: attempt and outcome are matched by time"
            hint = "name the column that both rows carry as `run`"
            yield Told(f"workflow.{name}", ("workflows", name), message, hint)


RULE = Rule("SM108", "unmatched-outcome", Severity.WARNING, __doc__, _check)
