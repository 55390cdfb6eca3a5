"""Sessions: the rows of one user of one account without a long silence between them."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from oracle.counting import judged
from oracle.happenings import Happening, chosen
from oracle.shapes import UNKNOWN, Asked, Cell, Company, Key, Metric, length, share

UNITS = {"minutes": 60_000, "hours": 3_600_000}


def gap_of(metric: Metric) -> str:
    """How long a silence ends a session: the metric's own `gap`, else policy `session_gap`."""
    return str(metric.get("gap") or metric.get("policies", {}).get("session_gap", "30m"))


def visits(company: Company, gap: str, asked: Asked) -> list[list[Happening]]:
    """Every session as its rows in order: a silence of more than the gap begins another one."""
    rows: dict[tuple[str | None, str | None], list[Happening]] = defaultdict(list)
    for entry in chosen(company, {"source": "events"}, asked):
        if entry.account is not None and entry.user is not None:
            rows[entry.account, entry.user].append(entry)
    out = []
    for entries in rows.values():
        session = [entries[0]]
        for before, entry in pairwise(entries):
            if entry.at - before.at > length(gap):
                out.append(session)
                session = []
            session.append(entry)
        out.append(session)
    return out


def sessions(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Time per user with a session, by the area of the row that begins each stretch of time.

    Formula: sum over sessions that start in the period of the time from each row to the next / different members
    (account, user) with such a session; by area the same members.
    """
    unit = UNITS[metric.get("unit", "minutes")]
    found = visits(company, gap_of(metric), asked)
    areas = {_area(entry, metric) for session in found for entry in session} if "area" in metric else set()
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        own = [session for session in found if asked.floor(session[0].at) == period]
        members = {(session[0].account, session[0].user) for session in own}
        spent: dict[str | None, Fraction] = defaultdict(Fraction)
        for session in own:
            for entry, following in pairwise(session):
                time = Fraction((following.at - entry.at) // timedelta(milliseconds=1), unit)
                spent[None] += time
                if "area" in metric:
                    spent[_area(entry, metric)] += time
        for area in {None, *areas}:
            d = Fraction(len(members))
            value = share(spent[area], d)
            status = judged(asked, period, value, counted=len(members), of_rate=True)
            out[area, None, period] = Cell(value, spent[area], d, len(members), len(members), 0, status)
    return out


def _area(entry: Happening, metric: Metric) -> str:
    value = entry.row.get(metric["area"])
    return UNKNOWN if value is None else str(value)


def self_serve(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Sessions in which help was opened that no ticket of the person follows / all in which it was.

    Formula: the clock starts with the session's first help; a ticket of the user (of the account, where the ticket
    names no user) from then to 24 hours later (policy `self_serve_within`), both included, follows it. Open clocks are
    immature.
    """
    rows = [entry.row for entry in chosen(company, metric["help"], asked)]
    tickets = chosen(company, {"source": "tickets"}, asked)
    within = length(metric.get("policies", {}).get("self_serve_within", "24h"))
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        n = d = immature = 0
        for session in visits(company, gap_of(metric), asked):
            helped = [entry for entry in session if any(entry.row is row for row in rows)]
            if not helped or asked.floor(session[0].at) != period:
                continue
            first = helped[0]
            if first.at + within > asked.as_of:
                immature += 1
                continue
            d += 1
            n += not any(_follows(ticket, first, first.at + within) for ticket in tickets)
        value = share(Fraction(n), Fraction(d))
        status = judged(asked, period, value, counted=d, of_rate=True, immature=immature)
        out[None, None, period] = Cell(value, Fraction(n), Fraction(d), d, 0, immature, status)
    return out


def _follows(ticket: Happening, help_: Happening, until: datetime) -> bool:
    same = ticket.account == help_.account if ticket.user is None else ticket.user == help_.user
    return same and help_.at <= ticket.at <= until
