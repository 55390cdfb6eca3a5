"""Which rows a selector chooses, and the moment at which it is met."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from oracle.shapes import Asked, Company, Metric, Row, Rows, later

TIMES = {"accounts": "created", "users": "created", "subscriptions": "start", "leads": "at", "opportunities": "opened"}
"""The first time column of a role where it is not `at`."""


@dataclass(frozen=True)
class Happening:
    """A row that was chosen. `run` is filled for rows of a workflow that has a run column, where they name one."""

    at: datetime
    account: str | None
    user: str | None
    row: Row
    run: tuple[str, str | None, str] | None = None
    of_run: bool = False


def passes(row: Row, rows: Rows) -> bool:
    """Whether a row meets the filter: every named column has the value, or the function says so."""
    condition = rows.get("filter")
    if condition is None:
        return True
    if isinstance(condition, Mapping):
        return all(row.get(column) == value for column, value in condition.items())
    return bool(condition(row))


def chosen(company: Company, rows: Rows, asked: Asked) -> list[Happening]:
    """Rows of a selector that were visible at the as-of, in time order."""

    def found() -> list[Happening]:
        visible = [entry for entry in _candidates(company, rows, asked) if entry.at < asked.as_of]
        return sorted(visible, key=lambda entry: entry.at)

    return list(company.once(("chosen", repr(rows), asked.as_of, asked.timezone), found, rows))


def _candidates(company: Company, rows: Rows, asked: Asked) -> list[Happening]:
    if "any" in rows:
        members = [{**member, **_inherited(rows)} for member in rows["any"]]
        return [entry for member in members for entry in _candidates(company, member, asked)]
    if "workflow" in rows:
        names = [name for name, workflow in company.workflows.items() if workflow.get("core", True)]
        names = names if rows["workflow"] == "core" else [rows["workflow"]]
        return [entry for name in names for entry in _of_workflow(company, name, rows, asked)]
    if "milestone" in rows:
        moments = moments_of(company, rows, asked)
        return [Happening(at, account, None, {}) for account, at in moments.items()]
    role = "events" if "event" in rows else rows["source"]
    column = rows.get("at") or TIMES.get(role, "at")
    found = [
        Happening(asked.instant(row[column]), row.get("account"), row.get("user"), row)
        for row in company.rows(role)
        if row.get(column) is not None and passes(row, rows) and row.get("event") == rows.get("event", row.get("event"))
    ]
    return [_of_run(entry, *rows["run_of"]) for entry in found] if "run_of" in rows else found


def _of_run(entry: Happening, workflow: str, column: str) -> Happening:
    run = entry.row.get(column)
    named = None if run is None else (workflow, entry.account, str(run))
    return replace(entry, run=named, of_run=True)


def _inherited(rows: Rows) -> Rows:
    return {key: rows[key] for key in ("filter", "run_of") if key in rows}


def _of_workflow(company: Company, name: str, rows: Rows, asked: Asked) -> list[Happening]:
    workflow = company.workflows[name]
    outcome = rows.get("outcome", "success")
    if outcome not in workflow:
        return []
    column = workflow.get("run")
    entries = [entry for entry in _candidates(company, workflow[outcome], asked) if passes(entry.row, rows)]
    if column is None:
        return entries
    return [_of_run(entry, name, column) for entry in entries]


def once_per_run(entries: list[Happening], worth: Callable[[Happening], Any] = lambda entry: None) -> list[Happening]:
    """Rows of runs count once, at the run's first row, and not at all without a run; other rows count each.

    Edges: of several rows of a run at that very moment the one that is worth most counts, one worth nothing last.
    """

    def place(entry: Happening) -> tuple[datetime, bool, Any]:
        value = worth(entry) if entry.of_run else None
        if not isinstance(value, Fraction):
            return entry.at, entry.of_run, 0
        return entry.at, False, -value

    seen = set()
    out = []
    for entry in sorted(entries, key=place):
        if not entry.of_run or (entry.run is not None and entry.run not in seen):
            seen.add(entry.run)
            out.append(entry)
    return out


def number_of(entries: list[Happening]) -> int:
    """How many there are: rows, and of rows that belong to runs the different runs.

    Edges: a row that lacks its run is no run, but something happened: alone it counts one.
    """
    runs = {entry.run for entry in entries} - {None}
    number = len(runs) + len([entry for entry in entries if not entry.of_run])
    return max(number, 1 if entries else 0)


def moments_of(
    company: Company, rows: Rows, asked: Asked, since: Mapping[str, datetime] | None = None
) -> dict[str, datetime]:
    """When each account met a selector for the first time; accounts that never did are absent.

    Formula: the n-th row (or n-th different run) for `at_least` n; the last of the members' moments for `all`, inside
    one run with `same_run`; with `since` only rows at or after that moment of the account count.
    """
    if "milestone" in rows:
        return _milestone(company, rows["milestone"], asked)
    if "all" in rows and rows.get("same_run"):
        return _within_one_run(company, rows, asked, since)
    if "all" in rows:
        members = [{**member, **_inherited(rows)} for member in rows["all"]]
        return last_of([moments_of(company, member, asked, since) for member in members])
    by_account: dict[str, list[Happening]] = defaultdict(list)
    for entry in chosen(company, rows, asked):
        if entry.account is not None and (since is None or entry.at >= since.get(entry.account, asked.as_of)):
            by_account[entry.account].append(entry)
    wanted = rows.get("at_least", 1)
    out = {}
    for account, entries in by_account.items():
        reached = [entry.at for n, entry in enumerate(entries) if number_of(entries[: n + 1]) >= wanted]
        if reached:
            out[account] = reached[0]
    return out


def last_of(moments: list[dict[str, datetime]]) -> dict[str, datetime]:
    """The latest of several moments, for accounts that have them all."""
    common = set.intersection(*(set(each) for each in moments))
    return {account: max(each[account] for each in moments) for account in common}


def _within_one_run(
    company: Company, rows: Rows, asked: Asked, since: Mapping[str, datetime] | None
) -> dict[str, datetime]:
    column = next(workflow["run"] for workflow in company.workflows.values() if workflow.get("run"))
    firsts: list[dict[tuple[str, str], datetime]] = []
    for member in rows["all"]:
        first: dict[tuple[str, str], datetime] = {}
        for entry in chosen(company, {**member, **_inherited(rows)}, asked):
            early = since is not None and entry.account is not None and entry.at < since.get(entry.account, asked.as_of)
            if entry.account is not None and entry.row.get(column) is not None and not early:
                first.setdefault((entry.account, str(entry.row[column])), entry.at)
        firsts.append(first)
    out: dict[str, datetime] = {}
    for account, run in set.intersection(*(set(first) for first in firsts)):
        met = max(first[account, run] for first in firsts)
        out[account] = min(met, out.get(account, met))
    return out


def _milestone(company: Company, name: str, asked: Asked) -> dict[str, datetime]:
    """`created`, `first_success`, `activated`, `first_paid`, one worked out beforehand, or a tier as `workflow.tier`.

    Edges: an account that pays on the day of its creation pays from that moment on.
    """
    created = {row["account"]: row["created"] for row in company.rows("accounts") if row["created"] < asked.as_of}
    if name == "created":
        return created
    if name in company.milestones:
        return {account: at for account, at in company.milestones[name].items() if account in created}
    if name == "first_paid":
        days = paid_first(company, asked)
        return {
            account: created[account]
            if account in created and asked.day(created[account]) == day
            else asked.instant(day)
            for account, day in days.items()
        }
    if name == "first_success":
        return moments_of(company, {"workflow": "core"}, asked)
    if name == "activated":
        steps = (company.activation or {})["steps"]
        return last_of([moments_of(company, step, asked, since=created) for step in steps.values()])
    workflow, tier = name.split(".")
    return tier_moments(company, workflow, asked)[tier]


def tier_moments(
    company: Company, workflow: str, asked: Asked, metric: Metric | None = None
) -> dict[str, dict[str, datetime]]:
    """When accounts reached each tier: its own condition and those of all lower tiers, ever.

    Where the workflow has a run column, several rows are asked for as several runs. With policy `tiers` independent of
    the metric each tier stands alone.
    """
    apart = (metric or {}).get("policies", {}).get("tiers") == "independent"
    column = company.workflows[workflow].get("run")
    out: dict[str, dict[str, datetime]] = {}
    below: list[dict[str, datetime]] = []
    for tier, rows in company.workflows[workflow]["tiers"].items():
        below.append(moments_of(company, {**rows, "run_of": (workflow, column)} if column else rows, asked))
        out[tier] = last_of(below[-1:] if apart else below)
    return out


def tier_standing(company: Company, metric: Metric, asked: Asked, day: date) -> dict[str, set[str]]:
    """Accounts by tier that stand there at the end of a day: its own conditions and those below, met within memory.

    Formula: what happened on the days of that length that end with the day meets them; of a milestone its moment.
    """
    workflow, policies = metric["workflow"], metric["policies"]
    memory, apart = policies["tier_memory"], policies.get("tiers") == "independent"
    column = company.workflows[workflow].get("run")
    first = later(day + timedelta(days=1), memory, -1)

    def met(rows: Rows) -> set[str]:
        if "all" in rows and not rows.get("same_run"):
            return set.intersection(*(met({**member, **_inherited(rows)}) for member in rows["all"]))
        if "milestone" in rows:
            return {
                a for a, at in _milestone(company, rows["milestone"], asked).items() if first <= asked.day(at) <= day
            }
        since = {row["account"]: asked.instant(first) for row in company.rows("accounts")}
        ends = Asked(asked.grain, asked.periods, asked.instant(day + timedelta(days=1)), asked.timezone)
        return set(moments_of(company, rows, min(asked, ends, key=lambda one: one.as_of), since))

    out: dict[str, set[str]] = {}
    below: list[set[str]] = []
    for tier, rows in company.workflows[workflow]["tiers"].items():
        below.append(met({**rows, "run_of": (workflow, column)} if column else rows))
        out[tier] = set.intersection(*(below[-1:] if apart else below))
    return out


def paid_first(company: Company, asked: Asked) -> dict[str, date]:
    """The first day on which each account had a subscription with a price, of those that began before the as-of."""
    out: dict[str, date] = {}
    for row in company.rows("subscriptions"):
        lasts = row.get("end") is None or row["end"] > row["start"]
        if row["price"] and lasts and asked.instant(row["start"] + timedelta(days=1)) <= asked.as_of:
            out[row["account"]] = min(row["start"], out.get(row["account"], row["start"]))
    return out
