"""Activation is too easy.

Flags: an activation of fewer than three steps, or with a step that is a sign-up or a login.
Why: what nearly everybody does tells nothing about who will stay.
Example: `activation: {within: 14d, steps: {in: user_logged_in, posted: {workflow: invoicing}}}`.
Fix: ask for the set-up, for the first thing that is created, and for a core workflow done from end to end.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity, counted
from saasmetrics.lint.activations import activations
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rows import is_arrival, is_sign_up, leaves
from saasmetrics.lint.rule import Rule, Told

FEW = 3


def _check(reading: Reading) -> Iterator[Told]:
    definitions = reading.definitions
    for object_, path, block in activations(reading):
        if len(block.steps) < FEW:
            message = f"activation has {counted(len(block.steps), 'step')}"
            yield Told(object_, (*path, "steps"), message, "add the set-up, or the first thing that is created")
        for name, rows in block.steps.items():
            for leaf in leaves(definitions, rows):
                if is_sign_up(definitions, leaf) or (leaf.event is not None and is_arrival(leaf.event)):
                    message = f"the step `{name}` of activation is only an arrival"
                    yield Told(object_, (*path, "steps", name), message, "name what the account set up or did")
                    break


RULE = Rule("SM201", "trivial-activation", Severity.ERROR, __doc__, _check)
