"""Addresses: from a text to the number it names, from a pattern to all of its numbers, nearest names on a miss."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from definition_texts import loaded
from saasmetrics.definitions.address import Address, split
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.load import load
from saasmetrics.finding import InputError
from saasmetrics.ledgers.index import REGISTRY

FORM = 'write metric or metric.cut; quote parts with blanks: top_issues."invoice PDF"'
INVOICING = Path(__file__).parent / "cases" / "language" / "invoicing.yaml"


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return load(INVOICING, REGISTRY)


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Definitions:
    return loaded(
        tmp_path_factory.mktemp("products"),
        """\
version: 1
sources:
  events: {path: events.csv, columns: {event: name, at: ts, account: org_id, user: user_id}}
  accounts: {path: orgs.csv, columns: {account: id, created: created_at}}
workflows:
  posting: {attempt: job_started, success: job_posted, within: 24h, tiers: {basic: job_posted}}
  hiring: {success: offer_accepted, value: salary}
  payroll: {success: payroll_run}
products:
  hire:
    workflows: [posting, hiring]
    north_star: workflow_successes.hiring
    activation: {within: 14d, steps: {post: job_posted}}
  pay:
    workflows: [payroll]
    north_star: workflow_successes.payroll
    activation: {within: 30d, steps: {run: payroll_run}}
    active: {account: payroll_run}
