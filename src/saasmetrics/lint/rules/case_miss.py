"""A column differs from a known one only by capitals.

Flags: outside `sources`, a column that is one of the role's, or one that the source maps, but for the case of letters.
Why: SQL elsewhere does not care about case, here a name is a name; the column is another one, or none.
Example: `filter: "Status = 'open'"` over tickets.
Fix: spell it as the role does.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.frames.canonical import ROLES
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.sql import written


def _check(reading: Reading) -> Iterator[Told]:
    definitions = reading.definitions
    for text in written(definitions):
        if text.raw or text.role not in ROLES:
            continue
        known = {*ROLES[text.role].columns}
        known = known.union(*(source.columns for source in definitions.sources.values() if source.role == text.role))
        folded = {name.lower(): name for name in known}
        for node in text.expression.root.walk():
            name = node.value[0] if node.op == "column" and isinstance(node.value, tuple) else ""
            if name and name not in known and name.lower() in folded:
                right = folded[name.lower()]
                message = f"`{name}` is not `{right}`"
                yield Told(text.object, text.path, message, f"write {right}", offset=node.offset)


RULE = Rule("SM807", "case-miss", Severity.ERROR, __doc__, _check)
