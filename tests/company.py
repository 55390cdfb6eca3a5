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

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 150
"""The companies live from January to May."""

WORKFLOWS: dict[str, dict[str, Any]] = {
    "invoicing": {
        "attempt": {"event": "try"},
        "success": {"event": "ok"},
        "failure": {"event": "fail"},
        "run": "run",
        "within": "2d",
        "value": "amount",
        "tiers": {
            "basic": {"event": "use"},
            "standard": {"all": [{"event": "ok"}, {"event": "invite"}]},
            "advanced": {"event": "ok", "at_least": 2},
        },
    },
    "ordering": {"attempt": {"event": "begin"}, "success": {"event": "done"}, "within": "1d"},
}
ACTIVATION = {"steps": {"use": {"event": "use"}, "invite": {"event": "invite"}}, "within": "14d", "windows": ["14d"]}
ACTIVE: dict[str, Any] = {"account": {"workflow": "core"}, "user": {"any": [{"workflow": "core"}, {"event": "use"}]}}

STEPS = {"one": {"event": "use"}, "two": {"event": "invite"}, "three": {"event": "use"}}
MOVES = ("new", "expansion", "contraction", "churn", "reactivation", "transfer", "net")

METRICS: dict[str, dict[str, Any]] = {
    "uses": {"type": "simple", "event": "use"},
    "uses_of_a": {"type": "simple", "event": "use", "filter": {"kind": "a"}},
    "uses_by_kind": {"type": "simple", "event": "use", "cut": "kind"},
    "uses_or_invites": {"type": "simple", "any": [{"event": "use"}, {"event": "invite"}]},
    "amount_sum": {"type": "simple", "event": "use", "agg": "sum", "expr": "amount"},
    "amount_sum_by_kind": {"type": "simple", "event": "use", "agg": "sum", "expr": "amount", "cut": "kind"},
    "amount_average": {"type": "simple", "event": "use", "agg": "average", "expr": "amount"},
    "amount_min": {"type": "simple", "event": "use", "agg": "min", "expr": "amount"},
    "amount_max": {"type": "simple", "event": "use", "agg": "max", "expr": "amount"},
    "amount_median": {"type": "simple", "event": "use", "agg": "median", "expr": "amount"},
    "amount_p90": {"type": "simple", "event": "use", "agg": "p90", "expr": "amount"},
    "kinds": {"type": "simple", "event": "use", "agg": "count_distinct", "expr": "kind"},
    "uses_in_14d": {"type": "simple", "event": "use", "window": "14d"},
    "runs_done": {"type": "simple", "workflow": "invoicing"},
    "runs_tried": {"type": "simple", "workflow": "invoicing", "outcome": "attempt"},
    "orders_done": {"type": "simple", "workflow": "ordering"},
    "core_done": {"type": "simple", "workflow": "core"},
    "tickets_opened": {"type": "simple", "source": "tickets"},
    "tickets_resolved": {"type": "simple", "source": "tickets", "at": "resolved", "cut": "category"},
    "calls": {"type": "simple", "source": "requests"},
    "calls_p95": {"type": "simple", "source": "requests", "agg": "p95", "expr": "duration_ms"},
    "score_last": {
        "type": "simple", "source": "surveys", "agg": "average", "expr": "score", "last_per": ["user"], "window": "30d",
    },
    "tickets_open": {"type": "stock", "source": "tickets"},
    "accounts_there": {"type": "stock", "source": "accounts"},
    "recurring": {"type": "stock", "source": "subscriptions", "agg": "sum", "expr": "mrr"},
    **{f"recurring_{part}": {"type": "movement", "of": "recurring", "part": part} for part in MOVES},
    "logos_new": {"type": "movement", "of": "recurring", "part": "new", "count": True},
    "logos_lost": {"type": "movement", "of": "recurring", "part": "churn", "count": True},
    "kept": {"type": "net_retention", "of": "recurring", "over": "1mo"},
    "kept_capped": {"type": "net_retention", "of": "recurring", "over": "1mo", "cap": True},
    "kept_logos": {"type": "net_retention", "of": "recurring", "over": "2mo", "count": True},
    "lost_logos": {"type": "net_retention", "of": "recurring", "over": "1mo", "count": True, "lost": True},
    "active_accounts": {"type": "active", "entity": "account"},
    "active_twice": {
        "type": "active", "entity": "account", "rule": {"any": [{"event": "use"}, {"event": "invite"}]}, "at_least": 2,
    },
    "using_twice": {"type": "active", "entity": "account", "rule": {"event": "use"}, "at_least": 2},
    "active_users": {"type": "active", "entity": "user"},
    "active_persons": {"type": "active", "entity": "person"},
    "active_daily": {"type": "active", "entity": "user", "window": "1d"},
    "active_28d": {"type": "active", "entity": "user", "window": "28d"},
    "active_3d": {"type": "active", "entity": "user", "window": "3d"},
    "inviting_share": {"type": "active", "entity": "account", "rule": {"event": "invite"}, "measure": "share"},
    "inviting_users": {"type": "active", "entity": "user", "rule": {"event": "invite"}, "measure": "share"},
    "funnel": {"type": "conversion", "steps": STEPS, "within": "10d"},
    "funnel_any": {"type": "conversion", "steps": STEPS, "within": "10d", "order": "any"},
    "funnel_strict": {"type": "conversion", "steps": STEPS, "within": "10d", "order": "strict"},
    "funnel_users": {"type": "conversion", "steps": STEPS, "within": "10d", "entity": "user"},
    "funnel_previous": {"type": "conversion", "steps": STEPS, "within": "10d", "rate_from": "previous"},
    "funnel_twice": {
        "type": "conversion", "within": "10d",
        "steps": {"one": {"event": "invite"}, "two": {"event": "use", "at_least": 2}},
    },
    "completion": {
        "type": "conversion", "entity": "run", "within": "2d", "entry": {"workflow": "invoicing", "outcome": "attempt"},
        "steps": {"success": {"workflow": "invoicing", "outcome": "success"}},
    },
    "ordering_completion": {
        "type": "conversion", "entity": "run", "within": "1d", "entry": {"workflow": "ordering", "outcome": "attempt"},
        "steps": {"success": {"workflow": "ordering", "outcome": "success"}},
    },
    "activated_14d": {
        "type": "conversion", "within": "14d", "entry": {"milestone": "created"},
        "steps": {"on": {"milestone": "activated"}},
    },
    "time_to_use": {
        "type": "duration", "from": {"milestone": "created"}, "to": {"event": "use"}, "within": "30d", "unit": "days",
        "stat": ["median", "p90", "mean"],
    },
    "time_to_success": {
        "type": "duration", "from": {"milestone": "created"}, "to": {"milestone": "first_success"}, "unit": "days",
        "stat": ["median", "p90"],
    },
    "time_to_use_of_all": {
        "type": "duration", "from": {"milestone": "created"}, "to": {"event": "use"}, "within": "30d", "among": "all",
        "unit": "days", "stat": ["median", "p90"],
    },
    "run_time": {
        "type": "duration", "entity": "run", "from": {"workflow": "invoicing", "outcome": "attempt"}, "within": "2d",
        "to": {"workflow": "invoicing", "outcome": "success"}, "unit": "minutes", "stat": ["median", "p90"],
    },
    "depth": {"type": "tiers", "workflow": "invoicing"},
    "depth_time": {"type": "tiers", "workflow": "invoicing", "measure": "time"},
    "tickets_per_use": {"type": "ratio", "numerator": "tickets_opened", "denominator": "uses", "scale": 100},
    "categories_per_use": {
        "type": "ratio", "numerator": "tickets_resolved", "denominator": "uses", "scale": 100, "whole": ["category"],
    },
    "uses_per_account": {"type": "ratio", "numerator": "uses", "denominator": "active_accounts"},
    "growth": {
        "type": "derived", "expr": "now / before - 1",
        "input_metrics": {"now": "recurring", "before": {"metric": "recurring", "offset": "1mo"}},
    },
    "quick": {
        "type": "derived", "expr": "(up + fresh) / -(down + gone)",
        "input_metrics": {
            "up": "recurring_expansion", "fresh": "recurring_new",
            "down": "recurring_contraction", "gone": "recurring_churn",
        },
    },
    "small_part": {
        "type": "derived", "expr": "part / uses",
        "input_metrics": {"part": {"metric": "uses", "where": {"size": ["small"]}}, "uses": "uses"},
    },
}  # fmt: skip
"""Definitions as a file has them, but for filters, which are mappings of columns to values, and addresses by name."""

