"""A negation leaves out rows without a value.

Flags: `<>`, `NOT IN` and other negations in a filter over a column that may hold nothing, where nothing says what then.
Why: what is not known is neither equal nor unequal, so that the row is left out both ways; half of a table can go.
Example: `filter: "status <> 'void'"` over invoices of which many have no status.
Fix: `status IS DISTINCT FROM 'void'`, or a `default` for the column in its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from saasmetrics.expression import Node
from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.sql import nullable, written

_TOLD_APART = frozenset({"is null", "is distinct", "is true", "is false", "coalesce"})
"""Operations that have an answer where there is no value."""


def _check(reading: Reading) -> Iterator[Told]:
    definitions = reading.definitions
    for text in written(definitions):
        if not text.condition:
            continue
        asked = {name for node in text.expression.root.walk() if node.op == "is null" for name in _columns(node)}
        for node in _negations(text.expression.root):
            unasked = [name for name in _open(node) if name not in asked]
            empty = [name for name in unasked if nullable(definitions, text, name.partition(".")[0])]
            if empty:
                spelled = empty[0] if re.fullmatch(r"[a-z_][a-z0-9_.]*", empty[0]) else f'"{empty[0]}"'
                message = f"rows without `{empty[0]}` are left out, whatever is asked of it"
                hint = f"write {spelled} IS DISTINCT FROM ..., or give the column a default"
                yield Told(text.object, text.path, message, hint, offset=node.offset)


def _negations(node: Node) -> Iterator[Node]:
    """The outermost negations of a condition."""
    if node.op in ("<>", "not"):
        yield node
        return
    for arg in node.args:
        yield from _negations(arg)


def _open(node: Node) -> Iterator[str]:
    """Columns of an operation whose missing value makes the whole missing."""
    if node.op == "column":
        yield from _columns(node)
    elif node.op not in _TOLD_APART:
        for arg in node.args:
            yield from _open(arg)


def _columns(node: Node) -> Iterator[str]:
    for each in node.walk():
        if each.op == "column" and isinstance(each.value, tuple):
            yield ".".join(each.value)


RULE = Rule("SM803", "null-dropping", Severity.WARNING, __doc__, _check)
