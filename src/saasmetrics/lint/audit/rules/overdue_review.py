"""A review is overdue.

Flags: published metrics that are to be reviewed every day, week, month or quarter, while the last edition is older than
that. An edition stands for a review: it is what was looked at.
Why: a number that nobody has looked at since is not steered by, whatever the file says.
Example: core metrics, which are reviewed weekly, and a last edition of three weeks ago.
Fix: `saasmetrics compute --publish` on the day of the review, or a slower `review`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity, counted
from saasmetrics.lint.audit.record import Audited
from saasmetrics.lint.rule import Rule, Told

DAYS = {"daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92, "yearly": 366}


def _check(audited: Audited) -> Iterator[Told]:
    record = audited.record
    due: dict[str, list[str]] = {}
    for metric in audited.reading.published:
        due.setdefault(metric.review, []).append(metric.id)
    for cadence, names in sorted(due.items(), key=lambda item: DAYS.get(item[0], 0)):
        if record.editions and (late := (record.today - max(record.editions)).days - DAYS.get(cadence, 366)) > 0:
            some = f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}"
            last = f"the last edition knew of {max(record.editions)}"
            message = f"the {cadence} review of {some} is {counted(late, 'day')} overdue: {last}"
            yield Told(f"review.{cadence}", ("settings",), message, "saasmetrics compute --publish")


RULE = Rule("SM964", "overdue-review", Severity.WARNING, __doc__, check_audit=_check)