PAYING = {
    "type": "stock", "source": "subscriptions", "agg": "count_distinct", "expr": "account",
    "filter": lambda row: row["price"] > 0,
}  # fmt: skip


def _lost(**more: Any) -> dict[str, Any]:
    return {"type": "net_retention", "of": "recurring", "over": "1mo", "lost": True, **more}


def _of_workflow(name: str, outcome: str = "success") -> dict[str, Any]:
    return {"type": "simple", "workflow": name, "outcome": outcome}


CATALOGUE: dict[tuple[str, str | None], dict[str, Any]] = {
    ("workflow_successes", None): _of_workflow("core"),
    ("workflow_successes", "invoicing"): _of_workflow("invoicing"),
    ("workflow_successes", "ordering"): _of_workflow("ordering"),
    ("workflow_attempts", "invoicing"): _of_workflow("invoicing", "attempt"),
    ("workflow_attempts", "ordering"): _of_workflow("ordering", "attempt"),
    ("workflow_failures", "invoicing"): _of_workflow("invoicing", "failure"),
    ("workflow_value", "invoicing"): {**_of_workflow("invoicing"), "agg": "sum", "expr": "amount"},
    ("completion_rate", "invoicing"): METRICS["completion"],
    ("completion_rate", "ordering"): METRICS["ordering_completion"],
    ("workflow_duration", "invoicing"): METRICS["run_time"],
    ("time_to_value", None): {**METRICS["time_to_success"], "within": "30d"},
    ("activation_rate", None): METRICS["activated_14d"],
    ("time_to_activation", None): {
        "type": "duration", "from": {"milestone": "created"}, "to": {"milestone": "activated"}, "within": "14d",
        "stat": ["median", "p90"],
    },
    ("tier_share", "invoicing"): {"type": "tiers", "workflow": "invoicing"},
    ("tier_transition_time", "invoicing"): {"type": "tiers", "workflow": "invoicing", "measure": "time"},
    ("dau", None): METRICS["active_daily"],
    ("wau", None): METRICS["active_users"],
    ("mau", None): METRICS["active_users"],
    ("stickiness", None): {"type": "stickiness", "rule": ACTIVE["user"]},
    ("waa", None): METRICS["active_accounts"],
    ("waa", "invoicing"): {"type": "active", "entity": "account", "rule": {"workflow": "invoicing"}},
    ("maa", "ordering"): {"type": "active", "entity": "account", "rule": {"workflow": "ordering"}},
    ("cohort_retention", "1mo"): {"type": "retention", "ages": ["1mo"]},
    ("cohort_retention", "3mo"): {"type": "retention", "ages": ["3mo"]},
    ("mrr", None): METRICS["recurring"],
    ("arr", None): {"type": "derived", "expr": "12 * mrr", "input_metrics": {"mrr": "recurring"}},
    ("new_mrr", None): METRICS["recurring_new"],
    ("expansion_mrr", None): METRICS["recurring_expansion"],
    ("contraction_mrr", None): METRICS["recurring_contraction"],
    ("churned_mrr", None): METRICS["recurring_churn"],
    ("reactivation_mrr", None): METRICS["recurring_reactivation"],
    ("net_new_mrr", None): METRICS["recurring_net"],
    ("mrr_growth", None): METRICS["growth"],
    ("quick_ratio", None): {
        "type": "derived", "expr": "(up + fresh + back) / -(down + gone)",
        "input_metrics": {
            "up": "recurring_expansion", "fresh": "recurring_new", "back": "recurring_reactivation",
            "down": "recurring_contraction", "gone": "recurring_churn",
        },
    },
    ("nrr", None): {"type": "net_retention", "of": "recurring"},
    ("logo_churn_rate", None): _lost(count=True),
    ("gross_revenue_churn", None): _lost(cap=True),
    ("net_revenue_churn", None): _lost(),
    ("paying_accounts", None): PAYING,
    ("arpa", None): {"type": "ratio", "numerator": METRICS["recurring"], "denominator": PAYING},
    ("top_issues", None): METRICS["tickets_opened"],
    ("tickets_per_100", None): {
        "type": "ratio", "numerator": METRICS["tickets_opened"], "denominator": _of_workflow("core"), "scale": 100,
    },
}  # fmt: skip
"""What metrics of the catalogue come down to, by id and first part of the address."""

