"""STORIES.md: what was planted, in numbers, and how to find it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from saasmetrics.demo.accounts import INDUSTRIES
from saasmetrics.demo.activity import World
from saasmetrics.demo.billing import Books
from saasmetrics.demo.items import CANCELED, STARTER
from saasmetrics.demo.logs import Counts
from saasmetrics.demo.span import DAY, FAR, SECOND, named
from saasmetrics.demo.stories import INCIDENT_SHARE, MIXED, NEW_NAME, OLD_NAME, RATES, SHARES

SOON = 75
"""Days after the end of a discount in which an account counts as lost to it."""


@dataclass(frozen=True)
class Story:
    """One planted thing: its id, what it is called, what is true, how a tool finds it."""

    id: str
    title: str
    truth: str
    find: str

    def __str__(self) -> str:
        return f"## {self.id} {self.title}\n\n{self.truth}\n\nFind it: {self.find}"


@dataclass(frozen=True)
class Told:
    """What the stories are told from."""

    world: World
    books: Books
    counts: Counts

    def name(self, account: int) -> str:
        """Id of an account."""
        return str(self.world.accounts.ids()[account])


def _clock(microseconds: int) -> str:
    return f"{datetime.fromtimestamp(microseconds // SECOND, UTC):%Y-%m-%d %H:%M} UTC"


def _incident(told: Told) -> Story:
    stories = told.world.stories
    monday = named(stories.incident_from // DAY) - timedelta(days=1)
    return Story(
        "S1",
        "An incident dents completion",
        f"{_clock(stories.incident_from)} to {_clock(stories.incident_to)}: {INCIDENT_SHARE:.0%} of the invoicing runs "
        f"begun in these hours fail for the reason `pdf_gateway_down`, {told.counts.incident:,} failures in all. "
        "It is a row of incidents.jsonl (sev1, affects invoicing); urgent tickets about `invoice PDF` follow.",
        f"`completion_rate.invoicing` falls in the week of {monday}; the failures share one reason and lie inside the "
        "incident; the review marks the week as measured on an unstable product.",
    )


def _discount(told: Told) -> Story:
    items, end = told.books.items, told.world.span.end
    ended = (items.plan == STARTER) & (items.discount_end < FAR) & (items.discount_end >= items.start)
    ended &= (items.discount_end < items.end) & (items.discount_end <= end - SOON)
    left = ended & (items.status == CANCELED) & (items.end <= items.discount_end + SOON)
    saw, lost = (len(np.unique(items.account[rows])) for rows in (ended, left))
    return Story(
        "S2",
        "Starter accounts leave when their discount ends",
        f"{saw:,} starter accounts saw a discount end at least {SOON} days before the export, and {lost:,} of "
        f"them left within {SOON} days of that day.",
        "`logo_churn_rate` by plan is highest for starter; among the drivers of churn the discount stands out.",
    )


def _silence(told: Told) -> Story:
    stories = told.world.stories
    accounts = ", ".join(told.name(account) for account in stories.silent_accounts.tolist())
    return Story(
        "S3",
        "A role goes silent",
        f"From {named(stories.silent_from)} on no user with the role `operations` opens the product in {accounts}. "
        "Orders that they had placed before still arrive.",
        "`role_gap.operations` rises, and its ledger lists these accounts.",
    )


def _fading(told: Told) -> Story:
    stories, items = told.world.stories, told.books.items
    account = stories.fading_account
    monthly = items.monthly[(items.account == account) & (items.end == FAR)].sum()
    seats = items.seats[(items.account == account) & (items.end == FAR)].sum()
    return Story(
        "S4",
        "A large account declines",
        f"{told.name(account)} ({seats} seats, {monthly:,.0f} EUR a month at list price) does less every week from "
        f"{named(stories.fading_from)} on, down to a twelfth, and still pays in full.",
        "`usage_trend.declining`, and its ledger by MRR.",
    )


def _renaming(told: Told) -> Story:
    counts = told.counts
    return Story(
        "S5",
        "An event is renamed",
        f"`{OLD_NAME}` stops and `{NEW_NAME}` begins at {_clock(told.world.stories.renamed_at)}: {counts.old_name:,} "
        f"events under the old name, {counts.new_name:,} under the new one. metrics.yaml still says `{OLD_NAME}`.",
        "tracking drift reports a silent event and a likely rename; adoption of `exports` ends that day.",
    )


def _mix(told: Told) -> Story:
    (others_before, others_after), (mixed_before, mixed_after) = RATES
    others = ", ".join(name for name in INDUSTRIES if name != MIXED)
    return Story(
        "S6",
        "A mix shift hides a fall",
        f"From {named(told.world.stories.mix_from)} on stock counts fail more often: of those of {MIXED} accounts "
        f"{mixed_after:.1%} are posted instead of {mixed_before:.1%}, of the others' ({others}) {others_after:.1%} "
        f"instead of {others_before:.1%}. At the same time the share of {MIXED} in all counts rises "
        f"from {SHARES[0]:.0%} to {SHARES[1]:.0%}, so that the total stays at 89 %.",
        "`completion_rate.inventory` by industry; the review's split of the change into rate and mix.",
    )


def _delivery(told: Told) -> Story:
    counts = told.counts
    return Story(
        "S7",
        "Repeats and late rows",
        f"{counts.repeats:,} events are twice in their file and {counts.crossing:,} in theirs and again in the next, "
        f"each time with the same id and content. {counts.late:,} further events arrive only in the file after theirs.",
        "the data checks count the repeats; the late rows change what was published before they came.",
    )


TELLERS: tuple[Callable[[Told], Story], ...] = (_incident, _discount, _silence, _fading, _renaming, _mix, _delivery)


def tell(world: World, books: Books, counts: Counts) -> str:
    """The page, with the numbers of this very company."""
    told, span = Told(world, books, counts), world.span
    intro = (
        "# Planted stories\n\nEverything here is invented. These things were hidden in the exports on purpose, so that "
        "a tool, or a person, can be asked to find them. Numbers count each event once and leave nothing out.\n\n"
        f"The logs hold {counts.events:,} events and {counts.requests:,} requests from {span.first_date} to "
        f"{_clock(span.cutoff)}, of {len(world.accounts):,} accounts and {len(world.users):,} users."
    )
    return "\n\n".join([intro, *(str(teller(told)) for teller in TELLERS)]) + "\n"
