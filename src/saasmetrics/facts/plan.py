"""What one pass has to fill: requests resolved against sources and merged into families. Knows no engine.

A plan says everything that decides the facts (predicates, keys, aggregates, calendar, as-of), so it can be compared,
fingerprinted, and rendered for another engine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from saasmetrics.definitions.selection import Selector
from saasmetrics.expression import parse
from saasmetrics.facts.request import Content, First, Narrow, Presence, Request, Runs, SameRun, Spread, Tally
from saasmetrics.frames.canonical import ROLES
from saasmetrics.period import Calendar


@dataclass(frozen=True)
class Predicate:
    """Rows of one source with this event name that meet this filter and have a time in column `at`."""

    source: str
    at: str
    event: str | None = None
    filter: str | None = None


@dataclass(frozen=True)
class Choice:
    """One selector of a request, and the predicates it comes down to: one per source it reads."""

    selector: Selector
    predicates: tuple[Predicate, ...]


@dataclass(frozen=True)
class Member:
    """One request with its selectors resolved.

    Edges: a row that meets several choices of a part counts once in it, at the time of the first it meets. Most
    requests have one part; that of `Runs` are attempt, success and failure.
    """

    request: Request
    parts: tuple[tuple[Choice, ...], ...]

    @property
    def rows(self) -> tuple[Choice, ...]:
        """The choices of the first part."""
        return self.parts[0]

    @property
    def choices(self) -> tuple[Choice, ...]:
        """All choices, in reading order."""
        return tuple(choice for part in self.parts for choice in part)


@dataclass(frozen=True)
class Family:
    """Requests that one reduction fills: they differ in their selectors only.

    `shape` is any of them without selectors; a request that shares its reduction with no other is its own shape.
    """

    shape: Request
    members: tuple[Member, ...]

    @property
    def sources(self) -> frozenset[str]:
        """The sources that any member reads."""
        choices = (choice for member in self.members for choice in member.choices)
        return frozenset(predicate.source for choice in choices for predicate in choice.predicates)


@dataclass(frozen=True)
class Plan:
    """The whole reduction."""

    calendar: Calendar
    as_of: datetime | None
    families: tuple[Family, ...]

    @property
    def members(self) -> Iterator[Member]:
        """All members of all families."""
        return (member for family in self.families for member in family.members)

    @property
    def predicates(self) -> tuple[Predicate, ...]:
        """Every predicate once, in the order of the requests."""
        choices = (choice for member in self.members for choice in member.choices)
        return tuple(dict.fromkeys(predicate for choice in choices for predicate in choice.predicates))

    @property
    def fingerprint(self) -> str:
        """A name for everything that decides the facts, the data aside."""
        text = json.dumps(asdict(self), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def columns(self, source: str, role: str) -> frozenset[str]:
        """Canonical columns that a source has to give for this plan."""
        out = {main_time(role), "known_at"}
        for member in self.members:
            chosen = [choice for choice in member.choices if any(p.source == source for p in choice.predicates)]
            if not chosen:
                continue
            out |= _request_columns(member.request)
            for choice in chosen:
                out |= _selector_columns(choice.selector)
        return frozenset(out)


def make_plan(
    roles: Mapping[str, str], requests: Collection[Request], calendar: Calendar, as_of: datetime | None
) -> Plan:
    """Resolve selectors against sources (`roles`: source name to its role) and gather the requests into families."""
    families: dict[Request, list[Member]] = {}
    for request in dict.fromkeys(requests):
        families.setdefault(_shape(request), []).append(_member(request, roles))
    return Plan(calendar, as_of, tuple(Family(shape, tuple(members)) for shape, members in families.items()))


def main_time(role: str) -> str:
    """The time column that decides when a row of a role is visible."""
    return ROLES[role].at or "at"


def _shape(request: Request) -> Request:
    match request:
        case Tally() | Presence() | First(at_least=1, distinct_runs=False):
            return replace(request, selectors=())
        case Runs():
            return Runs("", (), ())
        case _:
            return request


def _member(request: Request, roles: Mapping[str, str]) -> Member:
    return Member(request, tuple(_choices(part, roles) for part in _parts(request)))


def _parts(request: Request) -> tuple[tuple[Selector, ...], ...]:
    match request:
        case Runs():
            return request.attempt, request.success, request.failure
        case SameRun():
            return request.parts
        case _:
            return (request.selectors,)


def _choices(selectors: tuple[Selector, ...], roles: Mapping[str, str]) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            selector,
            tuple(
                Predicate(source, selector.at, selector.event, selector.filter)
                for source, role in roles.items()
                if role == selector.role and selector.source in (None, source)
            ),
        )
        for selector in selectors
    )


def _selector_columns(selector: Selector) -> set[str]:
    out = {selector.at}
    if selector.event is not None:
        out.add("event")
    if selector.run is not None:
        out.add(selector.run)
    return out | (parse(selector.filter).columns if selector.filter else set())


def _request_columns(request: Request) -> set[str]:
    out = {"account"}
    match request:
        case Tally(by=by) | Spread(by=by):
            out |= set(by)
        case Presence(entity="user"):
            out.add("user")
        case Runs(reason=reason):
            out |= {"user"} | ({reason} if reason else set())
        case Narrow(columns=columns):
            out |= {"user", *columns}
        case Content(selectors=[selector], columns=columns):
            needed = {name for name, column in ROLES[selector.role].columns.items() if column.needed}
            out |= {*columns, *needed}
        case _:
            pass
    expr = getattr(request, "expr", None)
    return out | (parse(expr).columns if expr else set())
