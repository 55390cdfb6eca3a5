"""Explaining: every name has a page that fits, every number on it is the computed one, every word is said once."""

from __future__ import annotations

import ast
import json
import operator
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from saasmetrics import pipeline
from saasmetrics.cli.app import run
from saasmetrics.definitions.address import Address, split
from saasmetrics.definitions.catalogue import catalogue
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.kinds import TYPES
from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.rows import ROWS_KEYS
from saasmetrics.definitions.settings import Settings
from saasmetrics.document import read
from saasmetrics.engine.ask import Ask, wishes
from saasmetrics.engine.read import read as read_files
from saasmetrics.explain import words
from saasmetrics.explain.answers import Answers
from saasmetrics.explain.figures import plain_number, put_in_formula
from saasmetrics.explain.index import explained
from saasmetrics.explain.metric_type import KINDS
from saasmetrics.explain.notation import block
from saasmetrics.explain.topics import SHELVES
from saasmetrics.finding import InputError
from saasmetrics.frames.canonical import ROLES
from saasmetrics.lint.data.index import ON_ROWS
from saasmetrics.lint.index import RULES
from saasmetrics.lint.tracking.index import TRACKING
from saasmetrics.output.explanation import Explanation, Facts, Section, Table, Written, printout
from saasmetrics.output.plain import plain
from saasmetrics.period import Grain, add_months
from saasmetrics.sources.presets import preset_names

TINY = ROOT / "tests" / "cases" / "cli" / "company"


@dataclass(frozen=True)
class Company:
    """The example company with everything computed once; explanations are given these numbers."""

    definitions: Definitions
    result: pipeline.Result

    def explained(self, name: str) -> Explanation:
        return explained(self.definitions, name, Answers(self._values, self._entries))

    def _values(self, ask: Ask) -> pipeline.Result:
        (name,) = ask.metrics
        return replace(self.result, addresses=self.definitions.expand(name))

    def _entries(self, address: str, period: str) -> pl.DataFrame:
        """Inputs of arithmetic from the common values; of a duration three that got there and one that did not."""
        metric = self.definitions.metrics[self.definitions.address(address).metric]
        if metric.type == "duration":
            return pl.DataFrame({"status": ["counted", "counted", "immature", "open", "counted"]})
        start, grain = self.definitions.settings.calendar.parse(period)
        if grain is not Grain.MONTH:
            return pipeline.ledger(ROOT / "metrics.yaml", address, period=period).entries
        scope = self.definitions.scope(metric.id)
        rows = []
        for name, written in metric.variants[0].spec.inputs().items():
            wanted = scope.input(written)
            day = add_months(start, -(wanted.offset.months if wanted.offset else 0))
            rows.append((name, wanted.address.text, period, self.value(wanted.address, day)))
        return pl.DataFrame(rows, schema=["name", "address", "period", "value"], orient="row")

    def value(self, address: Address, period: date) -> float | None:
        row = self.row(address.metric, ".".join(address.cut) or None, address.stat, period)
        value: float | None = row["value"]
        return value

    def row(self, metric: str, cut: str | None, stat: str | None, period: date) -> dict[str, Any]:
        rows = self.result.values.filter(
            (pl.col("metric") == metric) & pl.col("cut").eq_missing(cut) & (pl.col("period") == period)
        )
        if stat is not None:
            rows = rows.filter(pl.col("stat") == stat)
        return rows.row(0, named=True)


@pytest.fixture(scope="module")
def company() -> Company:
    result = pipeline.compute(ROOT / "metrics.yaml", Ask(metrics=names()["metric"], periods=14))
    return Company(result.definitions, result)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A folder of one's own with the company that was typed by hand."""
    shutil.copytree(TINY, tmp_path, dirs_exist_ok=True)
    return tmp_path


def page(explanation: Explanation) -> list[str]:
    return plain(printout(explanation)).decode().splitlines()


def facts(explanation: Explanation, title: str = "") -> dict[str, str]:
    """Names and texts of one section."""
    (section,) = (each for each in explanation.sections if each.title == title)
    return {name: said for passage in section.passages if isinstance(passage, Facts) for name, said in passage.rows}


