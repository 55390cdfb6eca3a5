"""The first steps of new accounts: taxes, customer, draft, first posted invoice, first money."""

from __future__ import annotations

import numpy as np

from saasmetrics.demo.accounts import ACTIVATED, IDLE, LATE, PARTIAL, Accounts, Users
from saasmetrics.demo.draws import Draws, Flags, Floats, Ints
from saasmetrics.demo.rows import Rows
from saasmetrics.demo.scripts import CODE
from saasmetrics.demo.span import DAY, FAR, HOUR, MINUTE, SECOND, Span


def _finish(accounts: Accounts, draws: Draws) -> Floats:
    """Days from sign-up to the first posted invoice, by fate."""
    count = len(accounts)
    soon = np.clip(draws.lognormal(count, 3.2, 0.8), 0.05, 12.5)
    late = draws.between(count, 15.0, 45.0)
    partial = np.clip(draws.lognormal(count, 4.0, 0.8), 0.05, 40.0)
    options: list[Floats] = [soon, late, partial]
    return np.asarray(np.select([accounts.fate == fate for fate in (ACTIVATED, LATE, PARTIAL)], options, 20.0))


def _chosen(accounts: Accounts, draws: Draws) -> dict[str, Flags]:
    """Which of the steps each account takes."""
    count = len(accounts)
    idle, partial = accounts.fate == IDLE, accounts.fate == PARTIAL
    skip_tax = partial & draws.chance(count, 0.6)
    skip_customer = partial & ~skip_tax
    customer = np.where(idle, draws.chance(count, 0.55), ~skip_customer)
    tax = np.where(idle, draws.chance(count, 0.25), ~skip_tax)
    draft = np.where(idle, draws.chance(count, 0.30), True)
    return {"tax": tax, "customer": customer, "draft": draft, "post": ~idle}


def first_steps(accounts: Accounts, users: Users, span: Span, seed: int) -> Rows:
    """Write down the first steps of accounts that sign up inside the span, and move their `engaged` day.

    Edges: the steps of an account are in the order customer, draft, start, post, sent, paid; taxes fall anywhere
    before the post. Steps after the export are dropped. Runs are numbered from 1.
    """
    draws = Draws(seed, "first steps")
    count = len(accounts)
    new = accounts.created >= span.first * DAY
    finish = _finish(accounts, draws) * DAY
    steps = _chosen(accounts, draws)
    ready = accounts.created + 20 * MINUTE
    posted = ready + finish.astype(np.int64)
    customer_at = ready + (finish * draws.between(count, 0.02, 0.4)).astype(np.int64)
    draft_at = customer_at + ((posted - customer_at) * draws.between(count, 0.2, 0.85)).astype(np.int64)
    started_at = posted - (draws.between(count, 0.5, 9.0) * MINUTE).astype(np.int64)
    draft_at = np.minimum(draft_at, started_at - 30 * SECOND)
    tax_at = ready + (finish * draws.between(count, 0.01, 0.9)).astype(np.int64)
    sent_at = posted + (draws.between(count, 0.2, 30.0) * MINUTE).astype(np.int64)
    paid_at = sent_at + (draws.exponential(count) * 8 * DAY).astype(np.int64) + HOUR
    cents = np.rint(draws.lognormal(count, 21_000.0, 0.8)).astype(np.int64)
    sent, paid = draws.chance(count, 0.75), draws.chance(count, 0.8)
    plan: list[tuple[str, Ints, Flags, bool]] = [
        ("tax_settings_saved", tax_at, steps["tax"], False),
        ("customer_created", customer_at, steps["customer"], False),
        ("invoice_drafted", draft_at, steps["draft"], True),
        ("invoice_started", started_at, steps["post"], True),
        ("invoice_posted", posted, steps["post"], True),
        ("invoice_sent", sent_at, steps["post"] & sent, True),
        ("invoice_paid", paid_at, steps["post"] & sent & paid, True),
    ]
    accounts.engaged = np.where(~new, accounts.signed_up, np.where(accounts.fate == IDLE, FAR, posted // DAY))
    run = np.where(new & steps["draft"], np.cumsum(new & steps["draft"]), 0)
    parts = []
    for name, at, wanted, in_run in plan:
        who = np.flatnonzero(wanted & new & (at < span.cutoff))
        blank = np.zeros(len(who), dtype=np.int64)
        money = cents[who] if name in ("invoice_posted", "invoice_paid") else blank
        at_millisecond = at[who] // 1000 * 1000
        codes = np.full(len(who), CODE[name], dtype=np.int64)
        parts.append(Rows(at_millisecond, codes, users.first[who], run[who] if in_run else blank, money, blank))
    rows = Rows.stack(parts)
    return rows.take(np.argsort(rows.at, kind="stable"))
