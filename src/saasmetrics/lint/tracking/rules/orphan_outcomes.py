"""Runs of a workflow succeed that nobody began.

Flags: a workflow of whose runs that succeeded in the last four complete weeks more than one in twenty has no attempt;
twenty successes are needed.
Why: an attempt is not tracked everywhere, and completion is told for a part of the work only.
Example: invoices that are posted from a phone, where `invoice_started` is not sent.
Fix: have the attempt sent there too, or filter the success to where it is.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.lint.rows import events
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.tracking.tracked import Tracked

WEEKS, SHARE, RUNS = 4, 0.05, 20


def _check(tracked: Tracked) -> Iterator[Told]:
    late = tracked.weekly["week"].tail(WEEKS)
    runs = tracked.seen.runs.filter(pl.col("week").is_in(late.implode()))
    totals = runs.group_by("workflow", maintain_order=True).agg(pl.col("successes", "orphans").sum())
    for workflow, successes, orphans in totals.iter_rows():
        if successes < RUNS or orphans <= SHARE * successes:
            continue
        block = tracked.reading.definitions.workflows[workflow]
        attempt = next(iter(sorted(events(tracked.reading.definitions, block.attempt))), "")
        message = (
            f"{orphans} of {successes} runs of `{workflow}` succeeded without an attempt{tracked.reaches(attempt)}"
        )
        path = ("workflows", workflow, "attempt")
        yield Told(f"workflow.{workflow}", path, message, "have the attempt sent wherever the work can be done")


RULE = Rule("SM989", "orphan-outcomes", Severity.WARNING, __doc__, check_tracking=_check)