def table(explanation: Explanation, title: str) -> dict[str, tuple[str, ...]]:
    """Rows of the table of one section, by their first cell."""
    (section,) = (each for each in explanation.sections if each.title == title)
    (found,) = (passage for passage in section.passages if isinstance(passage, Table))
    return {row[0]: row[1:] for row in found.rows}


def written(explanation: Explanation, title: str = "Definition") -> str:
    (section,) = (each for each in explanation.sections if each.title == title)
    return "\n".join(passage.text for passage in section.passages if isinstance(passage, Written))


def line_of(path: Path, beginning: str) -> int:
    """Number of the only line of a file that begins so."""
    (found,) = (n for n, line in enumerate(path.read_text("utf-8").splitlines(), 1) if line.startswith(beginning))
    return found


# Every name


@cache
def names() -> Mapping[str, tuple[str, ...]]:
    """Everything that can be asked for in the example, by kind, from the files and models themselves."""
    data: Any = read((ROOT / "metrics.yaml").read_text("utf-8"), "metrics.yaml").data
    scored = tuple(name for name, score in data["scores"].items() if "parts" in score)
    own = tuple(name for name in data["metrics"] if "." not in name)
    return {
        "metric": tuple(dict.fromkeys([*catalogue().entries, *scored, *own])),
        **{kind: tuple(data.get(shelf, ())) for kind, shelf in SHELVES.items() if shelf in data and kind != "metric"},
        "type": TYPES,
        "policy": tuple(Policies.model_fields),
        "setting": tuple(Settings.model_fields),
        "block": ("activation", "active"),
        "role": tuple(ROLES),
        "preset": preset_names(),
        "bundle": tuple(catalogue().bundles),
        "column": tuple(f"{role}.{column}" for role, shape in ROLES.items() for column in shape.columns),
        "rule": tuple(rule.code for rule in (*RULES, *TRACKING, *ON_ROWS)),
        "verdict": tuple(f"SM93{number}" for number in range(6)),
        "change": ("SM939", *(f"SM94{number}" for number in range(10))),
    }


@pytest.mark.parametrize("kind", [kind for kind in SHELVES if kind not in ("metric", "product")])
def test_every_name_has_a_page_that_fits_eighty_columns(company: Company, kind: str) -> None:
    assert names()[kind], kind
    for name in names()[kind]:
        explanation = company.explained(f"{SHELVES[kind]}.{name}")
        assert explanation.name == name
        assert explanation.sections[0].passages
        lines = page(explanation)
        assert [line for line in lines if len(line) > 80] == [], name
        assert not [line for line in lines if "None" in line or "Undefined" in line], name


def test_every_metric_has_a_page_that_fits_and_quotes_its_values(company: Company) -> None:
    assert len(names()["metric"]) > 110
    quoted = 0
    for name in names()["metric"]:
        explanation = company.explained(name)
        lines = page(explanation)
        assert [line for line in lines if len(line) > 80] == [], name
        assert not [line for line in lines if "None" in line], name
        metric = company.definitions.metrics[name]
        if metric.missing:
            assert facts(explanation, "Number")["no number"] == metric.missing
        quoted += _quotes_its_values(company, explanation)
    assert quoted > 60


def _quotes_its_values(company: Company, explanation: Explanation) -> bool:
    """The figures are those of the values frame, and what is put into the formula comes to the value."""
    figures = explanation.figures
    if not figures or figures["value"] is None:
        return False
    metric, *cut = split(figures["address"])
    stats = company.definitions.stats(metric)
    day, grain = company.definitions.settings.calendar.parse(figures["period"])
    row = company.row(metric, ".".join(cut) or None, stats[0] if stats else None, day)
    assert row["grain"] == grain
    for column in ("value", "numerator", "denominator", "entries", "accounts", "status"):
        assert figures[column] == row[column], (figures["address"], column)
    judged = company.result.values.filter(
        (pl.col("metric") == metric)
        & pl.col("cut").is_null()
        & pl.col("segment").is_null()
        & (pl.col("status") == "ok")
    )
    if not cut and row["status"] == "ok":
        assert judged["period"].max() == day
    said = facts(explanation, "Number")[figures["period"]]
    _, equals, made = said.partition(" = ")
    if equals and row["denominator"] is not None:
        assert "/" in made
    if equals and (row["denominator"] is not None or explanation.name in DERIVED):
        assert worth(made.removesuffix(" days")) == pytest.approx(row["value"], rel=2e-3, abs=1e-4), said
    return True


