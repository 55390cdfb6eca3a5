"""Days, weeks, months, quarters and years of one calendar. There is no clock in here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

import polars as pl

from saasmetrics.zone import cells_of, days_of


class Grain(StrEnum):
    """Length of a period; ordered from fine to coarse."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def rank(self) -> int:
        """Position from fine (0) to coarse."""
        return list(Grain).index(self)


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SPAN = re.compile(r"(\d{4})(?:-(?:W(\d{2})|Q([1-4])|(\d{2})(?:-(\d{2}))?))?")


@dataclass(frozen=True)
class Calendar:
    """Where days begin and how they gather into periods.

    Grain: a period is named by its first local day. `week_start` is 0 for Monday; `fiscal_start` is the month (1-12)
    in which years begin; quarters follow it.
    Edges: months, quarters and years differ in length; a day with a clock change has 23 or 25 hours and is one day.
    """

    timezone: str = "UTC"
    week_start: int = 0
    fiscal_start: int = 1

    def floor(self, day: date, grain: Grain) -> date:
        """First day of the period of `grain` that holds `day`."""
        if grain is Grain.DAY:
            return day
        if grain is Grain.WEEK:
            return day - timedelta(days=(day.weekday() - self.week_start) % 7)
        months = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}[grain]
        behind = (day.month - self.fiscal_start) % months
        year, month = divmod(day.year * 12 + day.month - 1 - behind, 12)
        return date(year, month + 1, 1)

    def shift(self, day: date, grain: Grain, count: int) -> date:
        """The period `count` periods after the one that starts at `day` (before, when negative)."""
        if grain is Grain.DAY:
            return day + timedelta(days=count)
        if grain is Grain.WEEK:
            return day + timedelta(weeks=count)
        months = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}[grain]
        return add_months(day, months * count)

    def end(self, day: date, grain: Grain) -> date:
        """First day after the period that starts at `day`."""
        return self.shift(day, grain, 1)

    def span(self, first: date, last: date, grain: Grain) -> tuple[date, ...]:
        """Starts of all periods from the one holding `first` to the one holding `last`, both included."""
        day, out = self.floor(first, grain), []
        while day <= last:
            out.append(day)
            day = self.shift(day, grain, 1)
        return tuple(out)

    def floor_expr(self, day: pl.Expr, grain: Grain) -> pl.Expr:
        """`floor` for a column of dates."""
        if grain is Grain.DAY:
            return day
        # Days are counted from a Thursday on: a tenth of what it costs to truncate dates.
        number = day.cast(pl.Int32)
        if grain is Grain.WEEK:
            ahead = 3 - self.week_start
            return ((number + ahead) // 7 * 7 - ahead).cast(pl.Date)
        if grain is Grain.MONTH:
            return (number - day.dt.day().cast(pl.Int32) + 1).cast(pl.Date)
        ahead = self.fiscal_start - 1
        every = "1q" if grain is Grain.QUARTER else "1y"
        return day.dt.month_start().dt.offset_by(f"-{ahead}mo").dt.truncate(every).dt.offset_by(f"{ahead}mo")

    def cell_expr(self, day: pl.Expr) -> pl.Expr:
        """The lattice cell of a date: its week cut at month borders, named by its first day.

        Every grain from week up is a union of cells, so a count per cell rolls up to any of them exactly.
        """
        return pl.max_horizontal(self.floor_expr(day, Grain.WEEK), self.floor_expr(day, Grain.MONTH))

    def cell(self, day: date) -> date:
        """`cell_expr` for one day."""
        return max(self.floor(day, Grain.WEEK), day.replace(day=1))

    def day_expr(self, at: pl.Expr) -> pl.Expr:
        """Local day of a column of UTC instants."""
        if self.timezone == "UTC":
            return at.dt.date()
        return at.map_batches(days_of(self.timezone), return_dtype=pl.Date, is_elementwise=True)

    def cell_of_expr(self, at: pl.Expr) -> pl.Expr:
        """`cell_expr` of the local day of a column of UTC instants."""
        cells = cells_of(self.timezone, self.week_start)
        return at.map_batches(cells, return_dtype=pl.Date, is_elementwise=True)

    def start_of(self, day: date) -> datetime:
        """The instant (UTC) at which a local day begins."""
        local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.timezone))
        return local.astimezone(UTC)

    def start_expr(self, day: pl.Expr) -> pl.Expr:
        """`start_of` for a column of dates; where a clock change skips midnight, the first instant of the day."""
        naive = day.cast(pl.Datetime("us"))
        local = naive.dt.replace_time_zone(self.timezone, ambiguous="earliest", non_existent="null")
        skipped = (naive + pl.duration(hours=1)).dt.replace_time_zone(
            self.timezone, ambiguous="earliest", non_existent="null"
        )
        return pl.coalesce(local, skipped).dt.convert_time_zone("UTC")

    def local_day(self, at: datetime) -> date:
        """Local day of an instant."""
        return at.astimezone(ZoneInfo(self.timezone)).date()

    def parse(self, text: str) -> tuple[date, Grain]:
        """A period as people write it: `2026-10-31`, `2026-W42`, `2026-10`, `2026-Q4`, `2026`.

        Raises: ValueError when the text is none of these.
        """
        match = _SPAN.fullmatch(text.strip())
        if not match:
            raise ValueError(f"{text!r} is not a period")
        year, week, quarter, month, day = match.groups()
        if week:
            return self.floor(date.fromisocalendar(int(year), int(week), 1), Grain.WEEK), Grain.WEEK
        if quarter:
            return add_months(date(int(year), self.fiscal_start, 1), 3 * (int(quarter) - 1)), Grain.QUARTER
        if day:
            return date(int(year), int(month), int(day)), Grain.DAY
        if month:
            return date(int(year), int(month), 1), Grain.MONTH
        return date(int(year), self.fiscal_start, 1), Grain.YEAR

    def code(self, day: date, grain: Grain) -> str:
        """The text that `parse` reads back: `2026-10-31`, `2026-W42`, `2026-10`, `2026-Q4`, `2026`."""
        if grain is Grain.DAY:
            return day.isoformat()
        if grain is Grain.WEEK:
            iso = (day + timedelta(days=(7 - self.week_start) % 7)).isocalendar()
            return f"{iso.year}-W{iso.week:02d}"
        if grain is Grain.MONTH:
            return f"{day.year}-{day.month:02d}"
        fiscal = self.floor(day, Grain.YEAR)
        if grain is Grain.QUARTER:
            return f"{fiscal.year}-Q{((day.year - fiscal.year) * 12 + day.month - fiscal.month) // 3 + 1}"
        return str(fiscal.year)

    def label(self, day: date, grain: Grain) -> str:
        """A period for people: `2026-11-21`, `W47 2026`, `Oct 2026`, `Q4 2026`, `2026`."""
        code = self.code(day, grain)
        if grain in (Grain.WEEK, Grain.QUARTER):
            year, part = code.split("-")
            return f"{part} {year}"
        return f"{MONTHS[day.month - 1]} {day.year}" if grain is Grain.MONTH else code


