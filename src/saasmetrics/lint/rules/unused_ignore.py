"""An `ignore` that keeps nothing quiet.

Flags: a rule or a family under `ignore` that found nothing there, and a code that no rule has.
Why: a suppression that outlived its reason hides the next fault of that kind.
Example: `mrr: {ignore: {SM302: "the board decides"}}` on a metric that has an action.
Fix: remove the line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.suppression import Suppression


def stale(suppression: Suppression, ran: Iterable[Rule], known: Iterable[str], *, strange: bool) -> Iterator[Told]:
    """What the ignores of a file did not do, once the rules have run; with `strange`, also codes that no rule has."""
    for path, code, exists in suppression.stale(ran, known):
        if not exists and not strange:
            continue
        node = ".".join(map(str, path[:-2])) or "the file"
        message = f"`{code}` is ignored on {node}, where it finds nothing" if exists else f"there is no rule `{code}`"
        yield Told(f"ignore.{node}.{code}", path, message, "remove it")


RULE = Rule("SM010", "unused-ignore", Severity.WARNING, __doc__, fixable=True)