""",
    )


def texts(addresses: tuple[Address, ...]) -> list[str]:
    return [address.text for address in addresses]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("nrr", Address("nrr")),
        ("completion_rate.invoicing", Address("completion_rate", ("invoicing",))),
        ("tier_share.invoicing.advanced", Address("tier_share", ("invoicing", "advanced"))),
        ("tier_share.invoicing", Address("tier_share", ("invoicing",))),
        ("workflow_duration.invoicing.p90", Address("workflow_duration", ("invoicing",), "p90")),
        ("workflow_duration.invoicing", Address("workflow_duration", ("invoicing",))),
        ("time_to_value.p90", Address("time_to_value", (), "p90")),
        ("activation_rate.30d", Address("activation_rate", ("30d",))),
        ("cohort_retention.3mo", Address("cohort_retention", ("3mo",))),
        ('top_issues."invoice PDF"', Address("top_issues", ("invoice PDF",))),
        ("top_issues.billing", Address("top_issues", ("billing",))),
        ("first_response_time.blocking.p90", Address("first_response_time", ("blocking",), "p90")),
        ("load_time_p95.invoice_list", Address("load_time_p95", ("invoice_list",))),
        ("north_star", Address("north_star")),
    ],
)
def test_an_address_names_a_number_and_is_written_back_as_it_was(
    definitions: Definitions, text: str, address: Address
) -> None:
    assert definitions.address(text) == address
    assert address.text == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nrrr", "SM003 there is no metric `nrrr`; did you mean `nrr`?"),
        (
            "completion_rate.invoicng",
            "SM003 `invoicng` is not a workflow of completion_rate; did you mean `invoicing`?",
        ),
        ("tier_share.invoicing.gold", "SM003 `gold` is not a tier of tier_share; one of basic, standard, advanced"),
        ("time_to_value.p99", "SM003 `p99` is not a stat of time_to_value; did you mean `p90`?"),
        ("nrr.pro", "SM003 `nrr.pro` has too many parts; the address is nrr"),
        ("waa.invoicing.x", "SM003 `waa.invoicing.x` has too many parts; the address is waa.WORKFLOW"),
        (
            "waa..x",
            f"SM005 `waa..x` is not an address; {FORM}",
        ),
        (
            "",
            f"SM005 `` is not an address; {FORM}",
        ),
    ],
)
def test_a_wrong_address_tells_what_was_meant(definitions: Definitions, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        definitions.address(text)
    assert str(caught.value) == message
    assert caught.value.exit_code == 2


def test_one_number_needs_the_parts_that_have_no_headline(definitions: Definitions) -> None:
    assert definitions.number("activation_rate") == Address("activation_rate")
    with pytest.raises(
        InputError, match=r"is not one number: its age must be said; write one of cohort_retention\.1mo"
    ):
        definitions.number("cohort_retention")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("nrr", ["nrr"]),
        ("nrr*", ["nrr"]),
        ("waa", ["waa", "waa.invoicing", "waa.inventory", "waa.purchase", "waa.checkout"]),
        ("completion_rate.in*", ["completion_rate.invoicing", "completion_rate.inventory"]),
        ("tier_share.*.advanced", [f"tier_share.{name}.advanced" for name in ("invoicing", "inventory", "purchase")]),
        ("tier_share.invoicing.*", [f"tier_share.invoicing.{tier}" for tier in ("basic", "standard", "advanced")]),
        ("time_to_*", ["time_to_value", "time_to_value.p90", "time_to_activation", "time_to_activation.p90",
                       "time_to_restore", "time_to_restore.*", "time_to_restore.*.p90", "time_to_resolution",
                       "time_to_resolution.all", "time_to_resolution.all.p90", "time_to_resolution.blocking",
                       "time_to_resolution.blocking.p90"]),
        ("cohort_retention", ["cohort_retention.1mo", "cohort_retention.3mo", "cohort_retention.6mo"]),
        ("top_issues", ["top_issues", "top_issues.*"]),
        ("completion_rate.invoicing", ["completion_rate.invoicing"]),
    ],
)  # fmt: skip
def test_a_pattern_gives_headlines_and_cuts(definitions: Definitions, pattern: str, expected: list[str]) -> None:
    assert texts(definitions.expand(pattern)) == expected


def test_a_pattern_without_a_match_is_an_error(definitions: Definitions) -> None:
    with pytest.raises(InputError, match=r"nothing matches `nosuch\*`"):
        definitions.expand("nosuch*")


def test_what_is_published_are_the_bundles_and_the_keys_of_metrics_in_the_order_of_the_catalogue(
    definitions: Definitions,
) -> None:
    published = texts(definitions.published())
    names = list(dict.fromkeys(text.split(".")[0] for text in published))
    assert names == [
        "north_star", "workflow_successes", "completion_rate", "time_to_value",
        "activation_rate", "tier_share", "waa", "time_in_product",
        "cohort_retention", "pqa_to_paid_rate",
        "mrr", "arr", "committed_mrr", "new_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr", "reactivation_mrr",
        "net_new_mrr", "mrr_growth", "arr_growth", "nrr", "grr", "net_expansion", "logo_churn_rate",
        "gross_revenue_churn", "net_revenue_churn", "quick_ratio", "paying_accounts", "arpa", "acv", "gross_margin",
        "cac", "paid_cac", "organic_cac", "ltv", "ltv_cac", "cac_payback", "magic_number", "burn_multiple",
        "market_penetration", "lead_funnel", "mql_to_sql_rate", "sql_to_won_rate", "win_rate", "average_deal_size",
        "sales_cycle", "pipeline_value", "pipeline_coverage", "pipeline_velocity", "attributed_revenue",
        "attributed_roi",
        "load_time_p95", "save_failure_rate", "incident_count", "tickets_per_100",
        "invoices_paid_value",
    ]  # fmt: skip
    assert "workflow_successes.invoicing" in published
    assert "workflow_successes" not in published, "only the address is a key of `metrics`"
    assert len(published) == len(set(published))


@pytest.mark.parametrize(
    ("stage", "staged"),
    [
        ("early", {"activation_funnel", "nps"}),
        ("growth", {"cac_payback", "pqa_to_paid_rate"}),
        ("mature", {"grr", "burn_multiple"}),
    ],
)
def test_the_weekly_bundle_depends_on_the_stage_of_the_company(tmp_path: Path, stage: str, staged: set[str]) -> None:
    text = f"version: 1\nsettings: {{stage: {stage}}}\nsources: {{events: {{path: e.csv}}}}\n"
    members = set(loaded(tmp_path, text).bundle("weekly"))
    everywhere = {
        "north_star", "completion_rate", "time_to_value", "activation_rate", "waa", "tier_share", "mrr", "nrr",
        "logo_churn_rate", "save_failure_rate", "load_time_p95", "incident_count", "tickets_per_100",
    }  # fmt: skip
    assert members == everywhere | staged


def test_several_products_are_the_first_part_of_what_they_have(products: Definitions) -> None:
    assert texts(products.expand("activation_rate")) == [
        f"activation_rate.{product}.{window}" for product in ("hire", "pay") for window in ("7d", "14d", "30d")
    ]
    assert texts(products.expand("waa")) == ["waa", "waa.hire.posting", "waa.hire.hiring", "waa.pay.payroll"]
    assert texts(products.expand("north_star")) == ["north_star.hire", "north_star.pay"]
    assert texts(products.expand("stickiness")) == ["stickiness", "stickiness.hire", "stickiness.pay"]
    assert products.number("activation_rate.hire") == Address("activation_rate", ("hire",))
    with pytest.raises(InputError, match="its product must be said"):
        products.number("activation_rate")


def test_each_product_has_its_own_headline_and_rule(products: Definitions) -> None:
    (product, window) = products.parts("activation_rate")
    assert product.default == "none"
    assert window.default == ((("hire",), "14d"), (("pay",), "30d"))
    rules = {variant.labels: variant.spec.rule for variant in products.metrics["waa"].variants}
    assert [member.workflow for member in rules["hire", ""].any] == ["posting", "hiring"]
    assert rules["pay", ""].event == "payroll_run"
    assert rules["pay", "payroll"].workflow == "payroll"
    assert rules["", ""].any == (rules["hire", ""], rules["pay", ""]), "any product, and nobody twice"


def test_a_north_star_points_to_its_number(products: Definitions, definitions: Definitions) -> None:
    assert products.pointed(Address("north_star", ("pay",))).text == "workflow_successes.payroll"
    assert products.pointed(Address("north_star_value", ("hire",))).text == "workflow_value.hiring"
    assert products.metrics["north_star_value"].pointers == {"hire": "workflow_value.hiring"}, "payroll has no value"
    assert definitions.pointed(Address("north_star")).text == "workflow_successes.invoicing"
    assert definitions.pointed(Address("nrr")) == Address("nrr")
    assert definitions.metrics["north_star_value"].unit == "currency"


@given(
    st.lists(st.text(st.characters(exclude_characters='"', exclude_categories=["Cs", "Cc"]), min_size=1), min_size=1)
)
def test_any_part_survives_being_written(parts: list[str]) -> None:
    address = Address("m", tuple(part for part in parts if part != "*"))
    assert split(address.text) == ("m", *address.cut)