DERIVED = (
    "mrr_growth", "arr_growth", "net_expansion", "quick_ratio", "gross_margin", "growth_mix", "ltv", "ltv_cac",
    "cac_payback", "magic_number", "burn_multiple", "pipeline_coverage", "pipeline_velocity",
)  # fmt: skip

_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def worth(text: str) -> float:
    """What an arithmetic text comes to."""

    def of(node: ast.expr) -> float:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -of(inner)
            case ast.BinOp(left=left, op=sign, right=right):
                return _OPERATORS[type(sign)](of(left), of(right))
        raise AssertionError(f"{text}: {ast.dump(node)}")

    return of(ast.parse(text.replace("\u2212", "-").replace("×", "*").replace(",", ""), mode="eval").body)


def test_every_formula_of_the_example_is_held_to_its_inputs(company: Company) -> None:
    derived = [name for name in names()["metric"] if company.definitions.metrics[name].type == "derived"]
    assert sorted(derived) == sorted(DERIVED)
    for name in derived:
        inputs = company.definitions.metrics[name].variants[0].spec.inputs()
        explanation = company.explained(name)
        (section,) = (each for each in explanation.sections if each.title == "Number")
        shown = [passage for passage in section.passages if isinstance(passage, Table)]
        if not shown:  # where there is no number, nothing was put in
            assert explanation.figures["value"] is None, name
            continue
        assert [row[0] for row in shown[0].rows] == list(inputs)


def test_a_formula_is_that_of_the_word_in_use(company: Company) -> None:
    """A type has a formula for each aggregation or measure; a page has the one by which the metric is made."""
    said = {name: facts(company.explained(name), "Number")["formula"] for name in names()["metric"]}
    assert (
        said["approvals"]
        == "number of rows (of different runs, where the rows are those of a workflow with a run column)"
    )
    assert said["invoices_paid_value"] == "sum of `expr`"
    assert said["load_time_p95"] == "quantiles of `expr`, linear between neighbours."
    assert said["modules_taken_up"].startswith("modules or integrations that accounts have taken up")
    assert said["help_sessions"] == "sessions in which help was opened"
    assert said["tier_share"].startswith("accounts that reached the tier")
    assert [name for name, text in said.items() if "; sum: " in text or "; share: " in text or "; help: " in text] == []


def test_targets_of_one_number_stand_side_by_side(company: Company) -> None:
    """40 % at the end of October: the line to 42 % is at 39.4 %, that to 55 % at 39.7 %."""
    (section,) = (each for each in company.explained("activation_rate").sections if each.title == "Goals")
    (held,) = (passage for passage in section.passages if isinstance(passage, Facts))
    told = [said.rsplit("; ", 1)[1].partition(" (")[0] for name, said in held.rows if name == "target"]
    assert told == ["on track", "on track"]


# Numbers worked out by hand


def test_a_ratio_is_shown_with_both_its_sides(tiny: Path) -> None:
    """October: r8, r9, r10 posted, r11 not, of the accounts A, C and D."""
    explanation = pipeline.explain(tiny / "metrics.yaml", "completion_rate")
    number = facts(explanation, "Number")
    assert number["2026-10"] == "75.0% = 3 / 4"
    assert number["counted"] == "n = 4 in the denominator, 3 accounts"
    assert number["data"] == "as of 2026-11-10, the day its inputs reach to"
    assert explanation.figures["value"] == 0.75


