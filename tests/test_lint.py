"""Every rule of lint has a page, a case that it finds and one that it lets pass; ignores and drafts work."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from conftest import ROOT
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.load import load
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.frames.values import VALUES, empty, value_types
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lint import rules as rooms
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.index import RULES, by_code, lint, lint_values
from saasmetrics.lint.rule import PARTS, Rule
from saasmetrics.lint.tested import tested as scores_tested

CASES = ROOT / "tests" / "cases" / "lint"
TODAY = date(2026, 11, 22)
STATIC = [rule for rule in RULES if rule.check_values is None]
NUMBERS = [rule for rule in RULES if rule.check_values is not None]


def documents(code: str) -> tuple[str, str]:
    """The faulty and the faultless file of a rule: the two documents of its case."""
    bad, _, good = (CASES / f"{code}.yaml").read_text(encoding="utf-8").partition("\n---\n")
    return f"{bad}\n", good


def marked(text: str) -> list[int]:
    """Numbers of the lines that end in `# here`."""
    return [number for number, line in enumerate(text.splitlines(), 1) if line.endswith("# here")]


def read(text: str, folder: Path) -> Definitions:
    (folder / "metrics.yaml").write_text(text, encoding="utf-8")
    return load(folder / "metrics.yaml", REGISTRY)


def told(rule: Rule, text: str, folder: Path) -> list[Finding]:
    """What is said under a rule's code about a file, by the rule or by the reader of definitions."""
    codes = rule.told_by or (rule.code,)
    try:
        definitions = read(text, folder)
    except InputError as error:
        if not rule.told_by:
            raise
        return [finding for finding in error.findings if finding.code in codes]
    findings = [*definitions.findings, *lint(definitions, today=TODAY)]
    return [finding for finding in findings if finding.code in codes]


def lines(findings: list[Finding]) -> list[int]:
    return sorted({finding.location.line for finding in findings if finding.location})


def test_rules_are_in_the_index_once_and_in_order() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    assert len({rule.name for rule in RULES}) == len(RULES)
    files = {path.stem for path in Path(rooms.__path__[0]).glob("*.py")} - {"__init__"}
    assert files == {rule.name.replace("-", "_") for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_has_a_manual_page(rule: Rule) -> None:
    assert tuple(rule.parts) == PARTS
    assert all(len(said) > 10 for said in rule.parts.values())
    assert by_code(rule.code) is rule is by_code(rule.name)


def test_a_case_belongs_to_a_rule() -> None:
    assert {path.name.partition(".")[0] for path in CASES.iterdir()} == {rule.code for rule in RULES}


@pytest.mark.parametrize("rule", STATIC, ids=lambda rule: rule.code)
def test_a_rule_finds_its_bad_case_where_it_is_marked(rule: Rule, tmp_path: Path) -> None:
    bad, _ = documents(rule.code)
    found = told(rule, bad, tmp_path)
    assert lines(found) == marked(bad) != []
    assert all(finding.hint or rule.told_by for finding in found)
    assert all(finding.object or rule.told_by for finding in found)
    assert all(finding.location and finding.location.column for finding in found)


@pytest.mark.parametrize("rule", STATIC, ids=lambda rule: rule.code)
def test_a_rule_lets_its_good_case_pass(rule: Rule, tmp_path: Path) -> None:
    _, good = documents(rule.code)
    assert good.strip()
    definitions = read(good, tmp_path)
    codes = rule.told_by or (rule.code,)
    findings = [*definitions.findings, *lint(definitions, today=TODAY)]
    assert [str(finding) for finding in findings if finding.code in codes] == []


# Rules that need numbers


def evidence(code: str, kind: str, definitions: Definitions) -> Evidence:
    """What a case gives of numbers, in a table of some of the columns of values, and of other facts.

    Columns that are left out are those of a total that can be judged, at the metric's own grain.
    """
    table, facts = CASES / f"{code}.{kind}.csv", CASES / f"{code}.{kind}.json"
    given = json.loads(facts.read_text(encoding="utf-8")) if facts.exists() else {}
    linked = given.get("linked")
    return Evidence(
        _values(table, definitions) if table.exists() else empty(),
        None if linked is None else pl.DataFrame(linked).with_columns(pl.col("cohort").str.to_date()),
        frozenset(given["tested"]) if "tested" in given else None,
        {source: frozenset(currencies) for source, currencies in given.get("currencies", {}).items()},
        given.get("types", {}),
    )


def _values(table: Path, definitions: Definitions) -> pl.DataFrame:
    rows = pl.read_csv(table, schema_overrides={"period": pl.Date, "cut": pl.String})
    grains = {name: metric.grain.value for name, metric in definitions.metrics.items()}
    rows = rows.with_columns(status=pl.lit("ok"), grain=pl.col("metric").replace_strict(grains))
    missing = [pl.lit(None).alias(name) for name in VALUES if name not in rows.columns]
    return rows.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in value_types().items())


