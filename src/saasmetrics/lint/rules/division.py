"""A value is divided row by row.

Flags: `/` between columns inside the `expr` of a metric or the `value` of a workflow.
Why: the mean of quotients of rows is not the quotient of their sums, and a row that divides by nothing falls out.
Example: `metrics: {price: {event: invoice_posted, agg: average, expr: amount / lines}}`.
Fix: a `ratio` of two sums. Dividing by a number, as in `cents / 100`, is no matter.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.sql import written


def _check(reading: Reading) -> Iterator[Told]:
    for text in written(reading.definitions):
        if text.raw or text.condition or text.path[0] not in ("metrics", "workflows"):
            continue
        for node in text.expression.root.walk():
            if node.op == "/" and any(each.op == "column" for each in node.args[1].walk()):
                message = "a value is divided row by row"
                hint = "make it a ratio: the sum of one over the sum of the other"
                yield Told(text.object, text.path, message, hint, offset=node.offset)


RULE = Rule("SM806", "division", Severity.WARNING, __doc__, _check)
