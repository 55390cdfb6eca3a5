"""The way to a customer: leads, touches, deals and their stages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from saasmetrics.demo.accounts import CHANNELS, FAR, IDLE, Accounts, instants
from saasmetrics.demo.billing import BILLED_MONTHS, CURRENCIES, Books
from saasmetrics.demo.draws import Draws, Flags, Floats, Ints, pick
from saasmetrics.demo.span import DAY, HOUR, MINUTE, Span, office_hours

STRANGERS = 7.0
"""Leads that never sign up, for each one that does."""
LEAD_CHANNELS = tuple(channel or "direct" for channel in CHANNELS)
TOUCH_CHANNELS = (*LEAD_CHANNELS, "event", "webinar")
DEAL_STAGES = ("discovery", "demo", "proposal", "negotiation")
STAGE_SHARES = (0.0, 0.18, 0.42, 0.74)
"""Where in the life of a deal each stage begins."""
NEVER = FAR * DAY


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


@dataclass
class Deals:
    """Grain: a deal, by time. Unit: microseconds; `value` is a year's amount in whole units of the currency."""

    lead: Ints
    account: Ints
    opened: Ints
    closed: Ints
    won: Flags
    value: Floats
    currency: Ints
    reached: Ints
    grown: Flags

    def __len__(self) -> int:
        return len(self.opened)


def annual_value(books: Books, count: int) -> tuple[Floats, Ints]:
    """What each account's first row is worth a year at list price, and its currency."""
    items = books.items
    value, currency = np.zeros(count), np.zeros(count, dtype=np.int64)
    first = np.unique(items.account, return_index=True)[1]
    yearly = items.price * items.seats / 100 * 12 / BILLED_MONTHS[items.interval]
    value[items.account[first]] = yearly[first]
    currency[items.account[first]] = items.currency[first]
    return value, currency


def _until(time: Ints, span: Span) -> Ints:
    return np.where(time < span.cutoff, time, NEVER)


def find_leads(accounts: Accounts, books: Books, span: Span, seed: int) -> Leads:
    """Leads of the accounts that signed up in the span, and of many that never did."""
    draws = Draws(seed, "leads")
    signed = np.flatnonzero((accounts.created >= span.first * DAY) & ~accounts.internal)
    others = round(len(signed) * STRANGERS)
    count = len(signed) + others
    account = np.concatenate([signed, np.full(others, -1)])
    known = account >= 0
    created = accounts.created[np.maximum(account, 0)]
    before = np.where(
        accounts.path[account] == 0, draws.between(count, 5, 90) * MINUTE, draws.between(count, 1, 30) * DAY
    )
    days = span.first + (draws.uniform(count) ** 0.8 * (span.end - span.first)).astype(np.int64)
    at = np.where(known, created - before.astype(np.int64), days * DAY + office_hours(draws.uniform(count)))
    at = np.minimum(at, span.cutoff - HOUR)
    pays = known & (books.lives.paid_from[account] < FAR)
    big = pays & (accounts.seats[account] >= 5) | known & (accounts.path[account] > 0)
    paid_at = np.where(pays, books.lives.paid_from[account] * DAY + 9 * HOUR, at + 30 * DAY)
    stretch = np.where(known, np.maximum(paid_at - at, DAY), draws.lognormal(count, 40.0, 0.5) * DAY)
    chance = np.where(known, np.where(accounts.fate[account] == IDLE, 0.75, 0.97), 0.36)
    is_mql = draws.chance(count, chance)
    is_sql = is_mql & draws.chance(count, np.where(big, 0.85, np.where(known, 0.45, 0.27)))
    is_deal = is_sql & draws.chance(count, np.where(pays, 0.92, 0.6))
    is_won = is_deal & pays
    mql = at + (stretch * draws.between(count, 0.02, 0.12)).astype(np.int64)
    sql = at + (stretch * draws.between(count, 0.16, 0.30)).astype(np.int64)
    deal = at + (stretch * draws.between(count, 0.34, 0.50)).astype(np.int64)
    lost = deal + (draws.lognormal(count, 32.0, 0.6) * DAY).astype(np.int64)
    channel = np.where(known, accounts.channel[np.maximum(account, 0)], draws.choice(count, (14, 30, 18, 20, 8, 6)))
    times = [np.where(flag, time, NEVER) for flag, time in
             ((is_mql, mql), (is_sql, sql), (is_deal, deal), (is_won, paid_at), (is_deal & ~is_won, lost))]  # fmt: skip
    order = np.argsort(at, kind="stable")
    return Leads(at[order], account[order], channel[order], *(_until(time, span)[order] for time in times))


