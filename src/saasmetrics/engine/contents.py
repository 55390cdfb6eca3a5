"""What is asked of logs so that it can be told later whether they are still the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from saasmetrics.definitions.selection import Selector
from saasmetrics.facts.plan import main_time, make_plan
from saasmetrics.facts.request import Content, Request
from saasmetrics.period import Calendar
from saasmetrics.sources.open import Sources


def contents(sources: Sources, requests: Collection[Request], calendar: Calendar) -> dict[str, Content]:
    """By source, the content of the rows that requests read, over the columns that they read.

    Edges: when a row became known is no content.
    """
    plan = make_plan({name: log.role for name, log in sources.logs.items()}, requests, calendar, None)
    read = {predicate.source for predicate in plan.predicates}
    out = {}
    for name, log in sources.logs.items():
        if name in read:
            columns = sorted((plan.columns(name, log.role) & log.columns.keys()) - {"known_at"})
            out[name] = Content((Selector(log.role, main_time(log.role), source=name),), tuple(columns))
    return out


@dataclass(frozen=True)
class Held:
    """What a log holds as a whole, by day and bucket, and the columns of which that is."""

    columns: tuple[str, ...]
    rows: pl.DataFrame


def filled(facts: Mapping[Request, pl.DataFrame], asked: Mapping[str, Content]) -> dict[str, Held]:
    """By source, what was found."""
    return {name: Held(request.columns, facts[request]) for name, request in asked.items()}