COHORTS: dict[str, dict[str, Any]] = {
    "month": {"type": "retention", "ages": ["1mo", "2mo"]},
    "week": {"type": "retention", "ages": ["1w", "4w"]},
}
"""Retention reads its ages in the grain that is asked for."""


def for_oracle(metric: Mapping[str, Any]) -> dict[str, Any]:
    """The definition with every address replaced by what it names."""

    def inner(value: Any) -> Any:
        if isinstance(value, str):
            return for_oracle(METRICS[value])
        named = {**value, "metric": for_oracle(METRICS[value["metric"]])} if "metric" in value else value
        return named

    out = dict(metric)
    for key in ("of", "numerator", "denominator"):
        if key in out:
            out[key] = inner(out[key])
    if "input_metrics" in out:
        out["input_metrics"] = {alias: inner(given) for alias, given in out["input_metrics"].items()}
    return out


def for_file(value: Any) -> Any:
    """The definition as YAML has it: filters in SQL."""
    if not isinstance(value, Mapping):
        return [for_file(item) for item in value] if isinstance(value, list) else value
    out = {key: for_file(item) for key, item in value.items() if key != "filter"}
    if "filter" in value:
        out["filter"] = " AND ".join(f"{column} = '{text}'" for column, text in value["filter"].items())
    return out


