"""What events let suppose: workflows from names that go in pairs, activation from what most accounts do first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

_BEGUN = ("started", "start", "begun", "began", "initiated", "attempted", "requested", "submitted")
_DONE = (
    "completed",
    "complete",
    "finished",
    "succeeded",
    "success",
    "done",
    "posted",
    "sent",
    "delivered",
    "approved",
    "paid",
)
_FAILED = ("failed", "failure", "error", "errored", "rejected", "declined", "aborted")
_CAPTURED = re.compile(r"^\$|page|screen|session|login|logged|heartbeat|click|autocapture", re.IGNORECASE)
_WORKFLOWS, _STEPS = 5, 3
_COMMON = 0.4


@dataclass(frozen=True)
class Proposed:
    """A workflow as event names let suppose it."""

    name: str
    attempt: str
    success: str
    failure: str | None


def workflows(events: Sequence[str]) -> tuple[Proposed, ...]:
    """Jobs whose beginning and end both have an event: `invoice_started` and `invoice_posted`; most frequent first."""
    stems: dict[str, dict[str, str]] = {}
    for event in events:
        stem, last = _split(event)
        for part, endings in (("attempt", _BEGUN), ("success", _DONE), ("failure", _FAILED)):
            if last in endings and stem:
                stems.setdefault(stem, {}).setdefault(part, event)
    found = [
        Proposed(stem, parts["attempt"], parts["success"], parts.get("failure"))
        for stem, parts in stems.items()
        if "attempt" in parts and "success" in parts
    ]
    return tuple(found[:_WORKFLOWS])


def _split(event: str) -> tuple[str, str]:
    """`Invoice Post Failed` as `invoice_post` and `failed`."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", event)
    low = [word.lower() for word in words]
    return "_".join(low[:-1]), low[-1] if low else ""


def named(event: str) -> str:
    """An event as a name of a definition."""
    words = "_".join(word.lower() for word in re.findall(r"[A-Za-z]+|\d+", event))
    return words if words[:1].isalpha() else f"event_{words}"


def activation(habits: pl.DataFrame) -> Mapping[str, str]:
    """Steps by their names: up to three events that many accounts do, in the order in which they come to them.

    Edges: what is captured by itself, and what fails, is no step; fewer than two are none.
    """
    able = [
        event
        for event, share in habits.sort("days", "event").select("event", "share").iter_rows()
        if share >= _COMMON and not _CAPTURED.search(event) and _split(event)[1] not in _FAILED
    ]
    return {named(event): event for event in able[:_STEPS]} if len(able) > 1 else {}


def captured(events: Sequence[str]) -> tuple[str, ...]:
    """Events that a tool records by itself: they say nothing of what somebody came to do."""
    return tuple(event for event in events if event.startswith("$"))
