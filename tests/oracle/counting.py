"""Types that count what happened in a period: simple and active."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from oracle.happenings import Happening, chosen, number_of, once_per_run, passes
from oracle.shapes import (
    ACCOUNTLESS,
    UNKNOWN,
    Asked,
    Cell,
    Company,
    Key,
    Metric,
    Row,
    Rows,
    later,
    length,
    quantile,
    quantile_of,
    share,
)

SELECTOR_KEYS = ("event", "workflow", "outcome", "source", "at", "any", "all", "milestone", "filter", "at_least")


def rows_of(metric: Metric) -> Rows:
    """The rows selector that stands among the keys of a metric."""
    return {key: metric[key] for key in SELECTOR_KEYS if key in metric}


def value_of(entry: Happening, column: str | None) -> Any:
    """The column a metric aggregates, numbers exact."""
    value = entry.row.get(column) if column else 1
    return Fraction(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


def simple(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Rows counted, or a column aggregated, in the period they happened.

    Formula: count = number of rows (of different runs, each at its first row); sum = sum of `expr`; average = sum over
    the number of rows where it is not null; count_distinct = different values; the others are linear quantiles.
    With `window`: the rows of the window that ends with the period; with `last_per`: of each value of those columns
    only the last row up to the period's end; with `last_of` the last that meets it, of values that have any row in the
    window.
    """
    keep = metric.get("source") in ACCOUNTLESS
    company = with_outcomes(company, metric)
    entries = [entry for entry in chosen(company, rows_of(metric), asked) if keep or entry.account is not None]
    entries = once_per_run(entries, lambda entry: value_of(entry, metric.get("expr")))
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        within = _of_period(entries, metric, asked, period)
        if "only_when" in metric:  # a segment whose value changes with time
            within = [entry for entry in within if metric["only_when"](entry.account, asked.day(entry.at))]
        if "only" in metric:  # of the last rows of everybody, those of some accounts
            within = [entry for entry in within if entry.account in metric["only"]]
        cuts: dict[str | None, list[Happening]] = defaultdict(list)
        cuts[None] = within
        for entry in within if "cut" in metric else ():
            value = entry.row.get(metric["cut"])
            cuts[UNKNOWN if value is None else str(value)].append(entry)
        for cut, rows in cuts.items():
            stat = metric.get("agg", "count") if metric.get("agg", "count") in QUANTILES else None
            out[cut, stat, period] = _aggregated(rows, metric, asked, period)
    return out


def with_outcomes(company: Company, metric: Metric) -> Company:
    """The same company, its requests with an outcome: the one given, or what the status says.

    Policy `client_errors`: a status of 4xx makes an error, or a missing outcome, none at all; included it is an error,
    a timeout if it is 408.
    """
    included = metric.get("policies", {}).get("client_errors") == "include"

    def ended(row: Row) -> str | None:
        outcome, status = row.get("outcome"), int(row.get("status") or 0)
        if 400 <= status < 500 and outcome in (None, "error"):
            return ("timeout" if status == 408 and outcome is None else "error") if included else None
        if outcome is not None or not status:
            return outcome
        return "timeout" if status == 504 else "error" if status >= 500 else "ok"

    requests = [{**row, "outcome": ended(row)} for row in company.rows("requests")]
    return replace(company, roles={**company.roles, "requests": requests})


QUANTILES = frozenset({"min", "max", "median"} | {f"p{number}" for number in range(1, 100)})


def _of_period(entries: list[Happening], metric: Metric, asked: Asked, period: date) -> list[Happening]:
    end = asked.end(period)
    if asked.last_day(period) is None:  # a period that has not begun says nothing
        return []
    if "window" not in metric and "last_per" not in metric:
        return [entry for entry in entries if period <= asked.day(entry.at) < end]
    first = later(end, metric["window"], -1) if "window" in metric else date.min
    within = [entry for entry in entries if first <= asked.day(entry.at) < end]
    if "last_of" in metric:  # of whoever has a row in the window, the last row that holds, however old
        there = {tuple(entry.row.get(column) for column in metric["last_per"]) for entry in within}
        within = [
            entry
            for entry in entries
            if asked.day(entry.at) < end
            and passes(entry.row, {"filter": metric["last_of"]})
            and tuple(entry.row.get(column) for column in metric["last_per"]) in there
        ]
    if "last_per" not in metric:
        return within
    last: dict[tuple[Any, ...], Happening] = {}
    for number, entry in enumerate(within):
        key = tuple(entry.row.get(column) for column in metric["last_per"])
        last[(number,) if None in key else key] = entry
    return list(last.values())


def _aggregated(rows: list[Happening], metric: Metric, asked: Asked, period: date) -> Cell:
    agg = metric.get("agg", "count")
    filled = [(entry.account, found) for entry in rows if (found := value_of(entry, metric.get("expr"))) is not None]
    values = [found for _, found in filled]
    accounts = len({account for account, _ in filled} - {None})
    value: Fraction | None
    denominator = None
    if agg == "count":
        value = Fraction(len(rows))
    elif agg == "sum":
        value = sum(values, Fraction(0))
    elif agg == "count_distinct":
        value = Fraction(len(set(values)))
    elif agg == "average":
        denominator = Fraction(len(values))
        value = share(sum(values, Fraction(0)), denominator)
    else:
        value = quantile(values, quantile_of(agg))
    numerator = sum(values, Fraction(0)) if agg == "average" else value
    status = judged(asked, period, value, counted=len(values), of_rate=agg in QUANTILES or agg == "average")
    return Cell(value, numerator, denominator, len(values), accounts, 0, status)


