"""Windows: the days that what a period is told of is read from."""

from __future__ import annotations

from datetime import date, timedelta

from saasmetrics.books.given import Given
from saasmetrics.definitions.scalars import Duration
from saasmetrics.period import Periods, add_months


def whole_days(window: Duration) -> int:
    """The days of a window; one that is shorter is a day."""
    return max(1, window.microseconds // 86_400_000_000)


def trailing(window: Duration | str, end: date) -> tuple[date, date]:
    """First day, and first day after, of the window that ends with a period."""
    if not isinstance(window, Duration):
        raise TypeError("a calendar window has no length of its own")
    first = add_months(end, -window.months) if window.is_calendar else end - timedelta(days=whole_days(window))
    return first, end


def days_begun(given: Given, start: date, periods: Periods) -> list[date]:
    """The days of a period that have begun at the as-of."""
    end = periods.calendar.end(start, periods.grain)
    days = [start + timedelta(days=number) for number in range((end - start).days)]
    return [day for day in days if given.calendar.start_of(day) < given.as_of]
