"""`IS TRUE` and `IS FALSE` are used.

Flags: `IS TRUE`, `IS NOT TRUE`, `IS FALSE` and `IS NOT FALSE`.
Why: readers take `x IS NOT TRUE` for `x = FALSE`, and it also holds where nothing is known.
Example: `filter: "is_test IS NOT TRUE"`.
Fix: `is_test IS DISTINCT FROM TRUE` where the unknown belong in, `NOT is_test` where they do not.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.sql import written


def _check(reading: Reading) -> Iterator[Told]:
    for text in written(reading.definitions):
        for node in text.expression.root.walk():
            if node.op in ("is true", "is false"):
                word = node.op.split()[1].upper()
                subject = node.args[0].spelled.strip("`") if node.args[0].op == "column" else "..."
                message = f"`IS {word}`: say whether rows without a value belong in"
                hint = f"write {subject} IS DISTINCT FROM {word}, or {subject} = {word}"
                yield Told(text.object, text.path, message, hint, offset=node.offset)


RULE = Rule("SM804", "is-true", Severity.NOTE, __doc__, _check)
