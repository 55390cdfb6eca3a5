"""Which periods a table speaks of, and how it names them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from saasmetrics.output.reading import Reading, State
from saasmetrics.period import MONTHS, Calendar, Grain


@dataclass(frozen=True)
class Timeline:
    """The periods that most rows of a table share.

    `judged` and `current` are, per grain, the period most rows show and the one they have in progress; `grains` are
    ordered by their number of rows, the commonest first.
    """

    calendar: Calendar
    as_of: datetime
    grains: tuple[Grain, ...]
    judged: dict[Grain, date]
    current: dict[Grain, date]

    @property
    def main(self) -> Grain:
        """The commonest grain."""
        return self.grains[0] if self.grains else Grain.WEEK

    @property
    def is_mixed(self) -> bool:
        """Whether rows differ in grain, so that no column can be named after one period."""
        return len(self.grains) > 1

    def short(self, day: date, grain: Grain) -> str:
        """A period in a column title: `11-21`, `W47`, `Oct`, `Q4`, `2026`."""
        if grain is Grain.MONTH:
            return MONTHS[day.month - 1]
        code = self.calendar.code(day, grain)
        return code if grain is Grain.YEAR else code[5:]

    def label(self, day: date, grain: Grain) -> str:
        """A period in full: `W47 2026`."""
        return self.calendar.label(day, grain)

    def before(self, day: date, grain: Grain) -> date:
        """The period before."""
        return self.calendar.shift(day, grain, -1)

    @property
    def titles(self) -> tuple[str, str, str]:
        """Column titles: the judged period, the one before, the one in progress; unnamed ones where grains differ."""
        main, day = self.main, self.judged.get(self.main)
        if self.is_mixed or day is None:
            return "last", "", "now"
        now = self.current.get(main)
        passed, days = self.passed(now, main) if now else (0, 0)
        open_period = f"{self.short(now, main)} {passed}/{days}d" if now else "now"
        return self.short(day, main), self.short(self.before(day, main), main), open_period

    @property
    def unit(self) -> str:
        """What twelve of them are called."""
        return "periods" if self.is_mixed else f"{self.main.value}s"

    def suffix(self, reading: Reading) -> str:
        """The period a row must name because it is not the one in the header: `, Sep`; empty for the others."""
        if reading.shown is None or reading.shown.period == self._headed(reading.grain):
            return ""
        if reading.state is State.UNAVAILABLE:
            return ""
        return f", {self.short(reading.shown.period, reading.grain)}"

    def _headed(self, grain: Grain) -> date | None:
        return self.judged.get(grain) if grain is self.main else None

    def passed(self, day: date, grain: Grain) -> tuple[int, int]:
        """Days of a period that the data has reached, the last counted as soon as it has begun; and all its days."""
        last = self.calendar.local_day(self.as_of - timedelta(microseconds=1))
        days = (self.calendar.end(day, grain) - day).days
        return max(min((last - day).days + 1, days), 0), days


def timeline(readings: Iterable[Reading], calendar: Calendar, as_of: datetime) -> Timeline:
    """Count what the rows have in common.

    Edges: where two periods or grains are equally common the later period and the finer grain win.
    """
    rows = [reading for reading in readings if reading.points]
    grains = Counter(reading.grain for reading in rows)
    judged: dict[Grain, Counter[date]] = {grain: Counter() for grain in grains}
    current: dict[Grain, Counter[date]] = {grain: Counter() for grain in grains}
    for reading in rows:
        if reading.shown and reading.state is not State.UNAVAILABLE:
            judged[reading.grain][reading.shown.period] += 1
        if reading.now:
            current[reading.grain][reading.now.period] += 1
    order = tuple(sorted(grains, key=lambda grain: (-grains[grain], grain.rank)))
    return Timeline(calendar, as_of, order, _commonest(judged), _commonest(current))


def _commonest(counts: dict[Grain, Counter[date]]) -> dict[Grain, date]:
    return {grain: max(days, key=lambda day: (days[day], day)) for grain, days in counts.items() if days}
