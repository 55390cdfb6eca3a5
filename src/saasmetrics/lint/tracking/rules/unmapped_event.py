"""An event comes in that no definition knows.

Flags: an event that is neither referred to nor under `ignore_events`, and makes up more than half a percent of the last
four complete weeks or was first seen in the last fourteen days.
Why: it may be the new name of one that is missed, or a job that accounts do and nobody looks at.
Example: `quote_accepted`, since the release of quotes.
Fix: give it a place in a workflow or a feature, or name it under the source's `ignore_events`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.tracking.renames import renames
from saasmetrics.lint.tracking.tracked import Tracked

SHARE, WEEKS, NEW = 0.005, 4, timedelta(days=14)


def _check(tracked: Tracked) -> Iterator[Told]:
    late = tracked.weekly["week"].tail(WEEKS)
    counts = tracked.seen.weeks.filter(pl.col("week").is_in(late.implode())).group_by("event").agg(pl.col("rows").sum())
    total = int(counts["rows"].sum() or 0)
    often = {event for event, rows in counts.iter_rows() if total and rows > SHARE * total}
    firsts = tracked.seen.pairs.group_by("event").agg(pl.col("first").min())
    fresh = set(firsts.filter(pl.col("first") > tracked.seen.as_of - NEW)["event"])
    renamed = {new for _, new in renames(tracked)}
    for event in sorted(often | fresh):
        if tracked.is_known(event) or event in renamed:
            continue
        why = f"makes up {dict(counts.iter_rows())[event] / total:.1%} of the events" if event in often else "is new"
        source = next(n for n, each in tracked.reading.definitions.sources.items() if each.role == "events")
        message = f"`{event}` {why}, and no definition knows it"
        yield Told(f"event.{event}", ("sources", source), message, "give it a place, or name it under ignore_events")


RULE = Rule("SM985", "unmapped-event", Severity.NOTE, __doc__, check_tracking=_check)