def judged(
    asked: Asked, period: date, value: Fraction | float | None, *, counted: int, of_rate: bool, immature: int = 0
) -> str:
    """In this order: not over, over but immature, nothing to divide by, too few to judge, fine."""
    if not asked.over(period):
        return "partial"
    if immature:
        return "maturing"
    if value is None:
        return "undefined"
    return "low_n" if of_rate and counted < MIN_SAMPLE else "ok"


MIN_SAMPLE = 20


def active(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Accounts, members (account, user) or persons with at least so many rows in the window.

    Formula: count = number of them; with a window shorter than the period its mean over the days begun; share =
    those that are also active by the `active` block, over all that are; depth = features used per active account.
    Edges: a window that is given ends with the period's last day; rows without a user are left out for users.
    Policies: `stickiness_days` working: the mean of daily ones is that of the days from Monday to Friday.
    """
    rule = metric.get("rule") or company.active.get("account" if metric.get("entity") == "account" else "user")
    rule = rule or {"workflow": "core"}
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        found = active_in(company, rule, metric, asked, period)
        out[None, None, period] = _mean(found, asked, period)
        if metric.get("measure") == "share":
            rule_of_all = company.active.get(metric.get("entity", "account")) or {"workflow": "core"}
            everyone = active_in(company, rule_of_all, {**metric, "at_least": 1}, asked, period)[0]
            both = Fraction(len(found[0] & everyone))
            value = share(both, Fraction(len(everyone)))
            status = judged(asked, period, value, counted=len(everyone), of_rate=True)
            accounts = len({account for account, _ in everyone})
            out[None, None, period] = Cell(value, both, Fraction(len(everyone)), len(everyone), accounts, 0, status)
    return out


SHORTEST = {"day": 1, "week": 7, "month": 28, "quarter": 90, "year": 365}
"""Days of the shortest period of a grain: a window of 28 days is no part of a month."""

Member = tuple[str | None, str | None]


def active_in(company: Company, rule: Rows, metric: Metric, asked: Asked, period: date) -> list[set[Member]]:
    """The active ones of each window that the period asks for: one set, or one for each of its days."""
    entity, wanted = metric.get("entity", "account"), metric.get("at_least", rule.get("at_least", 1))
    windows = [(period, asked.end(period))]
    if "window" in metric:
        days = length(metric["window"]).days
        # A stretch of several days, as a day is gathered up over, is longer than what is read by day.
        short = days < (SHORTEST[asked.grain] if asked.grain != "day" else (asked.end(period) - period).days)
        begun = asked.days(period)
        if days == 1 and metric.get("policies", {}).get("stickiness_days") == "working":
            begun = [day for day in begun if day.weekday() < 5]
        ends = [day + timedelta(days=1) for day in begun] if short else [asked.end(period)]
        windows = [(last - timedelta(days), last) for last in ends if begun]
    return [_meeting(company, rule, entity, wanted, asked, window) for window in windows]


def is_composed(rule: Rows) -> bool:
    """Whether a rule has parts that are met each by themselves."""
    return "all" in rule or any(is_composed(part) or "at_least" in part for part in rule.get("any", ()))


def _meeting(
    company: Company, rule: Rows, entity: str, wanted: int, asked: Asked, window: tuple[date, date]
) -> set[Member]:
    """Who met a rule in a window: all: every part in it, wherever; any: a part, or enough rows of plain ones."""
    inherited = {"filter": rule["filter"]} if "filter" in rule else {}
    if is_composed(rule):
        parts = [
            _meeting(company, {**part, **inherited}, entity, part.get("at_least", 1), asked, window)
            for part in rule.get("all", rule.get("any"))
        ]
        return set.intersection(*parts) if "all" in rule else set.union(*parts)
    entries = [entry for entry in chosen(company, rule, asked) if entry.account is not None]
    return _entities(entries, entity, wanted, asked, window)


def _entities(
    entries: list[Happening], entity: str, wanted: int, asked: Asked, window: tuple[date, date]
) -> set[Member]:
    groups: dict[Member, list[Happening]] = defaultdict(list)
    for entry in entries:
        if window[0] <= asked.day(entry.at) < window[1] and (entity == "account" or entry.user is not None):
            account = None if entity == "person" else entry.account
            groups[account, None if entity == "account" else entry.user].append(entry)
    return {member for member, rows in groups.items() if number_of(rows) >= wanted}


def _mean(found: list[set[Member]], asked: Asked, period: date) -> Cell:
    total = Fraction(sum(len(members) for members in found))
    accounts = len({account for members in found for account, _ in members} - {None})
    status = judged(asked, period, total, counted=int(total), of_rate=False)
    mean = total / (len(found) or 1)
    return Cell(mean, mean, None, int(total), accounts, 0, status)


def stickiness(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Mean daily active over active in the period. Formula: active days of members / (members x days of the period)."""
    out: dict[Key, Cell] = {}
    rule = metric.get("rule") or {"workflow": "core"}
    for period in asked.periods:
        own = {"entity": "user", "policies": metric.get("policies", {})}
        daily = active_in(company, rule, {**own, "window": "1d"}, asked, period)
        days = len(daily)
        (members,) = active_in(company, rule, own, asked, period)
        numerator, denominator = Fraction(sum(map(len, daily))), Fraction(len(members) * days)
        value = share(numerator, denominator)
        status = judged(asked, period, value, counted=len(members), of_rate=True)
        out[None, None, period] = Cell(value, numerator, denominator, len(members), 0, 0, status)
    return out
