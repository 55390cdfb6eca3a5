"""What is asked of random companies: definitions as a file has them, for the engine and for the oracle."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

WORKFLOWS: dict[str, dict[str, Any]] = {
    "invoicing": {
        "attempt": {"event": "try"},
        "success": {"event": "ok"},
        "failure": {"event": "fail"},
        "run": "run",
        "within": "2d",
        "value": "amount",
        "help": {"event": "other"},
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
    "calls_failed": {"type": "simple", "source": "requests", "filter": {"outcome": "error"}},
    "calls_by_outcome": {"type": "simple", "source": "requests", "cut": "outcome"},
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
    "rows_kept": {
        "type": "net_retention", "of": "recurring", "over": "1mo", "cap": True, "entity": "subscription",
    },
    "rows_new": {"type": "movement", "of": "recurring", "part": "new", "entity": "subscription"},
    "rows_lost": {"type": "movement", "of": "recurring", "part": "churn", "entity": "subscription"},
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
    "using_twice_daily": {
        "type": "active", "entity": "user", "rule": {"event": "use"}, "at_least": 2, "window": "1d",
    },
    "using_twice_in_3d": {
        "type": "active", "entity": "account", "rule": {"event": "use"}, "at_least": 2, "window": "3d",
    },
    "active_both": {"type": "active", "entity": "account", "rule": {"all": [{"event": "use"}, {"event": "invite"}]}},
    "active_both_users": {
        "type": "active", "entity": "user", "window": "3d",
        "rule": {"all": [{"event": "use", "at_least": 2}, {"any": [{"event": "invite"}, {"workflow": "core"}]}]},
    },
    "active_either": {
        "type": "active", "entity": "account", "measure": "share",
        "rule": {"any": [
            {"event": "use", "at_least": 3}, {"event": "begin"},
            {"all": [{"event": "invite"}, {"workflow": "invoicing"}]},
        ]},
    },
    "both_daily": {
        "type": "active", "entity": "user", "window": "1d",
        "rule": {"all": [{"event": "use"}, {"event": "invite"}], "filter": {"kind": "a"}},
    },
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
    "expanded": {"type": "movement", "of": "uses", "part": "expansion", "count": True},
    "fit": {"type": "score", "score": "fitness"},
    "fit_zero": {"type": "score", "score": "fitness", "policies": {"missing": "zero"}},
    "fit_whole": {"type": "score", "score": "fitness", "policies": {"missing": "no_score"}},
    "fit_half": {"type": "score", "score": "fitness", "policies": {"min_coverage": "85%"}},
    "qualified_30d": {
        "type": "conversion", "within": "30d", "entry": {"milestone": "created"}, "steps": {"in": {"milestone": "pqa"}},
    },
    "qualified_to_paid": {
        "type": "duration", "from": {"milestone": "pqa"}, "to": {"milestone": "first_paid"}, "unit": "days",
        "stat": ["median", "p90"],
    },
    "lifts": {"type": "lift", "score": "pqa", "outcome": {"milestone": "first_paid"}, "within": "40d"},
    "lifts_to_use": {"type": "lift", "score": "pqa", "outcome": {"event": "invite"}, "within": "40d"},
    "time_spent": {"type": "sessions", "gap": "2h"},
    "time_by_kind": {"type": "sessions", "gap": "90m", "area": "kind"},
    "time_at_night": {"type": "sessions", "area": "kind", "unit": "hours"},
    "uses_of_4w": {"type": "cumulative", "metric": "uses", "window": "4w"},
    "uses_of_3mo": {"type": "cumulative", "metric": "uses_by_kind", "window": "3mo"},
    "uses_of_quarter": {"type": "cumulative", "metric": "uses", "grain_to_date": "quarter"},
    "kinds_of_year": {"type": "cumulative", "metric": "kinds", "grain_to_date": "year"},
    "active_of_6w": {"type": "cumulative", "metric": "active_users", "window": "6w"},
    "persons_of_2mo": {"type": "cumulative", "metric": "active_persons", "window": "2mo"},
    "daily_of_10d": {"type": "cumulative", "metric": "active_daily", "window": "10d"},
    "amount_median_of_2mo": {"type": "cumulative", "metric": "amount_median", "window": "2mo"},
    "completion_of_2mo": {"type": "cumulative", "metric": "completion", "window": "2mo"},
    "tickets_per_use_of_2mo": {"type": "cumulative", "metric": "tickets_per_use", "window": "2mo"},
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
    ("pqa_rate", None): {**METRICS["qualified_30d"], "unless": {"milestone": "first_paid"}},
    ("pqa_to_paid_rate", None): {
        "type": "conversion", "within": "60d", "entry": {"milestone": "pqa"},
        "steps": {"in": {"milestone": "first_paid"}},
        "unless": {"milestone": "first_paid"},
    },
    ("time_pqa_to_close", None): METRICS["qualified_to_paid"],
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
    ("usage_trend", None): {"type": "trend", "rule": {"workflow": "core"}},
    ("lifecycle", None): {"type": "lifecycle", "rule": {"workflow": "core"}},
    ("modules_taken_up", None): {"type": "taken_up"},
    ("volume_expansion", None): {"type": "movement", "of": _of_workflow("core"), "part": "expansion", "count": True},
    ("time_in_product", None): {"type": "sessions"},
    ("self_serve_rate", None): {"type": "self_serve", "help": {"event": "other"}},
    ("top_issues", None): METRICS["tickets_opened"],
    ("tickets_per_100", None): {
        "type": "ratio", "numerator": METRICS["tickets_opened"], "denominator": _of_workflow("core"), "scale": 100,
    },
}  # fmt: skip
"""What metrics of the catalogue come down to, by id and first part of the address."""

SCORES: dict[str, dict[str, Any]] = {
    "fitness": {
        "window": "28d",
        "parts": {
            "uses": {"metric": "uses", "zero_at": 0, "full_at": 4, "weight": 40},
            "people": {"metric": "active_users", "zero_at": 0, "full_at": 3, "weight": 20, "group": "who"},
            "revenue": {"metric": "recurring", "zero_at": 10, "full_at": 100, "weight": 10},
            "pain": {"source": "tickets", "zero_at": 2, "full_at": 0, "weight": 30},
            "care": {"metric": "tickets_per_use", "zero_at": 100, "full_at": 0, "weight": 20, "group": "who"},
            "weeks": {"metric": "active_accounts", "zero_at": 0, "full_at": 4, "weight": 10},
            "trend": {"metric": "uses", "change": True, "zero_at": -1, "full_at": 1, "weight": 60, "group": "moves"},
            "price": {
                "metric": "recurring",
                "change": True,
                "zero_at": 0,
                "full_at": 1,
                "weight": 15,
                "group": "moves",
            },
            "more": {"metric": "expanded", "zero_at": 0, "full_at": 1, "weight": 15},
            "on": {"milestone": "activated", "zero_at": 0, "full_at": 1, "weight": 10},
        },
        "bands": {"green": 60, "yellow": 35, "red": 0},
    },
    "pqa": {
        "window": "14d",
        "at_least": 3,
        "signals": {
            "on": {"milestone": "activated"},
            "used": {"event": "use", "is": ">= 2"},
            "calm": {"source": "tickets", "is": "< 1"},
            "weeks": {"metric": "active_accounts", "is": ">= 2"},
            "people": {"metric": "active_users", "is": "> 1"},
            "care": {"metric": "tickets_per_use", "is": "<= 60"},
        },
    },
}
"""Scores as a file has them."""

UNDER_SCORES = ("uses", "active_users", "recurring", "tickets_opened", "tickets_per_use", "active_accounts", "expanded")
"""Metrics that the scores rest on."""

COHORTS: dict[str, dict[str, Any]] = {
    "month": {"type": "retention", "ages": ["1mo", "2mo"]},
    "week": {"type": "retention", "ages": ["1w", "4w"]},
    "quarter": {"type": "retention", "ages": ["1mo", "2mo", "1q"]},
    "day": {"type": "retention", "ages": ["1d", "1w"]},
}
"""Retention reads its ages in the grain that is asked for."""


def needed(names: Iterable[str], among: Mapping[str, Mapping[str, Any]] = METRICS) -> dict[str, dict[str, Any]]:
    """Metrics by name, with those that they rest on."""
    out: dict[str, dict[str, Any]] = {}

    def addresses(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value.split(".")[0]
        elif isinstance(value, Mapping):
            for key in ("of", "metric", "numerator", "denominator"):
                yield from addresses(value.get(key))
            for given in value.get("input_metrics", {}).values():
                yield from addresses(given)

    def take(name: str) -> None:
        if name in among and name not in out:
            for address in addresses(among[name]):
                take(address)
            out[name] = dict(among[name])

    for name in names:
        take(name)
    return out


def for_oracle(metric: Mapping[str, Any], among: Mapping[str, Mapping[str, Any]] = METRICS) -> dict[str, Any]:
    """The definition with every address replaced by what it names."""

    def inner(value: Any) -> Any:
        if isinstance(value, str):
            return for_oracle(among[value], among)
        named = {**value, "metric": for_oracle(among[value["metric"]], among)} if "metric" in value else value
        return named

    out = dict(metric)
    for key in ("of", "numerator", "denominator", *(("metric",) if metric["type"] == "cumulative" else ())):
        if key in out:
            out[key] = inner(out[key])
    if "input_metrics" in out:
        out["input_metrics"] = {alias: inner(given) for alias, given in out["input_metrics"].items()}
    return out


def under(value: Any, chosen: Mapping[str, Any]) -> Any:
    """A definition for the oracle with the policies on it and on all that it is made of; its own come first."""
    if not isinstance(value, Mapping):
        return value
    out = {key: under(inner, chosen) for key, inner in value.items() if key != "policies"}
    if "type" in value:
        out["policies"] = {**chosen, **value.get("policies", {})}
    return out


def for_file(value: Any) -> Any:
    """The definition as YAML has it: filters in SQL."""
    if not isinstance(value, Mapping):
        return [for_file(item) for item in value] if isinstance(value, list) else value
    out = {key: for_file(item) for key, item in value.items() if key != "filter"}
    if "filter" in value:
        out["filter"] = " AND ".join(f"{column} = '{text}'" for column, text in value["filter"].items())
    return out


_OPERATORS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


def scores_for_oracle() -> dict[str, dict[str, Any]]:
    """The scores with what a part reads under `input`, and what is met as a function."""
    own = ("zero_at", "full_at", "weight", "group", "is")
    out = {}
    for name, block in SCORES.items():
        key = "parts" if "parts" in block else "signals"
        parts = {}
        for label, part in block[key].items():
            given = {word: value for word, value in part.items() if word not in own}
            if "metric" in given:
                given["metric"] = for_oracle(METRICS[given["metric"]])
            sign, number = part.get("is", ">= 1").split()
            parts[label] = {**part, "input": given, "met": partial(_met, sign, float(number))}
        out[name] = {**block, key: parts}
    return out


def _met(sign: str, bound: float, value: Any) -> bool:
    return bool(_OPERATORS[sign](value, bound))
