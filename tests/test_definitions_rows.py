"""Rows come down to selections: which rows of which role, by which time, under which filter, joined how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from definition_texts import SMALL, loaded
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scope import Scope
from saasmetrics.definitions.selection import Milestone, Selection, Selector

TIERS = """
    tiers:
      basic: invoice_drafted
      more: {all: [invoice_posted, invoice_sent], same_run: true}
"""
MORE = """\
  counting: {success: {any: [counted, {event: recounted, filter: "n > 1"}]}, failure: count_lost}
features:
  api: {event: api_called, at_least: 20, filter: "kind = 'v2'"}
activation: {within: 14d, steps: {first: invoice_posted}}
scores: {pqa: {at_least: 1, signals: {paid: invoice_paid}}}
"""
INVOICING = "{attempt: invoice_started, success: invoice_posted, run: invoice_id, within: 24h}"
TICKETS = "  tickets: {path: tickets.csv}\n"
TEXT = (SMALL + MORE).replace(TICKETS, TICKETS + "  old_tickets: {path: old.csv, role: tickets}\n")
TEXT = TEXT.replace(
    INVOICING, INVOICING.strip("{}").replace("attempt", "\n    attempt").replace(", ", "\n    ") + TIERS
)


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Definitions:
    return loaded(tmp_path_factory.mktemp("rows"), TEXT)


@pytest.fixture
def scope(definitions: Definitions) -> Scope:
    return Scope(definitions, definitions.policies)


def rows(value: Any) -> Rows:
    return Rows.model_validate(value)


ATTEMPT = Selector("events", "at", event="invoice_started", run="invoice_id", workflow="invoicing", outcome="attempt")
POSTED = Selector("events", "at", event="invoice_posted", run="invoice_id", workflow="invoicing", outcome="success")
COUNTED = Selector("events", "at", event="counted", workflow="counting", outcome="success")
RECOUNTED = Selector("events", "at", event="recounted", filter="n > 1", workflow="counting", outcome="success")
API = Selector("events", "at", event="api_called", filter="kind = 'v2'")


@pytest.mark.parametrize(
    ("written", "selection"),
    [
        ("paid", Selection((Selector("events", "at", event="paid"),))),
        ({"event": "paid", "at_least": 3}, Selection((Selector("events", "at", event="paid"),), at_least=3)),
        ({"workflow": "invoicing"}, Selection((POSTED,))),
        ({"workflow": "invoicing", "outcome": "attempt"}, Selection((ATTEMPT,))),
        ({"workflow": "core"}, Selection((POSTED, COUNTED, RECOUNTED))),
        ({"workflow": "core", "outcome": "attempt"}, Selection((ATTEMPT,))),
        ({"feature": "api"}, Selection((API,))),
        ({"source": "tickets"}, Selection((Selector("tickets", "at", source="tickets"),))),
        ({"source": "old_tickets"}, Selection((Selector("tickets", "at", source="old_tickets"),))),
        ({"source": "tickets", "at": "resolved"}, Selection((Selector("tickets", "resolved", source="tickets"),))),
        ({"source": "subscriptions"}, Selection((Selector("subscriptions", "start", source="subscriptions"),))),
        ({"milestone": "activated"}, Selection((Milestone("activated"),))),
        ({"milestone": "invoicing.more"}, Selection((Milestone("more", of="invoicing"),))),
        ({"milestone": "pqa"}, Selection((Milestone("pqa"),))),
        (
            {"any": ("paid", {"workflow": "invoicing"}), "at_least": 2},
            Selection((Selector("events", "at", event="paid"), POSTED), at_least=2),
        ),
        (
            {"any": ("a", {"any": ("b", {"event": "c", "at_least": 2})})},
            Selection(
                (
                    Selector("events", "at", event="a"),
                    Selector("events", "at", event="b"),
                    Selection((Selector("events", "at", event="c"),), at_least=2),
                )
            ),
        ),
        (
            {"all": ("a", {"any": ("b", "c")}, {"milestone": "created"})},
            Selection(
                (
                    Selector("events", "at", event="a"),
                    Selection((Selector("events", "at", event="b"), Selector("events", "at", event="c"))),
                    Milestone("created"),
                ),
                join="all",
            ),
        ),
    ],
)
def test_every_form_comes_down_to_selectors(scope: Scope, written: Any, selection: Selection) -> None:
    assert scope.select(rows(written)) == selection


@pytest.mark.parametrize(
    ("written", "filters"),
    [
        ({"event": "a", "filter": "x = 1"}, ["x = 1"]),
        ({"workflow": "counting", "filter": "x = 1"}, ["x = 1", "(n > 1) AND (x = 1)"]),
        ({"feature": "api", "filter": "x = 1"}, ["(kind = 'v2') AND (x = 1)"]),
        ({"any": ({"event": "a", "filter": "y"}, "b"), "filter": "x = 1"}, ["(y) AND (x = 1)", "x = 1"]),
        ({"all": ("a", {"all": ("b", "c")}), "filter": "x = 1"}, ["x = 1", "x = 1", "x = 1"]),
    ],
)
def test_a_filter_applies_to_every_member(scope: Scope, written: Any, filters: list[str]) -> None:
    assert [selector.filter for selector in scope.select(rows(written)).selectors] == filters


def test_tiers_join_their_events_by_the_run_of_the_workflow(scope: Scope) -> None:
    tiers = scope.tiers("invoicing")
    assert tiers["basic"] == Selection((Selector("events", "at", event="invoice_drafted", run="invoice_id"),))
    assert tiers["more"] == Selection(
        (
            Selector("events", "at", event="invoice_posted", run="invoice_id"),
            Selector("events", "at", event="invoice_sent", run="invoice_id"),
        ),
        join="all",
        same_run=True,
    )


def test_in_the_catalogue_the_name_of_a_role_means_all_of_its_sources(definitions: Definitions) -> None:
    (selector,) = definitions.scope("top_issues").select(rows({"source": "tickets"})).selectors
    assert selector == Selector("tickets", "at")


def test_a_scope_knows_what_the_file_has(scope: Scope) -> None:
    assert scope.has_role("tickets")
    assert not scope.has_role("surveys")
    assert scope.has_column("events", "user")
    assert not scope.has_column("events", "id"), "the mapping names other columns only"
    assert scope.has_column("tickets", "workflow"), "a source that maps nothing has the canonical names"
    assert scope.currency == "EUR"


def test_an_inline_input_is_a_hidden_metric_of_its_owner(tmp_path: Path) -> None:
    added = """\
