"""A date is compared as a text.

Flags: a column compared with a text in quotes that looks like a date or a time.
Why: where the column is a text as well, letters are compared; `'2026-1-5'` then comes after `'2026-12-01'`.
Example: `filter: "opened >= '2026-01-01'"`.
Fix: `DATE '2026-01-01'`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.sql import written

_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([ T].*)?")
_COMPARED = frozenset({"=", "<>", "<", "<=", ">", ">=", "in", "is distinct"})


def _check(reading: Reading) -> Iterator[Told]:
    for text in written(reading.definitions):
        for node in text.expression.root.walk():
            if node.op not in _COMPARED or not any(arg.op == "column" for arg in node.args):
                continue
            for arg in node.args:
                if arg.op == "text" and _DATE.fullmatch(str(arg.value)):
                    message = f"{arg.spelled} is a text, not a date"
                    hint = f"write {'TIMESTAMP' if len(str(arg.value)) > 10 else 'DATE'} {arg.spelled}"
                    yield Told(text.object, text.path, message, hint, offset=arg.offset)


RULE = Rule("SM802", "text-date", Severity.ERROR, __doc__, _check)
