"""What the company spends: sales and marketing, cost of service, operations; its quotas and exchange rates."""

from __future__ import annotations

import numpy as np
import polars as pl

from saasmetrics.demo.accounts import FAR, days
from saasmetrics.demo.billing import BILLED_MONTHS, PAUSED, Books
from saasmetrics.demo.draws import Draws, Floats
from saasmetrics.demo.sales import NEVER, Deals
from saasmetrics.demo.span import Span, named, number
from saasmetrics.period import add_months

USD_RATE = 0.92
"""Euro for one dollar, all the time."""
COST_OF_A_LOGO = 2300.0
SHARES = {("salaries", None): 0.54, ("tools", None): 0.07, ("overhead", None): 0.08, ("organic", "content"): 0.09,
          ("organic", "referral"): 0.02, ("paid", "partner"): 0.04}  # fmt: skip
DAILY = {"google": 0.10, "linkedin": 0.06}
COSTS = {"Hosting": 0.11, "Support": 0.07, "Payment fees": 0.025, "Research and development": 0.34,
         "Administration": 0.13}  # fmt: skip


def fx_table() -> pl.DataFrame:
    """Exchange rates: one constant per currency."""
    return pl.DataFrame({"currency": ["EUR", "USD"], "rate_to_eur": [1.0, USD_RATE]})


def monthly_recurring(books: Books, span: Span) -> Floats:
    """Recurring revenue at each month's middle, in euro, before discounts."""
    items = books.items
    amount = items.price * items.seats / 100 / BILLED_MONTHS[items.interval]
    amount = amount * np.where(items.currency == 1, USD_RATE, 1.0) * (items.status != PAUSED)
    begins = np.where(items.trial_end < FAR, np.maximum(items.start, items.trial_end), items.start)
    middles = [start + 14 for start in span.month_starts()]
    return np.array([float(amount[(begins <= middle) & (middle < items.end)].sum()) for middle in middles])


def _budgets(books: Books, span: Span) -> Floats:
    """Sales and marketing of each month: in step with the mean number of new customers, growing."""
    joined = books.lives.paid_from
    new = int(((joined >= span.first) & (joined < span.end)).sum())
    growth = np.linspace(0.75, 1.25, span.months)
    return np.asarray(COST_OF_A_LOGO * max(new / span.months, 0.5) * growth)


def spend_table(books: Books, span: Span, seed: int) -> pl.DataFrame:
    """The export of sales and marketing: by month, and by day for paid channels; LinkedIn bills in dollars."""
    draws = Draws(seed, "spend")
    budgets, starts = _budgets(books, span), span.month_starts()
    parts = []
    for (bucket, channel), share in SHARES.items():
        amount = np.round(budgets * share * draws.between(span.months, 0.93, 1.07), 2)
        parts.append((np.array(starts), bucket, channel, "EUR", amount))
    every = np.arange(span.first, span.end)
    month = np.searchsorted(np.array(starts), every, side="right") - 1
    lengths = np.diff([*starts, number(add_months(named(starts[-1]), 1))])
    for channel, share in DAILY.items():
        rate = USD_RATE if channel == "linkedin" else 1.0
        amount = budgets[month] * share / lengths[month] / rate * draws.between(len(every), 0.6, 1.4)
        parts.append((every, "paid", channel, "USD" if channel == "linkedin" else "EUR", np.round(amount, 2)))
    frames = [
        pl.DataFrame({"day": days(at), "bucket": [bucket] * len(at),
                      "channel": pl.Series([channel] * len(at), dtype=pl.String), "amount": amount,
                      "currency": [currency] * len(at)})
        for at, bucket, channel, currency, amount in parts
    ]  # fmt: skip
    return pl.concat(frames).sort("day", "bucket", "channel")


def cost_table(books: Books, span: Span, seed: int) -> pl.DataFrame:
    """The export of costs, by month and group of accounts."""
    draws = Draws(seed, "costs")
    revenue = monthly_recurring(books, span)
    frames = [
        pl.DataFrame({"month": days(np.array(span.month_starts())), "account_group": [group] * span.months,
                      "amount": np.round(revenue * share * draws.between(span.months, 0.95, 1.05) + 120, 2)})
        for group, share in COSTS.items()
    ]  # fmt: skip
    return pl.concat(frames).sort("month", "account_group")


def quota_table(deals: Deals, span: Span) -> pl.DataFrame:
    """Quotas by quarter: an eighth more than the mean quarter brought, one quarter ahead of the data."""
    won = deals.value[deals.won & (deals.closed < NEVER)].sum()
    quarters = max((span.end - span.first) / 91.3, 1.0)
    amount = round(float(won) / quarters * 1.12 / 100) * 100
    first = span.first_date.replace(month=(span.first_date.month - 1) // 3 * 3 + 1)
    starts = []
    while number(first) < span.end + 92:
        starts.append(number(first))
        first = add_months(first, 3)
    return pl.DataFrame({"quarter": days(np.array(starts)), "amount": [float(amount)] * len(starts)})