@pytest.mark.parametrize("name", ["mrr_growth", "quick_ratio", "completion_rate"])
def test_one_look_into_the_files_is_enough(tiny: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The inputs of arithmetic, and the parts with targets of their own, come of the same computation."""
    looks = []

    def counted(*arguments: Any) -> Any:
        looks.append(arguments)
        return read_files(*arguments)

    monkeypatch.setattr("saasmetrics.engine.run.read", counted)
    assert pipeline.explain(tiny / "metrics.yaml", name).figures["value"] is not None
    assert len(looks) == 1


def test_a_target_of_a_part_is_held_against_that_part(tiny: Path) -> None:
    """Of the four runs of October the failed one is D's, which has no plan; A and C are pro, 3 / 3."""
    explanation = pipeline.explain(tiny / "metrics.yaml", "completion_rate")
    (section,) = (each for each in explanation.sections if each.title == "Goals")
    said = [text for passage in section.passages if isinstance(passage, Facts) for _, text in passage.rows]
    line = line_of(tiny / "metrics.yaml", "  - {metric: completion_rate, keep:")
    assert said == [
        f"keep >= 90%; behind (metrics.yaml:{line}:5)",
        f"keep >= 95%, where plan is pro; met with 100.0% in 2026-10 (metrics.yaml:{line + 1}:5)",
    ]
    narrowed = pipeline.compute(tiny / "metrics.yaml", Ask(metrics=("completion_rate",), where={"plan": ("pro",)}))
    assert (narrowed.verdicts["completion_rate"].word, narrowed.parts) == ("met", ())
    other = pipeline.compute(tiny / "metrics.yaml", Ask(metrics=("completion_rate",), where={"plan": ("basic",)}))
    assert other.verdicts["completion_rate"].word == "no target"


def test_a_sum_is_shown_with_what_was_counted_and_the_period_in_progress(tiny: Path) -> None:
    """October: A 100 + 40, C 200; in November D adds 80."""
    number = facts(pipeline.explain(tiny / "metrics.yaml", "mrr"), "Number")
    assert number["2026-10"] == "$340"
    assert number["counted"] == "n = 3 entries, 2 accounts"
    assert number["in progress"] == "2026-11 so far: $420*"


def test_a_formula_is_shown_with_its_inputs_put_in(tiny: Path) -> None:
    """October against September: 340 / 350 - 1, where `before` is the month before."""
    explanation = pipeline.explain(tiny / "metrics.yaml", "mrr_growth")
    number = facts(explanation, "Number")
    assert number["formula"] == "mrr_growth = now / before - 1"
    assert number["2026-10"] == "\u22122.9% = 340 / 350 - 1"
    assert table(explanation, "Number") == {"before": ("350", "2026-09", "mrr"), "now": ("340", "2026-10", "mrr")}


def test_negative_inputs_stand_in_brackets() -> None:
    assert put_in_formula("(gained + more) / -lost", {"gained": 50.0, "more": 0.0, "lost": -200.0}) == (
        "(50 + 0) / -(\u2212200)"
    )
    assert put_in_formula("a / aa + 2", {"a": 1.5, "aa": 3.0}) == "1.5 / 3 + 2"
    assert put_in_formula("a / b", {"a": 1.0}) == "1 / b"


def test_a_duration_says_how_many_got_there(tmp_path: Path) -> None:
    """Of four accounts of January two post within 30 days, after 2 and 4 days; one after 40, one never."""
    (tmp_path / "accounts.csv").write_text(
        "account,created\nA,2026-01-05\nB,2026-01-06\nC,2026-01-07\nD,2026-01-08\n", encoding="utf-8"
    )
    rows = [("A", "2026-01-07"), ("B", "2026-01-10"), ("C", "2026-02-16"), ("A", "2026-04-01")]
    (tmp_path / "events.csv").write_text(
        "event,at,account\n" + "".join(f"posted,{day}T00:00:00Z,{account}\n" for account, day in rows), encoding="utf-8"
    )
    (tmp_path / "metrics.yaml").write_text(
        "version: 1\nsettings: {min_sample: 1}\nsources: {events: {path: events.csv}, accounts: {path: accounts.csv}}\n"
        "workflows: {posting: {success: posted}}\n",
        encoding="utf-8",
    )
    number = facts(pipeline.explain(tmp_path / "metrics.yaml", "time_to_value"), "Number")
    assert number["2026-01"] == "median 3d = 3 days"
    assert number["reached"] == "2 of 4 got there in time"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (399.0, "399"),
        (23423.028, "23,423.028"),
        (22808.50633, "22,808.5063"),
        (-81.9, "\u221281.9"),
        (0.712, "0.712"),
        (0.00123456, "0.001235"),
        (1e6, "1,000,000"),
        (0.99999999, "1"),
    ],
)
def test_figures_are_exact_to_four_decimals_or_digits(value: float, text: str) -> None:
    assert plain_number(value) == text


