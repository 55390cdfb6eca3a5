"""Spans: from which day to which each version of a metric holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from saasmetrics.lock.entry import Entry, Version


@dataclass(frozen=True)
class Span:
    """One version and the days on which it holds: from `since` on, before `until`; null is without an end."""

    version: Version
    since: date | None
    until: date | None


def spans(entry: Entry) -> tuple[Span, ...]:
    """The versions of a metric that hold on some day, the earliest first; together they cover every day.

    Edges: a version holds until the next one does. One that came without a day holds for all periods there are, so that
    nothing before it does; and nothing is known of the days before the first one but what it says.
    """
    if entry.version is None:
        return ()
    found: list[Span] = []
    until: date | None = None
    for version in (entry.version, *reversed(entry.past)):
        since = date.fromisoformat(version.since) if version.since else None
        if until is not None and since is not None and since >= until:
            continue  # it was superseded from before its own first day on
        found.append(Span(version, since, until))
        if since is None:
            break
        until = since
    first = found[-1]
    return (Span(first.version, None, first.until), *reversed(found[:-1]))
