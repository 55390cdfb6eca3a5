"""The tables every export must become: roles, their columns, and what each column holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import polars as pl

Kind = Literal["id", "text", "time", "day", "money", "number", "count", "flag", "choice"]


@cache
def types() -> Mapping[Kind, pl.DataType | type[pl.DataType]]:
    """The type of every kind of column.

    Edges: `time` is an instant; a date without a time becomes the start of that local day. `day` is a local day; an
    instant becomes the local day it falls in. `money` is in whole units of its currency and is rounded to
    ten-thousandths once, when it enters a ledger. Ids are text whatever the file thinks.
    """
    return {
        "id": pl.String,
        "text": pl.String,
        "time": pl.Datetime("us", "UTC"),
        "day": pl.Date,
        "money": pl.Float64,
        "number": pl.Float64,
        "count": pl.Int64,
        "flag": pl.Boolean,
        "choice": pl.String,
    }


@dataclass(frozen=True)
class Column:
    """One canonical column."""

    kind: Kind
    needed: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Role:
    """A contract of canonical columns.

    `at` is the first time column, used when a rows selector names none. `log` marks roles that may be too big for
    memory and are only read by the facts pass. `sparse` marks roles whose newest row says nothing about how far the
    export reaches.
    """

    columns: Mapping[str, Column]
    at: str | None = None
    log: bool = False
    sparse: bool = False


def _columns(needed: str, **others: str) -> dict[str, Column]:
    def column(spec: str, need: bool) -> Column:
        kind, _, choices = spec.partition(":")
        return Column(kind, need, tuple(choices.split("|")) if choices else ())  # type: ignore[arg-type]  # a Kind

    must = dict(part.split("=") for part in needed.split())
    return {name: column(spec, True) for name, spec in must.items()} | {
        name: column(spec, False) for name, spec in others.items()
    }


ROLES: Mapping[str, Role] = {
    "accounts": Role(
        _columns("account=id created=time", closed="time", parent="id", valid_from="day", valid_to="day"), "created"
    ),
    "users": Role(_columns("user=id account=id", created="time", closed="time", role="text"), "created"),
    "aliases": Role(_columns("alias=id account=id")),
    "events": Role(_columns("event=text at=time account=id", user="id", id="id", known_at="time"), "at", log=True),
    "subscriptions": Role(
        _columns(
            "account=id start=day",
            end="day",
            mrr="money",
            price="money",
            interval="choice:day|week|month|quarter|year",
            id="id",
            quantity="number",
            interval_count="count",
            seats="number",
            plan="text",
            product="text",
            kind="choice:recurring|usage|one_off",
            committed="money",
            currency="text",
            status="text",
            discount_percent="number",
            discount_amount="money",
            discount_end="day",
            trial_end="day",
            paused_at="day",
            cancelled_at="day",
            closed_at="day",
        ),
        "start",
    ),
    "invoices": Role(
        _columns(
            "account=id at=time amount=money",
            id="id",
            start="day",
            end="day",
            kind="choice:recurring|usage|one_off",
            product="text",
            currency="text",
            status="text",
        ),
        "at",
    ),
    "leads": Role(
        _columns(
            "lead=id at=time",
            account="id",
            channel="text",
            mql="time",
            sql="time",
            opportunity="time",
            won="time",
            lost="time",
        ),
        "at",
    ),
    "opportunities": Role(
        _columns(
            "opportunity=id opened=time amount=money",
            closed="time",
            status="choice:open|won|lost",
            stage="text",
            qualified_at="time",
            expected_close="day",
            account="id",
            lead="id",
            recurring_amount="money",
            years="number",
            currency="text",
            type="text",
            team="text",
        ),
        "opened",
    ),
    "stages": Role(_columns("stage=text at=time", lead="id", opportunity="id", left="time"), "at"),
    "touches": Role(_columns("at=time channel=text", account="id", lead="id", id="id", campaign="text"), "at"),
    "spend": Role(
        _columns(
            "at=day amount=money",
            bucket="choice:paid|organic|salaries|tools|overhead",
            channel="text",
            campaign="text",
            currency="text",
        ),
        "at",
        sparse=True,
    ),
    "costs": Role(_columns("at=day amount=money", bucket="choice:cogs|opex", currency="text"), "at", sparse=True),
    "tickets": Role(
        _columns(
            "at=time",
            id="id",
            account="id",
            user="id",
            first_response="time",
            resolved="time",
            category="text",
            workflow="text",
            blocking="flag",
            status="text",
        ),
        "at",
    ),
    "incidents": Role(
        _columns("at=time", id="id", ended="time", severity="text", workflow="text", status="text"), "at", sparse=True
    ),
    "surveys": Role(
        _columns("at=time score=number", account="id", user="id", kind="choice:nps|csat|ces", reason="text"),
        "at",
        sparse=True,
    ),
    "requests": Role(
        _columns(
            "at=time",
            kind="choice:page|api|save|job|sync",
            name="text",
            duration_ms="number",
            outcome="choice:ok|error|timeout",
            status="text",
            retries="count",
            account="id",
            user="id",
            workflow="text",
            id="id",
        ),
        "at",
        log=True,
    ),
    "fx": Role(_columns("currency=text rate=number", at="day"), "at", sparse=True),
    "quotas": Role(_columns("at=day amount=money", team="text"), "at", sparse=True),
    "market": Role(_columns("accounts=number", start="day", value="money"), "start", sparse=True),
}

IN_THEMSELVES = frozenset(
    {"requests", "incidents", "spend", "costs", "leads", "opportunities", "stages", "touches", "quotas", "market"}
)
"""Roles whose rows are counted in themselves: one without an account stays, as `(unattributed)`."""