# A metric's page


def test_a_definition_says_what_was_written_and_what_is_default(company: Company) -> None:
    assert written(company.explained("nrr")).splitlines() == [
        "type: net_retention",
        "of: mrr",
        "grain: month",
        "unit: ratio",
        "over: 12mo       # default",
        "entity: account  # default",
    ]


def test_references_of_the_catalogue_are_filled_in_for_one_label(company: Company) -> None:
    one = written(company.explained("completion_rate.purchase"))
    assert "within: 30d" in one
    assert "steps: {success: {workflow: purchase, outcome: success}}" in one
    assert "$" not in one
    every = company.explained("completion_rate")
    assert "within: $workflow.within?" in written(every)
    assert "One each for invoicing, inventory, purchase, checkout:" in " ".join(page(every))


def test_parts_of_a_bare_name_are_listed_with_their_values(company: Company) -> None:
    parts = table(company.explained("completion_rate"), "Parts")
    assert list(parts) == [f"completion_rate.{name}" for name in ("invoicing", "inventory", "purchase", "checkout")]
    figures = company.explained("completion_rate.invoicing").figures
    value, period, n = parts["completion_rate.invoicing"]
    assert period == figures["period"]
    assert float(value.removesuffix("%")) == pytest.approx(figures["value"] * 100, abs=0.05)
    assert int(n.replace(",", "")) == figures["entries"]


def test_a_metric_without_a_headline_has_numbers_in_its_parts_only(company: Company) -> None:
    explanation = company.explained("cohort_retention")
    assert facts(explanation, "Number")["no number"] == "only its parts have one"
    assert list(table(explanation, "Parts")) == [f"cohort_retention.{age}" for age in ("1mo", "3mo", "6mo")]


def test_policies_are_told_with_value_and_place(company: Company) -> None:
    policies = table(company.explained("nrr"), "Policies")
    assert policies["grace"] == ("7d", f"metrics.yaml:{line_of(ROOT / 'metrics.yaml', '  grace: ')}:3")
    assert policies["retention"] == ("cohort", "default")
    assert "order" not in policies


def test_a_policy_of_the_metric_comes_before_the_file(tiny: Path) -> None:
    path = tiny / "metrics.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("metrics:\n", "metrics:\n  arr: {policies: {grace: 30d}}\n"), encoding="utf-8")
    said = f"metrics.yaml:{line_of(path, '  arr: {policies')}:20"
    explanation = pipeline.explain(path, "arr")
    assert table(explanation, "Policies")["grace"] == ("30d", f"the metric, {said}")
    assert "policies: {grace: 30d}" in written(explanation)
    assert facts(pipeline.explain(path, "grace"))["in arr"] == f"30d ({said})"
    assert facts(pipeline.explain(path, "grace"))["here"] == "0d (default)"


def test_segments_that_cannot_split_say_why(company: Company) -> None:
    splits = table(company.explained("nrr"), "Segments")
    assert splits["plan"] == ("yes", "shown unless asked otherwise")
    assert splits["industry"] == ("yes", "")
    assert splits["role"] == ("no", "subscriptions has no role")
    assert table(company.explained("gross_margin"), "Segments")["plan"] == ("no", "cogs: costs has no plan")


def test_a_pointer_stands_for_what_it_points_to(company: Company) -> None:
    star, pointed = company.explained("north_star"), company.explained("workflow_successes.invoicing")
    assert star.figures == pointed.figures
    assert star.figures["value"] is not None
    assert "`north_star` stands for workflow_successes.invoicing." in page(star)


def test_targets_carry_the_verdict_that_was_reached(company: Company) -> None:
    goals = facts(company.explained("nrr"), "Goals")
    verdict = company.result.verdicts["nrr"]
    assert goals["target"].startswith("reach >= 112% by 2027-06-30, from 104%, set 2026-06-29, owner finance-team")
    assert f"; {verdict.word} (metrics.yaml:" in goals["target"]
    assert goals["benchmark"].startswith(">= 105% where size is mid, Invented for this example, 2026-01-01")


