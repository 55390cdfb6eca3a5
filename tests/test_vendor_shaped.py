"""Files laid out as vendors write them, recognised without being told, give the rows that are known to be true.

The truth is a table beside each file. Where it has rows that are no records here (deleted tickets, failed payments), the
test says which, by the truth's own columns.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exports import opened, rows
from saasmetrics.frames.canonical import ROLES
from saasmetrics.sources.files import data_file
from saasmetrics.sources.open import Sources
from saasmetrics.sources.presets import preset
from saasmetrics.sources.recognise import header_words, likeliest, names_of
from saasmetrics.sources.scan import scan

DATA = os.environ.get("SAASMETRICS_TEST_DATA", "")
FOLDER = Path(DATA) / "vendor-shaped"
SEEDS = Path(DATA) / "fivetran-seeds"
pytestmark = pytest.mark.skipif(not DATA, reason="SAASMETRICS_TEST_DATA is not set")

Truth = dict[str, str]
Wanted = Callable[[Truth], tuple[Any, ...] | None]


def _day(text: str) -> str:
    return text[:10]


def _number(text: str) -> float | None:
    return round(float(text), 6) if text else None


def _said(text: str) -> bool:
    return text == "True"


SHAPED: dict[str, tuple[str, tuple[str, ...], Wanted]] = {
    "stripe_subscriptions": (
        "stripe.subscriptions",
        ("id", "account", "status", "currency", "start", "end", "cancelled_at", "trial_end"),
        lambda t: (
            t["subscription_id"], t["account_id"], t["status"], t["currency"], _day(t["started_at"]),
            _day(t["ended_at"]), _day(t["cancel_requested_at"]), _day(t["trial_end_at"]),
        ),
    ),
    "stripe_payments": (
        "stripe.payments",
        ("id", "at", "amount", "currency"),
        lambda t: (
            (t["payment_id"], t["paid_at"], _number(str(float(t["amount"]) - float(t["refunded"]))), t["currency"])
            if _said(t["succeeded"]) else None
        ),
    ),
    "stripe_invoice_elt": (
        "stripe.elt_invoices",
        ("id", "at", "currency", "amount", "status"),
        lambda t: (
            (t["invoice_id"], t["created_at"], t["currency"], _number(str(float(t["total"]) - float(t["tax"] or 0))),
             t["status"])
            if _said(t["livemode"]) and t["status"] not in ("draft", "void") else None
        ),
    ),
    "chargebee_subscription_elt": (
        "chargebee.elt_subscriptions",
        ("id", "account", "status", "mrr", "price", "start", "end"),
        lambda t: (
            None if _said(t["deleted"]) or not t["started_at"] else
            (t["subscription_id"], t["account_id"], t["status"], _number(t["mrr_reported"]) or None,
             _number(t["amount_per_period"]), _day(t["started_at"]), _day(t["cancelled_at"]))
        ),
    ),
    "hubspot_deals": (
        "hubspot.deals",
        ("opportunity", "stage", "status", "amount", "opened", "expected_close", "account", "Pipeline"),
        lambda t: (
            t["opportunity_id"], t["stage"],
            "won" if _said(t["is_won"]) else "lost" if _said(t["is_closed"]) else "open",
            _number(t["amount"] or "0"), t["created_at"], _day(t["close_date"]), t["primary_account_id"], t["pipeline"],
        ),
    ),
    "salesforce_opportunity_report": (
        "salesforce.opportunities",
        ("Opportunity ID", "opportunity", "stage", "status", "amount", "expected_close", "opened"),
        lambda t: (
            t["opportunity_id"], t["opportunity_id_18"], t["stage"],
            "won" if _said(t["is_won"]) else "lost" if _said(t["is_closed"]) else "open",
            _number(t["amount"] or "0"), t["close_date"], f"{t['created_date']}T00:00:00Z",
        ),
    ),
    "salesforce_opportunity_field_history": (
        "salesforce.field_history",
        ("opportunity", "at", "OldValue", "stage"),
        lambda t: (t["opportunity_id"], t["changed_at"], t["from_stage"], t["to_stage"]),
    ),
    "pipedrive_deals": (
        "pipedrive.deals",
        ("opportunity", "status", "amount", "currency", "opened", "closed"),
        lambda t: (
            t["opportunity_id"], t["status"].lower(), _number(t["amount"]), t["currency"], t["created_at"], t["closed_at"],
        ),
    ),
    "zendesk_tickets_view": (
        "zendesk.tickets",
        ("id", "at", "resolved", "status", "First reply time in minutes", "Full resolution time in minutes"),
        lambda t: (
            None if t["status"] == "deleted" else
            (t["ticket_id"], t["created_at"], t["solved_at"], t["status"], t["first_reply_minutes"],
             t["full_resolution_minutes"])
        ),
    ),
    "freshdesk_tickets": (
        "freshdesk.tickets",
        ("id", "at", "first_response", "resolved", "status"),
        lambda t: (t["ticket_id"], t["created_at"], t["first_response_at"], t["resolved_at"], t["status"].lower()),
    ),
    "jira_issues": (
        "jira.issues",
        ("id", "at", "resolved", "labels"),
        lambda t: (t["ticket_id"], t["created_at"], t["resolved_at"], t["labels"]),
    ),
    "pagerduty_incidents": (
        "pagerduty.incidents",
        ("id", "service_name", "severity", "at", "ended", "seconds_to_first_ack", "seconds_to_resolve"),
        lambda t: (
            t["incident_id"], t["service"], t["urgency"], t["created_at"], t["resolved_at"],
            t["seconds_to_first_ack"], t["seconds_to_resolve"],
        ),
    ),
    "opsgenie_alerts": (
        "opsgenie.alerts",
        ("id", "at", "status", "Acknowledged"),
        lambda t: (t["incident_id"], t["created_at"], t["status"], t["acknowledged"].lower()),
    ),
    "statuspage_incidents": (
        "statuspage.incidents",
        ("id", "severity", "at", "ended"),
        lambda t: (
            None if t["impact"] == "maintenance" else (t["incident_id"], t["impact"], t["started_at"], t["resolved_at"])
        ),
    ),
    "google_ads_campaign_report": (
        "google_ads.campaigns",
        ("at", "Campaign ID", "campaign", "amount", "currency"),
        lambda t: (t["date"], t["campaign_id"], t["campaign"], _number(t["spend"]), t["currency"]),
    ),
    "linkedin_campaign_performance": (
        "linkedin_ads.campaigns",
        ("at", "Campaign ID", "amount", "currency", "Impressions"),
        lambda t: (t["date"], t["campaign_id"], _number(t["spend"]), t["currency"], t["impressions"]),
    ),
    "meta_ads_campaigns": (
        "meta_ads.campaigns",
        ("at", "campaign", "amount", "currency"),
        lambda t: (t["date"], t["campaign"], _number(t["spend"]), t["currency"]),
    ),
    "quickbooks_general_ledger": (
        "quickbooks.general_ledger",
        ("ledger account", "at", "amount", "Name"),
        lambda t: (t["account"], t["date"], _number(t["amount"]), t["vendor"]),
    ),
    "xero_invoices": (
        "xero.invoices",
        ("id", "at", "amount", "status", "currency"),
        lambda t: (
            None if t["status"] == "Voided" else
            (t["invoice_id"], f"{t['invoice_date']}T00:00:00Z", _number(str(float(t["total"]) - float(t["tax"]))),
             t["status"].lower(), t["currency"])
        ),
    ),
    "mixpanel_export": (
        "mixpanel.events",
        ("at", "user", "event", "account"),
        lambda t: (t["timestamp"], t["user_id"], t["event"], t["account_id"]),
    ),
    "amplitude_export": (
        "amplitude.events",
        ("at", "user", "event", "account"),
        lambda t: (t["timestamp"], t["user_id"], t["event"], t["account_id"]),
    ),
    "posthog_events": (
        "posthog.events",
        ("at", "user", "event", "account"),
        lambda t: (t["timestamp"], f"p-{t['user_id']}", t["event"], t["account_id"]),
    ),
    "segment_tracks": (
        "segment.tracks",
        ("at", "user", "event", "account"),
        lambda t: (t["timestamp"], t["user_id"], t["event"], t["account_id"]),
    ),
    "delighted_responses": (
        "delighted.responses",
        ("kind", "score", "at", "account"),
        lambda t: (t["survey_type"], _number(t["score"]), t["responded_at"], t["account_id"]),
    ),
}  # fmt: skip


def _cell(value: Any) -> Any:
    """A cell as the truth writes it: to the second, days and texts as text, nothing as an empty text."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    return round(value, 6) if isinstance(value, float) else value


