"""An event came far more, or far less, often than it does, while as many accounts were there as ever.

Flags: a last complete week outside the natural limits of up to 26 weeks before, on a logarithmic scale and round their
trend, off by a third or more and by three roots of what is usual, where the number of active accounts stayed inside its
own limits; eight weeks are needed.
Why: customers do not change their ways all at once; releases do.
Example: an event that is sent twice for every click since Tuesday.
Fix: look at what was released in that week; where the change is meant, it will be usual in a few weeks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.tracking.breaks import usual
from saasmetrics.lint.tracking.tracked import Tracked

OFF, ROWS, CHANCE = 1 / 3, 10, 3


def _check(tracked: Tracked) -> Iterator[Told]:
    weeks = tracked.weekly.select("week").join(tracked.seen.actives, on="week", how="left")["accounts"].fill_null(0)
    base = tracked.reading.definitions.settings.baseline
    there = usual(weeks.tail(base + 1))
    if there is None or not there.holds(float(weeks[-1])):
        return
    for event, path in tracked.plan.events.items():
        rows = tracked.rows(event).tail(base + 1)
        range_ = usual(rows)
        if range_ is None or range_.holds(float(rows[-1])) or event in tracked.silent or range_.expected < ROWS:
            continue
        off = float(rows[-1]) / range_.expected - 1
        if abs(off) >= OFF and abs(float(rows[-1]) - range_.expected) > CHANCE * math.sqrt(range_.expected):
            week = tracked.weekly["week"][-1]
            message = (
                f"`{event}` came {rows[-1]:,} times in the week of {week}, {range_.expected:,.0f} are usual, and as "
                f"many accounts were there{tracked.reaches(event)}"
            )
            yield Told(f"event.{event}", path, message, "look at what was released in that week", value=True)


RULE = Rule("SM982", "volume-break", Severity.WARNING, __doc__, check_tracking=_check)
