"""Files laid out as vendors write them, recognised without being told, give the rows that are known to be true.

The truth is a table beside each file. Where it has rows that are no records here (deleted tickets, failed payments),
the test says which, by the truth's own columns.
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
from saasmetrics.sources.recognise import beside, header_words, likeliest, names_of
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
            t["opportunity_id"], t["status"].lower(), _number(t["amount"]), t["currency"], t["created_at"],
            t["closed_at"],
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


JOINED: dict[str, tuple[str, dict[str, str], int, dict[str, int]]] = {
    "stripe/subscription_history_data": (
        "stripe.elt_subscriptions",
        {"item": "subscription_item_data", "price": "plan_data"},
        1,
        {"no record:older versions": 1},
    ),
    "stripe/subscription_data": (
        "stripe.elt_subscriptions",
        {"item": "subscription_item_data", "price": "plan_data"},
        2,
        {},
    ),
    "stripe/invoice_line_item_data": (
        "stripe.elt_invoice_lines",
        {"invoice": "invoice_data"},
        1,
        {"no record:of no invoice that was sent": 2},
    ),
    "zuora/zuora_invoice_item_data": (
        "zuora.elt_invoice_items",
        {"invoice": "zuora_invoice_data"},
        0,
        {"unknown currency": 6},
    ),
    "recurly/line_item_history_data": ("recurly.elt_line_items", {"invoice": "invoice_history_data"}, 5, {}),
    "quickbooks/invoice_line_data": (
        "quickbooks.elt_invoice_lines",
        {"invoice": "invoice_data"},
        6,
        {"missing:account": 7, "no record:deleted rows": 1, "no record:subtotals": 6, "unknown currency": 2},
    ),
    "quickbooks/bill_line_data": (
        "quickbooks.elt_bill_lines",
        {"bill": "bill_data", "account": "account_data"},
        7,
        {"missing:at": 7, "no record:deleted rows": 1},
    ),
    "quickbooks/purchase_line_data": (
        "quickbooks.elt_purchase_lines",
        {"purchase": "purchase_data", "account": "account_data"},
        4,
        {"missing:at": 15},
    ),
    "quickbooks/journal_entry_line_data": (
        "quickbooks.elt_journal_lines",
        {"journal_entry": "journal_entry_data", "account": "account_data"},
        0,
        {"missing:at": 1, "no record:no costs": 11},
    ),
    "intercom/contact_history_data": (
        "intercom.elt_contacts",
        {"contact_company": "contact_company_history_data"},
        0,
        {"no record:visitors and leads": 9},
    ),
}
"""Tables that map with others beside them: preset, those tables, rows that count, and what the others break."""


MAPPED: dict[str, tuple[str, int, dict[str, int]]] = {
    "amplitude/amplitude_event_data": ("amplitude.events", 0, {"missing:account": 10}),
    "google_ads/campaign_stats_data": ("google_ads.elt_campaign_stats", 16, {}),
    "hubspot/company_data": ("hubspot.elt_companies", 24, {}),
    "hubspot/contact_data": ("hubspot.elt_contacts", 22, {}),
    "hubspot/deal_data": ("hubspot.elt_deals", 44, {}),
    "hubspot/deal_stage_data": ("hubspot.elt_deal_stages", 14, {}),
    "hubspot/ticket_data": ("hubspot.elt_tickets", 25, {}),
    "intercom/company_history_data": ("intercom.elt_companies", 9, {}),
    "intercom/conversation_history_data": ("intercom.elt_conversations", 2, {"no record:older versions": 7}),
    "jira/issue": ("jira.elt_issues", 4, {}),
    "linkedin/linkedin_ad_analytics_by_campaign_data": ("linkedin_ads.elt_campaigns", 20, {}),
    "mixpanel/event": ("mixpanel.elt_events", 0, {"missing:account": 5}),
    "quickbooks/bill_data": ("quickbooks.elt_bills", 0, {"unknown currency": 9, "no record:deleted rows": 6}),
    "quickbooks/invoice_data": ("quickbooks.elt_invoices", 0, {"unknown currency": 5, "no record:deleted rows": 11}),
    "quickbooks/purchase_data": ("quickbooks.elt_purchases", 2, {"missing:at": 9, "missing:amount": 1}),
    "recurly/account_history_data": ("recurly.elt_accounts", 4, {"no record:older versions": 1}),
    "recurly/invoice_history_data": ("recurly.elt_invoices", 5, {}),
    "recurly/subscription_history_data": ("recurly.elt_subscriptions", 4, {"no record:older versions": 1}),
    "salesforce/sf_lead_data": ("salesforce.api_leads", 1, {}),
    "salesforce/sf_opportunity_data": ("salesforce.api_opportunities", 0, {"no record:deleted rows": 10}),
    "salesforce/sf_opportunity_history_data": ("salesforce.api_opportunities", 0, {"no record:deleted rows": 10}),
    "salesforce/sf_task_data": ("salesforce.api_tasks", 10, {}),
    "stripe/charge_data": ("stripe.elt_charges", 0, {"no record:failed payments": 16}),
    "stripe/customer_data": ("stripe.elt_customers", 11, {"no record:deleted rows": 1}),
    "zendesk/organization_data": ("zendesk.elt_organizations", 10, {}),
    "zendesk/ticket_data": ("zendesk.elt_tickets", 8, {"no record:deleted rows": 2}),
    "zendesk/user_data": ("zendesk.elt_users", 9, {"no record:your own staff": 1}),
    "zuora/zuora_account_data": ("zuora.elt_accounts", 4, {"no record:deleted rows": 1}),
    "zuora/zuora_invoice_data": ("zuora.elt_invoices", 5, {}),
    "zuora/zuora_rate_plan_charge_data": (
        "zuora.elt_charges",
        3,
        {"no record:deleted rows": 1, "no record:one-off and usage charges": 1},
    ),
}
"""Tables of an ELT copy that map: preset, rows that count, and what the others break. (Events without a group have no
account; bills and invoices are in several currencies, of which nothing here gives rates.)"""

BESIDE = {
    "amplitude/amplitude_event_type_data": "amplitude.event_type",
    "google_ads/account_history_data": "google_ads.account_history",
    "google_ads/account_stats_data": "google_ads.account_stats",
    "google_ads/campaign_history_data": "google_ads.campaign_history",
    "hubspot/deal_company_data": "hubspot.deal_company",
    "hubspot/deal_contact_data": "hubspot.deal_contact",
    "hubspot/deal_pipeline_data": "hubspot.deal_pipeline",
    "hubspot/deal_pipeline_stage_data": "hubspot.deal_pipeline_stage",
    "hubspot/deal_property_history_data": "hubspot.deal_property_history",
    "hubspot/owner_data": "hubspot.owner",
    "hubspot/ticket_pipeline_stage_data": "hubspot.ticket_pipeline_stage",
    "hubspot/ticket_property_history_data": "hubspot.ticket_property_history",
    "intercom/contact_company_history_data": "intercom.contact_company_history",
    "intercom/conversation_contact_history_data": "intercom.conversation_contact_history",
    "intercom/conversation_part_history_data": "intercom.conversation_part_history",
    "jira/field": "jira.field",
    "jira/issue_field_history": "jira.issue_field_history",
    "jira/priority": "jira.lookup",
    "jira/project": "jira.project",
    "jira/resolution": "jira.lookup",
    "jira/status": "jira.status",
    "jira/status_category": "jira.status_category",
    "jira/user": "jira.user",
    "linkedin/linkedin_account_history_data": "linkedin_ads.account_history",
    "linkedin/linkedin_campaign_history_data": "linkedin_ads.campaign_history",
    "quickbooks/account_data": "quickbooks.account",
    "quickbooks/customer_data": "quickbooks.customer",
    "quickbooks/journal_entry_data": "quickbooks.journal_entry",
    "quickbooks/vendor_data": "quickbooks.vendor",
    "recurly/plan_currency_history_data": "recurly.plan_currency_history",
    "recurly/plan_history_data": "recurly.plan_history",
    "recurly/subscription_add_on_history_data": "recurly.subscription_add_on_history",
    "recurly/subscription_change_history_data": "recurly.subscription_change_history",
    "recurly/transaction_data": "recurly.transaction",
    "salesforce/sf_account_data": "salesforce.account",
    "salesforce/sf_contact_data": "salesforce.contact",
    "salesforce/sf_opportunity_line_item_data": "salesforce.opportunity_line_item",
    "salesforce/sf_user_data": "salesforce.user",
    "stripe/balance_transaction_data": "stripe.balance_transaction",
    "stripe/coupon_data": "stripe.coupon",
    "stripe/discount_data": "stripe.discount",
    "stripe/dispute_data": "stripe.dispute",
    "stripe/fee_data": "stripe.fee",
    "stripe/plan_data": "stripe.plan",
    "stripe/price_data": "stripe.price",
    "stripe/product_data": "stripe.product",
    "stripe/refund_data": "stripe.refund",
    "stripe/subscription_item_data": "stripe.subscription_item",
    "zendesk/schedule_data": "zendesk.schedule",
    "zendesk/sla_policy_metric_history_data": "zendesk.sla_policy_metric_history",
    "zendesk/ticket_comment_data": "zendesk.ticket_comment",
    "zendesk/ticket_field_history_data": "zendesk.ticket_field_history",
    "zendesk/ticket_schedule_data": "zendesk.ticket_schedule",
    "zendesk/ticket_tag_data": "zendesk.ticket_tag",
    "zuora/zuora_amendment_data": "zuora.amendment",
    "zuora/zuora_payment_data": "zuora.payment",
    "zuora/zuora_rate_plan_data": "zuora.rate_plan",
    "zuora/zuora_subscription_data": "zuora.subscription",
}
"""Tables that no preset reads, by the name under which the reason stands."""


@pytest.mark.parametrize("name", MAPPED)
def test_a_table_of_an_elt_copy_maps(name: str) -> None:
    wanted, usable, rules = MAPPED[name]
    path = SEEDS / f"{name}.csv"
    assert _found(path) == wanted
    role = preset(wanted).role
    sources = opened(path.parent, f"{role}: {{path: {path.name}, preset: {wanted}}}")
    if role in sources.logs:
        log = sources.logs[role]
        made = pl.concat([log.scan(file, tuple(log.columns)) for file in log.files]).collect()
    else:
        made = rows(sources, role)
    assert dict(made["_fault"].drop_nulls().value_counts().iter_rows()) == rules
    assert made["_fault"].is_null().sum() == usable


@pytest.mark.parametrize("name", JOINED)
def test_a_table_of_an_elt_copy_maps_with_others_beside_it(name: str) -> None:
    wanted, tables, usable, rules = JOINED[name]
    path = SEEDS / f"{name}.csv"
    assert _found(path) == wanted
    beside_ = ", ".join(f"{table}: {file}.csv" for table, file in tables.items())
    block = f"{preset(wanted).role}: {{path: {path.name}, preset: {wanted}, beside: {{{beside_}}}}}"
    made = rows(opened(path.parent, block, currency="USD"), preset(wanted).role)
    assert dict(made["_fault"].drop_nulls().value_counts().iter_rows()) == rules
    assert made["_fault"].is_null().sum() == usable


@pytest.mark.parametrize("name", BESIDE)
def test_a_table_that_does_not_map_says_why(name: str) -> None:
    file = data_file(SEEDS / f"{name}.csv", name)
    assert file is not None
    columns = names_of(scan(file, (), header_words()))
    assert likeliest(columns) == ()
    found = beside(columns)
    assert found is not None
    assert (found.name, len(found.why) > 10) == (BESIDE[name], True)


def test_an_invoice_without_its_day_is_refused_by_name() -> None:
    """This copy of the table lacks `created`: there is no other day that an invoice could be of."""
    block = "invoices: {path: invoice_data.csv, preset: stripe.elt_invoices}"
    (finding,) = opened(SEEDS / "stripe", block).findings
    assert (finding.code, finding.column) == ("SM908", "created")


def test_every_table_of_the_elt_copies_is_spoken_for() -> None:
    names = {path.relative_to(SEEDS).with_suffix("").as_posix() for path in SEEDS.glob("*/*.csv")}
    assert names == {*MAPPED, *JOINED, *BESIDE, "stripe/invoice_data"}
