"""The life of subscriptions, month by month: trials, changes, pauses, lapses, returns, discounts that end."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from saasmetrics.demo.accounts import ACTIVATED, IDLE, LATE, Accounts
from saasmetrics.demo.draws import Draws, Flags, Floats, Ints
from saasmetrics.demo.items import (
    ACTIVE,
    ANNUAL,
    BILLED_MONTHS,
    CANCELED,
    ENTERPRISE,
    EUR,
    PAST_DUE,
    PAUSED,
    PRO,
    REPLACED,
    STARTER,
    TRIALING,
    USD,
    Items,
    Lives,
    list_price,
)  # fmt: skip
from saasmetrics.demo.span import FAR, Span, named, number
from saasmetrics.period import add_months

BASE_CHURN = np.array([0.014, 0.008, 0.004])
"""Chance of leaving in a month, by plan."""
ANNUAL_CHURN = 7.0
"""How much likelier accounts leave at the end of an annual term, their only occasion."""
SOBERING, SOBERING_DAYS = 0.30, 61
"""Chance that a starter account leaves in a month that begins so soon after its discount has ended."""
PAUSES = 0.004
CHANGES = 0.10
RETURNS = 0.05
KINDS_OF_CHANGE = (
    (0.00, 0.16, 1, 1.0),
    (0.16, 0.22, -1, 1.0),
    (0.22, 0.48, 0, 1.2),
    (0.48, 0.72, 0, 1.4),
    (0.72, 0.84, 0, 0.8),
    (0.84, 1.00, 0, 1.0),
)
"""From and to which share, steps of plan, factor of seats; the last is a rise of the price."""
PRICE_RISE = 1.05
MONTH = 30.44


@dataclass
class Books:
    """Everything billing knows: closed and open rows, when each account pays, and who moved to a bigger plan."""

    items: Items
    lives: Lives
    upgraded: Ints
    """Accounts that moved to a bigger plan, one for each move."""
    upgraded_on: Ints
    """The days on which they did."""


def _first_items(accounts: Accounts, draws: Draws, old: Flags) -> tuple[Items, Flags]:
    """The first row of every account as if all of them bought, and who really does."""
    count = len(accounts)
    fates = [accounts.fate == fate for fate in (ACTIVATED, LATE, IDLE)]
    chance = np.where(old, 0.93, np.select(fates, [0.82, 0.55, 0.04], 0.5))
    buys = draws.chance(count, chance) & ~accounts.internal
    wait = np.array([14, 14, 21, 30])[draws.below(count, 4)]
    setup = np.where(accounts.engaged < FAR, accounts.engaged - accounts.signed_up, 0)
    paid_from = accounts.signed_up + np.maximum(wait, setup + 3)
    size = accounts.seats * draws.lognormal(count, 1.0, 0.3)
    plan = np.select([size < 4.5, size < 16], [STARTER, PRO], ENTERPRISE)
    cycle = draws.choice(count, (0.60, 0.10, 0.30))
    currency = np.where(accounts.country == 5, USD, EUR)
    reduced = draws.chance(count, np.array([0.45, 0.18, 0.05])[plan])
    term = np.array([3, 6, 6, 12])[draws.below(count, 4)]
    kind = draws.choice(count, (0.82, 0.10, 0.08))
    tried = draws.chance(count, 0.7) | ~buys
    items = Items(
        account=np.arange(count),
        plan=plan,
        seats=accounts.seats.copy(),
        price=list_price(plan, cycle, currency),
        cycle=cycle,
        currency=currency,
        percent=np.where(reduced & (kind != 1), np.array([20, 30, 50, 50])[draws.below(count, 4)], 0),
        amount_off=np.where(reduced & (kind == 1), 1000 * BILLED_MONTHS[cycle], 0),
        discount_end=np.where(reduced & (kind != 2), paid_from + np.rint(term * MONTH).astype(np.int64), FAR),
        trial_end=np.where(tried, paid_from, FAR),
        start=np.where(tried, accounts.signed_up, paid_from),
        end=np.full(count, FAR),
        status=np.full(count, ACTIVE),
        cancelled=np.full(count, FAR),
        paused=np.full(count, FAR),
    )
    return items, buys


class _Accounting:
    """The running row of every account while months go by, and the rows that were closed."""

    def __init__(self, accounts: Accounts, span: Span, seed: int, steady: int) -> None:
        count = len(accounts)
        self.draws = Draws(seed, "billing")
        self.span = span
        self.now, self.buys = _first_items(accounts, self.draws, accounts.signed_up < span.first)
        self.buys[steady] = True
        self.internal = accounts.internal
        self.paid_from = self.now.begins
        paid_from = np.where(self.buys, self.paid_from, FAR)
        self.lives = Lives(paid_from, np.full(count, FAR), np.full(count, FAR), np.full(count, FAR))
        self.closed: list[Items] = []
        self.upgrades: list[tuple[Ints, Ints]] = []
        self.live = self.buys.copy()
        self.away = np.zeros(count, dtype=np.bool_)
        self.resting = np.zeros(count, dtype=np.bool_)
        self.steady = np.arange(count) == steady
        self.restless = np.clip(1.4 - 0.4 * accounts.intensity, 0.5, 1.4)

    def _close(self, who: Ints, on: Ints, status: int) -> None:
        """End the rows of accounts on the given days."""
        self.now.end[who] = on
        self.now.status[who] = status
        self.closed.append(self.now.take(who))

    def _open(self, who: Ints, on: Ints) -> None:
        """Start a new row for accounts, with what was changed since; a discount that is over is gone."""
        self.now.start[who] = on
        for column in (self.now.end, self.now.cancelled, self.now.paused, self.now.trial_end):
            column[who] = FAR
        self.now.status[who] = ACTIVE
        spent = who[self.now.discount_end[who] <= on]
        self.now.percent[spent] = 0
        self.now.amount_off[spent] = 0
        self.now.discount_end[spent] = FAR

    def _leave(self, who: Ints, on: Ints) -> None:
        """Accounts end their subscription; they said so some days before."""
        self.now.cancelled[who] = np.maximum(on - 1 - self.draws.below(len(who), 25), self.now.start[who])
        self._close(who, on, CANCELED)
        again = self.lives.back_from[who] < FAR
        self.lives.back_to[who[again]] = on[again]
        self.lives.paid_to[who[~again]] = on[~again]
        self.live[who] = False
        self.away[who[~again]] = True

    def _return(self, who: Ints, on: Ints) -> None:
        """Accounts that lapsed buy again, some seats fewer."""
        self.now.seats[who] = np.maximum(self.now.seats[who] * 3 // 4, 1)
        self._open(who, on)
        self.lives.back_from[who] = on
        self.live[who] = True
        self.away[who] = False

    def _pause(self, who: Ints, on: Ints) -> None:
        """The running row ends, a paused one begins."""
        self._close(who, on, REPLACED)
        self._open(who, on)
        self.now.paused[who] = on
        self.now.status[who] = PAUSED
        self.resting[who] = True

    def _resume(self, who: Ints, on: Ints) -> None:
        """The paused row ends, a running one begins."""
        self._close(who, on, PAUSED)
        self._open(who, on)
        self.resting[who] = False

    def _change(self, who: Ints, on: Ints, plan: int, seats: float) -> None:
        """Accounts move by steps of plan, or by a factor of seats, or their price rises."""
        self._close(who, on, REPLACED)
        now = self.now
        if plan:
            now.plan[who] += plan
            now.price[who] = list_price(now.plan[who], now.cycle[who], now.currency[who])
        elif seats != 1.0:
            before = now.seats[who]
            after = np.rint(before * seats).astype(np.int64)
            now.seats[who] = np.maximum(np.where(after == before, before + (1 if seats > 1 else -1), after), 1)
        else:
            now.price[who] = np.rint(now.price[who] * PRICE_RISE).astype(np.int64)
        self._open(who, on)
        if plan > 0:
            self.upgrades.append((who, on))

    def _churn_chance(self, month: int) -> Floats:
        """Chance of leaving in a month: by plan and use; annual terms only at their end; more when a discount ended."""
        now = self.now
        chance = BASE_CHURN[now.plan] * self.restless
        served = np.rint((month - self.paid_from) / MONTH).astype(np.int64)
        term_ends = (served > 0) & (served % 12 == 0)
        chance = np.where(now.cycle == ANNUAL, np.where(term_ends, chance * ANNUAL_CHURN, 0.0), chance)
        sobered = (now.plan == STARTER) & (now.discount_end <= month) & (month < now.discount_end + SOBERING_DAYS)
        return np.where(self.steady, 0.0, np.where(sobered, SOBERING, chance))

    def month(self, first: int, length: int) -> None:
        """One month for all accounts: at most one thing happens to each."""
        count = len(self.live)
        day = first + self.draws.below(count, length)
        luck, kind = self.draws.uniform(count), self.draws.uniform(count)
        inside = day < self.span.end
        settled = (day > self.now.start + 5) & (day > self.paid_from + 20) & inside
        churn = self._churn_chance(first)
        awake = self.live & ~self.resting & settled
        resumes = np.flatnonzero(self.live & self.resting & settled)
        returns = np.flatnonzero(self.away & (luck < RETURNS) & (day > self.now.end + 25) & inside)
        leaves = np.flatnonzero(awake & (luck < churn))
        pauses = np.flatnonzero(awake & (luck >= churn) & (luck < churn + PAUSES) & ~self.steady)
        changes = awake & (luck >= churn + PAUSES) & (luck < churn + PAUSES + CHANGES) & ~self.steady
        for low, high, plan, seats in KINDS_OF_CHANGE:
            target = self.now.plan + plan
            who = np.flatnonzero(changes & (kind >= low) & (kind < high) & (target >= STARTER) & (target <= ENTERPRISE))
            changes[who] = False
            self._change(who, day[who], plan, seats)
        self._resume(resumes, day[resumes])
        self._return(returns, day[returns])
        self._leave(leaves, day[leaves])
        self._pause(pauses, day[pauses])

    def trials(self) -> Items:
        """Rows of trials that never became a subscription, and of trials that still run."""
        rows = self.now.take(~self.buys & ~self.internal)
        over = rows.trial_end <= self.span.end
        ended, said = np.where(over, rows.trial_end, FAR), np.where(over, rows.trial_end - 1, FAR)
        return replace(rows, end=ended, status=np.where(over, CANCELED, TRIALING), cancelled=said)

    def running(self) -> Items:
        """The open rows at the export: some behind with payment, a few already cancelled for a later date."""
        rows, end = self.now.take(self.live), self.span.end
        count = len(rows)
        usual = (rows.status == ACTIVE) & (rows.start < end - 40) & ~self.steady[rows.account]
        behind, leaving = usual & self.draws.chance(count, 0.03), usual & self.draws.chance(count, 0.03)
        for flags, place in ((behind, 0), (leaving, 1)):
            flags[np.flatnonzero(usual)[place : place + 1]] = True
        leaving &= ~behind
        status = np.where(behind, PAST_DUE, rows.status)
        status = np.where((rows.trial_end < FAR) & (rows.trial_end >= end), TRIALING, status)
        ends = np.where(leaving, end + 9 + self.draws.below(count, 60), FAR)
        said = np.where(leaving, end - 2 - self.draws.below(count, 20), FAR)
        return replace(rows, status=status, end=ends, cancelled=said)


def keep_books(accounts: Accounts, span: Span, seed: int, steady: int) -> Books:
    """Let the months go by from the first sign-up to the export. The account `steady` buys and never changes."""
    accounting = _Accounting(accounts, span, seed, steady)
    month = named(int(accounts.signed_up.min())).replace(day=1)
    while number(month) < span.end:
        following = add_months(month, 1)
        accounting.month(number(month), number(following) - number(month))
        month = following
    items = Items.stack([*accounting.closed, accounting.trials(), accounting.running()])
    items = items.take(items.start < span.end)
    items = items.take(np.lexsort((items.start, items.account)))
    who, day = (np.concatenate(column) for column in zip(*accounting.upgrades, strict=True))
    return Books(items, accounting.lives, who, day)
