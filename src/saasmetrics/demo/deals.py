"""Deals: what sales works on, and the stages that deals and leads went through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from saasmetrics.demo.accounts import Accounts
from saasmetrics.demo.billing import Books
from saasmetrics.demo.draws import Draws, Flags, Floats, Ints
from saasmetrics.demo.items import BILLED_MONTHS, CURRENCIES
from saasmetrics.demo.leads import Leads
from saasmetrics.demo.span import DAY, HOUR, NEVER, Span
from saasmetrics.demo.tables import chosen, days, instants, names

STAGES = ("discovery", "demo", "proposal", "negotiation")
QUALIFIED = 2
"""From this stage on a deal counts as qualified."""
STAGE_SHARES = (0.0, 0.18, 0.42, 0.74)
"""Where in the life of a deal each stage begins."""
OUTCOMES = (*STAGES, "won", "lost")
WON, LOST = 4, 5


@dataclass
class Deals:
    """Grain: a deal, by time. Unit: microseconds; `value` is a year's amount in whole units of the currency.

    `lead` and `account` are -1 for none; `reached` is the last stage before the end; `grown` marks expansions.
    """

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

    @property
    def years(self) -> Ints:
        """Term of each contract: big ones are signed for two years."""
        return np.where(self.value > 6000, 2, 1)

    @property
    def amount(self) -> Floats:
        """Value over the whole term."""
        return np.asarray(self.value * self.years)

    def ids(self) -> pl.Series:
        """Names of all deals."""
        return names("deal", 6, len(self))


def _annual_value(books: Books, count: int) -> tuple[Floats, Ints]:
    """What each account's first row is worth a year at list price, and its currency."""
    items = books.items
    value, currency = np.zeros(count), np.zeros(count, dtype=np.int64)
    first = np.unique(items.account, return_index=True)[1]
    yearly = items.price * items.seats / 100 * 12 / BILLED_MONTHS[items.cycle]
    value[items.account[first]] = yearly[first]
    currency[items.account[first]] = items.currency[first]
    return value, currency


def win_deals(leads: Leads, accounts: Accounts, books: Books, span: Span, seed: int) -> Deals:
    """Deals of leads, and a won one for every upgrade."""
    draws = Draws(seed, "deals")
    value, currency = _annual_value(books, len(accounts))
    leading = np.flatnonzero(leads.opportunity < NEVER)
    inside = (books.upgraded_on > span.first + 30) & (books.upgraded_on < span.end - 1)
    who, upgraded = books.upgraded[inside], books.upgraded_on[inside] * DAY + 11 * HOUR
    account = np.concatenate([leads.account[leading], who])
    grown = np.arange(len(account)) >= len(leading)
    count = len(account)
    typical = float(np.median(value[value > 0])) * 1.2
    stranger = draws.lognormal(count, typical, 0.9)
    worth = np.where((account >= 0) & (value[account] > 0), value[account], stranger)
    worth = np.where(grown, worth * draws.between(count, 0.5, 1.1), worth)
    before = (draws.between(len(who), 8, 45) * DAY).astype(np.int64)
    won = np.concatenate([leads.won[leading] < NEVER, np.ones(len(who), dtype=np.bool_)])
    opened = np.concatenate([leads.opportunity[leading], upgraded - before])
    order = np.argsort(opened, kind="stable")
    deals = Deals(
        lead=np.concatenate([leading, np.full(len(who), -1)]),
        account=account,
        opened=opened,
        closed=np.concatenate([np.minimum(leads.won, leads.lost)[leading], upgraded]),
        won=won,
        value=np.rint(worth).astype(np.float64),
        currency=np.where(account >= 0, currency[account], 0),
        reached=np.where(won, len(STAGES) - 1, draws.below(count, len(STAGES))),
        grown=grown,
    )
    return Deals(*(column[order] for column in vars(deals).values()))


def stage_times(deals: Deals, span: Span, seed: int) -> list[Ints]:
    """When each deal entered each stage; `NEVER` for stages it did not reach. Open deals live about seven weeks."""
    draws = Draws(seed, "stages")
    open_for = (draws.lognormal(len(deals), 48.0, 0.4) * DAY).astype(np.int64)
    length = np.where(deals.closed < NEVER, deals.closed - deals.opened, open_for)
    times = [deals.opened + (length * share).astype(np.int64) for share in STAGE_SHARES]
    return [np.where((place <= deals.reached) & (time < span.cutoff), time, NEVER) for place, time in enumerate(times)]


def deal_table(deals: Deals, times: list[Ints], leads: Leads, accounts: Accounts) -> pl.DataFrame:
    """The export of deals as they stand."""
    closed = deals.closed < NEVER
    present = np.maximum.reduce([np.where(time < NEVER, place, 0) for place, time in enumerate(times)])
    return pl.DataFrame(
        {
            "deal_id": deals.ids(),
            "opened_at": instants(deals.opened),
            "closed_at": instants(deals.closed),
            "stage": chosen(OUTCOMES, np.where(closed, np.where(deals.won, WON, LOST), present)),
            "qualified_at": instants(times[QUALIFIED]),
            "expected_close": days(np.where(closed, deals.closed, deals.opened + 55 * DAY) // DAY),
            "workspace_id": chosen(accounts.ids(), deals.account),
            "lead_id": chosen(leads.ids(), deals.lead),
            "amount": deals.amount,
            "recurring_amount": deals.amount,
            "years": deals.years,
            "currency": chosen(CURRENCIES, deals.currency),
            "type": chosen(("new_business", "expansion"), deals.grown),
            "team": chosen(("smb", "mid_market"), deals.value > 2500),
        }
    )


def _moves(ids: pl.Series, column: str, stages: dict[str, Ints]) -> pl.DataFrame:
    """One row per stage entered, with the time at which it was left."""
    order = {stage: place for place, stage in enumerate(stages)}
    entered = pl.DataFrame({column: ids, **stages}).unpivot(index=column, variable_name="stage", value_name="entered")
    entered = entered.filter(pl.col("entered") < NEVER // 2)
    entered = entered.sort(column, "entered", pl.col("stage").replace_strict(order, return_dtype=pl.Int64))
    return entered.with_columns(left=pl.col("entered").shift(-1).over(column))


def stage_table(deals: Deals, times: list[Ints], leads: Leads) -> pl.DataFrame:
    """The export of stage history, of deals and of leads."""
    outcome = {
        "won": np.where(deals.won, deals.closed, NEVER),
        "lost": np.where(deals.won, NEVER, deals.closed),
    }
    steps = {
        "lead": leads.at,
        "mql": leads.mql,
        "sql": leads.sql,
        "opportunity": leads.opportunity,
        "won": leads.won,
        "lost": leads.lost,
    }
    moves = [
        _moves(deals.ids(), "deal_id", dict(zip(STAGES, times, strict=True)) | outcome),
        _moves(leads.ids(), "lead_id", steps),
    ]
    rows = pl.concat(moves, how="diagonal").sort("entered", "deal_id", "lead_id", "stage")
    whole = (pl.col("entered", "left") // 1_000_000 * 1_000_000).cast(pl.Datetime("us", "UTC"))
    return rows.with_columns(whole).select("lead_id", "deal_id", "stage", entered_at="entered", left_at="left")
