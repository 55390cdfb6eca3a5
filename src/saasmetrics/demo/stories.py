"""The planted stories: when they happen, to whom, and how they change what people do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from saasmetrics.demo.accounts import INDUSTRIES, OPERATIONS, Accounts, Users
from saasmetrics.demo.draws import Draws, Flags, Floats, Ints
from saasmetrics.demo.items import Lives
from saasmetrics.demo.scripts import SCRIPT, scripts
from saasmetrics.demo.span import DAY, HOUR, MINUTE, Span, number
from saasmetrics.period import add_months

OLD_NAME, NEW_NAME = "export_created", "report_exported"
FADE_DAYS, SILENT_DAYS = 70, 56
INCIDENT_SHARE = 0.62
"""Share of invoicing runs that fail while the incident lasts."""
MIXED = "logistics"
SHARES = (0.30, 0.59)
"""Share of stock counts that come from the industry `MIXED`, before and after."""
RATES = ((0.86, 0.825), (0.96, 0.935))
"""Share of stock counts that are posted: others and `MIXED`, each before and after. All together stay at 89 %."""
_INVOICING = scripts("invoice", "invoice_quick", "invoice_unsent", "invoice_settled", "invoice_reconciled")
_COUNTS = scripts("count", "count_failed", "count_abandoned")
_GOLDEN = 0.6180339887498949


@dataclass
class Stories:
    """The plan of all stories that happen in the logs. Unit: days since 1970, instants in microseconds."""

    incident_from: int
    incident_to: int
    renamed_at: int
    mix_from: int
    silent_from: int
    silent_accounts: Ints
    fading_from: int
    fading_account: int
    mixed_accounts: Flags
    silent_users: Flags
    _told: list[int] = field(default_factory=lambda: [0, 0, 0, 0])

    def fade(self, level: Floats, day: int) -> None:
        """The large account uses less and less, and goes on paying."""
        if day >= self.fading_from:
            level[self.fading_account] *= max(1 - (day - self.fading_from) / FADE_DAYS, 0.08)

    def silence(self, weight: Floats, day: int) -> Floats:
        """The operations people of some accounts do nothing any more."""
        return np.where(self.silent_users, 0.0, weight) if day >= self.silent_from else weight

    def retell(self, script: Ints, account: Ints, at: Ints, draws: Draws) -> None:
        """Change what people do while a story runs."""
        self._break(script, at, draws)
        self._shift(script, account, int(at[0]) if len(at) else 0)

    def _break(self, script: Ints, at: Ints, draws: Draws) -> None:
        hit = np.flatnonzero((at >= self.incident_from) & (at < self.incident_to) & np.isin(script, _INVOICING))
        script[hit[draws.chance(len(hit), INCIDENT_SHARE)]] = SCRIPT["invoice_incident"]

    def _shift(self, script: Ints, account: Ints, at: int) -> None:
        after = int(at >= self.mix_from * DAY)
        counts = np.isin(script, _COUNTS)
        groups = [np.flatnonzero(counts & (self.mixed_accounts[account] == mixed)) for mixed in (False, True)]
        kept = _kept((self._told[after], self._told[2 + after]), (len(groups[0]), len(groups[1])), SHARES[after])
        for mixed, (rows, keep) in enumerate(zip(groups, kept, strict=True)):
            chosen = _spread(len(rows), keep)
            script[rows[~chosen]] = SCRIPT["look_stock"]
            rows = rows[chosen]
            told = 2 * mixed + after
            order = self._told[told] + np.arange(len(rows))
            self._told[told] += len(rows)
            place = (order * _GOLDEN) % 1.0
            rate = RATES[mixed][after]
            outcome = np.select([place < rate, place < rate + (1 - rate) * 0.6], _COUNTS[:2].tolist(), int(_COUNTS[2]))
            script[rows] = outcome


def _kept(before: tuple[int, int], offered: tuple[int, int], share: float) -> tuple[int, int]:
    """How many of those offered (others, mixed) stay, so that of all kept until now `share` is mixed."""
    others, mixed = offered
    wanted = round(share / (1 - share) * (before[0] + others)) - before[1]
    if wanted > mixed:
        others = min(max(round((1 - share) / share * (before[1] + mixed)) - before[0], 0), others)
    return others, min(max(wanted, 0), mixed)


def _spread(count: int, keep: int) -> Flags:
    """`keep` of `count` places, evenly spread."""
    places = np.arange(count) * keep
    return np.asarray((places + keep) // max(count, 1) > places // max(count, 1))


def plan(accounts: Accounts, users: Users, lives: Lives, span: Span, steady: int) -> Stories:
    """Choose dates and accounts. `steady` is the large account that billing has left alone."""
    monday = span.until - timedelta(days=span.until.weekday() + 7)
    incident = number(monday + timedelta(days=1)) * DAY
    silent_from = span.end - SILENT_DAYS
    operators = np.bincount(users.account[users.role == OPERATIONS], minlength=len(accounts))
    usual = lives.paying(silent_from - 60) & lives.paying(span.end - 1) & (operators >= 2)
    usual[steady] = False
    silent = np.flatnonzero(usual & accounts.inventory)[: max(3, len(accounts) // 40)]
    silent_users = np.isin(users.account, silent) & (users.role == OPERATIONS)
    return Stories(
        incident_from=incident + 7 * HOUR + 10 * MINUTE,
        incident_to=incident + 14 * HOUR + 40 * MINUTE,
        renamed_at=number(add_months(span.first_date, span.months // 2)) * DAY,
        mix_from=number(add_months(span.until.replace(day=1), -1)),
        silent_from=silent_from,
        silent_accounts=silent,
        fading_from=span.end - FADE_DAYS,
        fading_account=steady,
        mixed_accounts=accounts.industry == INDUSTRIES.index(MIXED),
        silent_users=silent_users,
    )


def steady_account(accounts: Accounts, span: Span) -> int:
    """The largest account that was there from the start: it will pay to the end and use less and less."""
    old = (accounts.signed_up < span.first - 60) & ~accounts.internal
    if not old.any():
        old = ~accounts.internal
    return int(np.argmax(np.where(old, accounts.seats, 0)))
