"""What goes wrong and what customers say: incidents, tickets, surveys."""

from __future__ import annotations

import numpy as np
import polars as pl

from saasmetrics.demo.accounts import Accounts, Users, instants
from saasmetrics.demo.billing import Lives
from saasmetrics.demo.draws import Draws, Ints, pick
from saasmetrics.demo.span import DAY, HOUR, MINUTE, Span, office_hours
from saasmetrics.demo.stories import Stories

TICKETS_A_MONTH = 0.55
"""Tickets of an average paying account."""
TOPICS = (
    ("Invoices", "tax rates", 10), ("Invoices", "invoice PDF", 9), ("Invoices", "numbering", 6),
    ("Invoices", "email delivery", 8), ("Stock", "count differences", 7), ("Stock", "import", 5),
    ("Purchases", "supplier sync", 6), ("Purchases", "approvals", 4), ("Billing", "card declined", 3),
    ("Billing", "plan change", 4), ("Account", "login", 6), ("Account", "permissions", 5),
)  # fmt: skip
PRIORITIES = ("normal", "high", "urgent")
AFFECTED = ("invoicing", "inventory", "purchase", "checkout", "invoicing;checkout")
SEVERITIES = ("sev1", "sev2", "sev3")


def incident_table(stories: Stories, span: Span, seed: int) -> pl.DataFrame:
    """The export of incidents: about one in four weeks, and the planted one."""
    draws = Draws(seed, "incidents")
    begins = np.cumsum(draws.between(span.months * 2, 14, 40))
    begins = begins[begins < span.end - span.first - 16]
    count = len(begins)
    start = ((span.first + begins.astype(np.int64)) * DAY + office_hours(draws.uniform(count))) // MINUTE * MINUTE
    minutes = np.clip(draws.lognormal(count, 70.0, 0.8), 6, 900).astype(np.int64)
    severity = draws.choice(count, (0.12, 0.38, 0.50))
    affected = draws.choice(count, (0.40, 0.18, 0.18, 0.14, 0.10))
    rows = pl.DataFrame({
        "started_at": instants(np.append(start, stories.incident_from)),
        "resolved_at": instants(np.append(start + minutes * MINUTE, stories.incident_to)),
        "severity": [*pick(SEVERITIES, severity), "sev1"],
        "affects": [*pick(AFFECTED, affected), "invoicing"],
    }).sort("started_at")  # fmt: skip
    number = pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(4)
    return rows.select(pl.format("inc-{}", number).alias("id"), pl.all(), pl.lit("resolved").alias("status"))


def _ordinary(accounts: Accounts, lives: Lives, span: Span, draws: Draws) -> tuple[Ints, Ints]:
    """Accounts and instants of tickets on ordinary days: bigger accounts write more, weekends are quiet."""
    account, at = [], []
    pull = np.sqrt(accounts.seats.astype(np.float64))
    pull = pull / pull.mean()
    for day in range(span.first, span.end):
        paying = lives.paying(day) * pull * (0.15 if (day + 3) % 7 >= 5 else 1.34)
        chance = paying * TICKETS_A_MONTH / 30.44
        who = np.flatnonzero(draws.chance(len(accounts), chance))
        account.append(who)
        at.append(day * DAY + office_hours(draws.uniform(len(who))))
    return np.concatenate(account), np.concatenate(at)