def test_every_product_of_a_pointer_is_named(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("event,at,account\nhired,2026-01-05T00:00:00Z,A\n", encoding="utf-8")
    (tmp_path / "metrics.yaml").write_text(
        "version: 1\nsources: {events: {path: events.csv}}\n"
        "workflows: {hiring: {success: hired}, paying: {success: paid}}\n"
        "products:\n  hire: {workflows: [hiring], north_star: workflow_successes.hiring}\n"
        "  pay: {workflows: [paying], north_star: workflow_successes.paying}\n",
        encoding="utf-8",
    )
    explanation = pipeline.explain(tmp_path / "metrics.yaml", "north_star")
    text = " ".join(page(explanation))
    assert "For hire it stands for workflow_successes.hiring." in text
    assert "For pay it stands for workflow_successes.paying." in text
    assert "each product has its own" in text
    product = facts(pipeline.explain(tmp_path / "metrics.yaml", "products.hire"))
    assert product["north star"] == "workflow_successes.hiring"


# Without data


def test_a_metric_is_explained_without_any_data(tiny: Path) -> None:
    explanation = pipeline.explain(tiny / "nodata.yaml", "nrr")
    assert facts(explanation, "Number")["no number"] == "source `subscriptions`: no file matches `gone.csv`"
    assert written(explanation).startswith("type: net_retention")
    assert facts(explanation, "Who answers")["team"] == "executive"
    assert explanation.figures == {}


def test_a_metric_says_which_of_its_inputs_is_missing(tiny: Path) -> None:
    (tiny / "subscriptions.csv").unlink()
    number = facts(pipeline.explain(tiny / "metrics.yaml", "mrr"), "Number")
    assert number["no number"] == "source `subscriptions`: no file matches `subscriptions.csv`"
    assert facts(pipeline.explain(tiny / "metrics.yaml", "completion_rate"), "Number")["2026-10"] == "75.0% = 3 / 4"


def test_a_metric_tells_the_policies_that_it_reads(company: Company) -> None:
    assert table(company.explained("cac"), "Policies")["cac_lag"][0] == "1mo"


# Other names


def test_a_type_tells_its_formula_its_keys_and_their_defaults(company: Company) -> None:
    explanation = company.explained("net_retention")
    assert facts(explanation)["policies"].startswith("churn_annualised, grace")
    assert facts(explanation)["metrics"].startswith("nrr, grr")
    keys = table(explanation, "Keys")
    assert keys["of"][0] == "required"
    assert keys["over"] == ("12mo", "How long ago the base is taken (duration)")
    assert keys["cap"][0] == "false"
    assert list(table(company.explained("simple"), "Rows")) == [
        key for key in KINDS["simple"].model_fields if key in ROWS_KEYS
    ]


def test_a_name_with_two_meanings_leads_to_both(company: Company) -> None:
    first = company.explained("retention")
    assert first.kind == "metric type"
    assert facts(first, "`retention` is also") == {"a policy": "saasmetrics explain policies.retention"}
    assert company.explained("policies.retention").kind == "policy"
    assert company.explained("metrics.nrr").figures == company.explained("nrr").figures


def test_a_policy_tells_its_words_its_value_and_its_readers(company: Company) -> None:
    explanation = company.explained("churn_at")
    told = facts(explanation)
    assert told["default"] == "service_end"
    assert told["here"] == "service_end (default)"
    assert {"nrr", "mrr", "days_to_paid"} <= set(told["read by"].split(", "))
    assert "completion_rate" not in told["read by"].split(", ")
    values = table(explanation, "Values")
    assert list(values) == ["service_end", "request", "billing_end"]
    assert values["billing_end"][0] == "the day on which the billing system closed it"
    by_period = table(company.explained("funnel_by"), "Values")["period"][0]
    assert by_period == "each step in the period it happened in, so that rates may pass 100%"


def test_a_source_tells_where_its_columns_come_from(company: Company) -> None:
    explanation = company.explained("saves")
    assert facts(explanation)["role"] == "requests"
    assert facts(explanation)["stacked"] == "with requests, which have the same role"
    columns = table(explanation, "Columns")
    assert columns["at"] == ("yes", "ts")
    assert columns["kind"] == ("", "SQL 'save'")
    opportunities = table(company.explained("sources.opportunities"), "Columns")
    assert opportunities["amount"] == ("yes", "the column amount of the file")
    assert opportunities["status"] == ("", "stage; map {won: won, lost: lost}; else open")
    assert facts(company.explained("subscriptions.start"))["in subscriptions"] == "started_on"


def test_a_workflow_names_its_numbers(company: Company) -> None:
    told = facts(company.explained("checkout"))
    assert told["matched"] == "attempt and outcome by `checkout_id`"
    assert told["core"].startswith("no")
    assert "completion_rate.checkout" in told["numbers"].split(", ")
    assert facts(company.explained("features.api"))["adopted"] == "from 20 uses on 2 days of a period"


# Misses


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("nrrr", "did you mean `nrr`?"),
        ("policies.grase", "did you mean `policies.grace`?"),
        ("events.evnt", "did you mean `events.event`?"),
        ("completion_rate.invoicin", "did you mean `invoicing`?"),
        ("conversoin", "did you mean `conversion`?"),
    ],
)
def test_a_near_miss_is_suggested(company: Company, text: str, hint: str) -> None:
    with pytest.raises(InputError) as error:
        company.explained(text)
    (finding,) = error.value.findings
    assert (error.value.exit_code, finding.code, finding.hint) == (2, "SM003", hint)