@pytest.mark.parametrize("rule", NUMBERS, ids=lambda rule: rule.code)
def test_a_rule_finds_its_bad_numbers_where_it_is_marked(rule: Rule, tmp_path: Path) -> None:
    bad, _ = documents(rule.code)
    definitions = read(bad, tmp_path)
    found = lint_values(definitions, evidence(rule.code, "bad", definitions), today=TODAY)
    if rule.check is not None:
        found += lint(definitions, today=TODAY)
    found = [finding for finding in found if finding.code == rule.code]
    assert lines(found) == marked(bad) != []
    assert all(finding.hint and finding.object for finding in found)


@pytest.mark.parametrize("rule", NUMBERS, ids=lambda rule: rule.code)
def test_a_rule_lets_good_numbers_and_none_pass(rule: Rule, tmp_path: Path) -> None:
    for text, known in zip(documents(rule.code), (False, True), strict=True):
        definitions = read(text, tmp_path)
        given = evidence(rule.code, "good", definitions) if known else Evidence()
        findings = lint_values(definitions, given, today=TODAY)
        findings += lint(definitions, today=TODAY) if known else []
        assert [str(finding) for finding in findings if finding.code == rule.code] == []


def test_an_ignore_of_a_rule_that_needs_numbers_is_judged_with_them(tmp_path: Path) -> None:
    bad, _ = documents("SM504")
    text = bad.replace("min_sample: 1  # here", "min_sample: 1\n    ignore: {SM504: few accounts}")
    definitions = read(text, tmp_path)
    assert coded("SM010", lint(definitions)) == []
    seen = evidence("SM504", "bad", definitions)
    assert [finding.code for finding in lint_values(definitions, seen)] == []
    quiet = evidence("SM504", "good", definitions)
    assert [(finding.code, finding.object) for finding in lint_values(definitions, quiet)] == [
        ("SM010", "ignore.metrics.share.SM504")
    ]


# Weight, ignores, selection

PLAIN = """version: 1
sources: {events: {path: events.csv}}
workflows: {invoicing: {success: invoice_posted}}
metrics:
  approvals: {event: invoice_posted, filter: "paid", level: core, timing: leading}
  workflow_successes.invoicing: {level: core, owner: lee}
"""


def coded(code: str, findings: list[Finding]) -> list[tuple[str, Severity]]:
    return [(finding.object, finding.severity) for finding in findings if finding.code == code]


def test_errors_about_drafts_are_warnings_until_the_metric_is_locked(tmp_path: Path) -> None:
    definitions = read(PLAIN, tmp_path)
    approvals = "metric.approvals"
    assert coded("SM301", lint(definitions)) == [(approvals, Severity.WARNING)]
    assert coded("SM301", lint(definitions, frozenset({"waa"}))) == [(approvals, Severity.WARNING)]
    assert coded("SM301", lint(definitions, frozenset({"approvals"}))) == [(approvals, Severity.ERROR)]


