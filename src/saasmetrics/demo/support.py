"""What goes wrong and what customers say: incidents, tickets, surveys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from saasmetrics.demo.accounts import Accounts, Users
from saasmetrics.demo.activity import World
from saasmetrics.demo.draws import Draws, Ints
from saasmetrics.demo.items import Lives
from saasmetrics.demo.span import DAY, HOUR, MINUTE, NEVER, Span, office_hours
from saasmetrics.demo.stories import Stories
from saasmetrics.demo.tables import always, chosen, instants, names

TICKETS_A_MONTH = 0.55
"""Tickets of an average paying account."""
TOPICS = (
    ("Invoices", "tax rates", 10), ("Invoices", "invoice PDF", 9), ("Invoices", "numbering", 6),
    ("Invoices", "email delivery", 8), ("Stock", "count differences", 7), ("Stock", "import", 5),
    ("Purchases", "supplier sync", 6), ("Purchases", "approvals", 4), ("Billing", "card declined", 3),
    ("Billing", "plan change", 4), ("Account", "login", 6), ("Account", "permissions", 5),
)  # fmt: skip
"""Product area, category, weight."""
INVOICE_PDF = 1
PRIORITIES = ("normal", "high", "urgent")
URGENT = 2
FIRST_REPLY, SOLUTION = np.array([5.0, 3.0, 1.0]), np.array([20.0, 14.0, 6.0])
"""Median hours to the first reply and from there to the solution, by priority."""
STRUCK = 0.11
"""Share of paying accounts that write in while the planted incident lasts."""
AFFECTED = ("invoicing", "inventory", "purchase", "checkout", "invoicing;checkout")
SEVERITIES = ("sev1", "sev2", "sev3")
NPS_A_WEEK = 0.055
"""Chance that an account answers the NPS question in a week."""
PRAISE, BLAME = ("fast invoicing", "good support", None), ("too expensive", "missing reports", "slow stock counts")


def incident_table(stories: Stories, span: Span, seed: int) -> pl.DataFrame:
    """The export of incidents: about one in four weeks, and the planted one."""
    draws = Draws(seed, "incidents")
    begins = np.cumsum(draws.between(span.months * 3, 14, 40))
    begins = begins[begins < span.end - span.first - 16]
    count = len(begins)
    start = ((span.first + begins.astype(np.int64)) * DAY + office_hours(draws.uniform(count))) // MINUTE * MINUTE
    lasted = np.clip(draws.lognormal(count, 70.0, 0.8), 6, 900).astype(np.int64) * MINUTE
    severity, affected = draws.choice(count, (0.12, 0.38, 0.50)), draws.choice(count, (0.40, 0.18, 0.18, 0.14, 0.10))
    incidents = pl.DataFrame(
        {
            "started_at": instants(np.append(start, stories.incident_from)),
            "resolved_at": instants(np.append(start + lasted, stories.incident_to)),
            "severity": chosen(SEVERITIES, np.append(severity, 0)),
            "affects": chosen(AFFECTED, np.append(affected, 0)),
            "status": always("resolved", count + 1),
        }
    ).sort("started_at")
    return incidents.insert_column(0, names("inc", 4, count + 1).alias("id"))


@dataclass
class _Tickets:
    """Grain: a ticket, by time."""

    account: Ints
    at: Ints
    topic: Ints
    priority: Ints


def _ordinary(accounts: Accounts, lives: Lives, span: Span, draws: Draws) -> tuple[Ints, Ints]:
    """Accounts and instants of tickets on ordinary days: bigger accounts write more, weekends are quiet."""
    account, at = [], []
    pull = np.sqrt(accounts.seats.astype(np.float64))
    chance = pull / pull.mean() * TICKETS_A_MONTH / 30.44
    for day in range(span.first, span.end):
        quiet = 0.15 if (day + 3) % 7 >= 5 else 1.34
        who = np.flatnonzero(draws.chance(len(accounts), lives.paying(day) * chance * quiet))
        account.append(who)
        at.append(day * DAY + office_hours(draws.uniform(len(who))))
    return np.concatenate(account), np.concatenate(at)


def _written(world: World, draws: Draws) -> _Tickets:
    """All tickets up to the export; while the planted incident lasts there are more, and they are urgent."""
    stories = world.stories
    account, at = _ordinary(world.accounts, world.lives, world.span, draws)
    paying = np.flatnonzero(world.lives.paying(stories.incident_from // DAY))
    struck = paying[draws.chance(len(paying), STRUCK)]
    window = stories.incident_to - stories.incident_from
    struck_at = stories.incident_from + (draws.uniform(len(struck)) * window).astype(np.int64)
    topic, priority = draws.choice(len(at), [weight for _, _, weight in TOPICS]), draws.choice(len(at), (76, 17, 7))
    tickets = _Tickets(
        np.append(account, struck),
        np.append(at, struck_at),
        np.append(topic, np.full(len(struck), INVOICE_PDF)),
        np.append(priority, np.full(len(struck), URGENT)),
    )
    order = np.argsort(tickets.at, kind="stable")
    order = order[tickets.at[order] < world.span.cutoff]
    return _Tickets(*(column[order] for column in vars(tickets).values()))


def ticket_table(world: World) -> pl.DataFrame:
    """The export of tickets as they stand."""
    draws = Draws(world.seed, "tickets")
    tickets, users, cutoff = _written(world, draws), world.users, world.span.cutoff
    count, priority = len(tickets.at), tickets.priority
    person = users.first[tickets.account] + draws.below(count, np.minimum(users.count[tickets.account], 4))
    person = np.where(users.joined[person] < tickets.at, person, users.first[tickets.account])
    reply = tickets.at + (draws.lognormal(count, FIRST_REPLY[priority], 0.9) * HOUR).astype(np.int64)
    solved = reply + (draws.lognormal(count, SOLUTION[priority], 1.0) * HOUR).astype(np.int64)
    status = np.where(solved < cutoff, 2, np.where(reply < cutoff, 1, 0))
    return pl.DataFrame(
        {
            "ticket_id": names("tk", 6, count),
            "created_at": instants(tickets.at),
            "workspace_id": chosen(world.accounts.ids(), tickets.account),
            "requester_id": chosen(users.ids(), person),
            "first_reply_at": instants(np.where(reply < cutoff, reply, NEVER)),
            "solved_at": instants(np.where(solved < cutoff, solved, NEVER)),
            "product_area": chosen([area for area, _, _ in TOPICS], tickets.topic),
            "category": chosen([category for _, category, _ in TOPICS], tickets.topic),
            "priority": chosen(PRIORITIES, priority),
            "status": chosen(("open", "pending", "solved"), status),
        }
    )


def _nps(accounts: Accounts, users: Users, lives: Lives, span: Span, draws: Draws) -> pl.DataFrame:
    account, at = [], []
    for day in range(span.first + 3, span.end, 7):
        who = np.flatnonzero(lives.paying(day) & draws.chance(len(accounts), NPS_A_WEEK))
        account.append(who)
        at.append(day * DAY + office_hours(draws.uniform(len(who))))
    who = np.concatenate(account)
    count = len(who)
    score = np.clip(np.rint(draws.lognormal(count, 8.5, 0.24)), 0, 10).astype(np.int64)
    answered = np.concatenate(at)
    person = users.first[who] + draws.below(count, np.minimum(users.count[who], 3))
    person = np.where(users.joined[person] < answered, person, users.first[who])
    place = draws.below(count, 3)
    reason = np.select([score >= 9, score <= 6], [place, len(PRAISE) + place], -1)
    return pl.DataFrame(
        {
            "answered_at": instants(answered),
            "workspace_id": chosen(accounts.ids(), who),
            "user_id": chosen(users.ids(), person),
            "survey": always("nps", count),
            "score": score,
            "reason": chosen((*PRAISE, *BLAME), reason),
        }
    )


def survey_table(tickets: pl.DataFrame, world: World) -> pl.DataFrame:
    """The export of surveys: NPS all year, CSAT after four in ten solved tickets."""
    draws = Draws(world.seed, "surveys")
    nps = _nps(world.accounts, world.users, world.lives, world.span, draws)
    solved = tickets.filter(pl.col("solved_at").is_not_null())
    solved = solved.filter(pl.Series(draws.chance(len(solved), 0.4)))
    csat = solved.select(
        answered_at=pl.col("solved_at") + pl.duration(hours=3),
        workspace_id="workspace_id",
        user_id="requester_id",
        survey=pl.lit("csat"),
        score=pl.Series(1 + draws.choice(len(solved), (4, 5, 11, 34, 46))),
        reason="category",
    )
    answers = pl.concat([nps, csat]).filter(pl.col("answered_at").dt.epoch("us") < world.span.cutoff)
    return answers.sort("answered_at", "workspace_id", "survey", "score")
