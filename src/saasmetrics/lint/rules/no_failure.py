"""A workflow does not say what failing looks like.

Flags: a workflow with an `attempt` and without `failure`.
Why: a run that fails is then told apart from one that was given up only by waiting, and nobody learns the reason.
Example: `workflows: {invoicing: {attempt: invoice_started, success: invoice_posted, run: invoice_id}}`.
Fix: `failure: invoice_post_failed`, and `reason:` the column that says why.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    for name, block in reading.definitions.workflows.items():
        if block.attempt is not None and block.failure is None:
            message = f"the workflow `{name}` names no failure"
            hint = "name the event of a failed run as `failure`, and its cause as `reason`"
            yield Told(f"workflow.{name}", ("workflows", name), message, hint)


RULE = Rule("SM107", "no-failure", Severity.WARNING, __doc__, _check)