def _found(path: Path) -> str:
    """The one preset that a file is likeliest to be of, by its columns alone."""
    file = data_file(path, path.name)
    assert file is not None
    (match,) = likeliest(names_of(scan(file, (), header_words())))
    return match.name


def _usable(sources: Sources, role: str) -> pl.DataFrame:
    """The rows that count: of a log each id once, as the facts have it."""
    if role in sources.logs:
        log = sources.logs[role]
        made = pl.concat([log.scan(file, tuple(log.columns)) for file in log.files]).collect()
        return made.filter(pl.col("_fault").is_null()).unique("id", maintain_order=True)
    found = rows(sources, role)
    return found.filter(pl.col("_fault").is_null())


@pytest.mark.parametrize("name", SHAPED)
def test_an_export_is_recognised_and_gives_the_true_rows(name: str) -> None:
    path = next(FOLDER.glob(f"{name}.*"))
    expected_preset, columns, wanted = SHAPED[name]
    found = _found(path)
    assert found == expected_preset
    role = preset(found).role
    zone = ", timezone: UTC" if preset(found).zone == "account" else ""
    block = f"""
    fx: {{rows: [{{currency: EUR, rate: 1.1}}, {{currency: GBP, rate: 1.3}}, {{currency: JPY, rate: 0.006}}]}}
    {role}: {{path: {path.name}, preset: {found}{zone}}}
    """
    made = _usable(opened(FOLDER, block, currency="USD"), role).select(columns)
    with (FOLDER / "expected" / f"{name}.csv").open(newline="") as stream:
        truths = [wanted(row) for row in csv.DictReader(stream)]
    expected = [tuple("" if cell is None else cell for cell in truth) for truth in truths if truth is not None]
    cells = [tuple("" if cell is None else _cell(cell) for cell in row) for row in made.iter_rows()]
    assert sorted(cells, key=repr) == sorted(expected, key=repr)


def test_every_shaped_file_is_held_against_its_truth() -> None:
    assert {path.stem for path in FOLDER.iterdir() if path.is_file()} == set(SHAPED)
    assert {path.stem for path in (FOLDER / "expected").glob("*.csv")} == set(SHAPED)
    assert all(preset(name).role in ROLES for name, _, _ in SHAPED.values())
