"""More metrics over the same events, for everybody: what is asked when the number of metrics grows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

EVENTS = (
    "invoice_started", "invoice_posted", "invoice_sent", "invoice_drafted", "approval_rule_created", "invoice_reconciled",
    "invoice_post_failed", "invoice_approved", "customer_created", "stock_count_started", "stock_count_posted",
    "stock_count_failed", "api_called", "refund_requested", "error_dismissed", "order_started", "help_opened",
    "order_received", "recurring_invoice_created", "report_exported", "order_matched", "tax_settings_saved",
    "item_created", "checkout_started", "export_created", "checkout_paid", "role_granted", "reorder_rule_created",
    "form_saved", "supplier_created",
)  # fmt: skip
KINDS = ("rows", "accounts", "users", "share")
MOST = len(EVENTS) * len(KINDS)
BASE = "invoice_started"


@dataclass(frozen=True)
class Metric:
    """Rows of an event by week, accounts by month, users by week, or rows for each row of another event by week."""

    name: str
    event: str
    kind: str

    @property
    def definition(self) -> str:
        """As a line of YAML under `metrics`."""
        keys = {
            "rows": f"event: {self.event}, grain: week",
            "accounts": f"type: active, entity: account, rule: {self.event}, grain: month",
            "users": f"type: active, entity: user, rule: {self.event}, grain: week",
            "share": f"numerator: {{event: {self.event}}}, denominator: {{event: {BASE}}}, grain: week",
        }
        return f"  {self.name}: {{{keys[self.kind]}, direction: up, label: {self.name.replace('_', ' ')}}}"


def metrics(count: int) -> list[Metric]:
    """So many different metrics; a larger number holds the smaller ones."""
    out = []
    for number in range(count):
        place, turn = number % len(EVENTS), number // len(EVENTS)
        kind = KINDS[(place + turn) % len(KINDS)]
        out.append(Metric(f"{EVENTS[place]}_{kind}", EVENTS[place], kind))
    return out


HEAD = """version: 1
product: ledgerly
settings: {timezone: Europe/Berlin}
sources:
  events:
    path: data/events/*.parquet
    columns: {event: name, at: ts, account: workspace_id, user: user_id, id: event_id}
    filter: "is_test IS DISTINCT FROM TRUE"
  accounts: {path: data/accounts.csv, columns: {account: id, created: signed_up_at}}
metrics:
"""


def write_definitions(path: Path, count: int) -> None:
    """A definition file of so many metrics and nothing else, over the demo company's events."""
    lines = [metric.definition for metric in metrics(count)]
    path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
