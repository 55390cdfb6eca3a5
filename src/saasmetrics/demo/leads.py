"""Leads: people who might become customers, and the marketing that touched them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from saasmetrics.demo.accounts import CHANNELS, IDLE, SELF_SERVE, Accounts
from saasmetrics.demo.billing import Books
from saasmetrics.demo.draws import Draws, Flags, Floats, Ints
from saasmetrics.demo.span import DAY, FAR, HOUR, MINUTE, NEVER, Span, office_hours
from saasmetrics.demo.tables import chosen, instants, names

STRANGERS = 7.0
"""Leads that never sign up, for each one that does."""
LEAD_CHANNELS = tuple(channel or "direct" for channel in CHANNELS)
TOUCH_CHANNELS = (*LEAD_CHANNELS, "event", "webinar")


@dataclass
class Leads:
    """Grain: a lead, by time. Unit: microseconds, `NEVER` for what did not happen; `account` is -1 for none."""

    at: Ints
    account: Ints
    channel: Ints
    mql: Ints
    sql: Ints
    opportunity: Ints
    won: Ints
    lost: Ints

    def __len__(self) -> int:
        return len(self.at)

    def ids(self) -> pl.Series:
        """Names of all leads."""
        return names("lead", 6, len(self))


def _people(accounts: Accounts, span: Span, draws: Draws) -> tuple[Ints, Ints]:
    """Account (or -1) and first contact of every lead: some minutes or weeks before a sign-up, or never one."""
    signed = np.flatnonzero((accounts.created >= span.first * DAY) & ~accounts.internal)
    others = round(len(signed) * STRANGERS)
    count = len(signed) + others
    account = np.concatenate([signed, np.full(others, -1)])
    alone = accounts.path[account] == SELF_SERVE
    before = np.where(alone, draws.between(count, 5, 90) * MINUTE, draws.between(count, 1, 30) * DAY)
    contact = span.first + (draws.uniform(count) ** 0.8 * (span.end - span.first)).astype(np.int64)
    met = contact * DAY + office_hours(draws.uniform(count))
    at = np.where(account >= 0, accounts.created[account] - before.astype(np.int64), met)
    at = np.minimum(at, span.cutoff - HOUR)
    order = np.argsort(at, kind="stable")
    return account[order], at[order]


def _passed(account: Ints, pays: Flags, accounts: Accounts, draws: Draws) -> tuple[Flags, Flags, Flags]:
    """Which leads become marketing qualified, sales qualified, and an opportunity."""
    count, known = len(account), account >= 0
    talks = (pays & (accounts.seats[account] >= 5)) | (known & (accounts.path[account] != SELF_SERVE))
    ready = np.where(known, np.where(accounts.fate[account] == IDLE, 0.75, 0.97), 0.36)
    mql = draws.chance(count, ready)
    sql = mql & draws.chance(count, np.where(talks, 0.85, np.where(known, 0.45, 0.27)))
    return mql, sql, sql & draws.chance(count, np.where(pays, 0.92, 0.6))


def find_leads(accounts: Accounts, books: Books, span: Span, seed: int) -> Leads:
    """Leads of the accounts that signed up in the span, and of many that never did."""
    draws = Draws(seed, "leads")
    account, at = _people(accounts, span, draws)
    count, known = len(account), account >= 0
    pays = known & (books.lives.paid_from[account] < FAR)
    mql, sql, deal = _passed(account, pays, accounts, draws)
    paid_at = np.where(pays, books.lives.paid_from[account] * DAY + 9 * HOUR, at + 30 * DAY)
    stretch: Floats = np.where(known, np.maximum(paid_at - at, DAY), draws.lognormal(count, 40.0, 0.5) * DAY)

    def later(low: float, high: float) -> Ints:
        return np.asarray(at + (stretch * draws.between(count, low, high)).astype(np.int64))

    def happened(flag: Flags, time: Ints) -> Ints:
        return np.where(flag & (time < span.cutoff), time, NEVER)

    mql_at, sql_at, deal_at = later(0.02, 0.12), later(0.16, 0.30), later(0.34, 0.50)
    lost_at = deal_at + (draws.lognormal(count, 32.0, 0.6) * DAY).astype(np.int64)
    stranger = draws.choice(count, (14, 30, 18, 20, 8, 6))
    return Leads(
        at=at,
        account=account,
        channel=np.where(known, accounts.channel[account], stranger),
        mql=happened(mql, mql_at),
        sql=happened(sql, sql_at),
        opportunity=happened(deal, deal_at),
        won=happened(deal & pays, paid_at),
        lost=happened(deal & ~pays, lost_at),
    )


def lead_table(leads: Leads, accounts: Accounts, span: Span) -> pl.DataFrame:
    """The export of leads; those that have not signed up by the export have no workspace."""
    signed = (leads.account >= 0) & (accounts.created[leads.account] < span.cutoff)
    return pl.DataFrame(
        {
            "lead_id": leads.ids(),
            "created_at": instants(leads.at),
            "workspace_id": chosen(accounts.ids(), np.where(signed, leads.account, -1)),
            "channel": chosen(LEAD_CHANNELS, leads.channel),
            "mql_at": instants(leads.mql),
            "sql_at": instants(leads.sql),
            "opportunity_at": instants(leads.opportunity),
            "won_at": instants(leads.won),
            "lost_at": instants(leads.lost),
        }
    )


def touch_table(leads: Leads, span: Span, seed: int) -> pl.DataFrame:
    """The export of marketing touches: the first one brings the lead's channel, others follow until the deal."""
    draws = Draws(seed, "touches")
    times = 1 + (draws.exponential(len(leads)) * np.where(leads.sql < NEVER, 3.6, 1.2)).astype(np.int64)
    lead = np.repeat(np.arange(len(leads)), times)
    first = np.arange(len(lead)) == (np.cumsum(times) - times)[lead]
    end = np.minimum(np.where(leads.opportunity < NEVER, leads.opportunity, leads.at + 20 * DAY), span.cutoff)
    begin = leads.at - (draws.between(len(leads), 0, 12) * DAY).astype(np.int64)
    place = np.where(first, 0.0, draws.uniform(len(lead)))
    seen = begin[lead] + (place * (end - begin)[lead]).astype(np.int64)
    channel = np.where(first, leads.channel[lead], draws.choice(len(lead), (20, 20, 16, 18, 7, 5, 6, 8)))
    campaign = draws.below(len(lead), 4)
    order = np.argsort(seen, kind="stable")
    touches = pl.DataFrame(
        {
            "touch_id": names("t", 7, len(lead)),
            "seen_at": instants(seen[order]),
            "lead_id": chosen(leads.ids(), lead[order]),
            "utm_source": chosen(TOUCH_CHANNELS, channel[order]),
            "utm_campaign": pl.Series(campaign[order]),
        }
    )
    return touches.with_columns(pl.format("{}-{}", "utm_source", "utm_campaign").alias("utm_campaign"))
