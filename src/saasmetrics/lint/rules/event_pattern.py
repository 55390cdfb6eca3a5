"""Events are chosen by a pattern.

Flags: `LIKE` over the name of events.
Why: the next event that somebody tracks may fit the pattern too, and the number changes though nobody changed it.
Example: `filter: "event LIKE 'invoice_%'"`.
Fix: list them, as in `{any: [invoice_posted, invoice_sent]}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.sql import Written, written


def _check(reading: Reading) -> Iterator[Told]:
    for text in written(reading.definitions):
        names = _names(reading.definitions, text)
        for node in text.expression.root.walk():
            columns = {str(each.value[0]) for each in node.walk() if each.op == "column" and each.value}  # type: ignore[index]  # a column has a path
            if node.op == "like" and columns & names:
                message = "events are chosen by a pattern"
                yield Told(text.object, text.path, message, "list them: {any: [...]}", offset=node.offset)


def _names(definitions: Definitions, text: Written) -> set[str]:
    """What the column of event names is called where an expression stands."""
    if text.role != "events":
        return set()
    if not text.raw:
        return {"event"}
    source = definitions.sources[str(text.path[1])]
    return {source.columns["event"].column or "event"} if "event" in source.columns else {"event"}


RULE = Rule("SM805", "event-pattern", Severity.WARNING, __doc__, _check)