def add_months(day: date, months: int) -> date:
    """The same day of the month `months` later, or the last day of that month when it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first = date(year, month + 1, 1)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return first + timedelta(days=min(day.day, (following - first).days) - 1)


@dataclass(frozen=True)
class Periods:
    """The periods asked for: of one grain, ascending, never empty.

    `back_months` and `back_days` move the moment at which a stock is read, so that what was there a year before a
    period's end can be asked for under that period's name.
    """

    calendar: Calendar
    grain: Grain
    starts: tuple[date, ...]
    back_months: int = 0
    back_days: int = 0

    @property
    def first(self) -> date:
        """First day of the first period."""
        return self.starts[0]

    @property
    def end(self) -> date:
        """First day after the last period."""
        return self.calendar.end(self.starts[-1], self.grain)

    def frame(self) -> pl.LazyFrame:
        """Grain: a period. Columns: `period` (first day), `period_end` (first day after), `days`."""
        return _frame(self)

    def of(self, day: pl.Expr) -> pl.Expr:
        """Period of a column of dates (or of lattice cells); not limited to the periods asked for."""
        return self.calendar.floor_expr(day, self.grain)

    def holds(self, period: pl.Expr) -> pl.Expr:
        """Whether a column of dates lies in the periods asked for."""
        return (period >= self.first) & (period < self.end)


@cache
def _frame(periods: Periods) -> pl.LazyFrame:
    ends = [periods.calendar.end(start, periods.grain) for start in periods.starts]
    days = [(end - start).days for start, end in zip(periods.starts, ends, strict=True)]
    return pl.LazyFrame(
        {"period": periods.starts, "period_end": ends, "days": days},
        schema={"period": pl.Date, "period_end": pl.Date, "days": pl.Int64},
    )
