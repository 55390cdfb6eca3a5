"""How far what was read reaches, and which periods are asked for of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.engine.given import Asked
from saasmetrics.engine.read import Read
from saasmetrics.finding import Finding, Severity
from saasmetrics.frames.canonical import ROLES
from saasmetrics.period import Calendar, Grain, Periods

STATE = ("accounts", "users", "aliases")
"""Roles that tell what there is, not what happened: a quiet week in them does not mean that the export stops."""


def newest(found: Read, calendar: Calendar) -> datetime:
    """The first instant after everything that was read; sparse roles count only where nothing else is there.

    Edges: a day known by its date alone counts as a whole, unless instants of that very day say how far it got.
    """
    dense = [one for role, one in found.reaches.items() if not ROLES[role].sparse] or [*found.reaches.values()]
    instants = [one.last for one in dense if not one.by_day]
    last = max(one.last for one in dense)
    if instants and calendar.local_day(max(instants)) == calendar.local_day(last - timedelta(microseconds=1)):
        return max(instants)
    return last


def reach_of(asked: Asked, found: Read, overall: datetime) -> datetime:
    """How far a metric's inputs reach: the smallest newest row over the sources it counts."""
    known = [
        found.reaches[role].last
        for role in asked.roles
        if role in found.reaches and not ROLES[role].sparse and role not in STATE
    ]
    return min([*known, overall])


def since_of(asked: Asked, found: Read) -> datetime | None:
    """From when on a metric's inputs tell anything: the latest beginning over the logs it counts."""
    begins = [found.reaches[role].first for role in asked.roles if role in found.reaches and role not in STATE]
    return max(begins, default=None)


def timeless() -> Finding:
    """Nothing that was read has a time: there is no day up to which anything could be said."""
    hint = "say one with --as-of, and nothing counts as nothing"
    return Finding("SM978", Severity.ERROR, "no row that can be used says up to which day the data reaches", hint=hint)


def periods_asked(
    definitions: Definitions, grain: Grain, as_of: datetime, count: int | None, since: date | None, until: date | None
) -> Periods:
    """The periods asked for; without a word the one in progress and the twelve before it."""
    calendar = definitions.settings.calendar
    last = calendar.local_day(as_of - timedelta(microseconds=1))
    last = min(last, until) if until else last
    if since is not None:
        starts = calendar.span(min(since, last), last, grain)
        return Periods(calendar, grain, starts[-count:] if count else starts)
    current = calendar.floor(last, grain)
    first = calendar.shift(current, grain, -((count or 13) - 1))
    return Periods(calendar, grain, calendar.span(first, current, grain))
