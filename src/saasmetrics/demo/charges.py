"""Charges that are not a subscription's price, and the invoices for everything that is charged."""

from __future__ import annotations

import numpy as np
import polars as pl

from saasmetrics.demo.accounts import FAR, Accounts, days, instants
from saasmetrics.demo.billing import BILLED_MONTHS, CURRENCIES, ENTERPRISE, PAUSED, Items
from saasmetrics.demo.draws import Draws, Floats, Ints, pick
from saasmetrics.demo.span import DAY, HOUR, Span, number
from saasmetrics.period import add_months

_MONTH = 30.4375


def _items(name: str, workspaces: list[str], plans: str, columns: dict[str, object]) -> pl.DataFrame:
    count = len(workspaces)
    given = {
        "item_id": [f"{name}-{position:06d}" for position in range(1, count + 1)],
        "workspace_id": workspaces,
        "plan_name": [plans] * count,
        "quantity": pl.Series([1] * count, dtype=pl.Int64),
        "seats": pl.Series([0] * count, dtype=pl.Int64),
        "status": ["active"] * count,
    }
    return pl.DataFrame(given | columns)


def setup_fees(items: Items, accounts: Accounts) -> pl.DataFrame:
    """One-off rows: enterprise accounts that begin with a paid onboarding of thirty days."""
    firsts = items.take(np.unique(items.account, return_index=True)[1])
    who = firsts.take((firsts.plan == ENTERPRISE) & (firsts.end - firsts.start > 60))
    ids = accounts.ids()
    return _items("of", [ids[account] for account in who.account.tolist()], "enterprise", {
        "product": ["onboarding"] * len(who),
        "charge_type": ["one_off"] * len(who),
        "unit_amount": pl.Series([150_000] * len(who), dtype=pl.Int64),
        "currency": pick(CURRENCIES, who.currency),
        "started_on": days(who.start),
        "ended_on": days(who.start + 30),
    })  # fmt: skip


def usage(items: Items, accounts: Accounts, span: Span, seed: int) -> pl.DataFrame:
    """Usage rows: API calls of enterprise accounts, one row a month, with a committed minimum."""
    draws = Draws(seed, "usage")
    enterprise = items.take((items.plan == ENTERPRISE) & accounts.api[items.account] & (items.status != PAUSED))
    parts = []
    for start in (*span.month_starts(),):
        month = add_months(span.first_date, len(parts))
        live = enterprise.take((enterprise.start <= start) & (start < enterprise.end))
        amount = np.rint(live.seats * draws.between(len(live), 90.0, 260.0)).astype(np.int64)
        parts.append((live, start, number(add_months(month, 1)), amount))
    rows = Items.stack([live for live, _, _, _ in parts])
    ids = accounts.ids()
    starts = np.concatenate([np.full(len(live), start) for live, start, _, _ in parts])
    ends = np.concatenate([np.full(len(live), end) for live, _, end, _ in parts])
    return _items("us", [ids[account] for account in rows.account.tolist()], "enterprise", {
        "product": ["api"] * len(rows),
        "charge_type": ["usage"] * len(rows),
        "unit_amount": pl.Series(np.concatenate([amount for _, _, _, amount in parts])),
        "billing_cycle": ["monthly"] * len(rows),
        "currency": pick(CURRENCIES, rows.currency),
        "started_on": days(starts),
        "ended_on": days(ends),
        "committed_amount": pl.Series(rows.seats * 100),
    })  # fmt: skip


def _net(items: Items, on: Ints) -> Floats:
    """What a full bill of each row comes to on a day, after discounts, in whole units of its currency."""
    gross = (items.price * items.seats).astype(np.float64)
    running = on < items.discount_end
    net = gross * (1 - np.where(running, items.percent, 0) / 100) - np.where(running, items.amount_off, 0)
    return np.asarray(np.maximum(net, 0.0) / 100)


def invoices(
    items: Items, one_off: pl.DataFrame, metered: pl.DataFrame, accounts: Accounts, span: Span, seed: int
) -> pl.DataFrame:
    """The export of invoices: a bill for every interval begun, cut short where the row ends inside it."""
    draws = Draws(seed, "invoices")
    begins = np.where(items.trial_end < FAR, np.maximum(items.start, items.trial_end), items.start)
    last = np.minimum(items.end, span.end)
    length = np.rint(BILLED_MONTHS[items.interval] * _MONTH).astype(np.int64)
    bills = np.where((last > begins) & (items.status != PAUSED), -(-(last - begins) // length), 0)
    owner = np.repeat(np.arange(len(items)), bills)
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(bills) - bills, bills)
    rows, start = items.take(owner), begins[owner] + rank * length[owner]
    full_end = start + length[owner]
    end = np.minimum(full_end, rows.end)
    amount = np.round(_net(rows, start) * (end - start) / (full_end - start), 2)
    ids = accounts.ids()
    recent = start > span.end - 20
    luck = draws.uniform(len(rows))
    status = np.where(luck < 0.004, 2, np.where(recent & (luck < 0.5), 1, 0))
    recurring = pl.DataFrame({
        "workspace_id": [ids[account] for account in rows.account.tolist()],
        "issued_at": instants(np.minimum(start * DAY + 6 * HOUR, span.cutoff)),
        "service_start": days(start),
        "service_end": days(end),
        "amount": amount,
        "charge_type": ["recurring"] * len(rows),
        "product": ["ledgerly"] * len(rows),
        "currency": pick(CURRENCIES, rows.currency),
        "status": pick(("paid", "open", "void"), status),
    }).filter(amount > 0)  # fmt: skip
    others = [_billed(one_off, "started_on"), _billed(metered, "ended_on")]
    every = pl.concat([recurring, *others]).filter(pl.col("issued_at").dt.epoch("us") <= span.cutoff)
    every = every.sort("issued_at", "workspace_id", "charge_type", "service_start", "amount")
    return every.select(
        pl.format("in-{}", pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(7)).alias("invoice_no"), pl.all()
    )


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