def ticket_table(
    accounts: Accounts, users: Users, lives: Lives, stories: Stories, span: Span, seed: int
) -> pl.DataFrame:
    """The export of tickets; while the planted incident lasts there are more, and they are urgent."""
    draws = Draws(seed, "tickets")
    account, at = _ordinary(accounts, lives, span, draws)
    paying = np.flatnonzero(lives.paying(stories.incident_from // DAY))
    struck = paying[draws.chance(len(paying), 0.11)]
    window = stories.incident_to - stories.incident_from
    struck_at = stories.incident_from + (draws.uniform(len(struck)) * window).astype(np.int64) + 20 * MINUTE
    topic = np.append(draws.choice(len(at), [weight for _, _, weight in TOPICS]), np.full(len(struck), 1))
    priority = np.append(draws.choice(len(at), (0.76, 0.17, 0.07)), np.full(len(struck), 2))
    account, at = np.append(account, struck), np.append(at, struck_at)
    count = len(at)
    person = users.first[account] + draws.below(count, np.minimum(np.diff(users.first)[account], 4))
    response = at + (draws.lognormal(count, np.array([5.0, 3.0, 1.0])[priority], 0.9) * HOUR).astype(np.int64)
    resolved = response + (draws.lognormal(count, np.array([20.0, 14.0, 6.0])[priority], 1.0) * HOUR).astype(np.int64)
    ids, names = accounts.ids(), users.ids()
    order = np.argsort(at, kind="stable")
    order = order[at[order] < span.cutoff]
    account, person, at, topic, priority = account[order], person[order], at[order], topic[order], priority[order]
    response, resolved = response[order], resolved[order]
    solved = resolved < span.cutoff
    waiting = response < span.cutoff
    return pl.DataFrame({
        "ticket_id": [f"tk-{number:06d}" for number in range(1, len(at) + 1)],
        "created_at": instants(at),
        "workspace_id": [ids[position] for position in account.tolist()],
        "requester_id": [names[position] for position in person.tolist()],
        "first_reply_at": instants(response, ~waiting),
        "solved_at": instants(resolved, ~solved),
        "product_area": [TOPICS[position][0] for position in topic.tolist()],
        "category": [TOPICS[position][1] for position in topic.tolist()],
        "priority": pick(PRIORITIES, priority),
        "status": pick(("open", "pending", "solved"), np.where(solved, 2, np.where(waiting, 1, 0))),
    })  # fmt: skip


def survey_table(
    tickets: pl.DataFrame, accounts: Accounts, users: Users, lives: Lives, span: Span, seed: int
) -> pl.DataFrame:
    """The export of surveys: NPS of one or two people of an account each quarter, CSAT after solved tickets."""
    draws = Draws(seed, "surveys")
    ids, names = accounts.ids(), users.ids()
    account, at = [], []
    for day in range(span.first + 3, span.end, 7):
        who = np.flatnonzero(lives.paying(day) & draws.chance(len(accounts), 0.055))
        account.append(who)
        at.append(day * DAY + office_hours(draws.uniform(len(who))))
    who, when = np.concatenate(account), np.concatenate(at)
    score = np.clip(np.rint(draws.lognormal(len(who), 8.6, 0.22)), 0, 10).astype(np.int64)
    person = users.first[who] + draws.below(len(who), np.minimum(np.diff(users.first)[who], 3))
    nps = pl.DataFrame({
        "answered_at": instants(when),
        "workspace_id": [ids[position] for position in who.tolist()],
        "user_id": [names[position] for position in person.tolist()],
        "survey": ["nps"] * len(who),
        "score": score,
        "reason": [_reason(value, place) for value, place in zip(score.tolist(), draws.below(len(who), 3).tolist(), strict=True)],
    })  # fmt: skip
    solved = tickets.filter(pl.col("solved_at").is_not_null())
    solved = solved.filter(pl.Series(draws.chance(len(solved), 0.4)))
    grade = 1 + draws.choice(len(solved), (0.04, 0.05, 0.11, 0.34, 0.46))
    csat = solved.select(
        answered_at=pl.col("solved_at") + pl.duration(hours=3),
        workspace_id="workspace_id",
        user_id="requester_id",
        survey=pl.lit("csat"),
        score=pl.Series(grade),
        reason="category",
    )
    limit = pl.lit(span.cutoff).cast(pl.Datetime("us", "UTC"))
    return pl.concat([nps, csat]).filter(pl.col("answered_at") < limit).sort("answered_at", "workspace_id", "survey")


def _reason(score: int, place: int) -> str | None:
    if score >= 9:
        return ("fast invoicing", "good support", None)[place]
    if score <= 6:
        return ("too expensive", "missing reports", "slow stock counts")[place]
    return None
