"""Charges that are not a subscription's price, and the invoices for everything that is charged."""

from __future__ import annotations

import numpy as np
import polars as pl

from saasmetrics.demo.accounts import Accounts
from saasmetrics.demo.draws import Draws, Floats, Ints
from saasmetrics.demo.items import BILLED_MONTHS, CURRENCIES, ENTERPRISE, PAUSED, Items
from saasmetrics.demo.span import DAY, HOUR, Span, number
from saasmetrics.demo.tables import always, chosen, days, instants, names
from saasmetrics.period import add_months

_MONTH = 30.4375


def _extra(prefix: str, rows: Items, accounts: Accounts, columns: dict[str, pl.Series]) -> pl.DataFrame:
    """Rows of the billing export beside the recurring ones; they carry no seats."""
    count = len(rows)
    shared = {
        "item_id": names(prefix, 6, count),
        "workspace_id": chosen(accounts.ids(), rows.account),
        "plan_name": always("enterprise", count),
        "quantity": pl.Series(np.ones(count, dtype=np.int64)),
        "seats": pl.Series(np.zeros(count, dtype=np.int64)),
        "currency": chosen(CURRENCIES, rows.currency),
        "status": always("active", count),
    }
    return pl.DataFrame(shared | columns)


def setup_fees(items: Items, accounts: Accounts) -> pl.DataFrame:
    """One-off rows: enterprise accounts that begin with a paid onboarding of thirty days."""
    firsts = items.take(np.unique(items.account, return_index=True)[1])
    rows = firsts.take((firsts.plan == ENTERPRISE) & (firsts.end - firsts.start > 60))
    count = len(rows)
    columns = {
        "product": always("onboarding", count),
        "charge_type": always("one_off", count),
        "unit_amount": pl.Series(np.full(count, 150_000)),
        "started_on": days(rows.start),
        "ended_on": days(rows.start + 30),
    }
    return _extra("of", rows, accounts, columns)


def usage(items: Items, accounts: Accounts, span: Span, seed: int) -> pl.DataFrame:
    """Usage rows: API calls of enterprise accounts, one row a month, with a committed minimum."""
    draws = Draws(seed, "usage")
    metered = items.take((items.plan == ENTERPRISE) & accounts.api[items.account] & (items.status != PAUSED))
    starts = span.month_starts()
    live = [np.flatnonzero((metered.begins <= start) & (start < metered.end)) for start in starts]
    rows = metered.take(np.concatenate(live))
    month = np.repeat(np.arange(span.months), [len(each) for each in live])
    following = np.array([*starts[1:], number(add_months(span.until.replace(day=1), 1))])
    count = len(rows)
    columns = {
        "product": always("api", count),
        "charge_type": always("usage", count),
        "unit_amount": pl.Series(np.rint(rows.seats * draws.between(count, 90.0, 260.0)).astype(np.int64)),
        "billing_cycle": always("monthly", count),
        "started_on": days(np.array(starts)[month]),
        "ended_on": days(following[month]),
        "committed_amount": pl.Series(rows.seats * 100),
    }
    return _extra("us", rows, accounts, columns)


def _net(items: Items, on: Ints) -> Floats:
    """What a full bill of each row comes to on a day, after discounts, in whole units of its currency."""
    gross = (items.price * items.seats).astype(np.float64)
    running = on < items.discount_end
    net = gross * (1 - np.where(running, items.percent, 0) / 100) - np.where(running, items.amount_off, 0)
    return np.asarray(np.maximum(net, 0.0) / 100)


def _recurring(items: Items, accounts: Accounts, span: Span, draws: Draws) -> pl.DataFrame:
    """A bill for every billing cycle begun, cut short where the row ends inside it."""
    begins, last = items.begins, np.minimum(items.end, span.end)
    length = np.rint(BILLED_MONTHS[items.cycle] * _MONTH).astype(np.int64)
    bills = np.where((last > begins) & (items.status != PAUSED), -(-(last - begins) // length), 0)
    owner = np.repeat(np.arange(len(items)), bills)
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(bills) - bills, bills)
    rows, start = items.take(owner), begins[owner] + rank * length[owner]
    end = np.minimum(start + length[owner], rows.end)
    amount = np.round(_net(rows, start) * (end - start) / length[owner], 2)
    luck, count = draws.uniform(len(rows)), len(rows)
    status = np.where(luck < 0.004, 2, np.where((start > span.end - 20) & (luck < 0.5), 1, 0))
    return pl.DataFrame(
        {
            "workspace_id": chosen(accounts.ids(), rows.account),
            "issued_at": instants(np.minimum(start * DAY + 6 * HOUR, span.cutoff)),
            "service_start": days(start),
            "service_end": days(end),
            "amount": amount,
            "charge_type": always("recurring", count),
            "product": always("ledgerly", count),
            "currency": chosen(CURRENCIES, rows.currency),
            "status": chosen(("paid", "open", "void"), status),
        }
    ).filter(amount > 0)


def _billed(charges: pl.DataFrame, on: str) -> pl.DataFrame:
    """Invoices for one-off and usage rows, issued on the day named by column `on`."""
    return charges.select(
        "workspace_id",
        issued_at=pl.col(on).cast(pl.Datetime("us")).dt.replace_time_zone("UTC") + pl.duration(hours=6),
        service_start="started_on",
        service_end="ended_on",
        amount=pl.col("unit_amount") / 100,
        charge_type="charge_type",
        product="product",
        currency="currency",
        status=pl.lit("paid"),
    )


def invoice_table(
    items: Items, fees: pl.DataFrame, metered: pl.DataFrame, accounts: Accounts, span: Span, seed: int
) -> pl.DataFrame:
    """The export of invoices, up to the export: recurring ones in advance, usage when the month is over."""
    recurring = _recurring(items, accounts, span, Draws(seed, "invoices"))
    invoices = pl.concat([recurring, _billed(fees, "started_on"), _billed(metered, "ended_on")])
    invoices = invoices.filter(pl.col("issued_at").dt.epoch("us") <= span.cutoff)
    invoices = invoices.sort("issued_at", "workspace_id", "charge_type", "service_start", "amount")
    return invoices.insert_column(0, names("in", 7, len(invoices)).alias("invoice_no"))
