"""The life of subscriptions: trials, changes, pauses, lapses, returns, discounts, in rows of a billing export."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from saasmetrics.demo.accounts import ACTIVATED, FAR, IDLE, LATE, Accounts, days
from saasmetrics.demo.draws import Draws, Flags, Floats, Ints, pick
from saasmetrics.demo.span import Span, named, number
from saasmetrics.period import add_months

PLANS = ("starter", "pro", "enterprise")
STARTER, PRO, ENTERPRISE = range(3)
INTERVALS = ("monthly", "quarterly", "annual")
MONTHLY, QUARTERLY, ANNUAL = range(3)
CURRENCIES = ("EUR", "USD")
PRICES = np.array([[1900, 3900, 6900], [2100, 4300, 7500]])
"""Price of a seat and month in minor units, by currency and plan; a year costs ten months."""
BILLED_MONTHS = np.array([1, 3, 12])
CHARGED_MONTHS = np.array([1, 3, 10])
STATUSES = ("active", "past_due", "trialing", "canceled", "paused", "replaced")
ACTIVE, PAST_DUE, TRIALING, CANCELED, PAUSED, REPLACED = range(6)

BASE_CHURN = np.array([0.014, 0.008, 0.004])
"""Chance of leaving in a month, by plan."""
SOBERING = 0.30
"""Chance that a starter account leaves in each of the two months after its discount has ended."""


@dataclass
class Items:
    """Grain: a row of the billing export. Unit: dates in days since 1970, `FAR` for none; money in minor units."""

    account: Ints
    plan: Ints
    seats: Ints
    price: Ints
    interval: Ints
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

    def take(self, rows: Ints | Flags) -> Items:
        """Some of the rows, as copies."""
        return Items(*(column[rows] for column in vars(self).values()))

    @staticmethod
    def stack(parts: list[Items]) -> Items:
        """The rows of all parts, one part after the other."""
        return Items(
            *(np.concatenate(columns) for columns in zip(*(vars(part).values() for part in parts), strict=True))
        )


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


@dataclass
class Books:
    """Everything billing knows: closed and open rows, when each account pays, and who moved to a bigger plan."""

    items: Items
    lives: Lives
    upgrades: list[tuple[Ints, Ints]]
    """Per month: the accounts that upgraded, and the days on which they did."""


def list_price(plan: Ints, interval: Ints, currency: Ints) -> Ints:
    """Price of a seat for one billing interval, in minor units."""
    return np.asarray(PRICES[currency, plan] * CHARGED_MONTHS[interval], dtype=np.int64)


def _first_items(accounts: Accounts, span: Span, draws: Draws) -> tuple[Items, Ints, Flags]:
    """The first row of every account (as if all bought), the day on which it pays, and who really does."""
    count = len(accounts)
    chance = np.select(
        [accounts.fate == ACTIVATED, accounts.fate == LATE, accounts.fate == IDLE], [0.82, 0.55, 0.04], 0.5
    )
    old = accounts.signed_up < span.first
    buys = draws.chance(count, np.where(old, 0.93, chance)) & ~accounts.internal
    wait = np.array([14, 14, 21, 30])[draws.below(count, 4)]
    setup = np.where(accounts.engaged < FAR, accounts.engaged - accounts.signed_up, 0)
    paid_from = accounts.signed_up + np.maximum(wait, setup + 3)
    size = accounts.seats * draws.lognormal(count, 1.0, 0.3)
    plan = np.select([size < 4.5, size < 16], [STARTER, PRO], ENTERPRISE)
    interval = draws.choice(count, (0.60, 0.10, 0.30))
    currency = np.where(accounts.country == 5, 1, 0)
    reduced = draws.chance(count, np.array([0.45, 0.18, 0.05])[plan])
    term = np.array([3, 6, 6, 12])[draws.below(count, 4)]
    kind = draws.choice(count, (0.82, 0.10, 0.08))
    percent = np.where(reduced & (kind != 1), np.array([20, 30, 50, 50])[draws.below(count, 4)], 0)
    amount = np.where(reduced & (kind == 1), 1000 * BILLED_MONTHS[interval], 0)
    discount_end = np.where(reduced & (kind != 2), paid_from + np.rint(term * 30.44).astype(np.int64), FAR)
    tried = draws.chance(count, 0.7) | ~buys
    never = np.full(count, FAR, dtype=np.int64)
    items = Items(
        account=np.arange(count), plan=plan, seats=accounts.seats.copy(), price=list_price(plan, interval, currency),
        interval=interval, currency=currency, percent=percent, amount_off=amount, discount_end=discount_end,
        trial_end=np.where(tried, paid_from, FAR), start=np.where(tried, accounts.signed_up, paid_from), end=never.copy(),
        status=np.zeros(count, dtype=np.int64), cancelled=never.copy(), paused=never.copy(),
    )  # fmt: skip
    return items, paid_from, buys


class _Ledger:
    """The current row of every account while months go by."""

    def __init__(self, accounts: Accounts, span: Span, seed: int, steady: Ints) -> None:
        self.draws = Draws(seed, "billing")
        self.span = span
        self.now, self.paid_from, self.buys = _first_items(accounts, span, self.draws)
        self.buys[steady] = True
        never = np.full(len(accounts), FAR, dtype=np.int64)
        self.lives = Lives(np.where(self.buys, self.paid_from, FAR), never.copy(), never.copy(), never.copy())
        self.closed: list[Items] = []
        self.upgrades: list[tuple[Ints, Ints]] = []
        self.live = self.buys.copy()
        self.away = np.zeros(len(accounts), dtype=np.bool_)
        self.resting = np.zeros(len(accounts), dtype=np.bool_)
        self.internal = accounts.internal
        self.steady = np.zeros(len(accounts), dtype=np.bool_)
        self.steady[steady] = True
        self.restless = np.clip(1.4 - 0.4 * accounts.intensity, 0.5, 1.4)

    def close(self, who: Ints, on: Ints, status: int) -> None:
        """End the rows of accounts on the given days."""
        self.now.end[who] = on
        self.now.status[who] = status
        self.closed.append(self.now.take(who))

    def open(self, who: Ints, on: Ints) -> None:
        """Start a new row for accounts, with what was changed since."""
        self.now.start[who] = on
        for column in (self.now.end, self.now.cancelled, self.now.paused, self.now.trial_end):
            column[who] = FAR
        self.now.status[who] = ACTIVE
        spent = who[self.now.discount_end[who] <= on]
        self.now.percent[spent] = 0
        self.now.amount_off[spent] = 0
        self.now.discount_end[spent] = FAR

    def leave(self, who: Ints, on: Ints) -> None:
        """Accounts end their subscription; they said so some days before."""
        self.now.cancelled[who] = np.maximum(on - 1 - self.draws.below(len(who), 25), self.now.start[who])
        self.close(who, on, CANCELED)
        again = self.lives.back_from[who] < FAR
        self.lives.back_to[who[again]] = on[again]
        self.lives.paid_to[who[~again]] = on[~again]
        self.live[who] = False
        self.away[who[~again]] = True

    def come_back(self, who: Ints, on: Ints) -> None:
        """Accounts that lapsed buy again, some seats fewer."""
        self.now.seats[who] = np.maximum(self.now.seats[who] * 3 // 4, 1)
        self.open(who, on)
        self.lives.back_from[who] = on
        self.live[who] = True
        self.away[who] = False

    def rest(self, who: Ints, on: Ints) -> None:
        """Accounts pause: the running row ends, a paused one begins."""
        self.close(who, on, REPLACED)
        self.open(who, on)
        self.now.paused[who] = on
        self.now.status[who] = PAUSED
        self.resting[who] = True

    def wake(self, who: Ints, on: Ints) -> None:
        """Accounts end their pause."""
        self.close(who, on, PAUSED)
        self.open(who, on)
        self.resting[who] = False

    def change(self, who: Ints, on: Ints, plan: int, seats: float) -> None:
        """Accounts change plan by steps, seats by a factor, or only get the list price of today."""
        self.close(who, on, REPLACED)
        before = self.now.seats[who]
        self.now.plan[who] = np.clip(self.now.plan[who] + plan, STARTER, ENTERPRISE)
        if seats != 1.0:
            grown = np.rint(before * seats).astype(np.int64)
            self.now.seats[who] = np.maximum(np.where(grown == before, before + (1 if seats > 1 else -1), grown), 1)
        if plan:
            self.now.price[who] = list_price(self.now.plan[who], self.now.interval[who], self.now.currency[who])
        elif seats == 1.0:
            self.now.price[who] = np.rint(self.now.price[who] * 1.05).astype(np.int64)
        self.open(who, on)

    def churn_chance(self, month: int) -> Floats:
        """Chance of leaving this month: by plan and use; annual terms only at their end; more when a discount ended."""
        now = self.now
        chance = BASE_CHURN[now.plan] * self.restless
        served = np.rint((month - self.paid_from) / 30.44).astype(np.int64)
        annual = now.interval == ANNUAL
        chance = np.where(annual, np.where((served > 0) & (served % 12 == 0), chance * 7, 0.0), chance)
        sobered = (now.plan == STARTER) & (now.discount_end <= month) & (month < now.discount_end + 61)
        chance = np.where(sobered, SOBERING, chance)
        return np.where(self.steady, 0.0, chance)

    def month(self, first: int, length: int) -> None:
        """One month for all accounts: at most one thing happens to each."""
        count = len(self.live)
        day = first + self.draws.below(count, length)
        luck, kind = self.draws.uniform(count), self.draws.uniform(count)
        settled = (day > self.now.start + 5) & (day > self.paid_from + 20) & (day < self.span.end)
        churn = self.churn_chance(first)
        awake = self.live & ~self.resting & settled
        events: list[tuple[Flags, str]] = [
            (self.live & self.resting & settled, "wake"),
            (self.away & (luck < 0.05) & (day > self.now.end + 25) & (day < self.span.end), "come_back"),
            (awake & (luck < churn), "leave"),
            (awake & (luck >= churn) & (luck < churn + 0.004) & ~self.steady, "rest"),
        ]
        moved = awake & (luck >= churn + 0.004) & (luck < churn + 0.104) & ~self.steady
        for who, name in events:
            getattr(self, name)(np.flatnonzero(who), day[who])
        for low, high, plan, seats in _CHANGES:
            who = moved & (kind >= low) & (kind < high)
            if plan:
                who &= (self.now.plan + plan >= STARTER) & (self.now.plan + plan <= ENTERPRISE)
            rows = np.flatnonzero(who)
            self.change(rows, day[rows], plan, seats)
            if plan > 0:
                self.upgrades.append((rows, day[rows]))


_CHANGES = (
    (0.00, 0.16, 1, 1.0),
    (0.16, 0.22, -1, 1.0),
    (0.22, 0.48, 0, 1.2),
    (0.48, 0.72, 0, 1.4),
    (0.72, 0.84, 0, 0.8),
    (0.84, 1.00, 0, 1.0),
)
"""Kinds of change: from and to which share, steps of plan, factor of seats; the last is a rise of the price."""


def _trials(ledger: _Ledger) -> Items:
    """Rows of trials that never became a subscription, and of trials that still run."""
    rows = ledger.now.take(~ledger.buys & ~ledger.internal)
    over = rows.trial_end <= ledger.span.end
    ended = np.where(over, rows.trial_end, FAR)
    return replace(
        rows, end=ended, status=np.where(over, CANCELED, TRIALING), cancelled=np.where(over, rows.trial_end - 1, FAR)
    )


def _ending(ledger: _Ledger) -> Items:
    """The open rows at the export: some behind with payment, a few already cancelled for a later date."""
    rows = ledger.now.take(ledger.live)
    count, end = len(rows), ledger.span.end
    draws = ledger.draws
    running = (rows.status == ACTIVE) & (rows.start < end - 40)
    status = np.where(running & draws.chance(count, 0.03), PAST_DUE, rows.status)
    status = np.where((rows.trial_end < FAR) & (rows.trial_end >= end), TRIALING, status)
    leaving = running & (status == ACTIVE) & ~ledger.steady[rows.account] & draws.chance(count, 0.03)
    leaving[np.flatnonzero(running & (status == ACTIVE) & ~ledger.steady[rows.account])[:1]] = True
    ends = np.where(leaving, end + 9 + draws.below(count, 60), FAR)
    said = np.where(leaving, end - 2 - draws.below(count, 20), FAR)
    return replace(rows, status=status, end=ends, cancelled=said)


def keep_books(accounts: Accounts, span: Span, seed: int, steady: Ints) -> Books:
    """Let the months go by from the first sign-up to the export. `steady` accounts never change."""
    ledger = _Ledger(accounts, span, seed, steady)
    month = named(int(accounts.signed_up.min())).replace(day=1)
    while number(month) < span.end:
        following = add_months(month, 1)
        ledger.month(number(month), number(following) - number(month))
        month = following
    items = Items.stack([*ledger.closed, _trials(ledger), _ending(ledger)])
    items = items.take(items.start < span.end)
    items = items.take(np.lexsort((items.start, items.account)))
    return Books(items, ledger.lives, ledger.upgrades)


def _dates(numbers: Ints) -> pl.Series:
    return days(np.where(numbers >= FAR, 0, numbers), numbers >= FAR)


def table(items: Items, accounts: Accounts) -> pl.DataFrame:
    """The export of recurring subscription items, in the words of a billing system."""
    ids = accounts.ids()
    return pl.DataFrame(
        {
            "item_id": [f"si-{position:07d}" for position in range(1, len(items) + 1)],
            "workspace_id": [ids[account] for account in items.account.tolist()],
            "plan_name": pick(PLANS, items.plan),
            "product": ["ledgerly"] * len(items),
            "charge_type": ["recurring"] * len(items),
            "quantity": items.seats,
            "seats": items.seats,
            "unit_amount": items.price,
            "billing_cycle": pick(INTERVALS, items.interval),
            "currency": pick(CURRENCIES, items.currency),
            "status": pick(STATUSES, items.status),
            "started_on": _dates(items.start),
            "ended_on": _dates(items.end),
            "coupon_percent": pl.Series(items.percent).replace(0, None),
            "coupon_amount": pl.Series(items.amount_off).replace(0, None),
            "coupon_ends_on": _dates(np.where((items.percent > 0) | (items.amount_off > 0), items.discount_end, FAR)),
            "trial_ends_on": _dates(items.trial_end),
            "paused_on": _dates(items.paused),
            "cancel_requested_on": _dates(items.cancelled),
            "committed_amount": pl.Series([None] * len(items), dtype=pl.Int64),
        }
    )
