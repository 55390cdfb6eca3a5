"""STORIES.md: what was planted, in numbers, and how to find it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from saasmetrics.demo.accounts import FAR, INDUSTRIES
from saasmetrics.demo.activity import World
from saasmetrics.demo.billing import CANCELED, STARTER, Books
from saasmetrics.demo.draws import Flags
from saasmetrics.demo.logs import Counts
from saasmetrics.demo.span import named
from saasmetrics.demo.stories import INCIDENT_SHARE, MIXED, NEW_NAME, OLD_NAME, RATES, SHARES

AFTER_DISCOUNT = 75
"""Days after the end of a discount in which an account counts as lost to it."""


def _clock(microseconds: int) -> str:
    return f"{datetime.fromtimestamp(microseconds // 1_000_000, UTC):%Y-%m-%d %H:%M} UTC"


def _leavers(books: Books, rows: Flags, since: str, end: int) -> tuple[int, int]:
    """Of the subscription rows chosen: accounts, and those that ended within `AFTER_DISCOUNT` days of the date."""
    items = books.items
    day = getattr(items, since)
    watched = rows & (day < items.end) & (day <= end - AFTER_DISCOUNT)
    left = watched & (items.status == CANCELED) & (items.end <= day + AFTER_DISCOUNT)
    return len(np.unique(items.account[watched])), len(np.unique(items.account[left]))


def _discounts(world: World, books: Books) -> str:
    items = books.items
    timed = (items.plan == STARTER) & (items.discount_end < FAR) & (items.discount_end >= items.start)
    watched, left = _leavers(books, timed, "discount_end", world.span.end)
    return (
        f"{watched} starter accounts saw a discount end at least {AFTER_DISCOUNT} days before the export; "
        f"{left} of them left within {AFTER_DISCOUNT} days of that day."
    )


def tell(world: World, books: Books, counts: Counts) -> str:
    """The page, with the numbers of this very company."""
    stories, span = world.stories, world.span
    ids = world.accounts.ids()
    silent = ", ".join(ids[account] for account in stories.silent_accounts.tolist())
    before, after = ((rates[0], rates[1]) for rates in zip(*RATES, strict=True))
    monday = named(stories.incident_from // 86_400_000_000) - timedelta(days=1)
    sections = [
        "# Planted stories",
        "Everything here is invented. These are the things hidden in the exports on purpose, so that a tool, or a person, "
        "can be asked to find them.",
        f"Logs: {counts.events:,} events and {counts.requests:,} requests, {span.first_date} to {_clock(span.cutoff)}; "
        f"{len(world.accounts):,} accounts, {len(world.users):,} users.",
        "## S1 An incident dents completion",
        f"{_clock(stories.incident_from)} to {_clock(stories.incident_to)}: {INCIDENT_SHARE:.0%} of the invoicing runs begun "
        f"in these hours fail with the reason `pdf_gateway_down`, {counts.incident:,} failures in all. The incident is a row of "
        "incidents.jsonl (sev1, affects invoicing), and more urgent tickets about `invoice PDF` arrive the same day.",
        f"Find it: `completion_rate.invoicing` falls in the week of {monday}; the failures share one reason and fall into the "
        "incident; the review marks the week as measured on an unstable product.",
        "## S2 Starter accounts leave when their discount ends",
        _discounts(world, books),
        "Find it: `logo_churn_rate` by plan is highest for starter; the drivers of churn name the discount.",
        "## S3 A role goes silent",
        f"From {named(stories.silent_from)} no user with the role `operations` does anything in: {silent}.",
        "Find it: `role_gap.operations` rises, and its ledger lists these accounts.",
        "## S4 A large account declines",
        f"{ids[stories.fading_account]} ({int(world.accounts.seats[stories.fading_account])} seats at sign-up) uses ledgerly "
        f"less every week from {named(stories.fading_from)} on, down to a twelfth, and still pays in full.",
        "Find it: `usage_trend.declining`, then its ledger by MRR.",
        "## S5 An event is renamed",
        f"`{OLD_NAME}` stops and `{NEW_NAME}` begins at {_clock(stories.renamed_at)}: {counts.old_name:,} rows under the old "
        f"name, {counts.new_name:,} under the new one. metrics.yaml still says `{OLD_NAME}`.",
        "Find it: tracking drift reports a silent event and a likely rename; adoption of `exports` ends that day.",
        "## S6 A mix shift hides a fall",
        f"From {named(stories.mix_from)} stock counts fail more often: {MIXED} {before[1]:.1%} to {after[1]:.1%} posted, all "
        f"other industries ({', '.join(name for name in INDUSTRIES if name != MIXED)}) {before[0]:.1%} to {after[0]:.1%}. At the "
        f"same time the share of {MIXED} in all counts rises from {SHARES[0]:.0%} to {SHARES[1]:.0%}, so that the total stays "
        "at 89 %.",
        "Find it: `completion_rate.inventory` by industry; the review's split into rate and mix.",
        "## S7 Repeats and late rows",
        f"{counts.repeats:,} events are in their file twice and {counts.crossing:,} in their file and again in the next one, each "
        f"time with the same id and content. {counts.late:,} events arrive only in the file after theirs.",
        "Find it: the data checks count the repeats; the late rows change numbers that were published before they came.",
    ]  # fmt: skip
    return "\n\n".join(sections) + "\n"
