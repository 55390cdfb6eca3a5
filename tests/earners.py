"""What subscriptions earn, drawn at random: statuses, trials, pauses, discounts, usage; under policies of the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import strategies as st

import company as companies
import questions
from oracle import Company

some_day = st.none() | companies.days
details = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([None, "recurring", "recurring", "usage", "one_off"]),
        "committed": st.sampled_from([None, 0, 12.5]),
        "status": st.sampled_from([None, "active", "past_due", "Trialing", "paused", "canceled", "unpaid", "ended"]),
        "trial_end": some_day,
        "paused_at": some_day,
        "cancelled_at": some_day,
        "closed_at": some_day,
        "discount_percent": st.sampled_from([None, 10, 50, 100]),
        "discount_amount": st.sampled_from([None, None, 5, 100]),
        "discount_end": some_day | st.sampled_from([date(2026, 3, 1), date(2026, 4, 15)]),
        "interval_count": st.sampled_from([None, 1, 2]),
        "mrr": st.sampled_from([None, None, None, None, 20]),
        "for_the_term": st.sampled_from([False, False, True]),
    }
)
"""What a row of subscriptions may say beside its price; `for_the_term`: the price is for all of it."""

WHOLE = {
    "kind": "recurring", "committed": 1, "status": "active", "trial_end": date(2026, 1, 1),
    "paused_at": date(2026, 5, 1), "cancelled_at": date(2026, 5, 1), "closed_at": date(2026, 5, 1),
    "discount_percent": 1, "discount_amount": 1, "discount_end": date(2026, 3, 1), "interval_count": 1, "mrr": 1,
    "for_the_term": False,
}  # fmt: skip
"""Details that lack nothing: a column that is empty in every row has no type in a CSV file."""

COLUMNS = [name for name in WHOLE if name != "for_the_term"]

CHOICES: dict[str, list[Any]] = {
    "discounts": ["list_price", "forever_only", "all"],
    "mrr_statuses": [["active"], ["active", "past_due", "paused"], ["active", "trialing"], ["unpaid"]],
    "usage": ["committed"],
    "churn_at": ["request", "billing_end"],
    "end_inclusive": [True],
    "grace": ["5d", "20d", "1mo"],
    "fx": ["monthly", "row_start"],
    "movement_grain": ["day", "report"],
    "reactivation_window": ["1mo", "20d"],
    "retention": ["continuous", "movements", "chained"],
    "reactivation_in_net": [True],
}
"""Beside `recurring_from` and `usage: trailing`, which read invoices."""

policies = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in CHOICES.items()})
all_details = st.lists(details, min_size=14, max_size=14)

LISTED = {"type": "stock", "source": "subscriptions", "agg": "sum", "expr": "list_mrr"}
METRICS: dict[str, dict[str, Any]] = {
    **{
        name: questions.METRICS[name]
        for name in questions.METRICS
        if name.startswith(("recurring", "logos", "kept", "lost")) or name in ("growth", "quick")
    },
    "listed": LISTED,
    "listed_up": {"type": "movement", "of": "listed", "part": "expansion"},
    **{
        f"each_{part}": {**questions.METRICS[f"recurring_{part}"], "entity": "subscription"} for part in questions.MOVES
    },
    "each_kept": {**questions.METRICS["kept"], "entity": "subscription"},
}


def detailed(company: Company, told: Iterable[Mapping[str, Any]]) -> Company:
    """The company, its subscriptions with what they say beside their price."""
    first, *rest = company.roles["subscriptions"]
    rows = [{**first, **WHOLE}]
    for row, more in zip(rest, told, strict=False):
        free = more["for_the_term"] and row["end"] is not None
        rows.append({**row, **more, **({"interval": None, "interval_count": None} if free else {})})
    return replace(company, roles={**company.roles, "subscriptions": rows})