# --- random companies ------------------------------------------------------------------------------------------------

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
        "category": st.sampled_from(["bug", "billing", None]),
        "length": st.sampled_from([None, 1, 20]),
    }
).map(_with_end)
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
    }
)


FULL = {"event": "other", "at": EPOCH, "account": "A", "user": "u1", "run": "1", "kind": "a", "amount": 1}
"""An event that lacks nothing: a column that is empty in every row has no type in a CSV file."""


def _company(roles: dict[str, Any]) -> Company:
    return Company({**roles, "events": [FULL, *roles["events"]]}, WORKFLOWS, ACTIVATION, ACTIVE)


def companies() -> st.SearchStrategy[Company]:
    """Companies of five accounts, with gaps, overlaps, several currencies, shared users and missing values."""
    roles: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {
            "accounts": accounts,
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
    "events": ["event", "at", "account", "user", "run", "kind", "amount"],
    "subscriptions": ["account", "start", "end", "plan", "price", "quantity", "interval", "currency"],
    "tickets": ["at", "account", "category", "resolved"],
    "surveys": ["at", "account", "user", "score"],
    "requests": ["at", "account", "name", "duration_ms"],
}


def write(company: Company, folder: Path, metrics: Mapping[str, Mapping[str, Any]], timezone: str) -> Path:
    """Write the exports as CSV and the definitions as YAML (in its JSON subset). Returns the path of the latter."""
    for role, columns in COLUMNS.items():
        with (folder / f"{role}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            for row in company.roles[role]:
                writer.writerow(_spelled(row.get(column)) for column in columns)
    definitions = {
        "version": 1,
        "settings": {"timezone": timezone, "currency": "EUR"},
        "sources": {**{role: {"path": f"{role}.csv"} for role in COLUMNS}, "fx": {"rows": list(company.roles["fx"])}},
        "segments": {"size": {}, "plan": {"expr": {"subscriptions": "plan"}}},
        "workflows": for_file(company.workflows),
        "activation": for_file(company.activation),
        "active": for_file(company.active),
        "metrics": {name: for_file(metric) for name, metric in metrics.items()},
    }
    path = folder / "metrics.yaml"
    path.write_text(json.dumps(definitions, indent=1), encoding="utf-8")
    return path


def _spelled(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)
