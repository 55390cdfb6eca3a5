"""Definition files written inside tests: a smallest one, and how to load a text."""

from __future__ import annotations

from pathlib import Path

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.load import load
from saasmetrics.finding import InputError
from saasmetrics.ledgers.index import REGISTRY

SMALL = """\
version: 1
settings: {currency: EUR}
sources:
  events: {path: events.csv, columns: {event: name, at: ts, account: org_id, user: user_id}}
  accounts: {path: orgs.csv, columns: {account: id, created: created_at}}
  users: {path: users.csv}
  subscriptions: {path: subscriptions.csv}
  tickets: {path: tickets.csv}
workflows:
  invoicing: {attempt: invoice_started, success: invoice_posted, run: invoice_id, within: 24h}
  import: {attempt: import_started, success: import_done, within: 1h, core: false}
"""


def loaded(folder: Path, text: str) -> Definitions:
    """The definitions of a text, as `metrics.yaml` of a folder."""
    file = folder / "metrics.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, REGISTRY)


def faults(folder: Path, text: str) -> list[str]:
    """The faults of a text, `LINE:COLUMN CODE message; hint` each; none where it loads."""
    try:
        loaded(folder, text)
    except InputError as error:
        return [str(finding).replace(f"{folder}/metrics.yaml:", "") for finding in error.findings]
    return []