def win_deals(leads: Leads, accounts: Accounts, books: Books, span: Span, seed: int) -> Deals:
    """Deals of leads, and one for every upgrade."""
    draws = Draws(seed, "deals")
    rows = np.flatnonzero(leads.opportunity < NEVER)
    closing = np.minimum(leads.won, leads.lost)[rows]
    account = leads.account[rows]
    value, currency = annual_value(books, len(accounts))
    stranger = draws.lognormal(len(rows), float(np.median(value[value > 0])) * 1.2, 0.9)
    amount = np.where((account >= 0) & (value[account] > 0), value[account], stranger)
    grown = [(who, day) for who, day in books.upgrades if len(who)]
    who = np.concatenate([who for who, _ in grown]) if grown else np.zeros(0, dtype=np.int64)
    day = np.concatenate([day for _, day in grown]) if grown else np.zeros(0, dtype=np.int64)
    inside = (day > span.first + 30) & (day < span.end - 1)
    who, closed = who[inside], day[inside] * DAY + 11 * HOUR
    opened = closed - (draws.between(len(who), 8, 45) * DAY).astype(np.int64)
    blank = np.full(len(who), -1)
    all_amounts = np.concatenate([amount, value[who] * draws.between(len(who), 0.5, 1.1)])
    count = len(all_amounts)
    start, end = np.concatenate([leads.opportunity[rows], opened]), np.concatenate([closing, closed])
    won = np.concatenate([leads.won[rows] < NEVER, np.ones(len(who), dtype=np.bool_)])
    order = np.argsort(start, kind="stable")
    deals = Deals(
        lead=np.concatenate([rows, blank]), account=np.concatenate([account, who]), opened=start, closed=end, won=won,
        value=np.round(all_amounts, 0),
        currency=np.where(np.concatenate([account, who]) >= 0, currency[np.concatenate([account, who])], 0),
        reached=np.where(won, 3, draws.below(count, 4)), grown=np.concatenate([np.zeros(len(rows)), np.ones(len(who))]) > 0,
    )  # fmt: skip
    return Deals(*(column[order] for column in vars(deals).values()))


def lead_ids(leads: Leads) -> list[str]:
    """Names of all leads."""
    return [f"lead-{number:06d}" for number in range(1, len(leads) + 1)]


def deal_ids(deals: Deals) -> list[str]:
    """Names of all deals."""
    return [f"deal-{number:06d}" for number in range(1, len(deals) + 1)]


def lead_table(leads: Leads, accounts: Accounts) -> pl.DataFrame:
    """The export of leads."""
    ids = accounts.ids()
    names = [ids[account] if account >= 0 else None for account in leads.account.tolist()]
    signed = pl.Series(leads.account >= 0)
    times = {name: instants(time, time >= NEVER) for name, time in
             (("mql_at", leads.mql), ("sql_at", leads.sql), ("opportunity_at", leads.opportunity),
              ("won_at", leads.won), ("lost_at", leads.lost))}  # fmt: skip
    return pl.DataFrame(
        {
            "lead_id": lead_ids(leads),
            "created_at": instants(leads.at),
            "workspace_id": pl.Series(names, dtype=pl.String).set(~signed, None),
            "channel": pick(LEAD_CHANNELS, leads.channel),
            **times,
        }
    )


def _stage_times(deals: Deals, draws: Draws) -> list[Ints]:
    """When each deal enters each stage; `NEVER` for stages it does not reach. Open deals live about seven weeks."""
    open_for = (draws.lognormal(len(deals), 48.0, 0.4) * DAY).astype(np.int64)
    length = np.where(deals.closed < NEVER, deals.closed - deals.opened, open_for)
    return [
        np.where((place <= deals.reached) | (place == 0), deals.opened + (length * share).astype(np.int64), NEVER)
        for place, share in enumerate(STAGE_SHARES)
    ]


