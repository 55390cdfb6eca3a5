"""Accounts sorted by how they are active now against before: trend, lifecycle, silent roles, what was taken up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction

from oracle.counting import active_in, judged
from oracle.happenings import chosen, moments_of, once_per_run
from oracle.shapes import Asked, Cell, Company, Key, Metric

Sorted = Mapping[str, str]
"""Accounts with what they are sorted into."""


def trend(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Accounts by the rows of the last seven days against the mean of the four times seven days before.

    Formula: silent 0; declining at most half of the mean; growing at least one and a half times it; else steady.
    Edges: the days end with the period's last, or the last that has begun; a mean below three a week, and an account
    that was not there for all of those weeks, is not judged. Policies: `trend_weeks` other than four, `trend_drop` than
    a half, `trend_floor` than three.
    """
    policies = metric.get("policies", {})
    weeks, floor = policies.get("trend_weeks", 4), Fraction(policies.get("trend_floor", 3))
    drop = Fraction(int(policies.get("trend_drop", "50%").removesuffix("%")), 100)
    entries = [entry for entry in once_per_run(chosen(company, metric["rule"], asked)) if entry.account is not None]
    days: dict[str, list[date]] = defaultdict(list)
    for entry in entries:
        days[entry.account or ""].append(asked.day(entry.at))
    created = {row["account"]: asked.day(row["created"]) for row in company.rows("accounts")}
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        day = asked.last_day(period)
        if day is None:
            continue
        found = {}
        for account, own in days.items():
            now = len([one for one in own if day - timedelta(days=7) < one <= day])
            begin = day - timedelta(days=7 * (weeks + 1))
            mean = Fraction(len([one for one in own if begin < one <= day - timedelta(days=7)]), weeks)
            if created.get(account, min(own)) <= begin + timedelta(days=1) and (now or mean) and mean >= floor:
                found[account] = _band(now, mean, drop)
        out |= _counted(found, ("growing", "steady", "declining", "silent"), asked, period)
    return out


def _band(now: int, mean: Fraction, drop: Fraction) -> str:
    if not now:
        return "silent"
    return "declining" if now <= (1 - drop) * mean else "growing" if now >= (1 + drop) * mean else "steady"


def _counted(found: Sorted, names: tuple[str, ...], asked: Asked, period: date) -> dict[Key, Cell]:
    numbers = Counter(found.values())
    out: dict[Key, Cell] = {}
    for name in names:
        value = Fraction(numbers[name])
        status = judged(asked, period, value, counted=numbers[name], of_rate=False)
        out[name, None, period] = Cell(value, value, None, numbers[name], numbers[name], 0, status)
    return out


def lifecycle(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Accounts by whether they are active in a period, in the one before it, and were ever before.

    Formula: returning in both; new only now and for the first time; resurrected only now, and before that; dormant only
    in the one before. Edges: seen for the first time, an account older than the log is none of these. Policy
    `lifecycle_new` created: new is who was created in the period; then nobody is known in the log's first one but
    these.
    """
    by_creation = metric.get("policies", {}).get("lifecycle_new") == "created"
    begin = min((asked.day(row["at"]) for row in company.rows("events") if row["at"] < asked.as_of), default=date.min)
    created = {row["account"]: asked.day(row["created"]) for row in company.rows("accounts")}
    active: dict[date, set[str]] = defaultdict(set)
    first: dict[str, date] = {}
    period = asked.floor(min(asked.day(row["at"]) for row in company.rows("events")))
    while period < asked.end(asked.periods[-1]):
        for account, _ in active_in(company, metric["rule"], {"entity": "account"}, asked, period)[0]:
            active[period].add(account or "")
            first.setdefault(account or "", period)
        period = asked.end(period)
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        if asked.last_day(period) is None:
            continue
        now, then = active[period], active[asked.floor(period - timedelta(days=1))]
        found = dict.fromkeys(then - now, "dormant") | dict.fromkeys(now & then, "returning")
        for account in now - then:
            born = asked.floor(created[account]) if by_creation else first[account]
            found[account] = "new" if born == period else "resurrected"
            unknown = (
                found[account] != "new" and asked.floor(begin) >= period if by_creation else created[account] < begin
            )
            if first[account] == period and unknown:
                del found[account]
        out |= _counted(found, ("new", "returning", "resurrected", "dormant"), asked, period)
    return out


def taken_up(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """How many modules accounts have ever completed a success of by the period's last day.

    Formula: different pairs of an account and a core workflow's module with a success on that day or before.
    """
    taken: dict[tuple[str, str], date] = {}
    for name, workflow in company.workflows.items():
        for account, at in moments_of(company, {"workflow": name}, asked).items():
            key = (account, workflow.get("module", name))
            taken[key] = min(asked.day(at), taken.get(key, date.max))
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        day = asked.last_day(period)
        if day is not None:
            value = Fraction(len([key for key, since in taken.items() if since <= day]))
            status = judged(asked, period, value, counted=int(value), of_rate=False)
            out[None, None, period] = Cell(value, value, None, int(value), 0, 0, status)
    return out
