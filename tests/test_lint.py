"""Every rule of lint has a page, a case that it finds and one that it lets pass; ignores and drafts work."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from conftest import ROOT
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.load import load
from saasmetrics.finding import Finding, InputError
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lint import rules as rooms
from saasmetrics.lint.index import RULES, by_code, lint
from saasmetrics.lint.rule import PARTS, Rule

CASES = ROOT / "tests" / "cases" / "lint"
TODAY = date(2026, 11, 22)
STATIC = [rule for rule in RULES if rule.check_values is None]


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
