"""Activation ends before anything is achieved.

Flags: an activation of which no step is a success of a workflow.
Why: an account that only set things up has seen no value yet, and does not stay for the set-up.
Example: `activation: {within: 14d, steps: {taxes: taxes_saved, items: item_created, draft: invoice_drafted}}`.
Fix: add the success of a core workflow as a step, as in `posted: {workflow: invoicing}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.activations import activations
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rows import events, leaves_in
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    definitions = reading.definitions
    successes = events(definitions, tuple(block.success for block in definitions.workflows.values()))
    for object_, path, block in activations(reading):
        leaves = [leaf for rows in block.steps.values() for leaf in leaves_in(definitions, rows)]
        done = any(leaf.event in successes for leaf in leaves if leaf.event)
        if not done and not any(leaf.milestone and leaf.milestone.startswith("first_success") for leaf in leaves):
            workflow = next(iter(reading.core), "NAME")
            message = "no step of activation is the success of a workflow"
            yield Told(object_, (*path, "steps"), message, f"add a step {{workflow: {workflow}}}")


RULE = Rule("SM202", "activation-without-outcome", Severity.ERROR, __doc__, _check)
