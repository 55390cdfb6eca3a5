"""How often people of each role run each script, by the modules their account uses."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from saasmetrics.demo.accounts import Accounts, Users
from saasmetrics.demo.draws import Floats, Ints
from saasmetrics.demo.scripts import LENGTH, SCRIPT, SCRIPTS

_INVOICING = {
    "invoice": 13, "invoice_quick": 11, "invoice_unsent": 3, "invoice_settled": 9, "invoice_reconciled": 9,
    "invoice_retried": 2.6, "invoice_failed": 1.5, "invoice_failed_twice": 0.6, "invoice_abandoned": 1.1,
    "invoice_overnight": 1.2, "invoice_too_late": 0.4, "invoice_orphan": 0.6, "refund": 0.35,
}  # fmt: skip
_STOCK = {"count": 17, "count_failed": 1.4, "count_abandoned": 1.1, "item": 3, "reorder": 1.2}
_BUYING = {"order": 7, "order_matched": 4, "order_failed": 0.5, "order_abandoned": 0.5, "supplier": 1.2}
_UPKEEP = {"settings": 1.5, "settings_refused": 0.12, "taxes": 0.3, "customer": 3, "customer_refused": 0.25}
_LOOKING = {"look_invoices": 8, "look_reports": 6, "help": 0.9, "debug": 0.7}


def _mix(*parts: tuple[Mapping[str, float], float]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for habits, factor in parts:
        for name, weight in habits.items():
            weights[name] = weights.get(name, 0.0) + weight * factor
    return weights


_BY_ROLE: tuple[Mapping[str, float], ...] = (
    _mix((_INVOICING, 1.0), (_LOOKING, 1.0), (_UPKEEP, 1.0),
         ({"export": 2.5, "recurring": 2.2, "approve": 1.5, "bank": 12}, 1)),
    _mix((_STOCK, 1.0), (_BUYING, 1.0), (_INVOICING, 0.25), (_LOOKING, 0.6), ({"look_stock": 6, "look_orders": 5}, 1)),
    _mix((_INVOICING, 0.5), (_STOCK, 0.25), (_BUYING, 0.25), (_UPKEEP, 1.5), (_LOOKING, 1.0),
         ({"role": 1.5, "checkout": 2.4, "checkout_failed": 0.18, "checkout_abandoned": 0.15, "approval_rule": 1.0,
           "api": 22, "bank": 6, "export": 1.5, "recurring": 0.8}, 1)),
    _mix(({"approve": 16, "export": 1.0, "look_orders": 3}, 1), (_LOOKING, 1.0), (_BUYING, 0.1)),
    _mix((_LOOKING, 1.0), ({"look_stock": 3, "look_orders": 3, "export": 1.5}, 1)),
)  # fmt: skip
"""Weights of the scripts, in the order of `accounts.ROLES`."""
_TOURIST: Mapping[str, float] = {"look_invoices": 6, "look_reports": 4, "help": 1.5, "settings": 1.0, "customer": 0.4}
"""Who has not set up yet looks around."""

_NEEDS = ("inventory", "purchase", "api", "bank")
_MODULE = {
    **dict.fromkeys((*_STOCK, "look_stock"), 0),
    **dict.fromkeys((*_BUYING, "look_orders", "approval_rule"), 1),
    "api": 2,
    "bank": 3,
}
TOURIST = len(_BY_ROLE) * 2 ** len(_NEEDS)
"""The habit of people whose account has not set up."""


def _edges() -> Floats:
    """One rising run of edges per habit, each shifted by its position, so that one search serves all habits."""
    rows = []
    for habit in range(TOURIST + 1):
        role, modules = divmod(habit, 2 ** len(_NEEDS))
        wanted = _TOURIST if habit == TOURIST else _BY_ROLE[role]
        weights = np.zeros(len(SCRIPTS))
        for name, weight in wanted.items():
            module = _MODULE.get(name)
            if module is None or modules >> module & 1:
                weights[SCRIPT[name]] = weight
        edges = np.cumsum(weights)
        rows.append(habit + edges / edges[-1])
    return np.concatenate(rows)


EDGES = _edges()


def habits(accounts: Accounts, users: Users) -> Ints:
    """The habit of each user once the account has set up."""
    flags = [accounts.inventory, accounts.purchase, accounts.api, accounts.bank]
    modules = sum(flag.astype(np.int64) << place for place, flag in enumerate(flags))
    return np.asarray(users.role * 2 ** len(_NEEDS) + np.asarray(modules)[users.account], dtype=np.int64)


def run_scripts(habit: Ints, luck: Floats) -> Ints:
    """Which script each action runs, from its person's habit and a uniform number."""
    found = np.searchsorted(EDGES, habit + luck, side="right")
    return np.asarray(np.minimum(found - habit * len(SCRIPTS), len(SCRIPTS) - 1), dtype=np.int64)


ROWS_PER_ACTION = float(np.mean(LENGTH))
"""A first guess, corrected while rows are made."""
