"""Policies of a whole file, drawn at random: what is asked under them, of the engine and of the oracle."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st

import company as companies
import questions
import sellers
import test_selling
from oracle import Cell, Company, compute
from test_agreement import SPANS, Key, differences, engine

CHOICES: dict[str, list[Any]] = {
    "order": ["strict", "any"],
    "window_anchor": ["previous_step"],
    "entry": ["first", "latest", "every"],
    "ties": ["strict"],
    "exclusion": ["drop_entity"],
    "funnel_by": ["period"],
    "immature": ["dropped", "converters"],
    "client_errors": ["include"],
    "movement_grain": ["day", "report"],
    "reactivation_window": ["1mo", "20d"],
    "retention": ["continuous", "movements", "chained"],
    "reactivation_in_net": [True],
    "churn_annualised": [True],
    "fx": ["monthly", "row_start"],
    "grace": ["5d", "20d", "1mo"],
    "end_inclusive": [True],
    "tiers": ["independent"],
    "tier_memory": ["30d"],
    "rolling": ["7d", "30d"],
    "stickiness_days": ["working"],
    "lifecycle_new": ["created"],
    "session_gap": ["10m", "3h"],
    "self_serve_within": ["2h", "30d"],
    "cohort_clock": ["rolling"],
    "came_back": ["on_or_after", "streak"],
    "cohort_average": ["mean", "weighted"],
    "trend_drop": ["20%", "75%"],
    "trend_weeks": [1, 2, 6],
    "trend_floor": [0, 1],
}
SELLING: dict[str, list[Any]] = {
    "cac_lag": ["0mo", "2mo"],
    "cac_buckets": [["paid"], ["organic", "overhead"]],
    "paid_channels": [["blog"], ["ads", "direct"]],
    "margin": ["50%"],
    "ltv_window": ["1mo", "6mo"],
    "ltv_churn": ["revenue"],
    "win_excludes": [["demo"], []],
    "velocity_window": ["90d"],
    "attribution": list(sellers.MODELS),
    "lookback": ["10d", "365d"],
    "half_life": ["1d", "30d"],
    "direct": ["ads"],
    "qualified_stages": [["demo"], ["proposal", "price"]],
    "lifetime_cap": ["1mo", "6mo", "1y", "60d"],
    "acquisition_segment": ["came_by"],
}
selling = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in SELLING.items()})
policies = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in CHOICES.items()})
rates: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.fixed_dictionaries(
        {
            "currency": st.just("USD"),
            "rate": st.sampled_from([0.5, 0.8, 2]),
            "at": st.sampled_from([date(2026, month, day) for month in range(1, 7) for day in (1, 20)]),
        }
    ),
    max_size=8,
    unique_by=lambda row: row["at"],
).map(lambda dated: [*dated, {"currency": "USD", "rate": 0.8, "at": None}])

# Scores and what rests on them read their parts under the policies of the file, which the blocks of a company lack.
METRICS = {
    name: metric
    for name, metric in {**questions.METRICS, "back": questions.COHORTS["month"]}.items()
    if metric["type"] not in ("score", "lift") and "pqa" not in repr(metric)
}
OF_MILESTONES = ("activated_14d",)
"""Funnels of moments alone: no rows lie between these, so that strict is ordered."""

CATALOGUE: dict[tuple[str, str | None], dict[str, Any]] = {
    key: questions.CATALOGUE[key]
    for key in (
        ("usage_trend", None), ("lifecycle", None), ("time_in_product", None), ("self_serve_rate", None),
        ("stickiness", None), ("mrr", None), ("net_new_mrr", None), ("nrr", None), ("logo_churn_rate", None),
    )
}  # fmt: skip


def fits(metric: Mapping[str, Any], chosen: Mapping[str, Any], grain: str) -> bool:
    """Whether a question has a number under these policies at that grain: chains are not read by week."""
    chained = chosen.get("retention") == "chained" and grain == "week"
    return not (chained and metric["type"] == "net_retention" and metric.get("over") != "1mo")


def disagreements(
    company: Company,
    timezone: str,
    as_of: datetime,
    grain: str,
    chosen: Mapping[str, Any],
    fx: list[dict[str, Any]],
    some: Collection[str] | None = None,
) -> list[str]:
    """Cells in which engine and oracle differ under policies of the file; of all questions, or of some."""
    company = replace(company, roles={**company.roles, "fx": fx})
    metrics = {**METRICS, "back": questions.COHORTS.get(grain, questions.COHORTS["month"])}
    named = {key: metric for key, metric in CATALOGUE.items() if some is None or key[0] in some}
    if some is not None:
        metrics = {name: metric for name, metric in metrics.items() if name in some}
    if chosen.get("order") == "strict":
        metrics = {name: metric for name, metric in metrics.items() if name not in OF_MILESTONES}
    metrics = {name: metric for name, metric in metrics.items() if fits(metric, chosen, grain)}
    named = {key: metric for key, metric in named.items() if fits(metric, chosen, grain)}
    with TemporaryDirectory() as folder:
        written = questions.needed(metrics, {**METRICS, **metrics})
        path = companies.write(company, Path(folder), written, timezone, policies=chosen)
        names = [*metrics, *dict.fromkeys(name for name, _ in named), "rolling_active_users"]
        values = engine(path, names, grain, as_of, None)
    cells: dict[Key, Cell] = {}
    for name, metric in metrics.items():
        cells |= _cells(company, name, questions.for_oracle(metric), chosen, grain, as_of, timezone)
    for (name, _), metric in named.items():
        asked = questions.for_oracle(metric)
        whole = metric["type"] not in ("trend", "lifecycle")
        found = _cells(company, name, asked, chosen, grain, as_of, timezone)
        cells |= {key: replace(cell, denominator=None) for key, cell in found.items() if not whole or key[1] is None}
    users = {"type": "active", "entity": "user", "window": chosen.get("rolling", "28d")}
    cells |= _cells(company, "rolling_active_users", users, chosen, grain, as_of, timezone)
    return differences(values, cells, only=frozenset((key[0], key[1]) for key in cells))


def _cells(
    company: Company, name: str, metric: Mapping[str, Any], chosen: Mapping[str, Any], grain: str, as_of: datetime,
    timezone: str,
) -> dict[Key, Cell]:  # fmt: skip
    asked = questions.under(metric, chosen)
    answer = compute(company, asked, grain=grain, periods=SPANS[grain], as_of=as_of, timezone=timezone)
    return {(name, *key): cell for key, cell in answer.items()}


def selling_disagreements(
    company: Company,
    timezone: str,
    as_of: datetime,
    chosen: Mapping[str, Any],
    grain: str = "month",
    some: Collection[str] | None = None,
) -> list[str]:
    """The same of a company that sells, under policies of its file."""
    known = {**sellers.POLICIES, **chosen}
    asks = {**sellers.catalogue(known), **sellers.credited(known)}
    asks = {name: ask for name, ask in asks.items() if some is None or name in some}
    with TemporaryDirectory() as folder:
        path = sellers.write(company, Path(folder), sellers.OWN, timezone, known)
        values = engine(path, list(asks), grain, as_of, None)
    return differences(values, test_selling.expected(company, asks, grain, as_of, timezone))