def test_a_name_like_no_other_is_told_what_there_is(company: Company) -> None:
    with pytest.raises(InputError) as error:
        company.explained("zzzzzzzz")
    (finding,) = error.value.findings
    assert finding.hint is not None
    assert finding.hint.startswith("names are those of metrics, types, policies")


def test_several_numbers_are_not_explained_as_one(company: Company) -> None:
    with pytest.raises(InputError, match="is more than one number"):
        company.explained("top_issues.*")


# On the command line


def test_the_command_prints_the_page_and_machines_get_rows(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tiny / "metrics.yaml")
    assert run(["explain", "completion_rate", "-f", path]) == 0
    out, err = capsys.readouterr()
    assert "2026-10  75.0% = 3 / 4" in out.splitlines()
    assert err == ""
    assert run(["explain", "completion_rate", "-f", path, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["name"], document["kind"]) == ("completion_rate", "metric")
    assert (document["figures"]["numerator"], document["figures"]["denominator"]) == (3.0, 4.0)
    assert {"section": "Number", "item": "2026-10", "key": None, "text": "75.0% = 3 / 4"} in document["explanation"]


def test_an_unknown_name_is_exit_2_with_a_suggestion(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "mrrr", "-f", str(tiny / "metrics.yaml")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "nothing is called `mrrr`; did you mean `mrr`" in err
    assert run(["explain"]) == 2
    assert "saasmetrics explain nrr" in capsys.readouterr().err


def test_the_schema_is_json_on_stdout_or_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "--schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {"sources", "metrics", "policies"} <= set(schema["properties"])
    assert run(["explain", "--schema", "-o", str(tmp_path / "schema.json")]) == 0
    assert json.loads((tmp_path / "schema.json").read_text("utf-8")) == schema
    assert capsys.readouterr().out == ""


# The words


def test_every_policy_and_every_choice_of_it_has_words() -> None:
    assert set(words.page("policies")) == set(Policies.model_fields)
    for name, field in Policies.model_fields.items():
        if get_origin(field.annotation) is Literal:
            assert list(words.choices(name)) == [str(word) for word in get_args(field.annotation)], name
        elif field.annotation is bool:
            assert list(words.choices(name)) == ["false", "true"], name
        else:
            assert not words.choices(name), name


def test_every_key_column_role_and_setting_has_words_and_no_other() -> None:
    assert set(words.page("settings")) == set(Settings.model_fields)
    assert set(words.page("keys")["rows"]) == ROWS_KEYS
    assert set(words.page("keys")["types"]) == set(KINDS) == set(TYPES)
    for type_, kind in KINDS.items():
        keys = {field.alias or name.rstrip("_") for name, field in kind.model_fields.items()} - {"type"}
        said = set(words.page("keys")["types"][type_])
        assert said <= keys, type_
        assert all(words.key(type_, key) for key in keys), type_
    roles = words.page("roles")["roles"]
    assert set(roles) == set(ROLES)
    for role, shape in ROLES.items():
        assert set(roles[role]["columns"]) <= set(shape.columns), role
        assert all(words.column(role, column) for column in shape.columns), role


# Definitions as text

SIGNS = st.characters(max_codepoint=0xD7FF)
TEXTS = st.text(SIGNS, max_size=20)
SCALARS = st.one_of(TEXTS, st.booleans(), st.none(), st.integers(-(10**9), 10**9))
KEYS = st.text(SIGNS, min_size=1, max_size=8)
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


def tuples(data: Any) -> Any:
    """Lists as the reader gives them."""
    if isinstance(data, Mapping):
        return {key: tuples(inner) for key, inner in data.items()}
    return tuple(tuples(inner) for inner in data) if isinstance(data, list) else data


@given(st.dictionaries(KEYS, DATA, min_size=1, max_size=4))
def test_a_definition_written_out_is_read_back_the_same(data: dict[str, Any]) -> None:
    document = read(block(data), "x.yaml")
    assert document.findings == ()
    assert document.data == tuples(data)


def test_what_fits_stands_on_one_line_and_needs_no_quotes() -> None:
    data = {
        "steps": {"success": {"workflow": "invoicing", "outcome": "success"}},
        "filter": "status = 'won' AND (type IS NULL)",
        "ages": ["1mo", "3mo"],
        "ids": [f"long_identifier_{number}" for number in range(6)],
    }
    assert block(data).splitlines() == [
        "steps: {success: {workflow: invoicing, outcome: success}}",
        "filter: status = 'won' AND (type IS NULL)",
        "ages: [1mo, 3mo]",
        "ids:",
        *[f"  - long_identifier_{number}" for number in range(6)],
    ]


# Every id of the catalogue

IDS = tuple((ROOT / "tests" / "cases" / "catalog_ids.txt").read_text(encoding="utf-8").split())
"""The ids that the catalogue was designed with, typed from that page."""


def test_the_catalogue_has_every_id_and_beyond_them_only_helpers(company: Company) -> None:
    assert len(IDS) == len(set(IDS)) == 106
    entries = catalogue().entries
    assert set(IDS) <= set(entries)
    assert [name for name in entries if name not in IDS and company.definitions.metrics[name].publish] == []


def test_all_asks_for_every_id(company: Company) -> None:
    addresses, wanted = wishes(company.definitions, Ask(everything=True))
    assert set(IDS) <= {address.metric for address in addresses}
    # A pointer is computed as what it points to.
    assert set(IDS) <= {wish.metric for wish in wanted}


def test_every_id_has_a_number_or_says_why_not(company: Company) -> None:
    values = company.result.values.filter(pl.col("metric").is_in(IDS))
    assert set(values["metric"]) == set(IDS)
    silent = values.filter(pl.col("value").is_null() & (pl.col("reason").fill_null("") == ""))
    assert silent.select("metric", "cut", "period", "status").rows() == []
    said = set(values.filter(pl.col("value").is_not_null())["metric"])
    # The quota of the running quarter is reached, and those of the past are over.
    assert set(IDS) - said == {"pipeline_coverage"}
    last = values.filter(pl.col("metric") == "pipeline_coverage").sort("period").row(-1, named=True)
    assert (last["status"], last["reason"]) == ("partial", "the quota is reached, or there is none")


def _texts(sections: list[Section]) -> list[str]:
    passages = [passage for section in sections for passage in section.passages]
    found = [passage.rows for passage in passages if isinstance(passage, Facts | Table)]
    return [cell for rows in found for row in rows for cell in row]


def test_every_id_is_explained_with_formula_numbers_inputs_knobs_and_edges(company: Company) -> None:
    for name in IDS:
        found = company.explained(name)
        number = facts(found, "Number")
        assert number["formula"], name
        shown = [section for section in found.sections if section.title in ("Number", "Parts")]
        assert any(any(sign.isdigit() for sign in text) for text in _texts(shown)), name
        titles = [section.title for section in found.sections]
        assert {"Definition", "Reads", "Segments", "Policies", "Who answers"} <= set(titles), name
        (about,) = (title for title in titles if title.startswith("Type "))
        assert facts(found, about)["edges"], name
        assert _texts([section for section in found.sections if section.title == "Reads"]), name
