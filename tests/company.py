"""Small random companies, and the exports and definitions that the engine reads them from."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from oracle import Company
from questions import ACTIVATION, ACTIVE, METRICS, SCORES, UNDER_SCORES, WORKFLOWS, for_file, scores_for_oracle

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 150
"""The companies live from January to May."""


ACCOUNTS = ["A", "B", "C", "D", "E"]
USERS = ["u1", "u2", "u3"]
HOURS = [0, 90, 600, 1380, 1439]
"""Minutes after midnight, near the edges of local days on purpose."""

moments = st.builds(
    lambda day, minute: EPOCH + timedelta(days=day, minutes=minute), st.integers(0, DAYS), st.sampled_from(HOURS)
)
days = st.integers(0, DAYS).map(lambda day: date(2026, 1, 1) + timedelta(days=day))
maybe_account = st.sampled_from([*ACCOUNTS, None])
amounts = st.sampled_from([None, 0, 1, 2.5, 10, 99.99, -3])

events = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["use", "use", "invite", "try", "ok", "fail", "begin", "done", "other"]),
        "at": moments,
        "account": st.sampled_from(ACCOUNTS),
        "user": st.sampled_from([*USERS, None]),
        "run": st.sampled_from(["1", "2", "3", None]),
        "kind": st.sampled_from(["a", "b", None]),
        "amount": amounts,
    }
)
accounts = st.lists(
    st.fixed_dictionaries(
        {"created": moments, "closed": st.none() | moments, "size": st.sampled_from(["small", "large", None])}
    ),
    min_size=len(ACCOUNTS),
    max_size=len(ACCOUNTS),
).map(lambda rows: [{"account": name, **row} for name, row in zip(ACCOUNTS, rows, strict=True)])


def _with_length(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "end": None if row["length"] is None else row["start"] + timedelta(days=row["length"])}


subscriptions = st.fixed_dictionaries(
    {
        "account": st.sampled_from(ACCOUNTS),
        "start": days,
        "length": st.sampled_from([None, 1, 10, 30, 45, 90]),
        "plan": st.sampled_from(["pro", "free", "team"]),
        "price": st.sampled_from([0, 10, 25.5, 1000]),
        "quantity": st.sampled_from([None, 1, 3]),
        "interval": st.sampled_from(["month", "year", "quarter", "week"]),
        "currency": st.sampled_from(["EUR", "USD"]),
    }
).map(_with_length)


def _with_end(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "resolved": None if row["length"] is None else row["at"] + timedelta(days=row["length"])}


tickets = st.fixed_dictionaries(
    {
        "at": moments,
        "account": maybe_account,
        "user": st.sampled_from([*USERS, None]),
        "category": st.sampled_from(["bug", "billing", None]),
        "length": st.sampled_from([None, 1, 20]),
    }
).map(_with_end)
users = st.fixed_dictionaries(
    {
        "user": st.sampled_from(USERS),
        "account": st.sampled_from(ACCOUNTS),
        "role": st.sampled_from(["admin", "approver", "member", None]),
    }
)
surveys = st.lists(
    st.fixed_dictionaries(
        {
            "at": moments,
            "account": st.sampled_from(ACCOUNTS),
            "user": st.sampled_from(USERS),
            "score": st.integers(0, 10),
        }
    ),
    max_size=8,
    unique_by=lambda row: (row["user"], row["at"]),
)
requests = st.fixed_dictionaries(
    {
        "at": moments,
        "account": maybe_account,
        "name": st.sampled_from(["list", "save"]),
        "duration_ms": st.integers(1, 900),
        "outcome": st.sampled_from(["ok", "error", "timeout", None, None]),
        "status": st.sampled_from([200, 302, 404, 408, 500, 504, None]),
    }
)


FULL = {"event": "other", "at": EPOCH, "account": "A", "user": "u1", "run": "1", "kind": "a", "amount": 1}
"""An event that lacks nothing: a column that is empty in every row has no type in a CSV file."""


HOLDER = {"user": "u1", "account": "A", "role": "admin"}
"""A user that lacks nothing, for the same reason."""


def _company(roles: dict[str, Any]) -> Company:
    return Company({**roles, "events": [FULL, *roles["events"]]}, WORKFLOWS, ACTIVATION, ACTIVE, scores_for_oracle())


def companies() -> st.SearchStrategy[Company]:
    """Companies of five accounts, with gaps, overlaps, several currencies, shared users and missing values."""
    roles: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {
            "accounts": accounts,
            "users": st.lists(users, max_size=20).map(lambda rows: [HOLDER, *rows]),
            "events": st.lists(events, min_size=30, max_size=80),
            "subscriptions": st.lists(subscriptions, min_size=5, max_size=14),
            "tickets": st.lists(tickets, min_size=3, max_size=12),
            "surveys": surveys,
            "requests": st.lists(requests, min_size=3, max_size=12),
            "fx": st.just([{"currency": "USD", "rate": 0.8}]),
        }
    )
    return roles.map(_company)


# --- exports ---------------------------------------------------------------------------------------------------------

COLUMNS: dict[str, list[str]] = {
    "accounts": ["account", "created", "closed", "size"],
    "users": ["user", "account", "role"],
    "events": ["event", "at", "account", "user", "run", "kind", "amount"],
    "subscriptions": ["account", "start", "end", "plan", "price", "quantity", "interval", "currency"],
    "tickets": ["at", "account", "user", "category", "resolved"],
    "surveys": ["at", "account", "user", "score"],
    "requests": ["at", "account", "name", "duration_ms", "outcome", "status"],
}


FURTHER: dict[str, list[str]] = {
    "invoices": ["account", "at", "amount", "start", "end", "kind", "currency", "status"],
}
"""Exports that only some companies have."""


SEGMENTS: dict[str, Any] = {
    "size": {}, "plan": {"expr": {"subscriptions": "plan"}}, "role": {"expr": {"users": "role"}},
}  # fmt: skip


def write(
    company: Company,
    folder: Path,
    metrics: Mapping[str, Mapping[str, Any]],
    timezone: str,
    more: Mapping[str, list[str]] | None = None,
    policies: Mapping[str, Any] | None = None,
    blocks: Mapping[str, Any] | None = None,
) -> Path:
    """Write the exports as CSV and the definitions as YAML (in its JSON subset). Returns the path of the latter.

    `more` names further columns of a role, `policies` are those of the whole file, `blocks` stand beside or instead of
    the usual ones.
    """
    columns_of = {**COLUMNS, **{role: named for role, named in FURTHER.items() if role in company.roles}}
    for role, named in columns_of.items():
        columns = [*named, *(more or {}).get(role, ())]
        with (folder / f"{role}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            for row in company.roles.get(role, ()):
                writer.writerow(_spelled(row.get(column)) for column in columns)
    metrics = {**{name: METRICS[name] for name in UNDER_SCORES}, **metrics}
    definitions = {
        "version": 1,
        "settings": {"timezone": timezone, "currency": "EUR"},
        "sources": {
            **{role: {"path": f"{role}.csv"} for role in columns_of},
            "fx": {"rows": list(company.roles["fx"])},
        },
        "segments": SEGMENTS,
        "workflows": for_file(company.workflows),
        "policies": dict(policies or {}),
        "activation": for_file(company.activation),
        "active": for_file(company.active),
        "scores": SCORES,
        "metrics": {name: for_file(metric) for name, metric in metrics.items()},
        **(blocks or {}),
    }
    path = folder / "metrics.yaml"
    path.write_text(json.dumps(definitions, indent=1, default=str), encoding="utf-8")
    return path


def _spelled(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)