segments: {plan: {expr: {subscriptions: plan}}}
metrics:
  pain:
    numerator: {source: tickets, filter: blocking}
    denominator: {metric: waa.invoicing, where: {plan: pro}, offset: 1mo}
    scale: 100
"""
    definitions = loaded(tmp_path, SMALL + added)
    spec = definitions.metrics["pain"].variants[0].spec
    scope = definitions.scope("pain")
    above, below = scope.input(spec.numerator), scope.input(spec.denominator)
    assert above.address.text == "pain#numerator"
    assert definitions.metrics["pain#numerator"].publish is False
    assert definitions.metrics["pain#numerator"].variants[0].spec.filter == "blocking"
    assert below.address.text == "waa.invoicing"
    assert (below.where, below.offset and below.offset.text, below.total) == ({"plan": ("pro",)}, "1mo", False)
    assert definitions.metrics["pain"].unit == "count"


def test_the_shape_of_an_input_has_the_parts_that_its_address_leaves_open(definitions: Definitions) -> None:
    scope = definitions.scope("workflow_frequency")
    whole = scope.shape_of(Input(metric="tier_share"))
    cut = scope.shape_of(Input(metric="tier_share.invoicing"))
    assert [part.column for part in whole.parts] == ["workflow", "tier"]
    assert [part.column for part in cut.parts] == ["tier"]
