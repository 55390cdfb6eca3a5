"""An event that a definition refers to has stopped.

Flags: an event that came ten times a week, or ten times a month, and not at all in the last complete one; an event that
is referred to and was never seen.
Why: numbers that rest on it fall or stand still for a reason that has nothing to do with customers.
Example: `features: {exports: {event: export_created}}` after a release that no longer sends it.
Fix: ask whoever sends it; where it has another name now, write both: `{any: [export_created, report_exported]}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.tracking.renames import renames
from saasmetrics.lint.tracking.tracked import Tracked


def _check(tracked: Tracked) -> Iterator[Told]:
    renamed, seen = {old for old, _ in renames(tracked)}, set(tracked.seen.weeks["event"])
    for event, path in tracked.plan.events.items():
        if event in tracked.silent and event not in renamed:
            message = f"`{event}` is silent since the period of {tracked.silent[event]}{tracked.reaches(event)}"
            yield Told(f"event.{event}", path, message, "ask whoever sends it, or name what took its place", value=True)
        elif seen and event not in seen:
            message = f"`{event}` was never seen{tracked.reaches(event)}"
            yield Told(f"event.{event}", path, message, "look for another spelling of it", value=True)


RULE = Rule("SM981", "silent-event", Severity.ERROR, __doc__, check_tracking=_check)