def deal_tables(
    deals: Deals, leads: Leads, accounts: Accounts, span: Span, seed: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The exports of deals and of the history of stages, of deals and of leads."""
    draws = Draws(seed, "stages")
    times = [_until(time, span) for time in _stage_times(deals, draws)]
    ids, names, lead_names = deal_ids(deals), accounts.ids(), lead_ids(leads)
    closed = deals.closed < NEVER
    present = np.maximum.reduce([np.where(time < NEVER, place, 0) for place, time in enumerate(times)])
    stage = np.where(closed, np.where(deals.won, 4, 5), present)
    expected = np.where(closed, deals.closed, deals.opened + 55 * DAY) // DAY
    years = np.where(deals.value > 6000, 2, 1)
    table = pl.DataFrame({
        "deal_id": ids,
        "opened_at": instants(deals.opened),
        "closed_at": instants(deals.closed, ~closed),
        "stage": pick((*DEAL_STAGES, "won", "lost"), stage),
        "qualified_at": instants(times[2], times[2] >= NEVER),
        "expected_close": pl.Series(expected.astype(np.int32)).cast(pl.Date),
        "workspace_id": [names[account] if account >= 0 else None for account in deals.account.tolist()],
        "lead_id": [lead_names[lead] if lead >= 0 else None for lead in deals.lead.tolist()],
        "amount": deals.value * years,
        "recurring_amount": deals.value * years,
        "years": years,
        "currency": pick(CURRENCIES, deals.currency),
        "type": pick(("new_business", "expansion"), deals.grown.astype(np.int64)),
        "team": pick(("smb", "mid_market"), (deals.value > 2500).astype(np.int64)),
    }).with_columns(pl.col("workspace_id", "lead_id").cast(pl.String))  # fmt: skip
    return table, _history(deals, leads, times)


def _moves(ids: list[str], column: str, stages: dict[str, Ints]) -> pl.DataFrame:
    """One row per stage entered, with the time it was left."""
    rows = pl.concat(
        [pl.DataFrame({column: ids, "stage": [stage] * len(ids), "entered": time}) for stage, time in stages.items()]
    ).filter(pl.col("entered") < NEVER)
    rows = rows.sort(column, "entered", maintain_order=True)
    return rows.with_columns(left=pl.col("entered").shift(-1).over(column))


def _history(deals: Deals, leads: Leads, times: list[Ints]) -> pl.DataFrame:
    closed = {"won": np.where(deals.won, deals.closed, NEVER), "lost": np.where(deals.won, NEVER, deals.closed)}
    deal_rows = _moves(deal_ids(deals), "deal_id", dict(zip(DEAL_STAGES, times, strict=True)) | closed)
    lead_stages = {"lead": leads.at, "mql": leads.mql, "sql": leads.sql, "opportunity": leads.opportunity,
                   "won": leads.won, "lost": leads.lost}  # fmt: skip
    lead_rows = _moves(lead_ids(leads), "lead_id", lead_stages)
    rows = pl.concat([deal_rows, lead_rows], how="diagonal").sort("entered", "deal_id", "lead_id", "stage")
    second = pl.col("entered", "left").floordiv(1_000_000) * 1_000_000
    rows = rows.with_columns(second.cast(pl.Datetime("us", "UTC")))
    return rows.select("lead_id", "deal_id", "stage", entered_at="entered", left_at="left")


def touch_table(leads: Leads, span: Span, seed: int) -> pl.DataFrame:
    """The export of marketing touches: the first one brings the lead's channel, others follow."""
    draws = Draws(seed, "touches")
    times = 1 + (draws.exponential(len(leads)) * np.where(leads.sql < NEVER, 3.6, 1.2)).astype(np.int64)
    lead = np.repeat(np.arange(len(leads)), times)
    first = np.arange(len(lead)) == (np.cumsum(times) - times)[lead]
    end = np.minimum(np.where(leads.opportunity < NEVER, leads.opportunity, leads.at + 20 * DAY), span.cutoff)
    place = np.where(first, 0.0, draws.uniform(len(lead)))
    begin = leads.at - (draws.between(len(leads), 0, 12) * DAY).astype(np.int64)
    at = begin[lead] + (place * (end - begin)[lead]).astype(np.int64)
    other = draws.choice(len(lead), (20, 20, 16, 18, 7, 5, 6, 8))
    channel = np.where(first, leads.channel[lead], other)
    order = np.argsort(at, kind="stable")
    names = lead_ids(leads)
    campaign = draws.below(len(lead), 4)
    chosen = pick(TOUCH_CHANNELS, channel[order])
    return pl.DataFrame(
        {
            "touch_id": [f"t-{number:07d}" for number in range(1, len(lead) + 1)],
            "seen_at": instants(at[order]),
            "lead_id": [names[position] for position in lead[order].tolist()],
            "utm_source": chosen,
            "utm_campaign": [f"{name}-{number}" for name, number in zip(chosen, campaign[order].tolist(), strict=True)],
        }
    )
