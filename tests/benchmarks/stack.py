"""The stack: which numbers are asked of everybody, in the demo company's words, and where its files are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

METRICS = (
    "workflow_successes", "completion_rate", "activation_rate", "activation_funnel", "time_to_value",
    "time_to_activation", "tier_share", "waa", "maa", "wau", "mau", "dau", "cohort_retention", "workflow_frequency",
    "role_engagement", "feature_adoption_rate", "load_time_p95", "api_error_rate", "timeout_rate", "save_failure_rate",
    "failures_per_1000", "retry_rate", "help_per_workflow", "workflow_duration", "tickets_per_100",
)  # fmt: skip
"""Asked undivided, with all their parts: four workflows, nine tiers, five features, five screens and so on."""

SPLIT = ("workflow_successes.invoicing", "completion_rate.invoicing", "waa", "mau", "load_time_p95", "api_error_rate")
"""Asked by every segment besides, as the one number of that address."""

SEGMENTS = ("size", "channel", "industry", "onboarding")
"""Attributes of accounts, as a SQL file of anybody's could know them; the order in which they are added."""

ZONE = "Europe/Berlin"


@dataclass(frozen=True)
class Workflow:
    """A job of the demo company: its rows, the column of its runs, its window in hours."""

    attempt: str
    success: str
    failure: str
    run: str
    hours: int
    core: bool = True


WORKFLOWS = {
    "invoicing": Workflow("invoice_started", "invoice_posted", "invoice_post_failed", "invoice_id", 24),
    "inventory": Workflow("stock_count_started", "stock_count_posted", "stock_count_failed", "count_id", 48),
    "purchase": Workflow("order_started", "order_received", "order_failed", "order_id", 720),
    "checkout": Workflow("checkout_started", "checkout_paid", "checkout_failed", "checkout_id", 1, core=False),
}
CORE = tuple(name for name, workflow in WORKFLOWS.items() if workflow.core)
CORE_EVENTS = tuple(WORKFLOWS[name].success for name in CORE)
APPROVED = "invoice_approved"
STEPS = {
    "taxes": "tax_settings_saved",
    "customer": "customer_created",
    "draft": "invoice_drafted",
    "posted": "invoice_posted",
}
WINDOWS = (7, 14, 30)
ACTIVATED_WITHIN = 14
AGES = (1, 3, 6)
SCREENS = ("invoice_list", "invoice_editor", "stock_list", "order_list", "order_editor")
ROLES = ("finance", "operations", "admin")
AREAS = {"invoicing": "Invoices", "inventory": "Stock", "purchase": "Purchases", "checkout": "Billing"}


@dataclass(frozen=True)
class Feature:
    """What counts as using a feature: an event, so often, on so many days, in which countries."""

    event: str
    rows: int
    days: int
    countries: tuple[str, ...] = ()


FEATURES = {
    "recurring_invoices": Feature("recurring_invoice_created", 1, 1),
    "permissions": Feature("role_granted", 1, 1),
    "exports": Feature("export_created", 1, 1),
    "bank_sync": Feature("bank_synced", 3, 2, ("DE", "FR", "NL", "AT")),
    "api": Feature("api_called", 20, 2),
}

EVENTS = (
    "event_id", "name", "ts", "workspace_id", "user_id", "invoice_id", "count_id", "order_id", "checkout_id", "area",
    "is_test",
)  # fmt: skip
"""Columns of the event log that somebody needs to answer the stack."""

REQUESTS = ("ts", "workspace_id", "kind", "route", "duration_ms", "outcome")


def begin(folder: Path) -> date:
    """First day of the logs, which are written month by month or day by day and named for it."""
    first = min(path.name.partition(".")[0] for path in (folder / "data" / "events").glob("events-*")).removeprefix(
        "events-"
    )
    return date.fromisoformat(first if len(first) == len("2026-01-01") else f"{first}-01")
