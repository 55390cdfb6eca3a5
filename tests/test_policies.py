"""Policies, engine against oracle: random companies, each choice beside the default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import company as companies
import questions
from oracle import Cell, Company, compute
from oracle.groups import rooted
from oracle.shapes import later
from test_agreement import BY_SIZE, LATE, SPANS, Key, differences, engine, moments, thorough, zones

FUNNEL: dict[str, Any] = {"type": "conversion", "steps": questions.STEPS, "within": "10d"}
STOPPED: dict[str, Any] = {**FUNNEL, "exclude": {"event": "other"}}
BACK: dict[str, Any] = {"type": "retention", "ages": ["1mo", "2mo"]}
WAIT: dict[str, Any] = {"type": "duration", "from": {"event": "use"}, "to": {"event": "invite"}, "unit": "days"}
ANSWERED: dict[str, Any] = {
    "type": "duration", "entity": "row", "from": {"source": "tickets"}, "to": {"source": "tickets", "at": "resolved"},
    "unit": "hours", "stat": ["median", "p90"],
}  # fmt: skip
DEPTH: dict[str, Any] = {"type": "tiers", "workflow": "invoicing"}


def _under(metric: dict[str, Any], **policies: Any) -> dict[str, Any]:
    return {**metric, "policies": policies}


def _moved(part: str, window: str) -> dict[str, Any]:
    return _under({"type": "movement", "of": "recurring", "part": part}, reactivation_window=window)


def _bridged(*, reactivation_in_net: bool = False, **more: Any) -> dict[str, Any]:
    back = {"reactivation_in_net": True} if reactivation_in_net else {}
    return _under({"type": "net_retention", "of": "recurring", **more}, retention="movements", **back)


def _chained(**more: Any) -> dict[str, Any]:
    return _under({"type": "net_retention", "of": "recurring", "over": "3mo", **more}, retention="chained")


METRICS: dict[str, dict[str, Any]] = {
    "recurring": questions.METRICS["recurring"],
    "active_users": questions.METRICS["active_users"],
    "all_count": _under(FUNNEL, immature="dropped"),
    "early_count": _under(FUNNEL, immature="converters"),
    "runs_early": _under(questions.METRICS["completion"], immature="converters"),
    "firsts": _under(FUNNEL, entry="first"),
    "latest": _under(FUNNEL, entry="latest"),
    "every": _under(FUNNEL, entry="every"),
    "every_any": _under({**FUNNEL, "order": "any"}, entry="every"),
    "every_stopped": _under(STOPPED, entry="every"),
    "every_chained": _under({**STOPPED, "within": "4d"}, entry="every", window_anchor="previous_step"),
    "every_user": _under({**FUNNEL, "entity": "user"}, entry="every", immature="converters"),
    "every_time": _under(WAIT, entry="every"),
    "every_time_soon": _under({**WAIT, "within": "10d"}, entry="every"),
    "chained": _under(FUNNEL, window_anchor="previous_step"),
    "apart": _under(FUNNEL, ties="strict"),
    "apart_any": _under({**FUNNEL, "order": "any"}, ties="strict"),
    "stopped": STOPPED,
    "gone": _under(STOPPED, exclusion="drop_entity"),
    "as_done": _under(FUNNEL, funnel_by="period"),
    "as_done_any": _under({**FUNNEL, "order": "any", "rate_from": "previous"}, funnel_by="period"),
    "as_done_user": _under(
        {**FUNNEL, "entity": "user", "rate_from": "previous"}, funnel_by="period", immature="exclude"
    ),
    "as_done_every": _under(STOPPED, funnel_by="period", entry="every"),
    "as_done_gone": _under(STOPPED, funnel_by="period", exclusion="drop_entity", entry="latest"),
    "runs_as_done": _under(questions.METRICS["completion"], funnel_by="period"),
    "orders_as_done": _under(questions.METRICS["ordering_completion"], funnel_by="period"),
    "activated_as_done": _under(questions.METRICS["activated_14d"], funnel_by="period"),
    "time_as_done": _under(questions.METRICS["time_to_use"], funnel_by="period"),
    "answered": _under(
        ANSWERED, business_hours={"from": "08:30", "to": "18:00", "holidays": ["2026-03-02", "2026-05-01"]}
    ),
    "answered_there": _under(
        ANSWERED,
        business_hours={"from": "00:00", "to": "24:00", "timezone": "America/New_York", "days": ["sunday", "monday"]},
    ),
    "calls_failed_by_anybody": _under(questions.METRICS["calls_failed"], client_errors="include"),
    "calls_by_outcome_of_all": _under(questions.METRICS["calls_by_outcome"], client_errors="include"),
    "run_time_as_done": _under(questions.METRICS["run_time"], funnel_by="period"),
    "lifts_all": _under(questions.METRICS["lifts_to_use"], immature="dropped"),
    "lifts_early": _under(questions.METRICS["lifts_to_use"], immature="converters"),
    "later_too": _under(BACK, came_back="on_or_after"),
    "streak": _under(BACK, came_back="streak"),
    "back_early": _under(BACK, immature="converters"),
    "back_all": _under(BACK, immature="dropped"),
    "own_life": _under(BACK, cohort_clock="rolling"),
    "own_life_early": _under(BACK, cohort_clock="rolling", immature="converters"),
    "own_life_later": _under({**BACK, "ages": ["5d", "3w"]}, cohort_clock="rolling", came_back="on_or_after"),
    "own_life_streak": _under({**BACK, "ages": ["1w", "3w"]}, cohort_clock="rolling", came_back="streak"),
    "by_week": {**BACK, "ages": ["1w", "3w"]},
    "by_week_mean": _under({**BACK, "ages": ["1w", "3w"]}, cohort_average="mean"),
    "by_week_weighted": _under({**BACK, "ages": ["1w", "3w"]}, cohort_average="weighted"),
    "own_mean": _under({**BACK, "ages": ["1w"]}, cohort_average="mean", cohort_clock="rolling"),
    "back_of_2mo": {"type": "cumulative", "metric": "back_mean.1mo", "window": "2mo"},
    "back_mean": _under(BACK, cohort_average="mean"),
    "workdays": _under(questions.METRICS["active_daily"], stickiness_days="working"),
    "workdays_twice": _under(questions.METRICS["using_twice_daily"], stickiness_days="working"),
    "workdays_of_10d": {"type": "cumulative", "metric": "workdays", "window": "10d"},
    "workdays_of_2mo": {"type": "cumulative", "metric": "workdays", "window": "2mo"},
    "sticky": _under(
        {"type": "ratio", "numerator": "workdays", "denominator": "active_users"}, stickiness_days="working"
    ),
    "depth_of_30d": _under(DEPTH, tier_memory="30d"),
    "depth_apart": _under(DEPTH, tiers="independent"),
    "steps_apart": _under({**DEPTH, "measure": "time"}, tiers="independent"),
    "depth_of_1mo": _under(DEPTH, tier_memory="1mo"),
    "depth_apart_2w": _under(DEPTH, tier_memory="2w", tiers="independent"),
    "new_again": _moved("new", "1mo"),
    "back_soon": _moved("reactivation", "1mo"),
    "never_left": _under({"type": "net_retention", "of": "recurring", "over": "3mo"}, retention="continuous"),
    "bridged": _bridged(over="3mo"),
    "bridged_back": _bridged(reactivation_in_net=True, over="2mo"),
    "bridged_gross": _bridged(over="2mo", cap=True),
    "bridged_lost": _bridged(over="1mo", lost=True),
    "bridged_logos": _bridged(reactivation_in_net=True, over="2mo", count=True),
    "chain_net": _chained(),
    "chain_gross": _chained(cap=True),
    "chain_logos": _chained(count=True),
    "chain_lost": _chained(lost=True),
    **{
        f"each_{part}": {**questions.METRICS[f"recurring_{part}"], "entity": "subscription"} for part in questions.MOVES
    },
    "each_lost": {**questions.METRICS["logos_lost"], "entity": "subscription"},
    "each_kept": {**questions.METRICS["kept"], "entity": "subscription"},
    "each_gross": {**questions.METRICS["kept_capped"], "entity": "subscription"},
    "each_logos": {**questions.METRICS["kept_logos"], "entity": "subscription"},
    "each_bridged": {**_bridged(over="2mo", cap=True), "entity": "subscription"},
    "each_chained": _chained(cap=True, entity="subscription"),
    "each_never_left": _under(
        {"type": "net_retention", "of": "recurring", "over": "3mo", "entity": "subscription"}, retention="continuous"
    ),
    "yearly": _under(
        {"type": "net_retention", "of": "recurring", "over": "1mo", "count": True, "lost": True}, churn_annualised=True
    ),
}


NAMED: dict[str, Any] = {
    **questions.METRICS,
    **METRICS,
    "sticky": {"type": "stickiness", "rule": questions.ACTIVE["user"], "policies": {"stickiness_days": "working"}},
    "back_mean.1mo": {**METRICS["back_mean"], "ages": ["1mo"]},
}
"""What addresses stand for."""


def disagreements(
    company: Company,
    timezone: str,
    as_of: datetime,
    metrics: dict[str, dict[str, Any]] = METRICS,
    grain: str = "month",
    by: str | None = None,
    more: dict[str, list[str]] | None = None,
    root: bool = False,
    chosen: Mapping[str, Any] | None = None,
) -> list[str]:
    """Cells of some questions in which engine and oracle differ; `chosen` are policies of the file."""
    policies = {**(chosen or {}), **({"account": "root"} if root else {})}
    among = {**questions.METRICS, **METRICS, **metrics}
    with TemporaryDirectory() as folder:
        path = companies.write(company, Path(folder), questions.needed(metrics, among), timezone, more, policies)
        values = engine(path, list(metrics), grain, as_of, by)
    company = rooted(company) if root else company
    cells: dict[Key, Cell] = {}
    known = {**NAMED, **{name: metric for name, metric in metrics.items() if METRICS.get(name) is not metric}}
    for name, metric in metrics.items():
        asked = questions.under(questions.for_oracle(known[name], known), chosen or {})
        answer = compute(company, asked, grain=grain, periods=SPANS[grain], as_of=as_of, timezone=timezone, by=by)
        if metric["type"] == "cumulative":  # the address that it gathers says the cut already
            answer = {(None, *key[1:]): cell for key, cell in answer.items()}
        cells |= {(name, *key): cell for key, cell in answer.items()}
    return differences(values, cells)


def agreed(
    company: Company,
    metrics: dict[str, dict[str, Any]],
    timezone: str,
    as_of: datetime,
    grain: str = "month",
    by: str | None = None,
    more: dict[str, list[str]] | None = None,
    root: bool = False,
) -> None:
    wrong = disagreements(company, timezone, as_of, metrics, grain, by, more, root)
    assert not wrong, "\n" + "\n".join(wrong)


@given(company=companies.companies(), timezone=zones, as_of=moments)
@thorough
def test_choices(company: Company, timezone: str, as_of: datetime) -> None:
    wrong = disagreements(company, timezone, as_of)
    assert not wrong, "\n" + "\n".join(wrong)


@given(company=companies.companies(), timezone=zones, as_of=moments)
@thorough
def test_retention_from_movements_by_week(company: Company, timezone: str, as_of: datetime) -> None:
    bridged = {name: metric for name, metric in METRICS.items() if name.startswith(("recurring", "bridged"))}
    agreed(company, bridged, timezone, as_of, "week")


# --- currencies ------------------------------------------------------------------------------------------------------


def _in_money(fx: str) -> dict[str, dict[str, Any]]:
    parts = ("new", "expansion", "contraction", "churn", "reactivation", "fx", "net")
    kept = {"type": "net_retention", "of": "recurring", "over": "1mo"}
    return {
        "recurring": questions.METRICS["recurring"],
        "held": _under(questions.METRICS["recurring"], fx=fx),
        **{part: _under({"type": "movement", "of": "recurring", "part": part}, fx=fx) for part in parts},
        "lost": _under({"type": "movement", "of": "recurring", "part": "churn", "count": True}, fx=fx),
        "kept": _under(kept, fx=fx),
        "gross": _under({**kept, "cap": True}, fx=fx),
        **{
            f"each_{part}": _under(
                {"type": "movement", "of": "recurring", "part": part, "entity": "subscription"}, fx=fx
            )
            for part in ("fx", "net", "churn")
        },
    }


rates = st.lists(
    st.fixed_dictionaries(
        {
            "currency": st.just("USD"),
            "rate": st.sampled_from([0.5, 0.8, 1.1, 2]),
            "at": st.sampled_from([date(2026, month, day) for month in range(1, 7) for day in (1, 15, 28)]),
        }
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row["at"],
)
standing_in = st.sampled_from([[], [{"currency": "USD", "rate": 0.9, "at": None}]])


@pytest.mark.parametrize("fx", ["monthly", "row_start"])
@pytest.mark.parametrize(("grain", "by"), [("month", None), ("week", None), ("month", "plan")])
@given(company=companies.companies(), dated=rates, undated=standing_in, timezone=zones, as_of=moments)
@thorough
def test_rates_that_change(
    fx: str,
    grain: str,
    by: str | None,
    company: Company,
    dated: list[dict[str, Any]],
    undated: list[dict[str, Any]],
    timezone: str,
    as_of: datetime,
) -> None:
    company = replace(company, roles={**company.roles, "fx": [*dated, *undated]})
    metrics = _in_money(fx)
    if by:
        timezone, as_of = "UTC", LATE
        del metrics["lost"]  # an account may leave several plans: the line that says so is no cell of the oracle
    agreed(company, metrics, timezone, as_of, grain, by)


# --- what recurs -----------------------------------------------------------------------------------------------------


def _served(row: dict[str, Any]) -> dict[str, Any]:
    start, length = row["start"], row["length"]
    return {**row, "end": None if start is None or length is None else later(start, length)}


lines = st.fixed_dictionaries(
    {
        "account": st.sampled_from(companies.ACCOUNTS),
        "at": companies.moments,
        "amount": st.sampled_from([0, 10, 99.99, 1200, -5]),
        "start": companies.days | st.none(),
        "length": st.sampled_from([None, "1mo", "3mo", "12mo", "20d", "0d"]),
        "kind": st.sampled_from(["recurring", "usage", "one_off", None]),
        "currency": st.sampled_from(["EUR", "USD"]),
        "status": st.sampled_from(["paid", "void", None]),
    }
).map(_served)
LINE: dict[str, Any] = {
    "account": "A",
    "at": companies.EPOCH,
    "amount": 1,
    "start": date(2026, 1, 1),
    "end": date(2026, 2, 1),
    "kind": "one_off",
    "currency": "EUR",
    "status": "paid",
}
"""A line that lacks nothing: a column that is empty in every row has no type in a CSV file."""


def of_revenue(**policies: Any) -> dict[str, dict[str, Any]]:
    parts = ("new", "expansion", "contraction", "churn", "reactivation", "net")
    return {
        "recurring": questions.METRICS["recurring"],
        "held": _under(questions.METRICS["recurring"], **policies),
        **{part: _under({"type": "movement", "of": "recurring", "part": part}, **policies) for part in parts},
        "kept": _under({"type": "net_retention", "of": "recurring", "over": "2mo", "cap": True}, **policies),
    }


RECURRING: list[dict[str, Any]] = [
    {"recurring_from": "invoices"},
    {"usage": "trailing", "usage_months": 2},
    {"recurring_from": "invoices", "usage": "trailing"},
    {"churn_at": "billing_end"},
]
billed_lines = st.lists(lines, max_size=14)
closed_days = st.lists(st.none() | companies.days, min_size=14, max_size=14)


def billed_by(company: Company, billed: list[dict[str, Any]], closed: list[date | None]) -> Company:
    """The company with invoices, and days on which billing closed its subscriptions."""
    held = [{**row, "closed_at": day} for row, day in zip(company.roles["subscriptions"], closed, strict=False)]
    held[0]["closed_at"] = held[0]["closed_at"] or date(2026, 6, 1)
    return replace(company, roles={**company.roles, "subscriptions": held, "invoices": [LINE, *billed]})


@pytest.mark.parametrize("policies", RECURRING, ids=str)
@given(
    company=companies.companies(),
    billed=billed_lines,
    closed=closed_days,
    timezone=zones,
    as_of=moments,
)
@thorough
def test_what_recurs(
    policies: dict[str, Any],
    company: Company,
    billed: list[dict[str, Any]],
    closed: list[date | None],
    timezone: str,
    as_of: datetime,
) -> None:
    company = billed_by(company, billed, closed)
    agreed(company, of_revenue(**policies), timezone, as_of, more={"subscriptions": ["closed_at"]})


# --- groups of accounts ----------------------------------------------------------------------------------------------

parents = st.lists(st.none() | st.sampled_from(companies.ACCOUNTS), min_size=5, max_size=5)
OF_ACCOUNTS = [
    name
    for name, metric in questions.METRICS.items()
    if metric["type"] in ("simple", "stock", "movement", "net_retention", "active", "conversion", "retention", "ratio")
    and "entity" not in metric
]


def with_parents(company: Company, above: list[str | None]) -> Company:
    """The company with a parent for each of its accounts, or none."""
    accounts = [{**row, "parent": parent} for row, parent in zip(company.roles["accounts"], above, strict=True)]
    return replace(company, roles={**company.roles, "accounts": accounts})


@pytest.mark.parametrize("by", [None, "size"])
@given(company=companies.companies(), above=parents, timezone=zones, as_of=moments)
@thorough
def test_accounts_of_a_group_are_one(
    by: str | None, company: Company, above: list[str | None], timezone: str, as_of: datetime
) -> None:
    company = with_parents(company, above)
    simple = {name: questions.METRICS[name] for name in OF_ACCOUNTS if name in BY_SIZE or not by}
    agreed(company, simple, timezone, LATE if by else as_of, by=by, more={"accounts": ["parent"]}, root=True)
