"""Nobody stands for a target.

Flags: a target without `owner`. That it has a value, an operator and a day is what the reader of definitions asks for.
Why: a target without a name under it is a wish.
Example: `targets: [{metric: waa, keep: ">= 70"}]`.
Fix: `owner: product-team`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.targets import named


def _check(reading: Reading) -> Iterator[Told]:
    for number, target in enumerate(reading.definitions.targets):
        if target.owner is None:
            message = f"nobody stands for the target of `{target.metric}`"
            yield Told(named(target), ("targets", number), message, "name its owner")


RULE = Rule("SM321", "not-smart", Severity.ERROR, __doc__, _check)
