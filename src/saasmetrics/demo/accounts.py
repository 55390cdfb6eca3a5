"""The accounts of the company and the people who work in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from saasmetrics.demo.draws import Draws, Flags, Floats, Ints
from saasmetrics.demo.span import DAY, HOUR, MINUTE, Span, office_hours
from saasmetrics.demo.tables import chosen, instants, names

CHANNELS = (None, "google", "linkedin", "content", "partner", "referral")
INDUSTRIES = ("retail", "logistics", "services", "manufacturing", "construction")
PATHS = ("self_serve", "guided", "partner_led")
SELF_SERVE = 0
COUNTRIES = ("DE", "FR", "NL", "AT", "GB", "US")
ROLES = ("finance", "operations", "admin", "approver", "viewer")
FINANCE, OPERATIONS, ADMIN, APPROVER, VIEWER = range(5)
ACTIVATED, LATE, PARTIAL, IDLE = range(4)
"""What becomes of a sign-up: sets up in time, in its own time, leaves a step out, never gets going."""

STARTING_SHARE = 0.38
"""Share of all accounts that signed up before the first event."""


@dataclass
class Accounts:
    """Grain: an account, in order of sign-up.

    Unit: `created` in microseconds, `engaged` in days since 1970 (`FAR` when it never gets going). Everything else
    is a position in one of the tuples above, a flag or a weight.
    """

    created: Ints
    channel: Ints
    industry: Ints
    path: Ints
    country: Ints
    seats: Ints
    fate: Ints
    intensity: Floats
    inventory: Flags
    purchase: Flags
    api: Flags
    bank: Flags
    internal: Flags
    parent: Ints
    engaged: Ints

    def __len__(self) -> int:
        return len(self.created)

    @property
    def signed_up(self) -> Ints:
        """Day of sign-up."""
        return self.created // DAY

    def ids(self) -> pl.Series:
        """Names of all accounts."""
        return names("ws", 6, len(self))

    def table(self) -> pl.DataFrame:
        """The export of accounts."""
        ids = self.ids()
        return pl.DataFrame(
            {
                "id": ids,
                "signed_up_at": instants(self.created),
                "is_internal": self.internal,
                "utm_source": chosen(CHANNELS, self.channel),
                "industry": chosen(INDUSTRIES, self.industry),
                "seats": self.seats,
                "onboarding_path": chosen(PATHS, self.path),
                "country": chosen(COUNTRIES, self.country),
                "parent_id": chosen(ids, self.parent),
            }
        )


@dataclass
class Users:
    """Grain: a user, sorted by account. `first` is the position of each account's first user, with one end more."""

    account: Ints
    joined: Ints
    role: Ints
    weight: Floats
    first: Ints

    def __len__(self) -> int:
        return len(self.account)

    @property
    def count(self) -> Ints:
        """Number of users of each account."""
        return np.diff(self.first)

    def ids(self) -> pl.Series:
        """Names of all users."""
        return names("u", 7, len(self))

    def table(self, accounts: Accounts, cutoff: int) -> pl.DataFrame:
        """The export of users: those who joined before the export was drawn."""
        return pl.DataFrame(
            {
                "id": self.ids(),
                "workspace_id": chosen(accounts.ids(), self.account),
                "joined_at": instants(self.joined),
                "job_role": chosen(ROLES, self.role),
            }
        ).filter(self.joined < cutoff)


def _sign_ups(count: int, span: Span, draws: Draws) -> Ints:
    """Instants of sign-up: a part before the first event, the rest ever denser until the last day."""
    before = max(2, round(STARTING_SHARE * count))
    old = span.first - 15 - (draws.uniform(before) ** 1.4 * 900).astype(np.int64)
    place = (np.arange(count - before) + draws.uniform(count - before)) / (count - before)
    bend = 0.8
    place = (np.sqrt(1 + (2 * bend + bend * bend) * place) - 1) / bend
    new = span.first + (place * (span.end - span.first)).astype(np.int64)
    signed_up = np.concatenate([old, new])
    weekend = ((signed_up + 3) % 7 >= 5) & draws.chance(count, 0.7)
    signed_up = np.where(weekend & (signed_up < span.end - 3), signed_up + 2, signed_up)
    created = np.sort(signed_up * DAY + office_hours(draws.uniform(count)))
    created = np.minimum(created, span.cutoff - 5 * HOUR)
    created[-1] = span.cutoff - 5 * HOUR + 17 * MINUTE
    return np.asarray(created, dtype=np.int64)


