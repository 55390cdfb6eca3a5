"""One computation, as every format reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from saasmetrics.finding import Finding
from saasmetrics.output.subject import Subject
from saasmetrics.period import Calendar, Grain


@dataclass(frozen=True)
class Goal:
    """A target of a part of the company: whose, of which part, how it stands.

    `value` is as people read it, empty where there is none, with `period` its name.
    """

    subject: Subject
    part: str
    value: str = ""
    period: str = ""


@dataclass(frozen=True)
class Answer:
    """Values and what is needed to print them.

    `subjects` are the addresses asked for, in print order. `named` says that metrics were asked for by name: then one
    that is a cohort, a funnel or a set of movements prints as its table, and a single address as its history. `grain`
    is the one asked for; null: each metric's own. `as_of` is the instant from which on nothing is known. `is_full`
    shows also the cuts that nobody named, of metrics that have a headline. `goals` are targets of parts of the company.
    `step_times` say of funnels how long each step takes (`metric`, `cut`, `grain`, `period`, `took` in ms, `n`).
    """

    title: str
    values: pl.DataFrame
    subjects: tuple[Subject, ...]
    calendar: Calendar
    as_of: datetime
    findings: tuple[Finding, ...] = ()
    by: tuple[str, ...] = ()
    grain: Grain | None = None
    named: bool = False
    where: str = ""
    is_full: bool = True
    goals: tuple[Goal, ...] = ()
    step_times: pl.DataFrame | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    """What a JSON document says beside: versions, where the values have them."""


def last_day(calendar: Calendar, as_of: datetime) -> str:
    """The last local day before the instant from which on nothing is known."""
    return calendar.local_day(as_of - timedelta(microseconds=1)).isoformat()
