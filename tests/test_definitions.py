"""Definition files: a sound one loads with all its defaults, a faulty one tells every fault at its place."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from definition_texts import SMALL, faults, loaded
from saasmetrics.definitions.address import Address
from saasmetrics.definitions.load import load
from saasmetrics.definitions.schema import json_schema
from saasmetrics.definitions.sources import ColumnSource
from saasmetrics.document import Node, read
from saasmetrics.document import Path as NodePath
from saasmetrics.finding import InputError, Severity
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.period import Grain

CASES = Path(__file__).parent / "cases"
INVOICING = CASES / "language" / "invoicing.yaml"
ERRORS = sorted(path for path in (CASES / "errors").rglob("*.yaml") if path.with_suffix(".txt").exists())


def told(path: Path) -> list[str]:
    """What loading a file complains of, with file names instead of paths."""
    with pytest.raises(InputError) as caught:
        load(path, REGISTRY)
    assert caught.value.exit_code == 2
    return [str(finding).replace(f"{path.parent}/", "") for finding in caught.value.findings]


# Faults


@pytest.mark.parametrize("path", ERRORS, ids=lambda path: path.parent.name + "/" + path.name)
def test_a_faulty_file_tells_every_fault_at_its_place(path: Path) -> None:
    assert told(path) == path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()


def test_faults_of_many_kinds_are_told_in_one_run_sorted_by_place() -> None:
    with pytest.raises(InputError) as caught:
        load(CASES / "errors" / "company.yaml", REGISTRY)
    codes = {finding.code for finding in caught.value.findings}
    places = [finding.location for finding in caught.value.findings if finding.location]
    assert codes >= {f"SM0{number:02}" for number in (1, 3, 4, 5, 6, 7, 8, 11, 12)}
    assert len(places) == len(caught.value.findings) > 50
    assert places == sorted(places)


LINES = INVOICING.read_text(encoding="utf-8").splitlines()
NODES = read(INVOICING.read_text(encoding="utf-8"), "f").nodes
LEAVES = [(path, node) for path, node in NODES.items() if node.written and path != ("version",)]
BROKEN = "{not_a_key: 1}"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(LEAVES))
def test_any_broken_leaf_is_found_where_it_stands(tmp_path: Path, leaf: tuple[NodePath, Node]) -> None:
    """A leaf that became a mapping with an unknown key: something points into it, and nothing points elsewhere.

    Edges: where a mapping may stand, the block around the leaf may say besides that one of its keys is missing.
    """
    path, node = leaf
    line, column = node.value.line - 1, node.value.column - 1
    before, after = LINES[line][:column], LINES[line][column + len(node.written or "") :]
    found = faults(tmp_path, "\n".join([*LINES[:line], before + BROKEN + after, *LINES[line + 1 :]]))
    places = [tuple(int(number) for number in text.split(" ")[0].split(":")) for text in found]
    inside = [place[0] == line + 1 and 0 <= place[1] - 1 - column < len(BROKEN) for place in places]
    assert any(inside), (path, found)
    assert all(hit or " SM007 " in text for hit, text in zip(inside, found, strict=True)), (path, found)


@pytest.mark.parametrize("key", ["sources", "workflows", "metrics", "targets", "settings", "activation", "views"])
@pytest.mark.parametrize(
    "value", ["text", "7", "true", "[a]", "{a: b}", "[{a: b}]", "{a: {b: {c: d}}}", "{a: [1, [2]]}", ""]
)
def test_whatever_stands_under_a_key_nothing_worse_than_findings_comes_of_it(
    tmp_path: Path, key: str, value: str
) -> None:
    lines = [line for line in SMALL.splitlines(keepends=True) if not line.startswith("settings")]
    text = "".join(lines) if key not in ("sources", "workflows") else "version: 1\nsources: {events: {path: e.csv}}\n"
    text = text.replace("sources:", "previous:") if key == "sources" else text
    assert faults(tmp_path, text + f"{key}: {value}\n")


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        (
            "metrics: {a: {event: x, wndow: 7d}}",
            "14:25 SM001 metrics.a: `wndow` is not a key here; did you mean `window`?",
        ),
        ("metrics: {a: [x]}", "14:14 SM005 metrics.a: expected a mapping; write a: {}"),
        (
            "features: {api: [api_called, api_used]}",
            "14:17 SM005 features.api: a bare list does not say which rows are meant; any or all? "
            "write {any: [api_called, api_used]} or {all: [api_called, api_used]}",
        ),
        (
            "journeys: {j: {within: 1d, steps: [a, b]}}",
            "14:35 SM005 journeys.j.steps: steps have names: a mapping of name to rows; "
            "write steps: {draft: ..., posted: ...}",
        ),
        (
            "active: {account: {milestone: first_paid, filter: x = 1}}",
            "14:43 SM008 active.account.filter: a milestone is no row that a filter could choose; remove it",
        ),
        (
            "metrics: {waa: {policies: {cac_lag: 1mo}}}",
            "14:28 SM008 metrics.waa: nothing under it reads the policy `cac_lag`; remove it",
        ),
        (
            "metrics: {mrr: {segments: [role]}}\nsegments: {role: {expr: {users: role}}}",
            "14:28 SM008 metrics.mrr cannot be split by role: subscriptions has no role; "
            "remove it, or name the role in the segment's expr",
        ),
        (
            "targets: [{metric: mrr, keep: '>= 5', where: {plan: pro}}]",
            "14:47 SM003 targets.0.where.plan: there is no segment `plan`; no segment is declared",
        ),
        (
            "targets: [{metric: mrr, keep: '>= 5%'}]",
            "14:31 SM005 targets.0.keep: `5%` is a percent, the metric is in currency",
        ),
        (
            "targets: [{metric: time_to_value, keep: '<= 2mo'}]",
            "14:41 SM005 targets.0.keep: `2mo` does not convert to days",
        ),
        (
            "sources2: {}",
            "14:1 SM001 `sources2` is not a key of the file; did you mean `sources`?",
        ),
        (
            "metrics: {a: {type: movement, of: {steps: {x: a, y: b}, within: 1d}, part: new}}",
            "14:35 SM007 metrics.a.of: nothing says which number: `metric` or rows are needed",
        ),
        (
            "metrics: {a: {numerator: {source: invoices}, denominator: waa}}",
            "14:35 SM003 metrics.a.numerator: no source has the role `invoices`",
        ),
        (
            "metrics: {waa.invoicing.x: {level: core}}",
            "14:11 SM003 metrics.waa.invoicing.x: `waa.invoicing.x` has too many parts; the address is waa.WORKFLOW",
        ),
        (
            "metrics: {a: {all: [x, y]}}",
            "14:15 SM008 metrics.a: `all` is a moment, here rows are counted; use any, or name the deciding row",
        ),
        (
            "metrics: {a: {numerator: {any: [x, {milestone: created}]}, denominator: waa}}",
            "14:37 SM008 metrics.a.numerator: a milestone is a moment, here rows are counted; "
            "name the rows, like {source: accounts} for `created`",
        ),
        (
            "policies: {business_hours: {from: 8:00, to: '18:00'}}",
            '14:35 SM005 policies.business_hours.from: `8:00` is not a time of day; write it like "08:30"',
        ),
        (
            "journeys: {j: {within: 1d, steps: {First: a}}}",
            "14:36 SM012 journeys.j.steps.First: `First` is not a name; "
            "use small letters, digits and _, a letter first",
        ),
        (
            "  again: {success: {workflow: core}}\nnorth_star: workflow_successes.again",
            "14:3 SM004 workflow again → workflow core → workflow again goes round in a loop; break it at one of them",
        ),
        (
            "targets:\n- {metric: nrr, keep: '>= 90%'}\n- {metric: nrr, keep: '>= 95%'}",
            "16:3 SM002 targets.1: nrr has this target already; it is already on line 15",
        ),
        (  # a second fault would not help: with its date it is another target
            "targets:\n- {metric: nrr, reach: '>= 90%'}\n- {metric: nrr, keep: '>= 95%'}",
            "15:3 SM007 targets.0: `reach` needs `by`; write by: 2026-12-31",
        ),
        (
            "products: {one: {workflows: [invoicing]}}",
            "14:1 SM008 one product needs no `products`; write its keys at the top of the file",
        ),
        (
            "scores: {nps: {at_least: 1, signals: {a: done}}}",
            "14:10 SM012 scores: `nps` is a metric of the catalogue already; take another name",
        ),
    ],
)
def test_one_fault_is_one_finding(tmp_path: Path, added: str, expected: str) -> None:
    assert SMALL.count("\n") == 11
    text = SMALL + "# the fault stands two\n# lines below\n" + added + "\n"
    assert faults(tmp_path, text) == [expected]


@pytest.mark.parametrize(
    ("settings_", "expected"),
    [
        ("{currency: eur}", "2:22 SM005 settings.currency: `eur` is not a currency; write three capitals like EUR"),
        (
            "{published: ../editions}",
            "2:23 SM011 settings.published: `../editions` lies outside the folder of the definitions; "
            "name a folder inside",
        ),
        ("{teams: {sales: {grain: fortnight}}}", "2:35 SM005 settings.teams.sales.grain: `fortnight` is not a grain; "
         "write day, week, month, quarter or year"),
    ],
)  # fmt: skip
def test_a_fault_of_the_settings(tmp_path: Path, settings_: str, expected: str) -> None:
    assert faults(tmp_path, SMALL.replace("{currency: EUR}", settings_)) == [expected]


def test_a_source_may_not_carry_the_name_of_another_role(tmp_path: Path) -> None:
    text = SMALL.replace("  tickets: {path: tickets.csv}", "  tickets: {path: tickets.csv, role: surveys}")
    expected = "8:3 SM012 source `tickets` carries the name of a role, and is surveys; give it another name"
    assert faults(tmp_path, text) == [expected]


def test_a_misspelled_column_that_is_none_of_the_role_is_a_warning(tmp_path: Path) -> None:
    text = SMALL.replace("tickets: {path: tickets.csv}", "tickets: {path: tickets.csv, columns: {catgory: kind}}")
    (finding,) = loaded(tmp_path, text).findings
    assert (finding.code, finding.severity) == ("SM013", Severity.WARNING)
    assert finding.hint == "did you mean `category`?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "1:1 SM007 the file is empty; begin with version: 1"),
        (b"- a\n", "1:1 SM005 the file is not a mapping of keys; begin with version: 1"),
        (b"\xff\xfe", "1:1 SM000 {}/metrics.yaml is not UTF-8 text"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, text: bytes, expected: str) -> None:
    file = tmp_path / "metrics.yaml"
    file.write_bytes(text)
    with pytest.raises(InputError) as caught:
        load(file, REGISTRY)
    assert str(caught.value).removeprefix(f"{file}").removeprefix(":") == expected.format(tmp_path)


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*; saasmetrics init writes a first one"):
        load(tmp_path / "metrics.yaml", REGISTRY)


# Sound files


def test_the_example_of_the_language_loads_without_a_word() -> None:
    definitions = load(INVOICING, REGISTRY)
    assert definitions.findings == ()
    assert len(LINES) == 133
    assert list(definitions.workflows) == ["invoicing", "inventory", "purchase", "checkout"]
    assert len(definitions.targets) == 5


def test_the_smallest_useful_file_loads(tmp_path: Path) -> None:
    definitions = loaded(
        tmp_path,
        """\
