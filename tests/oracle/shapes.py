"""What the oracle is given and what it answers: a company as lists of dicts, a question, cells."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T")
Row = Mapping[str, Any]
Rows = Mapping[str, Any]
"""A rows selector of the language: `{event: ...}`, `{workflow: ..., outcome: ...}`, `{source: ...}`,
`{milestone: ...}`, `{any: [...]}` or `{all: [...]}`. Its `filter` is a mapping of columns to values,
or a function of the row."""
Metric = Mapping[str, Any]
Number = Fraction | float | None
Key = tuple[str | None, str | None, date]
"""Cut, stat, period."""

UNKNOWN, UNATTRIBUTED, OVERLAP = "(unknown)", "(unattributed)", "(overlap)"

ACCOUNTLESS = (
    "requests", "incidents", "spend", "costs", "leads", "opportunities", "stages", "touches", "quotas", "market",
)  # fmt: skip
"""Roles whose rows are counted in themselves; elsewhere rows without an account are left out."""


@dataclass(frozen=True)
class Cell:
    """One number, and what stands behind it. `accounts` are those with a counted entry."""

    value: Number
    numerator: Number = None
    denominator: Number = None
    entries: int = 0
    accounts: int = 0
    immature: int = 0
    status: str = "ok"


@dataclass(frozen=True)
class Company:
    """Exports by role (instants aware, days as dates), and the blocks of the definitions that metrics refer to."""

    roles: Mapping[str, Sequence[Row]]
    workflows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    activation: Mapping[str, Any] | None = None
    active: Mapping[str, Rows] = field(default_factory=dict)
    scores: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    milestones: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)
    """Moments of accounts that are worked out beforehand, by name."""
    known: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Answers that were worked out already: a company does not change."""

    def once(self, question: Hashable, answer: Callable[[], T], *held: object) -> T:
        """The answer to a question, worked out when it is asked first. `held` is what the question names by place."""
        if question not in self.known:
            self.known[question] = (answer(), held)
        found: T = self.known[question][0]
        return found

    def rows(self, role: str) -> Sequence[Row]:
        """Usable rows: repeats of an id once; events only with an account."""
        return self.once(("rows", role), lambda: self._usable(role))

    def _usable(self, role: str) -> Sequence[Row]:
        seen: set[str] = set()
        out = []
        for row in self.roles.get(role, ()):
            if row.get("id") is not None and row["id"] in seen:
                continue
            seen.add(row.get("id") or "")
            if role != "events" or row.get("account") is not None:
                out.append(row)
        return out

    def of(self, accounts: set[str | None]) -> Company:
        """The same company with the rows of these accounts only; None stands for rows without an account."""
        kept = {
            role: [row for row in rows if "account" not in row or row["account"] in accounts]
            for role, rows in self.roles.items()
        }
        return replace(self, roles=kept)

    def of_members(self, members: set[tuple[str, str]] | None) -> Company:
        """The same company with the rows of these (account, user) only; None: with the rows that name no user of it."""
        known = {(row["account"], row["user"]) for row in self.rows("users")}

        def stays(row: Row) -> bool:
            member = (row["account"], row["user"])
            return member not in known if members is None else member in members

        kept = {role: [row for row in rows if "user" not in row or stays(row)] for role, rows in self.roles.items()}
        return replace(self, roles=kept)

    def members_by_role(self) -> dict[str, set[tuple[str, str]]]:
        """Members (account, user) by each role they hold; those of whom no role is known are unknown."""
        held: dict[tuple[str, str], set[str]] = {}
        for row in self.rows("users"):
            held.setdefault((row["account"], row["user"]), set()).update({row["role"]} - {None})
        groups: dict[str, set[tuple[str, str]]] = {}
        for member, roles in held.items():
            for role in roles or {UNKNOWN}:
                groups.setdefault(role, set()).add(member)
        return groups

    def groups(self, attribute: str) -> dict[str, set[str | None]]:
        """Accounts by the value of an attribute of theirs; accounts seen elsewhere only are unknown."""
        values = {row["account"]: row.get(attribute) for row in self.rows("accounts")}
        groups: dict[str, set[str | None]] = {UNATTRIBUTED: {None}}
        for account in {row.get("account") for rows in self.roles.values() for row in rows} - {None}:
            value = values.get(account)
            groups.setdefault(UNKNOWN if value is None else str(value), set()).add(account)
        return groups


@dataclass(frozen=True)
class Asked:
    """The question: which periods, seen from when, in which zone."""

    grain: str
    periods: Sequence[date]
    as_of: datetime
    timezone: str = "UTC"

    def day(self, at: datetime | date) -> date:
        """The local day of an instant; a day is itself."""
        return at.astimezone(ZoneInfo(self.timezone)).date() if isinstance(at, datetime) else at

    def instant(self, at: datetime | date) -> datetime:
        """The instant at which a local day begins; an instant is itself."""
        if isinstance(at, datetime):
            return at
        return datetime(at.year, at.month, at.day, tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)

    def floor(self, at: datetime | date, grain: str | None = None) -> date:
        """First day of the period that holds a moment; weeks begin on Monday."""
        day, grain = self.day(at), grain or self.grain
        if grain == "week":
            return day - timedelta(days=day.weekday())
        if grain == "day":
            return day
        month = {"month": day.month, "quarter": day.month - (day.month - 1) % 3, "year": 1}[grain]
        return date(day.year, month, 1)

    def end(self, period: date, grain: str | None = None) -> date:
        """First day after a period."""
        grain = grain or self.grain
        if grain in ("day", "week"):
            return period + timedelta(days=1 if grain == "day" else 7)
        return months_later(period, {"month": 1, "quarter": 3, "year": 12}[grain])

    def over(self, period: date) -> bool:
        """Whether a period has ended by the as-of."""
        return self.instant(self.end(period)) <= self.as_of

    def days(self, period: date) -> list[date]:
        """The days of a period that had begun at the as-of."""
        days = [period + timedelta(days=n) for n in range((self.end(period) - period).days)]
        return [day for day in days if self.instant(day) < self.as_of]

    def last_day(self, period: date) -> date | None:
        """The day on which a stock is read: the period's last, or the last that had begun; None before the period."""
        begun = self.days(period)
        return begun[-1] if begun else None


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def length(duration: str) -> timedelta:
    """`90s 30m 24h 14d 8w` as elapsed time."""
    unit = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[duration[-1]]
    return timedelta(seconds=int(duration[:-1]) * unit)


def later(day: date, duration: str, times: int = 1) -> date:
    """A day some days, weeks, months, quarters or years later."""
    for suffix, months in (("mo", 1), ("q", 3), ("y", 12)):
        if duration.endswith(suffix):
            return months_later(day, times * months * int(duration.removesuffix(suffix)))
    return day + times * length(duration)


def share(numerator: Fraction, denominator: Fraction, scale: Fraction = Fraction(1)) -> Fraction | None:
    """N / D, null when nothing is divided by."""
    return scale * numerator / denominator if denominator else None


def quantile(values: Sequence[Fraction], q: Fraction) -> Fraction | None:
    """Linear between the two neighbours of rank (n - 1) q, null of nothing."""
    if not values:
        return None
    ordered, rank = sorted(values), (len(values) - 1) * q
    low = int(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def quantile_of(stat: str) -> Fraction:
    """`median`, `p90`, `min`, `max` as a share."""
    named = {"median": Fraction(1, 2), "min": Fraction(0), "max": Fraction(1)}
    return named[stat] if stat in named else Fraction(int(stat[1:]), 100)
