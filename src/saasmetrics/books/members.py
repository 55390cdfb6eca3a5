"""Members: on which days an account, or a user of it, was active by a rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Literal

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.happenings import bare, chosen, with_user_segments
from saasmetrics.books.segments import carried
from saasmetrics.definitions.selection import Selection
from saasmetrics.facts.request import Presence
from saasmetrics.frames.canonical import ROLES
from saasmetrics.period import Periods

SATURDAY = 5


@dataclass(frozen=True)
class Members:
    """Days of activity.

    Grain: account, user (null for the entity account), month. Columns: `account`, `user`, `month` (Date), `days`
    (UInt32: bit d-1 stands for local day d), and the `@segment` columns declared on users.
    Edges: rows without an account (or without a user, for users) are left out.
    """

    selection: Selection
    entity: Literal["account", "user"]
    by: tuple[str, ...] = ()

    def make(self, given: Given) -> pl.LazyFrame:
        """Presence in the logs, and in tables when the rule names one."""
        given = given.narrowed(*self.by)
        by_user = self.entity == "user" or bool(carried(given, "users"))
        entity: Literal["account", "user"] = "user" if by_user else "account"
        parts = []
        selectors = self.selection.selectors
        logged = tuple(selector for selector in selectors if ROLES[selector.role].log)
        if logged:
            parts.append(given.fact(Presence(bare(logged), entity)))
        for role in dict.fromkeys(selector.role for selector in selectors if not ROLES[selector.role].log):
            rows = chosen(given, role, [selector for selector in selectors if selector.role == role])
            parts.append(_presence(rows, by_user))
        members = pl.concat(parts, how="diagonal_relaxed") if len(parts) > 1 else parts[0]
        if not by_user:
            members = members.with_columns(user=pl.lit(None, dtype=pl.String))
        members = members.group_by("account", "user", "month").agg(pl.col("days").bitwise_or())
        return with_user_segments(given, members)


def _presence(rows: pl.LazyFrame, by_user: bool) -> pl.LazyFrame:
    rows = rows.filter(pl.col("account").is_not_null())
    if by_user:
        rows = rows.filter(pl.col("user").is_not_null())
    bit = pl.lit(2, dtype=pl.Int64).pow(pl.col("_day").dt.day().cast(pl.Int64) - 1).cast(pl.UInt32)
    keys = ["account", "user"] if by_user else ["account"]
    return rows.group_by(*keys, pl.col("_day").dt.month_start().alias("month")).agg(bit.bitwise_or().alias("days"))


@cache
def month_bits(first: date, end: date) -> Sequence[tuple[date, int]]:
    """The days `first <= d < end` as (month, bit mask of its days)."""
    out: list[tuple[date, int]] = []
    month = first.replace(day=1)
    while month < end:
        following = (month + timedelta(days=31)).replace(day=1)
        low, high = max(first, month), min(end, following)
        mask = ((1 << (high - low).days) - 1) << (low.day - 1)
        out.append((month, mask))
        month = following
    return tuple(out)


def working_bits(month: date) -> int:
    """The days from Monday to Friday of a month, as a bit mask."""
    days = (month + timedelta(days=number) for number in range(31))
    return sum(1 << (day.day - 1) for day in days if day.month == month.month and day.weekday() < SATURDAY)


def windows(spans: list[tuple[date, date, date]], *, working: bool = False) -> pl.LazyFrame:
    """Grain: a window and a month it touches. Columns: `period`, `month`, `bits` (UInt32).

    Each span is (period it is for, first day, first day after); with `working` only its days from Monday to Friday.
    """
    rows = [
        (period, month, bits & working_bits(month) if working else bits)
        for period, first, end in spans
        for month, bits in month_bits(first, end)
    ]
    return pl.LazyFrame(rows, schema={"period": pl.Date, "month": pl.Date, "bits": pl.UInt32}, orient="row")


def active_days(
    members: pl.LazyFrame, spans: list[tuple[date, date, date]], keys: list[str], *, working: bool = False
) -> pl.LazyFrame:
    """Days on which each member was active in each window; with `working` of those from Monday to Friday.

    `members` has a line for each of the keys and month. Grain: the keys, period. Columns: keys, `period`, `active`
    (Int64, at least 1).
    """
    # Only what lies in several months needs to be put together.
    months = Counter(period for period, first, end in spans for _ in month_bits(first, end))
    alone = [span for span in spans if months[span[0]] == 1]
    parts = []
    if alone:
        parts.append(_hit(members, alone, working).select(*keys, "period", "active"))
    if len(alone) < len(spans):
        hit = _hit(members, [span for span in spans if months[span[0]] != 1], working)
        parts.append(hit.group_by(*keys, "period").agg(pl.col("active").sum()))
    return pl.concat(parts) if len(parts) > 1 else parts[0]


def _hit(members: pl.LazyFrame, spans: list[tuple[date, date, date]], working: bool) -> pl.LazyFrame:
    active = (pl.col("days") & pl.col("bits")).bitwise_count_ones().cast(pl.Int64)
    return (
        members.join(windows(spans, working=working), on="month")
        .with_columns(active=active)
        .filter(pl.col("active") > 0)
    )


def calendar_spans(periods: Periods) -> list[tuple[date, date, date]]:
    """Each period as its own window."""
    return [(start, start, periods.calendar.end(start, periods.grain)) for start in periods.starts]
