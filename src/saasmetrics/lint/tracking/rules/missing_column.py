"""A column that a definition reads is in no file of the log.

Flags: a run, a reason, a value or a column of a filter that no source of events has.
Why: what reads it is empty from then on: runs that cannot be matched, values of nothing.
Example: `workflows: {invoicing: {run: invoice_id}}` over an export that calls it `invoice`.
Fix: name the column as it stands there, or map it under `columns` of the source.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.tracking.tracked import Tracked


def _check(tracked: Tracked) -> Iterator[Told]:
    there = tracked.seen.columns
    told: set[tuple[str, object]] = set()
    for event, columns in tracked.plan.columns.items():
        for column, path in columns.items():
            if there is None or column in there or (column, path) in told:
                continue
            told.add((column, path))
            message = f"no log of events has the column `{column}`{tracked.reaches(event)}"
            yield Told(f"event.{event}.{column}", path, message, "map it in the source, or name it as it stands there")


RULE = Rule("SM983", "missing-column", Severity.ERROR, __doc__, check_tracking=_check)
