"""A column that a definition reads is empty much more often than it was.

Flags: over the last four complete weeks, a share of empty cells ten points above that of the twelve before, beyond
chance (z over 4).
Why: runs without their id count as nothing, and a filter leaves out what it cannot read.
Example: `invoice_id` of `invoice_posted`, empty for every third row since the mobile release.
Fix: ask whoever sends the event; until then read what rests on it with that in mind.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.tracking.tracked import Tracked

LATE, EARLY, JUMP, BEYOND = 4, 12, 0.1, 4.0


def _check(tracked: Tracked) -> Iterator[Told]:
    weeks = tracked.weekly["week"]
    if len(weeks) < LATE + EARLY:
        return
    late, early = weeks.tail(LATE), weeks.tail(LATE + EARLY).head(EARLY)
    held = tracked.seen.nulls.join(tracked.seen.weeks.select("event", "week", "rows"), on=["event", "week"])
    counts = held.group_by("event", "column", maintain_order=True).agg(
        *(
            pl.col(what).filter(pl.col("week").is_in(span.implode())).sum().alias(f"{what} {name}")
            for what in ("rows", "nulls")
            for name, span in (("late", late), ("early", early))
        )
    )
    for row in counts.iter_rows(named=True):
        before, now = row["rows early"], row["rows late"]
        if not before or not now:
            continue
        was, is_ = row["nulls early"] / before, row["nulls late"] / now
        pooled = (row["nulls early"] + row["nulls late"]) / (before + now)
        spread = math.sqrt(pooled * (1 - pooled) * (1 / before + 1 / now))
        if is_ - was >= JUMP and spread and (is_ - was) / spread > BEYOND:
            event, column = row["event"], row["column"]
            message = (
                f"`{column}` of `{event}` is empty in {is_:.0%} of the rows, {was:.0%} before{tracked.reaches(event)}"
            )
            path = tracked.plan.columns[event][column]
            yield Told(f"event.{event}.{column}", path, message, "ask whoever sends the event")


RULE = Rule("SM984", "null-jump", Severity.WARNING, __doc__, check_tracking=_check)
