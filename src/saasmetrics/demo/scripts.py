"""What people do in the product: short scripts of steps, each step an event or a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np

from saasmetrics.demo.draws import Floats, Ints

Kind = Literal["event", "page", "api", "job", "sync"]
RunKind = Literal["", "invoice", "count", "order", "checkout"]
RUNS: tuple[RunKind, ...] = ("", "invoice", "count", "order", "checkout")

FLAWS = ("", "missing_tax_id", "validation_error", "duplicate_number", "period_closed", "no_permission", "timeout",
         "stock_locked", "supplier_rejected", "card_declined", "pdf_gateway_down")  # fmt: skip
"""Error codes; the last one only happens in the planted incident."""

DAYS = 86_400.0


@dataclass(frozen=True)
class Step:
    """One row of a log. `after` is the mean wait in seconds since the step before; `detail` is the area or the form."""

    name: str
    after: float
    kind: Kind = "event"
    detail: str = ""
    run: RunKind = ""
    money: bool = False
    flaws: tuple[str, ...] = ()
    system: bool = False


def _page(route: str, after: float = 4.0) -> Step:
    return Step(route, after, "page")


def _api(route: str, after: float = 0.4, *, failed: bool = False) -> Step:
    return Step(route, after, "api", flaws=("timeout",) if failed else ())


def _run(name: str, after: float, flaws: tuple[str, ...] = (), *, money: bool = False, system: bool = False) -> Step:
    kind = next(kind for kind in RUNS if kind and kind in name)
    return Step(name, after, run=kind, money=money, flaws=flaws, system=system)


_INVOICE_FLAWS = ("missing_tax_id", "validation_error", "validation_error", "duplicate_number", "period_closed")
_OPEN = (_page("invoice_list"), _page("invoice_editor", 8))
_WRITE = (_OPEN[1], _run("invoice_drafted", 40), Step("form_saved", 30, detail="invoice"), _run("invoice_started", 20))
_POSTED = _run("invoice_posted", 45, money=True)
_POST = (_api("POST /v1/invoices"), _POSTED, Step("pdf_render", 2, "job", system=True), _run("invoice_sent", 60))
_MAIL = Step("email_send", 3, "job", system=True)
_REFUSED = (_api("POST /v1/invoices"), _run("invoice_post_failed", 3, _INVOICE_FLAWS))
_AGAIN = (_run("invoice_started", 90), _api("POST /v1/invoices"), _POSTED)
_DISMISSED = Step("error_dismissed", 6, detail="invoices")
_HELP = Step("help_opened", 15, detail="invoices")
_PAID = _run("invoice_paid", 11 * DAYS, money=True, system=True)
_COUNT = (_page("stock_list"), _run("stock_count_started", 30))
_ORDER = (_page("order_list"), _page("order_editor", 20), _run("order_started", 120))
_PAY = (_page("plan_picker", 10), _run("checkout_started", 60))

SCRIPTS: Mapping[str, tuple[Step, ...]] = {
    "login": (Step("login", 1), _page("dashboard", 2), Step("page_view", 3, detail="dashboard")),
    "look_invoices": (
        Step("page_view", 8, detail="invoices"),
        _page("invoice_list"),
        Step("page_view", 15, detail="invoices"),
    ),
    "look_stock": (Step("page_view", 8, detail="stock"), _page("stock_list"), Step("page_view", 20, detail="stock")),
    "look_orders": (Step("page_view", 8, detail="orders"), _page("order_list"), Step("page_view", 20, detail="orders")),
    "look_reports": (
        Step("page_view", 10, detail="reports"),
        _page("report_view"),
        Step("page_view", 30, detail="reports"),
    ),
    "debug": (Step("debug_render", 1), Step("debug_cache", 1)),
    "invoice": (*_WRITE, *_POST),
    "invoice_quick": (_run("invoice_started", 10), _POST[0], _POSTED, _POST[-1]),
    "invoice_unsent": (_OPEN[1], _run("invoice_drafted", 40), _run("invoice_started", 30), _POSTED),
    "invoice_settled": (*_WRITE, *_POST, _MAIL, _PAID),
    "invoice_reconciled": (_run("invoice_started", 10), *_POST, _PAID, _run("invoice_reconciled", 2 * DAYS)),
    "invoice_retried": (*_OPEN, _run("invoice_started", 30), *_REFUSED, _DISMISSED, *_AGAIN, _run("invoice_sent", 60)),
    "invoice_failed": (*_OPEN, _run("invoice_started", 30), *_REFUSED, _HELP),
    "invoice_failed_twice": (
        _run("invoice_started", 30),
        *_REFUSED,
        _DISMISSED,
        _run("invoice_started", 60),
        *_REFUSED,
    ),
    "invoice_abandoned": (_OPEN[1], _run("invoice_drafted", 40), _run("invoice_started", 30)),
    "invoice_overnight": (_run("invoice_started", 30), _run("invoice_posted", 8 * 3600, money=True)),
    "invoice_too_late": (_run("invoice_started", 30), _run("invoice_posted", 2 * DAYS, money=True)),
    "invoice_orphan": (_POSTED, _run("invoice_sent", 60)),
    "invoice_incident": (
        _OPEN[1],
        _run("invoice_started", 30),
        _api("POST /v1/invoices", failed=True),
        _run("invoice_post_failed", 20, ("pdf_gateway_down",)),
        _DISMISSED,
    ),
    "refund": (Step("refund_requested", 30, detail="invoices"),),
    "help": (_HELP, Step("page_view", 60, detail="help")),
    "recurring": (_OPEN[1], Step("recurring_invoice_created", 60), Step("form_saved", 2, detail="recurring")),
    "approve": (_page("invoice_list"), Step("invoice_approved", 30), Step("invoice_approved", 40)),
    "customer": (Step("customer_created", 60), Step("form_saved", 2, detail="customer")),
    "customer_refused": (
        Step("form_save_failed", 60, detail="customer", flaws=("validation_error",)),
        Step("customer_created", 30),
        Step("form_saved", 2, detail="customer"),
    ),
    "taxes": (Step("tax_settings_saved", 60), Step("form_saved", 2, detail="taxes")),
    "settings": (_page("settings"), Step("form_saved", 45, detail="settings")),
    "settings_refused": (
        _page("settings"),
        Step("form_save_failed", 45, detail="settings", flaws=("validation_error", "no_permission")),
    ),
    "export": (Step("export_created", 20, detail="reports"), Step("report_export", 2, "job", system=True)),
    "role": (_page("settings"), Step("role_granted", 30)),
    "bank": (Step("bank_feed", 5, "sync", system=True), Step("bank_synced", 3, system=True)),
    "api": (
        _api("GET /v1/invoices"),
        Step("api_called", 0.2, detail="api"),
        Step("api_called", 2, detail="api"),
        _api("POST /v1/invoices", 1),
        Step("api_called", 0.2, detail="api"),
        Step("api_called", 3, detail="api"),
    ),
    "count": (*_COUNT, Step("form_saved", 120, detail="stock"), _run("stock_count_posted", 2400)),
    "count_failed": (*_COUNT, _run("stock_count_failed", 900, ("stock_locked", "timeout"))),
    "count_abandoned": _COUNT,
    "item": (_page("stock_list"), Step("item_created", 60), Step("form_saved", 2, detail="item")),
    "reorder": (_page("stock_list"), Step("reorder_rule_created", 60)),
    "order": (*_ORDER, Step("supplier_sync", 5, "job", system=True), _run("order_received", 7 * DAYS)),
    "order_matched": (*_ORDER, _run("order_received", 6 * DAYS), _run("order_matched", 2 * DAYS)),
    "order_failed": (*_ORDER, _run("order_failed", 3 * DAYS, ("supplier_rejected",))),
    "order_abandoned": _ORDER,
    "supplier": (Step("supplier_created", 60), Step("form_saved", 2, detail="supplier")),
    "approval_rule": (_page("settings"), Step("approval_rule_created", 60)),
    "checkout": (*_PAY, _run("checkout_paid", 50, money=True)),
    "checkout_failed": (*_PAY, _run("checkout_failed", 30, ("card_declined",))),
    "checkout_abandoned": _PAY,
}

SCRIPT = {name: position for position, name in enumerate(SCRIPTS)}
STEPS: tuple[Step, ...] = tuple(dict.fromkeys(chain.from_iterable(SCRIPTS.values())))
"""Every different step; its position is the code of a row."""
_POSITION = {step: code for code, step in enumerate(STEPS)}
CODE: Mapping[str, int] = {step.name: code for code, step in reversed(list(enumerate(STEPS)))}
"""Some code of each event or route: the first that has the name."""

_FLOW = [[_POSITION[step] for step in steps] for steps in SCRIPTS.values()]
LENGTH: Ints = np.array([len(flow) for flow in _FLOW], dtype=np.int64)
START: Ints = np.concatenate([[0], np.cumsum(LENGTH)[:-1]]).astype(np.int64)
FLOW: Ints = np.array(list(chain.from_iterable(_FLOW)), dtype=np.int64)
"""The codes of all scripts, one script after the other."""
AFTER: Floats = np.array([STEPS[code].after * 1000 for code in FLOW.tolist()])
"""Mean wait of each step of `FLOW` in milliseconds."""
PACE: Floats = np.array([sum(min(step.after, 120.0) for step in steps) * 1000 for steps in SCRIPTS.values()])
"""How long a script keeps its user, in milliseconds."""
HAS_RUN = np.array([any(step.run for step in steps) for steps in SCRIPTS.values()])
STEP_RUN: Ints = np.array([RUNS.index(step.run) for step in STEPS], dtype=np.int64)
STEP_MONEY = np.array([step.money for step in STEPS])
STEP_FLAWED = np.array([bool(step.flaws) for step in STEPS])
STEP_EVENT = np.array([step.kind == "event" for step in STEPS])


def scripts(*names: str) -> Ints:
    """Positions of scripts."""
    return np.array([SCRIPT[name] for name in names], dtype=np.int64)
