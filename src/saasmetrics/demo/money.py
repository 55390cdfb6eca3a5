"""What the company spends: sales and marketing, cost of service, operations; its quotas and exchange rates."""

from __future__ import annotations

import numpy as np
import polars as pl

from saasmetrics.demo.billing import Books
from saasmetrics.demo.deals import Deals
from saasmetrics.demo.draws import Draws, Floats, Ints
from saasmetrics.demo.items import CURRENCIES, EUR, PAUSED, USD, USD_RATE
from saasmetrics.demo.span import NEVER, Span, named, number
from saasmetrics.demo.tables import always, chosen, days
from saasmetrics.period import add_months

COST_OF_A_LOGO = 2300.0
"""Sales and marketing for one new customer, in euro."""
MONTHLY = (
    ("salaries", None, 0.54),
    ("tools", None, 0.07),
    ("overhead", None, 0.08),
    ("organic", "content", 0.09),
    ("organic", "referral", 0.02),
    ("paid", "partner", 0.04),
)
DAILY = (("paid", "google", 0.10, EUR), ("paid", "linkedin", 0.06, USD))
"""Buckets and channels with their share of the budget; LinkedIn bills in dollars."""
COSTS = {
    "Hosting": 0.11,
    "Support": 0.07,
    "Payment fees": 0.025,
    "Research and development": 0.34,
    "Administration": 0.13,
}
"""Shares of recurring revenue."""
FIXED_COST = 120.0
AMBITION = 1.12
"""A quota asks for so many times what a mean quarter brought."""


def fx_table() -> pl.DataFrame:
    """Exchange rates: one constant per currency."""
    return pl.DataFrame({"currency": CURRENCIES, "rate_to_eur": [1.0, USD_RATE]})


def _recurring(books: Books, span: Span) -> Floats:
    """Recurring revenue at each month's middle, in euro, before discounts."""
    items = books.items
    amount = items.monthly * (items.status != PAUSED)
    middles = [start + 14 for start in span.month_starts()]
    return np.array([float(amount[(items.begins <= middle) & (middle < items.end)].sum()) for middle in middles])


def _budgets(books: Books, span: Span) -> Floats:
    """Sales and marketing of each month: in step with the mean number of new customers, growing."""
    joined = books.lives.paid_from
    new = int(((joined >= span.first) & (joined < span.end)).sum())
    growth = np.linspace(0.75, 1.25, span.months)
    return np.asarray(COST_OF_A_LOGO * max(new / span.months, 0.5) * growth)


def _spent(day: Ints, bucket: str, channel: str | None, currency: int, amount: Floats) -> pl.DataFrame:
    count = len(day)
    return pl.DataFrame(
        {
            "day": days(day),
            "bucket": always(bucket, count),
            "channel": chosen((channel,), np.zeros(count, dtype=np.int64)),
            "amount": np.round(amount, 2),
            "currency": always(CURRENCIES[currency], count),
        }
    )


def spend_table(books: Books, span: Span, seed: int) -> pl.DataFrame:
    """The export of sales and marketing: by month, and by day for paid channels."""
    draws = Draws(seed, "spend")
    budgets, starts = _budgets(books, span), np.array(span.month_starts())
    tables = []
    for bucket, channel, share in MONTHLY:
        amount = budgets * share * draws.between(span.months, 0.93, 1.07)
        tables.append(_spent(starts, bucket, channel, EUR, amount))
    every = np.arange(span.first, span.end)
    month = np.searchsorted(starts, every, side="right") - 1
    lengths = np.diff(np.append(starts, number(add_months(named(int(starts[-1])), 1))))
    for bucket, channel, share, currency in DAILY:
        rate = USD_RATE if currency == USD else 1.0
        amount = (budgets / lengths)[month] * share / rate * draws.between(len(every), 0.6, 1.4)
        tables.append(_spent(every, bucket, channel, currency, amount))
    return pl.concat(tables).sort("day", "bucket", "channel")


def cost_table(books: Books, span: Span, seed: int) -> pl.DataFrame:
    """The export of costs, by month and group of accounts."""
    draws = Draws(seed, "costs")
    revenue, month = _recurring(books, span), days(np.array(span.month_starts()))
    tables = []
    for group, share in COSTS.items():
        amount = np.round(revenue * share * draws.between(span.months, 0.95, 1.05) + FIXED_COST, 2)
        tables.append(pl.DataFrame({"month": month, "account_group": always(group, span.months), "amount": amount}))
    return pl.concat(tables).sort("month", "account_group")


def quota_table(deals: Deals, span: Span) -> pl.DataFrame:
    """Quotas by quarter, one quarter ahead of the data."""
    won = float(deals.amount[deals.won & (deals.closed < NEVER)].sum())
    quarters = max((span.end - span.first) / 91.3, 1.0)
    amount = round(won / quarters * AMBITION, -2)
    first = span.first_date.replace(month=(span.first_date.month - 1) // 3 * 3 + 1)
    starts = []
    while number(first) < span.end + 92:
        starts.append(number(first))
        first = add_months(first, 3)
    return pl.DataFrame({"quarter": days(np.array(starts)), "amount": np.full(len(starts), amount)})
