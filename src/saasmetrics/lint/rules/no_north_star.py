"""The file names no North Star.

Flags: a file without `north_star`; with several products, a product without one.
Why: without one number that stands for value delivered, every team improves its own and nobody can say what for.
Example: `publish: [weekly]`, and `north_star` is nowhere.
Fix: choose the success of one core workflow, as in `north_star: workflow_successes.invoicing`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    definitions, core = reading.definitions, [*reading.core, "NAME"]
    hint = "write north_star: workflow_successes.{}"
    if not definitions.products and not reading.stars:
        yield Told("file", (), "the file names no North Star", hint.format(core[0]))
    for name, product in definitions.products.items():
        if product.north_star is None:
            first = next(iter(product.workflows), "NAME")
            yield Told(
                f"product.{name}", ("products", name), f"the product `{name}` has no North Star", hint.format(first)
            )


RULE = Rule("SM101", "no-north-star", Severity.ERROR, __doc__, _check)