def _fates(path: Ints, draws: Draws) -> Ints:
    """Guided onboarding sets up more accounts in time than self-serve."""
    shares = np.array([[0.32, 0.22, 0.14, 0.32], [0.46, 0.21, 0.14, 0.19], [0.38, 0.22, 0.16, 0.24]])
    edges = np.cumsum(shares, axis=1)[path]
    return np.asarray((draws.uniform(len(path))[:, None] >= edges[:, :3]).sum(axis=1), dtype=np.int64)


def sign_up(count: int, span: Span, seed: int) -> Accounts:
    """Make the accounts; `engaged` is still the day of sign-up and is moved by the first steps."""
    draws = Draws(seed, "accounts")
    created = _sign_ups(count, span, draws)
    old = created < span.first * DAY
    path = draws.choice(count, (0.55, 0.30, 0.15))
    fate = np.where(old, ACTIVATED, _fates(path, draws))
    internal = np.zeros(count, dtype=np.bool_)
    internal[: max(1, count // 150)] = True
    later = np.arange(count)
    child = draws.chance(count, 0.04) & (later > 10)
    country = draws.choice(count, (0.44, 0.12, 0.11, 0.09, 0.08, 0.16))
    industry = draws.choice(count, (0.24, 0.22, 0.24, 0.18, 0.12))
    seats = np.clip(np.rint(draws.lognormal(count, 4.2, 0.8)), 2, 400).astype(np.int64)
    return Accounts(
        created=created,
        channel=draws.choice(count, (0.22, 0.24, 0.16, 0.14, 0.14, 0.10)),
        industry=industry,
        path=path,
        country=country,
        seats=seats,
        fate=fate,
        intensity=draws.lognormal(count, 1.0, 0.45),
        inventory=draws.chance(count, np.where(industry == INDUSTRIES.index("logistics"), 0.85, 0.5)),
        purchase=draws.chance(count, 0.45),
        api=draws.chance(count, 0.22),
        bank=draws.chance(count, 0.45) & (country < 4),
        internal=internal,
        parent=np.where(child, draws.below(count, np.maximum(later - 10, 1)), -1),
        engaged=created // DAY,
    )


def hire(accounts: Accounts, span: Span, seed: int) -> Users:
    """Make the users: the founder joins at sign-up, colleagues over the following months."""
    draws = Draws(seed, "users")
    share = draws.between(len(accounts), 0.5, 0.95)
    idle = accounts.fate == IDLE
    people = np.where(idle, 1 + (share > 0.8), np.clip(np.rint(accounts.seats * share), 2, None)).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(people)])
    count = int(first[-1])
    account = np.repeat(np.arange(len(accounts)), people)
    rank = np.arange(count) - first[account]
    role = draws.choice(count, (0.36, 0.34, 0.08, 0.10, 0.12))
    role = np.select([rank == 0, rank == 1, rank == 2], [ADMIN, FINANCE, OPERATIONS], role)
    wait = (draws.exponential(count) * np.where(rank < 3, 2.0, 90.0) * DAY).astype(np.int64)
    joined = accounts.created[account] + np.where(rank == 0, 0, wait + 5 * MINUTE)
    joined[-1] = min(int(joined[-1]), span.cutoff - 2 * HOUR)
    factor = np.array([1.25, 1.0, 0.9, 0.6, 0.4])[role]
    weight = draws.lognormal(count, 1.0, 1.15) * factor
    return Users(account, joined, role, weight, first)