def test_a_locked_metric_makes_its_addresses_official(tmp_path: Path) -> None:
    text = PLAIN.replace("level: core, owner: lee", "level: core") + "north_star: workflow_attempts.invoicing\n"
    text = text.replace("{success: invoice_posted}", "{attempt: begun, success: invoice_posted, run: id}")
    definitions, star = read(text, tmp_path), "metric.workflow_attempts.invoicing"
    for locked, weight in (("x", Severity.WARNING), ("workflow_attempts", Severity.ERROR), (star[7:], Severity.ERROR)):
        assert coded("SM106", lint(definitions, frozenset({locked}))) == [(star, weight)]


def test_errors_about_the_file_are_warnings_until_anything_is_locked(tmp_path: Path) -> None:
    definitions = read(PLAIN, tmp_path)
    assert coded("SM101", lint(definitions)) == [("file", Severity.WARNING)]
    assert coded("SM101", lint(definitions, frozenset({"approvals"}))) == [("file", Severity.ERROR)]


def test_errors_of_expressions_are_errors_in_drafts(tmp_path: Path) -> None:
    definitions = read(PLAIN.replace('"paid"', "\"due > '2026-01-01'\""), tmp_path)
    assert coded("SM802", lint(definitions)) == [("metric.approvals", Severity.ERROR)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("level: core, timing", "ignore: {SM301: the board}, level: core, timing"),
        ("level: core, timing", "ignore: {SM3: the board}, level: core, timing"),
        ("version: 1", "version: 1\nlint: {ignore: {SM301: nobody here}}"),
    ],
)
def test_an_ignore_keeps_a_finding_quiet(old: str, new: str, tmp_path: Path) -> None:
    findings = lint(read(PLAIN.replace(old, new), tmp_path))
    assert coded("SM301", findings) == coded("SM010", findings) == []


def test_an_ignore_on_a_metric_holds_for_what_is_said_of_its_address(tmp_path: Path) -> None:
    text = PLAIN.replace("owner: lee", "action: {down: Look}")
    assert coded("SM303", lint(read(text, tmp_path))) == [("metric.workflow_successes.invoicing", Severity.WARNING)]
    whole = f"{text}  workflow_successes: {{ignore: {{SM303: short and clear}}}}\n"
    assert coded("SM303", lint(read(whole, tmp_path))) == []


@pytest.mark.parametrize(
    "block",
    [
        'workflows: {invoicing: {success: invoice_posted, ignore: {SM110: "one way of use"}}}',
        'features: {api: {event: api_viewed, ignore: {SM009: "later", SM113: "the only trace of it"}}}',
        'scores: {pqa: {at_least: 1, signals: {a: api_called}, ignore: {SM009: "later", SM211: "a trial"}}}',
        'targets: [{metric: waa, keep: ">= 3", ignore: {SM321: "the board\'s own"}}]',
        'activation: {within: 7d, steps: {a: invoice_posted}, ignore: {SM201: "one step is all there is"}}',
        'active: {account: user_logged_in, ignore: {SM205: "a portal"}}',
        'settings: {teams: {ops: {owner: lee, ignore: {SM311: "new team"}}}}',
        'segments: {plan: {ignore: {SM009: "by hand"}}}',
    ],
)
def test_every_block_that_a_rule_is_about_takes_an_ignore(block: str, tmp_path: Path) -> None:
    rows = "" if block.startswith("workflows") else "workflows: {invoicing: {success: invoice_posted}}\n"
    text = f"version: 1\nsources: {{events: {{path: events.csv}}}}\n{rows}{block}\nmetrics: {{waa: {{}}}}\n"
    codes = set(re.findall(r"SM\d{3}", block))
    findings = lint(read(text, tmp_path))
    assert [str(finding) for finding in findings if finding.code in {*codes, "SM010"}] == []
    louder = re.sub(r",? ?ignore: \{[^}]*\}", "", text)
    assert codes <= {finding.code for finding in lint(read(louder, tmp_path))}


def test_an_ignore_needs_a_reason(tmp_path: Path) -> None:
    for block in ('{success: invoice_posted, ignore: {SM110: " "}}', '{success: invoice_posted, ignore: {loud: "x"}}'):
        with pytest.raises(InputError, match=r"SM00[57]"):
            read(f"version: 1\nsources: {{events: {{path: e.csv}}}}\nworkflows: {{invoicing: {block}}}\n", tmp_path)


