"""Rows, followed to what they come down to: events, rows of a source, moments of an account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.dependencies import Node
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.walk import found

_VANITY = re.compile(
    r"(?:.*_)?(?:log_?in|logged_in|sign_?in|signed_in|sign_?up|signed_up|registered|page_?view(?:ed)?|screen_view(?:ed)?"
    r"|session(?:_start(?:ed)?)?|visit(?:ed)?|(?:message|email)_sent|app_open(?:ed)?)(?:_completed|s)?"
)
_CLICK = re.compile(r".*_(?:started|clicked|viewed|opened)|page_?view|screen_view")
_LOOK = re.compile(r".*_(?:clicked|viewed|opened|hovered|shown)|page_?view|screen_view")
_PRESENT = re.compile(
    r"(?:.*_)?(?:log_?in|logged_in|sign_?in|signed_in|page_?view(?:ed)?|screen_view(?:ed)?|session(?:_start(?:ed)?)?"
    r"|visit(?:ed)?|app_open(?:ed)?)s?"
)
_ARRIVAL = re.compile(
    r"(?:.*_)?(?:log_?in|logged_in|sign_?in|signed_in|sign_?up|signed_up|registered)(?:_completed|s)?"
)


def is_vanity(event: str) -> bool:
    """Whether an event only says that somebody came, looked or was written to."""
    return _VANITY.fullmatch(event) is not None


def is_attempt(event: str) -> bool:
    """Whether an event is named like the beginning of something, or a glance at it."""
    return _CLICK.fullmatch(event) is not None


def is_look(event: str) -> bool:
    """Whether an event is named like a look at something."""
    return _LOOK.fullmatch(event) is not None


def is_presence(event: str) -> bool:
    """Whether an event only says that somebody is there."""
    return _PRESENT.fullmatch(event) is not None


def is_arrival(event: str) -> bool:
    """Whether an event is a sign-up or a login."""
    return _ARRIVAL.fullmatch(event) is not None


def leaves(definitions: Definitions, rows: Rows) -> Iterator[Rows]:
    """What rows come down to: rows with an event, a source or a milestone, at any depth.

    Edges: a workflow is the rows of its outcome, `core` those of every core one; a milestone stays as it is.
    """
    if rows.workflow is not None:
        names = [rows.workflow] if rows.workflow != "core" else list(definitions.workflows)
        for name in names:
            block = definitions.workflows.get(name)
            if block is not None and (rows.workflow != "core" or block.core):
                inner: Rows | None = getattr(block, rows.outcome or "success")
                yield from leaves(definitions, inner) if inner is not None else ()
    elif rows.feature is not None and rows.feature in definitions.features:
        yield from leaves(definitions, definitions.features[rows.feature].rows)
    elif rows.any is not None or rows.all is not None:
        for member in (*(rows.any or ()), *(rows.all or ())):
            yield from leaves(definitions, member)
    else:
        yield rows


def leaves_in(definitions: Definitions, value: Any) -> Iterator[Rows]:
    """The leaves of all rows inside a value."""
    for _, rows in found(Rows, value):
        if rows.form:
            yield from leaves(definitions, rows)


def leaves_under(definitions: Definitions, nodes: frozenset[Node]) -> Iterator[Rows]:
    """The leaves of everything that nodes stand for."""
    for kind, name in sorted(nodes):
        if kind == "metric" and name in definitions.metrics:
            yield from leaves_in(definitions, tuple(v.spec for v in definitions.metrics[name].variants))
        elif kind == "active":
            yield from leaves_in(definitions, definitions.active)
        elif kind == "score" and name in definitions.scores:
            yield from leaves_in(definitions, definitions.scores[name])


def is_sign_up(definitions: Definitions, rows: Rows) -> bool:
    """Whether rows are accounts or users by their creation."""
    if rows.milestone is not None:
        return rows.milestone == "created"
    if rows.source is None:
        return False
    source = definitions.sources.get(rows.source)
    return (source.role if source else rows.source) in ("accounts", "users") and rows.at in (None, "created")


def events(definitions: Definitions, value: Any) -> frozenset[str]:
    """Names of the events inside a value, followed through workflows and features."""
    return frozenset(rows.event for rows in leaves_in(definitions, value) if rows.event is not None)
