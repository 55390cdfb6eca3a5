"""The columns of both logs: rows of numbers become what a product would have exported."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from saasmetrics.demo.activity import World
from saasmetrics.demo.columns import hexadecimal, instants, named, numbered, texts
from saasmetrics.demo.draws import Draws, Ints
from saasmetrics.demo.rows import Rows
from saasmetrics.demo.scripts import CODE, FLAWS, RUNS, STEP_RUN, STEPS
from saasmetrics.demo.stories import NEW_NAME, OLD_NAME

TEXT = pa.dictionary(pa.int32(), pa.string())
AT = pa.timestamp("us", "UTC")
EVENTS = pa.schema({
    "event_id": pa.string(), "name": TEXT, "ts": AT, "workspace_id": TEXT, "user_id": TEXT,
    "invoice_id": pa.string(), "count_id": pa.string(), "order_id": pa.string(), "checkout_id": pa.string(),
    "error_code": TEXT, "amount_eur": pa.float64(), "area": TEXT, "form": TEXT, "is_test": pa.bool_(),
})  # fmt: skip
REQUESTS = pa.schema({
    "ts": AT, "workspace_id": TEXT, "user_id": TEXT, "kind": TEXT, "route": TEXT,
    "duration_ms": pa.int32(), "outcome": TEXT, "retries": pa.int8(),
})  # fmt: skip

_NAMES = tuple(dict.fromkeys((*(step.name for step in STEPS), NEW_NAME)))
"""Each name once: a dictionary with repeats would be written as plain text."""
_NAME = np.array([_NAMES.index(step.name) for step in STEPS])
_AREAS = ("", "invoices", "stock", "orders", "reports", "dashboard", "help", "api")
_FORMS = ("", "invoice", "recurring", "customer", "taxes", "settings", "stock", "item", "supplier")
_SAVES = ("form_saved", "form_save_failed")
_AREA = np.array(
    [_AREAS.index(step.detail) if step.name not in _SAVES and step.detail in _AREAS else 0 for step in STEPS]
)
_FORM = np.array([_FORMS.index(step.detail) if step.name in _SAVES else 0 for step in STEPS])
_SYSTEM = np.array([step.system for step in STEPS])
_TESTABLE = np.array([step.name in ("page_view", "form_saved", "customer_created") for step in STEPS])

_KINDS = ("page", "api", "job", "sync")
_KIND = np.array([_KINDS.index(step.kind) if step.kind in _KINDS else 0 for step in STEPS])
_MEDIAN = np.array([420.0, 140.0, 1500.0, 5200.0])
_SPREAD = np.array([0.75, 0.8, 0.9, 0.9])
_ERROR = np.array([0.002, 0.011, 0.014, 0.022])
_TIMEOUT = np.array([0.001, 0.004, 0.003, 0.008])
OUTCOMES = ("ok", "error", "timeout")
OK, ERROR, TIMEOUT = range(3)
GIVEN_UP = 30_000
"""Milliseconds after which a request is given up."""
ONE_TEST_IN = 150
_SLOW = np.array([1.0 + (sum(map(ord, step.name)) % 7) / 5 for step in STEPS])


class Encoder:
    """Turns rows of numbers into tables, in the names of one company."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._workspaces = world.accounts.ids().to_arrow().cast(pa.string())
        self._people = world.users.ids().to_arrow().cast(pa.string())

    def _actors(self, rows: Rows) -> tuple[pa.Array, pa.Array]:
        """Workspaces and users; what the product does by itself has no user."""
        account = self._world.users.account[rows.user]
        return named(account, self._workspaces), named(rows.user, self._people, _SYSTEM[rows.code])

    def events(self, rows: Rows, ids: Ints) -> pa.Table:
        """Rows of the event log. Internal workspaces send everything as a test, others a few rows."""
        renamed = (rows.code == CODE[OLD_NAME]) & (rows.at >= self._world.stories.renamed_at)
        kind = STEP_RUN[rows.code]
        internal = self._world.accounts.internal[self._world.users.account[rows.user]]
        test = internal | (_TESTABLE[rows.code] & (ids // 7 % ONE_TEST_IN == 1))
        columns = [
            hexadecimal(ids),
            named(np.where(renamed, _NAMES.index(NEW_NAME), _NAME[rows.code]), _NAMES),
            instants(rows.at),
            *self._actors(rows),
            *(numbered(f"{name[0]}-", rows.run, kind == place) for place, name in enumerate(RUNS) if name),
            texts(rows.flaw, FLAWS),
            pa.array(rows.cents / 100, mask=rows.cents == 0),
            texts(_AREA[rows.code], _AREAS),
            texts(_FORM[rows.code], _FORMS),
            pa.array(test, mask=~test),
        ]
        return pa.Table.from_arrays(columns, names=EVENTS.names)

    def requests(self, rows: Rows, draws: Draws) -> pa.Table:
        """Rows of the request log, with how long each took and how it ended."""
        count, kind = len(rows), _KIND[rows.code]
        luck = draws.uniform(count)
        outcome = np.select([luck < _ERROR[kind], luck < _ERROR[kind] + _TIMEOUT[kind]], [ERROR, TIMEOUT], OK)
        outcome = np.where(rows.flaw > 0, TIMEOUT, outcome)
        duration = _MEDIAN[kind] * _SLOW[rows.code] * np.exp(_SPREAD[kind] * draws.normal(count))
        duration = np.where(outcome == TIMEOUT, GIVEN_UP, np.minimum(duration, GIVEN_UP - 1)).astype(np.int32)
        tries = draws.exponential(count) * np.where(outcome == OK, 0.14, 1.6)
        columns = [
            instants(rows.at),
            *self._actors(rows),
            named(kind, _KINDS),
            named(_NAME[rows.code], _NAMES),
            pa.array(duration),
            named(outcome.astype(np.int64), OUTCOMES),
            pa.array(np.minimum(tries, 5).astype(np.int8)),
        ]
        return pa.Table.from_arrays(columns, names=REQUESTS.names)
