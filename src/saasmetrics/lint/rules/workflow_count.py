"""There are fewer than three core workflows, or more than seven.

Flags: a file, or with several products a product, outside that range.
Why: with one or two, half of what accounts come for goes unseen; with eight, features have been taken for jobs.
Example: `workflows:` with `invoicing` alone.
Fix: list the jobs that accounts come to do; what only has to work gets `core: false`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.document import Path
from saasmetrics.finding import Severity, counted
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told

FEW, MANY = 3, 7


def _check(reading: Reading) -> Iterator[Told]:
    places: list[tuple[str, Path, int]] = []
    for name, product in reading.definitions.products.items():
        own = [workflow for workflow in product.workflows if workflow in reading.core]
        places.append((f"product.{name}", ("products", name, "workflows"), len(own)))
    for object_, path, number in places or [("workflows", ("workflows",), len(reading.core))]:
        if not FEW <= number <= MANY:
            message = f"{counted(number, 'core workflow')}: most products have {FEW} to {MANY}"
            hint = (
                "list the jobs that accounts come to do" if number < FEW else "set core: false on what must only work"
            )
            yield Told(object_, path, message, hint)


RULE = Rule("SM109", "workflow-count", Severity.NOTE, __doc__, _check)
