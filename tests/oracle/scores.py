"""What is made of several numbers of one account: scores, and the day on which enough signals showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from oracle.counting import judged
from oracle.gathering import Of, Stretch
from oracle.happenings import moments_of, paid_first
from oracle.shapes import Asked, Cell, Company, Key, Metric, later, length, share

Input = Mapping[str, Any]


def reading(
    company: Company, given: Input, asked: Asked, account: str, day: date, window: str, of: Of
) -> Fraction | None:
    """What a number says of one account over the window that ends with a day.

    Formula: the number, asked of a company that has only this account, for the days of the window as one period; what
    is there at a date is that of the day; accounts active are the periods (weeks) in which it was, counted back from
    the day; a milestone is 1 once it is reached; with `change` it is now / before - 1.
    """
    if given.get("change"):
        plain = {key: value for key, value in given.items() if key != "change"}
        now = reading(company, plain, asked, account, day, window, of)
        before = reading(company, plain, asked, account, later(day, window, -1), window, of)
        return None if now is None or not before else now / before - 1
    alone = company.of({account})
    if "milestone" in given or "all" in given:
        at = moments_of(alone, given, asked).get(account)
        return Fraction(at is not None and asked.day(at) <= day)
    metric = given.get("metric", {"type": "simple", **given})
    if metric["type"] == "movement":
        return _moved(company, metric, asked, account, day, window, of)
    if metric["type"] == "active" and metric.get("entity") == "account":
        number, left = Fraction(0), int(window.removesuffix("d"))
        last = day + timedelta(days=1)
        while left > 0:
            first = last - timedelta(days=min(7, left))
            number += bool(_value(alone, metric, asked, first, last, of))
            last, left = first, left - 7
        return number
    first = day if metric["type"] == "stock" or "window" in metric else later(day, window, -1) + timedelta(days=1)
    if metric["type"] == "stock":
        daily = Asked("day", (day,), asked.as_of, asked.timezone)
        return Fraction(of(alone, metric, daily)[None, None, day].value or 0)
    value = _value(alone, metric, asked, first, day + timedelta(days=1), of)
    return None if value is None else Fraction(value)


def _value(company: Company, metric: Metric, asked: Asked, first: date, last: date, of: Of) -> Any:
    stretch = Stretch(asked.grain, (first,), asked.as_of, asked.timezone, first, last)
    return of(company, metric, stretch)[None, None, first].value


def _moved(
    company: Company, metric: Metric, asked: Asked, account: str, day: date, window: str, of: Of
) -> Fraction:  # fmt: skip
    held = {"metric": metric["of"]}
    now = reading(company, held, asked, account, day, window, of) or Fraction(0)
    then = reading(company, held, asked, account, later(day, window, -1), window, of) or Fraction(0)
    part = {
        "expansion": then > 0 and now > then,
        "contraction": 0 < now < then,
        "churn": then > 0 and now <= 0,
        "net": now != then,
    }[metric["part"]]
    return Fraction(0) if not part else Fraction(1) if metric.get("count") else now - then


def score(company: Company, metric: Metric, asked: Asked, of: Of) -> dict[Key, Cell]:
    """The mean score of the accounts that have one, and the share of them in each band.

    Formula: a part is (value - zero_at) / (full_at - zero_at), at least 0 and at most 1; the score is 100 times the
    weighted mean, first inside groups over the parts that are there, then over the groups by their whole weight.
    Edges: without a value a part is left out (`zero`: it is 0); with less than `min_coverage` of the weight there
    (`no_score`: less than all) there is no score; only accounts that are there on the day have one.
    """
    block = company.scores[metric["score"]]
    policies = metric.get("policies", {})
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        day = asked.last_day(period)
        if day is None:
            continue
        found = [
            points
            for row in company.rows("accounts")
            if asked.day(row["created"]) <= day and (row["closed"] is None or day < asked.day(row["closed"]))
            and (points := _points(company, block, policies, asked, row["account"], day, of)) is not None
        ]  # fmt: skip
        d = Fraction(len(found))
        value = share(sum(found, Fraction(0)), d)
        status = judged(asked, period, value, counted=len(found), of_rate=True)
        out[None, None, period] = Cell(value, sum(found, Fraction(0)), d, len(found), len(found), 0, status)
        above = Fraction(10**9)
        for band, edge in block["bands"].items():
            inside = Fraction(len([one for one in found if edge <= one < above]))
            above = Fraction(edge)
            out[band, None, period] = Cell(share(inside, d), inside, d, len(found), len(found), 0, status)
    return out


def _points(
    company: Company, block: Metric, policies: Metric, asked: Asked, account: str, day: date, of: Of
) -> Fraction | None:  # fmt: skip
    missing = policies.get("missing", "renormalise")
    marks: dict[str, Fraction | None] = {}
    for name, part in block["parts"].items():
        value = reading(company, part["input"], asked, account, day, block["window"], of)
        zero, full = Fraction(str(part["zero_at"])), Fraction(str(part["full_at"]))
        marks[name] = None if value is None else min(max((value - zero) / (full - zero), Fraction(0)), Fraction(1))
        if value is None and missing == "zero":
            marks[name] = Fraction(0)
    weights = {name: Fraction(str(part["weight"])) for name, part in block["parts"].items()}
    covered = sum(weights[name] for name, mark in marks.items() if mark is not None) / sum(weights.values())
    least = Fraction(int(policies.get("min_coverage", "60%").removesuffix("%")), 100)
    if covered < (1 if missing == "no_score" else least):
        return None
    groups: dict[str, list[str]] = {}
    for name, part in block["parts"].items():
        groups.setdefault(part.get("group", f"alone {name}"), []).append(name)
    total = whole = Fraction(0)
    for names in groups.values():
        there = [(weights[name], mark) for name in names if (mark := marks[name]) is not None]
        if there:
            weight = sum((weights[name] for name in names), Fraction(0))
            whole += weight
            total += weight * sum(w * mark for w, mark in there) / sum(w for w, _ in there)
    return 100 * total / whole


def shown(
    company: Company, name: str, asked: Asked, account: str, day: date, of: Of
) -> dict[str, bool]:  # fmt: skip
    """Which signals of a score an account shows at the end of a day; what is unknown is not shown."""
    block = company.scores[name]
    out = {}
    for signal, part in block["signals"].items():
        value = reading(company, part["input"], asked, account, day, block["window"], of)
        out[signal] = value is not None and part["met"](value)
    return out


def qualified(company: Company, name: str, asked: Asked, of: Of) -> dict[str, datetime]:
    """The first day, from creation on, at whose end enough signals show; its first moment, or that of creation.

    Edges: only days that are over at the as-of; of accounts that pay before that day, none.
    """
    out: dict[str, datetime] = {}
    paid = paid_first(company, asked)
    for row in company.rows("accounts"):
        account, day = row["account"], asked.day(row["created"])
        while asked.instant(day + timedelta(days=1)) <= asked.as_of and row["created"] < asked.as_of:
            if account in paid and paid[account] < day:
                break
            if sum(shown(company, name, asked, account, day, of).values()) >= company.scores[name]["at_least"]:
                out[account] = max(asked.instant(day), row["created"])
                break
            day += timedelta(days=1)
    return out


def with_milestones(company: Company, asked: Asked, of: Of) -> Company:
    """The company with the moments that its scores with signals make of it."""
    made = {name: qualified(company, name, asked, of) for name, block in company.scores.items() if "signals" in block}
    return replace(company, milestones=made)


def lift(company: Company, metric: Metric, asked: Asked, of: Of) -> dict[Key, Cell]:
    """By signal the share that gets to the outcome with it, over that without it, of the accounts created in a period.

    Formula: (a / b) / (c / d), with b accounts that showed the signal at the end of a day in the window from their
    creation and d that did not, of whom a and c reached the outcome after that window and within `within`.
    Edges: accounts that got there earlier are left out; those whose `within` is open are immature, unless policy
    `immature` counts them.
    """
    block = company.scores[metric["score"]]
    outcome = moments_of(company, metric["outcome"], asked)
    choice = metric.get("policies", {}).get("immature", "exclude")
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        groups: dict[str, dict[bool, list[bool]]] = {name: {True: [], False: []} for name in block["signals"]}
        immature = 0
        for row in company.rows("accounts"):
            account, first = row["account"], asked.day(row["created"])
            if asked.floor(row["created"]) != period or row["created"] >= asked.as_of:
                continue
            landmark = later(first, block["window"])
            start = asked.instant(landmark)
            limit = start + length(metric["within"])
            if account in outcome and outcome[account] < start:
                continue
            got = account in outcome and start <= outcome[account] <= limit
            if limit > asked.as_of and choice != "dropped" and not (choice == "converters" and got):
                immature += 1
                continue
            days = [first + timedelta(days=n) for n in range((landmark - first).days)]
            found = [shown(company, metric["score"], asked, account, day, of) for day in days]
            for name, both in groups.items():
                both[any(signals[name] for signals in found)].append(got)
        for name, both in groups.items():
            (a, b), (c, d) = ((sum(both[has]), len(both[has])) for has in (True, False))
            over, under = share(Fraction(a), Fraction(b)), share(Fraction(c), Fraction(d))
            value = over / under if over is not None and under else None
            status = judged(asked, period, value, counted=b + d, of_rate=True, immature=immature)
            out[name, None, period] = Cell(value, over, under, b + d, b + d, immature, status)
    return out
