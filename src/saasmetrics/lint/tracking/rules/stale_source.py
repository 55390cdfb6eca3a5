"""A log has ended too early, or has a hole.

Flags: a log that is filled every day, and whose newest row lies more than two days before the end of what is asked
about; a day of the last four weeks without a row, where the same weekday had ten or more in each of the four before.
Why: an export that failed looks like customers who stayed away.
Example: a folder of daily files from which the nineteenth is missing.
Fix: export those days again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.tracking.tracked import Tracked

LATE, DAYS, WEEKS, ROWS = 2, 28, 4, 10
FILLED = 25
"""Of the four weeks before its newest row, so many days must have rows for a log to be one that is filled daily."""


def _check(tracked: Tracked) -> Iterator[Told]:
    for (source,), days in tracked.seen.days.sort("source", "day").group_by("source", maintain_order=True):
        role = tracked.reading.definitions.sources[str(source)].role
        rows = {day: count for day, count in days.select("day", "rows").iter_rows()}
        newest = max(rows)
        reaches = _reaches(tracked, role)
        filled = sum(day in rows for day in _days(newest))
        if (tracked.today - newest).days > LATE and filled >= FILLED:
            message = f"`{source}` ends on {newest}, what is asked about on {tracked.today}{reaches}"
            yield Told(f"source.{source}", ("sources", str(source)), message, "export it again")
        holes = [day for day in _days(newest) if day not in rows and _is_usual(rows, day)]
        if holes:
            message = f"`{source}` has no row on {', '.join(map(str, holes[:3]))}{reaches}"
            yield Told(f"source.{source}.hole", ("sources", str(source)), message, "export those days again")


def _days(newest: date) -> list[date]:
    """The days before the newest one, oldest first."""
    return [newest - timedelta(days=back) for back in range(DAYS, 0, -1)]


def _is_usual(rows: dict[date, int], day: date) -> bool:
    """Whether the same weekday had rows enough in each of the weeks before."""
    return all(rows.get(day - timedelta(weeks=back), 0) >= ROWS for back in range(1, WEEKS + 1))


def _reaches(tracked: Tracked, role: str) -> str:
    """The end of the message: how many published metrics read the log."""
    read = [metric.id for metric in tracked.reading.published if role in tracked.reading.roles(metric)]
    return f"; it reaches {len(read)} published metrics, {', '.join(read[:3])} among them" if read else ""


RULE = Rule("SM990", "stale-source", Severity.ERROR, __doc__, check_tracking=_check)
