"""Rows of the billing export: what was sold to whom, from when to when, at which price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from saasmetrics.demo.accounts import Accounts
from saasmetrics.demo.draws import Flags, Floats, Ints
from saasmetrics.demo.span import FAR
from saasmetrics.demo.tables import always, chosen, days, names

PLANS = ("starter", "pro", "enterprise")
STARTER, PRO, ENTERPRISE = range(3)
CYCLES = ("monthly", "quarterly", "annual")
MONTHLY, QUARTERLY, ANNUAL = range(3)
CURRENCIES = ("EUR", "USD")
EUR, USD = range(2)
USD_RATE = 0.92
"""Euro for one dollar, all the time."""
PRICES = np.array([[1900, 3900, 6900], [2100, 4300, 7500]])
"""Price of a seat and month in minor units, by currency and plan; a year costs ten months."""
BILLED_MONTHS = np.array([1, 3, 12])
CHARGED_MONTHS = np.array([1, 3, 10])
STATUSES = ("active", "past_due", "trialing", "canceled", "paused", "replaced")
ACTIVE, PAST_DUE, TRIALING, CANCELED, PAUSED, REPLACED = range(6)


@dataclass
class Items:
    """Grain: a row of the billing export. Unit: dates in days since 1970, `FAR` for none; money in minor units.

    `percent` and `amount_off` (of a bill) are a discount that ends on `discount_end`; a row without one has zeros.
    """

    account: Ints
    plan: Ints
    seats: Ints
    price: Ints
    cycle: Ints
    currency: Ints
    percent: Ints
    amount_off: Ints
    discount_end: Ints
    trial_end: Ints
    start: Ints
    end: Ints
    status: Ints
    cancelled: Ints
    paused: Ints

    def __len__(self) -> int:
        return len(self.account)

    @property
    def begins(self) -> Ints:
        """Day from which each row is paid for."""
        return np.where(self.trial_end < FAR, np.maximum(self.start, self.trial_end), self.start)

    @property
    def monthly(self) -> Floats:
        """List price of each row for a month, in euro."""
        amount = self.price * self.seats / 100 / BILLED_MONTHS[self.cycle]
        return np.asarray(amount * np.where(self.currency == USD, USD_RATE, 1.0))

    def take(self, rows: Ints | Flags) -> Items:
        """Some of the rows, as copies."""
        return Items(*(column[rows] for column in vars(self).values()))

    @staticmethod
    def stack(parts: list[Items]) -> Items:
        """The rows of all parts, one part after the other."""
        columns = zip(*(vars(part).values() for part in parts), strict=True)
        return Items(*(np.concatenate(column) for column in columns))


@dataclass
class Lives:
    """Grain: an account. When it pays (days since 1970): one stay from `paid_from`, a second one after a return."""

    paid_from: Ints
    paid_to: Ints
    back_from: Ints
    back_to: Ints

    def paying(self, day: int) -> Flags:
        """Which accounts pay on a day."""
        first = (self.paid_from <= day) & (day < self.paid_to)
        return np.asarray(first | ((self.back_from <= day) & (day < self.back_to)))


def list_price(plan: Ints, cycle: Ints, currency: Ints) -> Ints:
    """Price of a seat for one billing cycle, in minor units."""
    return np.asarray(PRICES[currency, plan] * CHARGED_MONTHS[cycle], dtype=np.int64)


def item_table(items: Items, accounts: Accounts) -> pl.DataFrame:
    """The export of recurring subscription items, in the words of a billing system."""
    count = len(items)
    reduced = (items.percent > 0) | (items.amount_off > 0)
    return pl.DataFrame(
        {
            "item_id": names("si", 7, count),
            "workspace_id": chosen(accounts.ids(), items.account),
            "plan_name": chosen(PLANS, items.plan),
            "product": always("ledgerly", count),
            "charge_type": always("recurring", count),
            "quantity": items.seats,
            "seats": items.seats,
            "unit_amount": items.price,
            "billing_cycle": chosen(CYCLES, items.cycle),
            "currency": chosen(CURRENCIES, items.currency),
            "status": chosen(STATUSES, items.status),
            "started_on": days(items.start),
            "ended_on": days(items.end),
            "coupon_percent": pl.Series(items.percent).replace(0, None),
            "coupon_amount": pl.Series(items.amount_off).replace(0, None),
            "coupon_ends_on": days(np.where(reduced, items.discount_end, FAR)),
            "trial_ends_on": days(items.trial_end),
            "paused_on": days(items.paused),
            "cancel_requested_on": days(items.cancelled),
        }
    )