def test_an_ignore_of_a_rule_that_needs_numbers_is_not_judged_without_them(tmp_path: Path) -> None:
    text = PLAIN.replace("timing: leading", "timing: leading, ignore: {SM504: few accounts, SM905: known}")
    assert coded("SM010", lint(read(text, tmp_path))) == []


def test_select_runs_only_what_it_names(tmp_path: Path) -> None:
    text = PLAIN.replace("version: 1", "version: 1\nlint: {select: [SM1, SM301], ignore: {SM303: nothing}}")
    assert {finding.code for finding in lint(read(text, tmp_path))} == {"SM101", "SM109", "SM110", "SM301"}


def test_findings_come_by_place(tmp_path: Path) -> None:
    findings = lint(read(PLAIN, tmp_path))
    places = [(finding.location.line, finding.location.column) for finding in findings if finding.location]
    assert len(places) == len(findings) > 4
    assert places == sorted(places)


def test_a_finding_stands_in_the_file_that_says_it(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("metrics:\n  drafts: {event: invoice_drafted}\n", encoding="utf-8")
    findings = lint(read(PLAIN.replace("version: 1", "version: 1\ninclude: [more.yaml]"), tmp_path))
    (place,) = [
        finding.location for finding in findings if finding.object == "metric.drafts" and finding.code == "SM301"
    ]
    assert place is not None
    assert (Path(place.file).name, place.line, place.column) == ("more.yaml", 2, 3)


def test_the_example_keeps_every_rule() -> None:
    definitions = load(ROOT / "metrics.yaml", REGISTRY)
    assert [str(finding) for finding in lint(definitions, today=TODAY)] == []


@pytest.mark.parametrize(
    "name", ["language/invoicing.yaml", "language/include/metrics.yaml", "cli/company/metrics.yaml"]
)
def test_every_file_of_the_tests_can_be_held_against_the_rules(name: str) -> None:
    definitions = load(ROOT / "tests" / "cases" / name, REGISTRY)
    findings = [*lint(definitions, today=TODAY), *lint_values(definitions, Evidence(), today=TODAY)]
    assert findings or name.startswith("cli")  # whose file keeps the rules quiet
    assert all(finding.object and finding.hint and finding.location for finding in findings)


def test_a_score_is_tested_by_what_begins_with_it_and_has_a_value(tmp_path: Path) -> None:
    text = """version: 1
sources: {events: {path: events.csv}, accounts: {path: a.csv}, users: {path: u.csv}, subscriptions: {path: s.csv}}
workflows: {invoicing: {attempt: started, success: posted, within: 1d}}
scores: {pqa: {at_least: 1, signals: {shared: user_invited, many: {workflow: invoicing, is: ">= 8"}}}}
metrics:
  from_it: {type: conversion, entry: {milestone: pqa}, steps: {paid: {milestone: first_paid}}, within: 60d}
  to_it: {type: conversion, entry: {milestone: created}, steps: {qualified: {milestone: pqa}}, within: 60d}
  steps_only: {type: conversion, steps: {qualified: {milestone: pqa}, paid: {milestone: first_paid}}, within: 60d}
"""
    definitions = read(text, tmp_path)

    def of(metric: str, value: float | None, status: str = "ok") -> frozenset[str]:
        rows = pl.DataFrame({"metric": [metric], "value": [value], "status": [status]})
        types = {name: dtype for name, dtype in value_types().items() if name not in rows.columns}
        missing = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in types.items()]
        return scores_tested(definitions, rows.with_columns(*missing, pl.col("value").cast(pl.Float64)))

    for metric in ("from_it", "steps_only", "signal_lift", "pqa_to_paid_rate"):
        assert of(metric, 0.5) == {"pqa"}
        assert of(metric, None) == of(metric, 0.5, "partial") == frozenset()
    for metric in ("to_it", "pqa_rate", "time_pqa_to_close", "mrr"):
        assert of(metric, 0.5) == frozenset()
