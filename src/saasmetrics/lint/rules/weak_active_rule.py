"""Active means being there, not getting something done.

Flags: a rule of active, for accounts or users, that a login, a session or a page view meets.
Why: people log in to look for what does not work, too; such a count falls last, when the work has
long moved elsewhere.
Example: `active: {account: user_logged_in}`.
Fix: leave the rule out, since the success of a core workflow is the default, or name what counts as work.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.blocks import Active
from saasmetrics.document import Path
from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rows import events, is_presence
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    definitions = reading.definitions
    rules: list[tuple[str, Path, Active]] = [("active", ("active",), definitions.active)]
    for name, product in definitions.products.items():
        if product.active is not None:
            rules.append((f"active.{name}", ("products", name, "active"), product.active))
    for object_, path, block in rules:
        for entity in ("account", "user"):
            present = sorted(event for event in events(definitions, getattr(block, entity)) if is_presence(event))
            if present and definitions.written.knows((*path, entity)):
                message = f"an active {entity} need only be there: `{present[0]}`"
                hint = "remove it: the default is a success in a core workflow"
                yield Told(object_, (*path, entity), message, hint)


RULE = Rule("SM205", "weak-active-rule", Severity.ERROR, __doc__, _check)