version: 1
sources:
  events: {path: events.csv, columns: {event: name, at: ts, account: org_id}}
  accounts: {path: orgs.csv, columns: {account: id, created: created_at}}
workflows:
  invoicing: {attempt: invoice_started, success: invoice_posted, within: 24h}
north_star: workflow_successes.invoicing
publish: [weekly]
""",
    )
    assert definitions.product == tmp_path.name
    assert definitions.metrics["mrr"].missing == "no source has the role `subscriptions`"
    assert definitions.metrics["activation_rate"].missing == "`activation` is not declared"
    assert definitions.metrics["tier_share"].missing == "no workflow declares `tiers`"
    assert definitions.metrics["arpa"].missing == "mrr: no source has the role `subscriptions`"
    assert definitions.metrics["waa"].missing is None
    assert definitions.metrics["north_star"].points_to == "workflow_successes.invoicing"
    assert [address.text for address in definitions.published()][:4] == [
        "north_star",
        "completion_rate",
        "completion_rate.invoicing",
        "time_to_value",
    ]


def test_blocks_come_in_their_normal_form() -> None:
    definitions = load(INVOICING, REGISTRY)
    assert definitions.segments["industry"].expr == {"accounts": '"industry"'}
    assert definitions.segments["size"].expr == {"accounts": "seats"}
    assert definitions.sources["google_ads"].role == "spend"
    assert definitions.sources["google_ads"].base == INVOICING.parent
    assert definitions.sources["events"].path == ("data/events/*.parquet",)
    assert definitions.sources["events"].columns["at"] == ColumnSource(column="ts")
    assert definitions.active.roles == ("finance", "operations", "admin")
    assert definitions.workflows["invoicing"].value is not None
    assert definitions.workflows["invoicing"].value.expr == "amount_eur"
    assert definitions.settings.teams["customer_success"].grain is Grain.DAY
    assert definitions.settings.teams["customer_success"].owner == "cs-team"
    assert definitions.settings.calendar.timezone == "Europe/Berlin"
    assert definitions.policies.attribution == "w"
    assert definitions.policies.feature_uses == 3


def test_keys_of_a_source_win_over_those_of_its_preset_column_by_column() -> None:
    deals = load(INVOICING, REGISTRY).sources["opportunities"]
    preset: Any = read(
        (Path(sys.modules["saasmetrics"].__file__ or "").parent / "sources/presets/hubspot.deals.yaml").read_text(), "f"
    ).data
    assert deals.role == preset["source"]["role"] == "opportunities"
    assert deals.filter == "\"Pipeline\" <> 'Renewals'"
    assert deals.columns["status"].map == {"Closed won": "won", "Closed lost": "lost"}
    assert set(deals.columns) == {*preset["source"]["columns"], "status"}


def test_an_active_user_is_one_by_the_rule_of_accounts_unless_it_is_said(tmp_path: Path) -> None:
    assert loaded(tmp_path, SMALL).active.user.workflow == "core"
    own = loaded(tmp_path, SMALL + "active: {account: invoice_seen}\n").active
    assert (own.account.event, own.user.event) == ("invoice_seen", "invoice_seen")


def test_who_answers_for_a_metric_follows_file_then_catalogue_then_defaults() -> None:
    definitions = load(INVOICING, REGISTRY)
    nrr = definitions.metrics["nrr"]
    assert (nrr.level, nrr.review, nrr.team, nrr.owner) == ("core", "weekly", ("executive",), "finance-team")
    assert (nrr.label, nrr.short_name, nrr.unit, nrr.format, nrr.grain) == (
        "Net revenue retention",
        "NRR",
        "ratio",
        "rate",
        Grain.MONTH,
    )
    assert nrr.segments == ("plan", "size", "channel")
    churn = definitions.metrics["logo_churn_rate"]
    assert (churn.direction, churn.format, churn.stage) == ("down", "small_rate", ("early", "growth", "mature"))
    assert definitions.metrics["grr"].stage == ("mature",)
    own = definitions.metrics["invoices_paid_value"]
    assert (own.type, own.unit, own.format, own.grain, own.family) == (
        "simple",
        "currency",
        "money",
        Grain.MONTH,
        "own",
    )
    assert own.label == "Invoices paid value"
    assert own.location is not None
    assert own.location.line == 113
    assert own.source_text.startswith("invoices_paid_value: {event: invoice_paid")


def test_an_address_takes_governance_of_its_own() -> None:
    definitions = load(INVOICING, REGISTRY)
    invoicing = definitions.about(definitions.address("completion_rate.invoicing"))
    others = definitions.about(definitions.address("completion_rate.purchase"))
    assert invoicing.segments == ("plan", "size", "channel", "role")
    assert invoicing.own_segments == ("role",)
    assert others.segments == ("plan", "size", "channel")
    assert definitions.about(definitions.address("workflow_successes.invoicing")).level == "north_star"
    assert definitions.about(definitions.address("workflow_successes.purchase")).level == "supporting"
    tier = definitions.about(Address("tier_share", ("invoicing", "advanced")))
    assert tier.team == ("customer_success",)


def test_a_policy_on_a_metric_holds_for_everything_it_reads(tmp_path: Path) -> None:
    definitions = loaded(tmp_path, SMALL + "metrics: {net_expansion: {policies: {fx: monthly}}}\n")
    spec = definitions.metrics["net_expansion"].variants[0].spec
    net = definitions.scope("net_expansion").input(spec.input_metrics["net"])
    assert net.address.metric == "net_expansion#policies.nrr"
    hidden = definitions.metrics[net.address.metric]
    below = definitions.scope(hidden.id).input(hidden.variants[0].spec.of)
    assert definitions.metrics[below.address.metric].policies.fx == "monthly"
    assert definitions.metrics["nrr"].policies.fx == definitions.metrics["mrr"].policies.fx == "constant"
    assert not hidden.publish


def test_an_override_is_laid_over_the_catalogue_key_by_key(tmp_path: Path) -> None:
    added = "metrics: {nrr: {over: 6mo}, load_time_p95: {publish: false}, top_issues: {source: tickets, cut: status}}\n"
    definitions = loaded(tmp_path, SMALL + "publish: [quality]\n" + added)
    nrr = definitions.metrics["nrr"].variants[0].spec
    assert (nrr.over.text, nrr.of.metric, nrr.cap) == ("6mo", "mrr", False)
    assert definitions.metrics["top_issues"].variants[0].spec.cut == "status"
    published = {address.metric for address in definitions.published()}
    assert "nrr" in published
    assert "load_time_p95" not in published


def test_included_files_are_read_as_one_and_paths_start_from_the_file_that_says_them() -> None:
    folder = CASES / "language" / "include"
    definitions = load(folder / "metrics.yaml", REGISTRY)
    assert definitions.sources["events"].base == folder
    assert definitions.sources["subscriptions"].base == folder / "billing"
    assert [target.metric for target in definitions.targets] == ["mrr", "nrr"]
    assert definitions.settings.currency == "EUR"
    assert str(definitions.place("targets", 1)).endswith("billing/money.yaml:5:5")
    assert definitions.metrics["billed"].unit == "currency"


def test_paths_may_lie_in_the_data_root(tmp_path: Path) -> None:
    (tmp_path / "definitions").mkdir()
    (tmp_path / "exports").mkdir()
    file = tmp_path / "definitions" / "metrics.yaml"
    file.write_text(SMALL.replace("orgs.csv", str(tmp_path / "exports" / "orgs.csv")), encoding="utf-8")
    with pytest.raises(InputError, match=r"SM011 .*lies outside the folder of the definitions"):
        load(file, REGISTRY)
    definitions = load(file, REGISTRY, data_root=tmp_path / "exports")
    assert definitions.sources["events"].base == tmp_path / "exports"


def test_a_link_that_leads_outside_is_outside(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "linked").symlink_to(outside)
    text = SMALL.replace("tickets.csv", "linked/*.csv")
    assert [fault.split(" ")[1] for fault in faults(inside, text)] == ["SM011"]


def test_notes_stand_beside_the_file(tmp_path: Path) -> None:
    notes = tmp_path / "notes.yaml"
    notes.write_text("- {date: 2026-10-01, kind: release, text: New editor, workflow: invoicing}\n", encoding="utf-8")
    (note,) = loaded(tmp_path, SMALL).notes
    assert (note.kind, note.text, note.workflow) == ("release", "New editor", "invoicing")
    notes.write_text(
        "- {date: 1.10.2026, text: x}\n- {date: 2026-10-01, text: y, workflow: invoicng}\n", encoding="utf-8"
    )
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, SMALL)
    assert [str(finding.location).rpartition("/")[2] for finding in caught.value.findings] == [
        "notes.yaml:1:10",
        "notes.yaml:2:41",
    ]


def test_a_rule_says_what_no_window_can_tell(tmp_path: Path) -> None:
    def missing(rule: str, *metrics: str, more: str = "") -> list[str | None]:
        definitions = loaded(tmp_path, SMALL + f"active: {{account: {rule}}}\n" + more)
        return [definitions.metrics[name].missing for name in metrics]

    both = "{all: [invoice_posted, {event: paid, at_least: 2}]}"
    assert missing(both, "cohort_retention", "dau", "tickets_per_100") == [None, None, None]
    assert missing(both, "usage_trend") == ["a trend counts rows, and a rule with `all` has none to count"]
    moment = "a rule of being active chooses rows, and a milestone is a moment: name the rows, like {source: accounts}"
    assert missing("{milestone: created}", "waa") == [moment + " for `created`"]
    in_a_run = "{all: [invoice_posted, paid], same_run: true}"
    assert missing(in_a_run, "waa") == ["a rule of being active knows no run: `same_run` is for steps and tiers"]
    own = "metrics: {twice: {type: active, at_least: 2}}\n"
    assert missing(both, "twice", more=own) == ["`at_least` counts rows, and a rule with `all` has none to count"]
    rolling = "policies: {cohort_clock: rolling}\n"
    (reason,) = missing("{event: invoice_posted, at_least: 2}", "cohort_retention", more=rolling)
    assert reason == "by policy `cohort_clock: rolling` one row is a return: `at_least` is not counted"


def test_what_names_no_subscription_is_not_told_by_subscription(tmp_path: Path) -> None:
    each = "metrics:\n  moved: {type: movement, of: %s, part: new, entity: subscription}\n"
    calm = loaded(tmp_path, SMALL + each % "tickets_per_100")
    reason = "`entity: subscription` needs a stock of subscriptions, and tickets_per_100 is none"
    assert calm.metrics["moved"].missing == reason
    billed = loaded(tmp_path, SMALL + "policies: {usage: trailing}\n" + each % "mrr")
    assert "policy `usage: trailing` lines of invoices" in str(billed.metrics["moved"].missing)


def test_what_the_example_declares_is_computed() -> None:
    definitions = load(INVOICING, REGISTRY)
    for name in ("time_in_product", "health_score", "pipeline_velocity", "self_serve_rate", "role_gap", "cac"):
        assert definitions.metrics[name].missing is None


# The schema


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items()}
    return [_plain(value) for value in data] if isinstance(data, tuple) else data


def test_the_json_schema_takes_the_example_and_refuses_unknown_keys() -> None:
    schema = json_schema(REGISTRY)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert list(validator.iter_errors(_plain(read(INVOICING.read_text(encoding="utf-8"), "f").data))) == []
    faulty = _plain(read((CASES / "errors" / "company.yaml").read_text(encoding="utf-8"), "f").data)
    paths = {tuple(error.absolute_path)[:2] for error in validator.iter_errors(faulty)}
    assert paths >= {
        ("workflows", "invoicing"),
        ("settings", "week_start"),
        ("features", "api"),
        ("metrics", "completion_rate.invoicing"),
    }


def test_the_json_schema_completes_every_key_that_a_type_reads() -> None:
    keys = json_schema(REGISTRY)["$defs"]["MetricKeys"]["properties"]
    for kind in REGISTRY.values():
        assert {field.rstrip("_") for field in kind.model_fields} <= set(keys)
