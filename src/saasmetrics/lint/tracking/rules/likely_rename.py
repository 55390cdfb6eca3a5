"""An event has most likely been renamed.

Flags: an event that stopped, and one that no definition knows and that began within fourteen days of it, came as often,
from the same accounts, under a name that is near.
Why: the work goes on and the number says that it ended.
Example: `export_created` until February, `report_exported` from March on.
Fix: count both, `{any: [export_created, report_exported]}`, so that the past stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.tracking.renames import renames
from saasmetrics.lint.tracking.tracked import Tracked


def _check(tracked: Tracked) -> Iterator[Told]:
    for old, new in renames(tracked):
        if tracked.is_known(new):
            continue
        since = tracked.silent[old]
        message = f"`{old}` is most likely called `{new}` since the period of {since}{tracked.reaches(old)}"
        path = tracked.plan.events[old]
        yield Told(f"event.{old}", path, message, f"write {{any: [{old}, {new}]}} in its place", value=True)


RULE = Rule("SM986", "likely-rename", Severity.ERROR, __doc__, check_tracking=_check)
