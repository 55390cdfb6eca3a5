"""Small random companies that sell: leads, deals, spend, touches; and what is asked of them, twice."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from company import ACCOUNTS, DAYS, EPOCH, HOURS, _spelled, days, moments, subscriptions
from oracle import Company

CHANNELS = ["ads", "blog", "direct"]
RATES = {"EUR": 1.0, "USD": 0.5}

accounts = st.lists(
    st.fixed_dictionaries(
        {
            "created": moments,
            "channel": st.sampled_from([*CHANNELS, None]),
            "came_by": st.sampled_from([*CHANNELS, None]),
        }
    ),
    min_size=len(ACCOUNTS),
    max_size=len(ACCOUNTS),
).map(lambda rows: [{"account": name, **row} for name, row in zip(ACCOUNTS, rows, strict=True)])
waits = st.sampled_from([None, -3, 0, 1, 10, 40, 95])


def _lead(row: dict[str, Any]) -> dict[str, Any]:
    stages = {name: None if (wait := row[name]) is None else row["at"] + timedelta(days=wait) for name in _LATER}
    return {**row, **stages}


_LATER = ("mql", "sql", "opportunity", "won")
leads = st.fixed_dictionaries(
    {
        "at": moments,
        "account": st.sampled_from([*ACCOUNTS, None]),
        "channel": st.sampled_from([*CHANNELS, None]),
        **dict.fromkeys(_LATER, waits),
    }
).map(_lead)


def _deal(row: dict[str, Any]) -> dict[str, Any]:
    closed = None if row["length"] is None else row["opened"] + timedelta(days=row["length"])
    return {**row, "closed": closed, "cycle": row["length"], "eur": row["amount"] * RATES[row["currency"]]}


deals = st.fixed_dictionaries(
    {
        "opened": moments,
        "length": st.sampled_from([None, 0, 5, 30, 61]),
        "amount": st.sampled_from([0, 100, 250.5, 4000]),
        "currency": st.sampled_from(sorted(RATES)),
        "status": st.sampled_from(["open", "won", "won", "lost"]),
        "stage": st.sampled_from(["demo", "proposal", "price", None]),
        "account": st.sampled_from([*ACCOUNTS, None]),
        "expected_close": st.none() | days,
        "qualified_at": st.none() | moments,
    }
).map(_deal)
stages = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(["lead", "MQL", "sql", "won", "demo", "proposal"]),
        "at": moments,
        "lead": st.sampled_from(["lead1", "lead2", None]),
        "opportunity": st.sampled_from(["deal1", "deal2", None]),
    }
)
spend = st.fixed_dictionaries(
    {
        "at": days,
        "amount": st.sampled_from([0, 100, 33.5]),
        "bucket": st.sampled_from(["paid", "organic", "salaries", "tools", "overhead", None]),
        "channel": st.sampled_from([*CHANNELS, None]),
    }
)
costs = st.fixed_dictionaries(
    {"at": days, "amount": st.sampled_from([50, 500]), "bucket": st.sampled_from(["cogs", "opex"])}
)
invoices = st.fixed_dictionaries(
    {"at": moments, "account": st.sampled_from(ACCOUNTS), "amount": st.sampled_from([10, 99.5, 1000])}
)
touches = st.fixed_dictionaries(
    {
        "at": moments,
        "channel": st.sampled_from([*CHANNELS, "event"]),
        "account": st.sampled_from([*ACCOUNTS, None]),
        "lead": st.sampled_from(["lead1", "lead2", "lead3", None]),
    }
)
quotas = st.fixed_dictionaries({"at": days.map(lambda day: day.replace(day=1)), "amount": st.sampled_from([100, 5000])})

COLUMNS: dict[str, list[str]] = {
    "accounts": ["account", "created", "channel", "came_by"],
    "subscriptions": ["account", "start", "end", "plan", "price", "quantity", "interval", "currency"],
    "leads": ["lead", "at", "account", "channel", *_LATER],
    "opportunities": ["opportunity", "opened", "closed", "amount", "currency", "status", "stage", "account", "lead",
                      "expected_close", "qualified_at"],
    "stages": ["stage", "at", "lead", "opportunity"],
    "spend": ["at", "amount", "bucket", "channel"],
    "costs": ["at", "amount", "bucket"],
    "invoices": ["at", "account", "amount"],
    "touches": ["at", "channel", "account", "lead"],
    "quotas": ["at", "amount"],
}  # fmt: skip
FIRST: dict[str, dict[str, Any]] = {
    "leads": {"at": EPOCH, "account": "A", "channel": "ads", **dict.fromkeys(_LATER, EPOCH + timedelta(days=1))},
    "opportunities": {
        "opened": EPOCH, "closed": EPOCH + timedelta(days=9), "amount": 10, "currency": "USD", "status": "won",
        "eur": 5, "cycle": 9, "stage": "demo", "account": "A", "expected_close": date(2026, 2, 1),
        "qualified_at": EPOCH,
    },
    "stages": {"stage": "other", "at": EPOCH, "lead": "nobody", "opportunity": "nothing"},
    "spend": {"at": date(2026, 1, 1), "amount": 7, "bucket": "paid", "channel": "ads"},
    "costs": {"at": date(2026, 1, 1), "amount": 7, "bucket": "opex"},
    "invoices": {"at": EPOCH, "account": "A", "amount": 7},
    "touches": {"at": EPOCH, "channel": "ads", "account": "A", "lead": "lead1"},
    "quotas": {"at": date(2026, 1, 1), "amount": 100},
}  # fmt: skip
"""A row that lacks nothing, on the first day: a column that is empty in every row has no type in a CSV file."""


def _company(roles: dict[str, Any]) -> Company:
    whole = {role: [FIRST[role], *rows] if role in FIRST else rows for role, rows in roles.items()}
    leads_ = [{**row, "lead": f"lead{number}"} for number, row in enumerate(whole["leads"])]
    deals_ = [
        {**row, "opportunity": f"deal{number}", "lead": f"lead{number}" if number % 2 else None}
        for number, row in enumerate(whole["opportunities"])
    ]
    fx = [{"currency": "USD", "rate": RATES["USD"]}]
    return Company({**whole, "leads": leads_, "opportunities": deals_, "fx": fx})


def sellers() -> st.SearchStrategy[Company]:
    """Companies of five accounts with some leads, deals and money spent."""
    some = {
        "subscriptions": st.lists(subscriptions, min_size=3, max_size=8),
        "leads": st.lists(leads, min_size=3, max_size=10),
        "opportunities": st.lists(deals, min_size=3, max_size=10),
        "stages": st.lists(stages, max_size=6),
        "spend": st.lists(spend, min_size=2, max_size=8),
        "costs": st.lists(costs, min_size=1, max_size=4),
        "invoices": st.lists(invoices, min_size=1, max_size=6),
        "touches": st.lists(touches, min_size=3, max_size=16),
        "quotas": st.lists(quotas, min_size=1, max_size=3),
    }
    return st.fixed_dictionaries({"accounts": accounts, **some}).map(_company)


def write(
    company: Company, folder: Path, metrics: Mapping[str, Any], timezone: str, policies: Mapping[str, Any]
) -> Path:
    """The exports as CSV and the definitions as YAML (in its JSON subset). Returns the path of the latter."""
    for role, columns in COLUMNS.items():
        with (folder / f"{role}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            for row in company.roles[role]:
                writer.writerow(_spelled(row.get(column)) for column in columns)
    channel = {role: "channel" for role in ("accounts", "leads", "spend", "touches")}
    definitions = {
        "version": 1,
        "settings": {"timezone": timezone, "currency": "EUR"},
        "policies": dict(policies),
        "sources": {**{role: {"path": f"{role}.csv"} for role in COLUMNS}, "fx": {"rows": list(company.roles["fx"])}},
        "segments": {"channel": {"expr": channel}, "came_by": {}},
        "metrics": dict(metrics),
    }
    path = folder / "metrics.yaml"
    path.write_text(json.dumps(definitions, indent=1), encoding="utf-8")
    return path


def of_channel(company: Company, channel: str | None) -> Company:
    """The company with the accounts, leads, spend and touches of one channel."""
    named = {row["account"] for row in company.rows("accounts") if row["channel"] == channel}
    kept = company.of(named)
    own = {
        role: [row for row in company.roles[role] if row["channel"] == channel]
        for role in ("leads", "spend", "touches")
    }
    return Company({**kept.roles, **own})


# --- what the metrics of the catalogue come down to -------------------------------------------------------------------

Asks = dict[str, dict[str, Any]]
PAID = ["ads"]
WEIGHTS = {"demo": 0.1, "proposal": 0.5}
MRR = {"type": "stock", "source": "subscriptions", "agg": "sum", "expr": "mrr"}
PAYING = {
    "type": "stock", "source": "subscriptions", "agg": "count_distinct", "expr": "account",
    "filter": lambda row: row["price"] > 0,
}  # fmt: skip
NEW = {"type": "movement", "of": MRR, "part": "new"}


def _sum(role: str, keep: Any = None, column: str = "amount", **more: Any) -> dict[str, Any]:
    return {"type": "simple", "source": role, "agg": "sum", "expr": column, "filter": keep, **more}


def _is_closed(row: Mapping[str, Any]) -> bool:
    return bool(row["status"] in ("won", "lost"))


def _ratio(numerator: Any, denominator: Any, **more: Any) -> dict[str, Any]:
    return {"type": "ratio", "numerator": numerator, "denominator": denominator, **more}


WON = {"status": "won"}
POLICIES = {
    "paid_channels": PAID, "cac_lag": "1mo", "cac_buckets": ["paid", "organic", "salaries", "tools"], "margin": "80%",
    "ltv_window": "3mo", "win_excludes": ["price"],
}  # fmt: skip


MONTHS = {"1mo": Fraction(1), "6mo": Fraction(6), "1y": Fraction(12), "60d": Fraction(60 * 12, 365)}
"""How many months a life has that lasts so long."""


def catalogue(policies: Mapping[str, Any]) -> Asks:
    """What metrics of the catalogue come down to under these policies of the file."""
    lag, margin = policies["cac_lag"], int(policies["margin"].removesuffix("%")) / 100
    paid, buckets, excluded = policies["paid_channels"], policies["cac_buckets"], policies["win_excludes"]
    unpaid = [channel for channel in (*CHANNELS, "(unknown)") if channel not in paid]
    velocity, segment = policies.get("velocity_window", "365d"), policies.get("acquisition_segment", "channel")
    qualified: Any = policies.get("qualified_stages") or True

    def counted(row: Mapping[str, Any]) -> bool:
        return _is_closed(row) and (row["status"] == "won" or row["stage"] not in excluded)

    def organic(row: Mapping[str, Any]) -> bool:
        return row["bucket"] in ("organic", "salaries", "tools") and row["channel"] not in paid

    def closed(keep: Any, **more: Any) -> dict[str, Any]:
        return {"type": "simple", "source": "opportunities", "at": "closed", "filter": keep, "window": velocity, **more}

    loaded = _sum("spend", lambda row: row["bucket"] is None or row["bucket"] in buckets)
    churn = {
        "type": "pooled", "of": MRR, "pool": int(policies["ltv_window"].removesuffix("mo")),
        "count": policies.get("ltv_churn", "logo") == "logo",
    }  # fmt: skip
    ltv = {
        "type": "derived", "expr": f"arpa * {margin} / churn",
        "input_metrics": {"arpa": _ratio(MRR, PAYING), "churn": churn},
        "longest": {"churn": MONTHS[policies["lifetime_cap"]]} if "lifetime_cap" in policies else {},
    }  # fmt: skip
    return {
        "cac": _ratio({"metric": loaded, "offset": lag}, {**NEW, "count": True}),
        "paid_cac": _ratio(
            {"metric": _sum("spend", {"bucket": "paid"}), "offset": lag},
            {"metric": {**NEW, "count": True}, "where": {segment: paid}},
        ),
        "organic_cac": _ratio(
            {"metric": _sum("spend", organic), "offset": lag},
            {"metric": {**NEW, "count": True}, "where": {segment: unpaid}},
        ),
        "lead_funnel": {"type": "leads", "steps": ["lead", "mql", "sql", "opportunity", "won"], "within": "180d"},
        "short_funnel": {"type": "leads", "steps": ["lead", "mql", "sql", "opportunity", "won"], "within": "30d"},
        "mql_to_sql_rate": {"type": "leads", "steps": ["mql", "sql"], "within": "90d"},
        "sql_to_won_rate": {"type": "leads", "steps": ["sql", "won"], "within": "180d"},
        "win_rate": _ratio(
            {"type": "simple", "source": "opportunities", "at": "closed", "filter": WON},
            {"type": "simple", "source": "opportunities", "at": "closed", "filter": counted},
        ),
        "win_value": _ratio(
            _sum("opportunities", WON, "eur", at="closed"), _sum("opportunities", counted, "eur", at="closed")
        ),
        "average_deal_size": {
            "type": "simple", "source": "opportunities", "at": "closed", "filter": WON, "agg": "average", "expr": "eur",
        },
        "sales_cycle": {
            "type": "duration", "entity": "row", "from": {"source": "opportunities", "filter": WON},
            "to": {"source": "opportunities", "at": "closed"}, "stat": ["median", "p90", "mean"],
        },
        "pipeline_value": {"type": "open_deals"},
        "pipeline_weighted": {"type": "open_deals", "weights": WEIGHTS},
        "pipeline_due": {"type": "open_deals", "due": True},
        "pipeline_coverage": {
            "type": "derived", "expr": "due / (quota - won)", "positive": "quota - won", "running": True,
            "input_metrics": {
                "due": {"type": "open_deals", "due": True}, "quota": _sum("quotas"),
                "won": _sum("opportunities", WON, "eur", at="closed"),
            },
        },
        "pipeline_velocity": {
            "type": "derived", "expr": "open * rate * size / cycle", "positive": "open",
            "input_metrics": {
                "open": {"type": "open_deals", "qualified": qualified},
                "rate": _ratio(closed(WON), closed(counted)),
                "size": closed(WON, agg="average", expr="eur"),
                "cycle": closed(WON, agg="average", expr="cycle"),
            },
        },
        "ltv": ltv,
        "ltv_cac": {
            "type": "derived", "expr": "ltv / cac",
            "input_metrics": {"ltv": ltv, "cac": _ratio({"metric": loaded, "offset": lag}, {**NEW, "count": True})},
        },
        "cac_payback": {
            "type": "derived", "expr": f"spend / (gained * {margin})", "positive": "gained",
            "input_metrics": {"spend": {"metric": loaded, "offset": lag}, "gained": NEW},
        },
        "burn_multiple": {
            "type": "derived", "expr": "(costs + spend - cash) / (12 * gained)", "positive": "gained",
            "input_metrics": {
                "costs": _sum("costs"), "spend": _sum("spend"), "cash": _sum("invoices"),
                "gained": {**NEW, "part": "net"},
            },
        },
    }  # fmt: skip


CATALOGUE = catalogue(POLICIES)
MODELS = ("position", "first", "last", "last_non_direct", "linear", "u", "w", "full_path", "decay")
WON_AMOUNT = {
    "source": "opportunities", "at": "closed", "filter": "status = 'won'", "agg": "sum", "expr": "amount",
    "currency": "currency",
}  # fmt: skip


def credited(policies: Mapping[str, Any]) -> Asks:
    """How revenue is credited under these policies of the file."""
    known = {name: policies[name] for name in ("lookback", "half_life", "direct") if name in policies}
    usual = {"type": "attribution", "model": policies.get("attribution", "position"), **known}
    return {
        "attributed_revenue": usual,
        "attributed_roi": {**usual, "measure": "roi"},
        "lately": {**usual, "model": "w", "lookback": "20d"},
        **{f"by_{model}": {**usual, "model": model} for model in MODELS},
    }


CREDITS = credited(POLICIES)
OWN: Asks = {
    "lately": {"type": "attribution", "model": "w", "lookback": "20d", "amount": WON_AMOUNT},
    **{f"by_{model}": {"type": "attribution", "model": model, "amount": WON_AMOUNT} for model in MODELS},
    "short_funnel": {
        "type": "conversion", "entity": "lead", "within": "30d",
        "steps": {
            "lead": {"source": "leads"},
            **{
                name: {"any": [{"source": "leads", "at": late} for late in _LATER[number:]]}
                for number, name in enumerate(_LATER)
            },
        },
    },
    "win_value": {"expr": "rate", "input_metrics": {"rate": "win_rate"}, "policies": {"win_by": "value"}},
    "pipeline_weighted": {
        "expr": "value", "input_metrics": {"value": "pipeline_value"}, "policies": {"pipeline_weights": {
            stage: f"{share:.0%}" for stage, share in WEIGHTS.items()
        }},
    },
}  # fmt: skip
"""Metrics of the file that ask for the same under another name."""

__all__ = [
    "CATALOGUE", "CREDITS", "DAYS", "HOURS", "OWN", "POLICIES", "catalogue", "credited", "of_channel", "sellers",
    "write",
]  # fmt: skip
