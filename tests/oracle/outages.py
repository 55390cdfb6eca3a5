"""Impact: whom incidents hit while they lasted, and what was done in the same hours of earlier weeks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from oracle.counting import judged
from oracle.happenings import Happening, chosen, once_per_run
from oracle.shapes import Asked, Cell, Company, Key, Metric

Hit = Mapping[str, Fraction]


def impact(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Accounts that tried while an incident of the period lasted, and successes that were lost to it.

    Formula: accounts: different accounts with an attempt in [at, ended); lost: mean over the weeks before that the
    data holds of the successes in the same local hours, less the successes while it lasted.
    """
    name = metric["workflow"]
    attempts = chosen(company, {"workflow": name, "outcome": "attempt"}, asked)
    successes = chosen(company, {"workflow": name, "outcome": "success"}, asked)
    begins = min((row.at for row in (*attempts, *successes)), default=asked.as_of)
    done = once_per_run(successes)
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        hit: set[str] = set()
        lost = Fraction(0)
        for row in company.rows("incidents"):
            named = [each.strip() for each in (row["workflow"] or "").split(";")]
            if row["at"] >= asked.as_of or asked.floor(row["at"]) != period or name not in named:
                continue
            start, end = row["at"], min(row["ended"] or asked.as_of, asked.as_of)
            hit |= {entry.account for entry in _within(attempts, start, end) if entry.account is not None}
            weeks = []
            for week in range(1, metric["weeks"] + 1):
                first, last = _earlier(start, week, asked), _earlier(end, week, asked)
                if first >= begins:
                    weeks.append(len(_within(done, first, last)))
            if weeks and start < end:
                lost += Fraction(sum(weeks), len(weeks)) - len(_within(done, start, end))
        for effect, value in (("accounts", Fraction(len(hit))), ("lost", lost)):
            status = judged(asked, period, value, counted=0, of_rate=False)
            out[effect, None, period] = Cell(value, value, status=status)
        out[None, None, period] = out["accounts", None, period]
    return out


def _within(rows: list[Happening], start: datetime, end: datetime) -> list[Happening]:
    return [row for row in rows if start <= row.at < end and row.account is not None]


def _earlier(at: datetime, weeks: int, asked: Asked) -> datetime:
    """The same local hour so many weeks before."""
    zone = ZoneInfo(asked.timezone)
    local = at.astimezone(zone).replace(tzinfo=None) - timedelta(weeks=weeks)
    return local.replace(tzinfo=zone).astimezone(at.tzinfo)
