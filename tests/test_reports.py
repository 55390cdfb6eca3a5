"""Reports: the same findings as text, JSON, GitHub commands, SARIF, JUnit and Markdown; and where they go."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from conftest import ROOT
from report_formats import junit_faults, sarif_faults
from saasmetrics.cli.app import run
from saasmetrics.finding import Change, Finding, Flip, Impact, Location, Meant, Severity
from saasmetrics.output.reports.index import REPORTS
from saasmetrics.output.reports.report import Report

Golden = Callable[[str, str], None]

SUCCESS = Change(
    "SM941", Severity.ERROR, "workflow invoicing: `success` has changed", Location("metrics.yaml", 44, 5),
    object="workflow.invoicing", class_="semantic", field="success", old="invoice_posted",
    new="{any: [invoice_posted, a|b]}", direction="widens", reaches=("metric.waa", "metric.nrr"),
)  # fmt: skip
IMPACT = (
    Impact(
        "waa", "median +2 (+5.0%), largest +9 (+20.0%) in W44 2026 (45 → 54); differs in 11 of 12 weeks",
        "week", 12, 11, 2.0, 0.05, 9.0, 0.2, "2026-10-26", 45.0, 54.0,
        (Flip("waa", "target waa ≥ 50: missed → met in 1 (W44 2026) of 12 weeks", ("2026-10-26",)),),
    ),
    Impact("nrr", "no number differs in 12 months", "month", 12, median=0.0, largest=0.0),
)  # fmt: skip
FINDINGS = (
    Finding("SM013", Severity.WARNING, "`acount` is kept under its name", Location("metrics.yaml", 12, 20), "account?"),
    SUCCESS,
    Change("SM942", Severity.ERROR, "workflow invoicing is under 2 metrics (nrr, waa)", SUCCESS.location,
           object="workflow.invoicing", class_="inherited", field="nrr, waa", reaches=SUCCESS.reaches, impact=IMPACT),
    Change("SM947", Severity.NOTE, "metric nrr: `owner` has changed", Location("metrics.yaml", 80, 3),
           object="metric.nrr", class_="governance", field="owner", old="kim: 100%", new="lee\nand, kim"),
    Finding("SM301", Severity.ERROR, "nobody owns <it> & it is not \"small\"", Location("more files/b.yaml", 3),
            object="metric.mrr"),
    Finding("SM949", Severity.ERROR, "nothing is locked", Location("metrics.lock"), "lock it"),
)  # fmt: skip
REPORT = Report(
    FINDINGS,
    ("source.events", "workflow.invoicing", "metric.nrr", "metric.waa"),
    ('saasmetrics lock invoicing --reason "..." --since DATE',),
    {"SM941": "A definition that means something else"},
    "1.2.3",
)


@pytest.mark.parametrize("form", REPORTS)
def test_a_report_looks_as_it_looked(form: str, golden: Golden) -> None:
    endings = {"text": "txt", "json": "json", "github": "txt", "sarif": "sarif", "junit": "xml", "markdown": "md"}
    golden(REPORTS[form](REPORT).decode(), f"report-{form}.{endings[form]}")


def test_json_has_every_finding_with_its_parts() -> None:
    whole = json.loads(REPORTS["json"](REPORT))
    assert (whole["schema"], whole["tool"], whole["canon"]) == (1, "1.2.3", 1)
    assert whole["summary"]["error"] == 4
    assert whole["summary"]["classes"] == {"semantic": 1, "inherited": 1, "governance": 1}
    change = whole["findings"][1]
    assert (change["path"], change["line"], change["column"]) == ("metrics.yaml", 44, 5)
    assert (change["old"], change["direction"], change["reaches"]) == (
        "invoice_posted",
        "widens",
        ["metric.waa", "metric.nrr"],
    )
    assert len({each["id"] for each in whole["findings"]}) == len(FINDINGS)
    told = whole["findings"][2]["impact"][0]
    assert (told["address"], told["median"], told["largest_share"], told["period"]) == ("waa", 2.0, 0.2, "2026-10-26")
    assert told["flips"][0]["met"] == ["2026-10-26"]


def test_many_numbers_are_told_in_json_and_the_first_of_them_to_people() -> None:
    many = tuple(replace(IMPACT[0], address=f"m{number}", flips=()) for number in range(15))
    report = Report((replace(FINDINGS[2], impact=many),))
    shown = REPORTS["text"](report).decode()
    assert shown.count("impact  m") == 12
    assert "3 more numbers: a report as json has them all" in shown
    assert len(json.loads(REPORTS["json"](report))["findings"][0]["impact"]) == 15


def test_json_says_what_a_hint_asks_for_where_it_leaves_no_choice() -> None:
    hint = Meant("did you mean `owner`?", "ownr", "owner")
    told = json.loads(REPORTS["json"](Report((Finding("SM001", Severity.ERROR, "`ownr` is no key", hint=hint),))))
    assert told["findings"][0]["fix"] == {"old": "ownr", "new": "owner"}
    assert told["findings"][0]["hint"] == "did you mean `owner`?"


def test_an_id_outlives_moved_lines_and_other_values() -> None:
    moved = Change("SM941", Severity.ERROR, "other words", Location("other.yaml", 9, 9), object="workflow.invoicing",
                   class_="semantic", field="success", old="x", new="y")  # fmt: skip
    assert moved.id == SUCCESS.id
    assert Change("SM941", Severity.ERROR, "", object="workflow.invoicing", field="attempt").id != SUCCESS.id


def test_sarif_says_what_the_standard_asks_for() -> None:
    """Required properties of SARIF 2.1.0, and references between them that hold."""
    whole = json.loads(REPORTS["sarif"](REPORT))
    assert whole["version"] == "2.1.0"
    [done] = whole["runs"]
    rules = done["tool"]["driver"]["rules"]
    assert done["tool"]["driver"]["name"] == "saasmetrics"
    for result, finding in zip(done["results"], FINDINGS, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding.code
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        assert list(result["partialFingerprints"].values()) == [finding.id]
        [place] = result["locations"]
        assert " " not in place["physicalLocation"]["artifactLocation"]["uri"]
        assert all(number >= 1 for number in place["physicalLocation"].get("region", {}).values())


def test_junit_tells_what_is_fine_too() -> None:
    root = ElementTree.fromstring(REPORTS["junit"](REPORT))
    suites = {suite.attrib["name"]: suite for suite in root}
    assert set(suites) == {"definition", "lint"}
    cases = {case.attrib["name"]: case for case in suites["definition"]}
    assert len(cases["source.events"]) == len(cases["metric.waa"]) == 0
    (failure,) = cases["workflow.invoicing"].findall("failure")
    assert failure.attrib["message"].endswith("(and 1 more)")
    first, second, *impact = (failure.text or "").splitlines()
    assert ("SM941" in first, "SM942" in second, len(impact)) == (True, True, 3)
    assert cases["metric.nrr"].find("system-out") is not None
    for suite in suites.values():
        assert int(suite.attrib["tests"]) == len(suite)
        assert int(suite.attrib["failures"]) == len(suite.findall(".//failure"))
    assert int(root.attrib["failures"]) == 3


SPOILED = "a | b `c` <d> & \x1b[31m \ud83d \ufffe\n## e"
MANY = [Finding("SM305", Severity.WARNING, f"number {line}", Location("m.yaml", line, 1)) for line in range(1, 51)]
HOSTILE = Report(
    (
        Finding("SM301", Severity.ERROR, SPOILED, Location('a b|"c".yaml', 2, 1)),
        Change("SM941", Severity.ERROR, "x has changed", Location("m.yaml"), object="metric.x<y>", class_="semantic",
               field="filter", old="a = '|' ``` b\n- c", new="d" * 200, direction="moves"),
        Finding("SM939", Severity.NOTE, "said of nothing"),
        *MANY,
    ),
    ("metric.x<y>", 'metric."z"'),
)  # fmt: skip


@pytest.mark.parametrize("report", [REPORT, HOSTILE, Report(()), Report((), ("metric.nrr",))])
def test_sarif_and_junit_are_valid(report: Report) -> None:
    assert sarif_faults(json.loads(REPORTS["sarif"](report))) == []
    assert junit_faults(REPORTS["junit"](report)) == []


def test_what_is_not_valid_is_found() -> None:
    whole = json.loads(REPORTS["sarif"](REPORT))
    spoilings: tuple[tuple[Callable[[Any], object], str], ...] = (
        (lambda log: log["runs"][0]["results"][0].pop("message"), "log.runs[0].results[0]: no message"),
        (lambda log: log["runs"][0]["results"][0].update(level="bad"), "'bad' is not allowed"),
        (lambda log: log["runs"][0]["results"][1].update(ruleIndex=0), "ruleIndex is of another rule"),
        (lambda log: log["runs"][0].update(colour="red"), "colour is no property"),
    )
    for spoil, fault in spoilings:
        broken = json.loads(json.dumps(whole))
        spoil(broken)
        assert any(fault in said for said in sarif_faults(broken))
    report = REPORTS["junit"](REPORT)
    assert junit_faults(report.replace(b'failures="3"', b'failures="4"'))
    assert junit_faults(report.replace(b" classname=", b" class="))


def test_markdown_is_one_table_whatever_is_found() -> None:
    lines = REPORTS["markdown"](HOSTILE).decode().splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {6}
    assert len(table) == 2 + 40
    assert "and 13 more findings; `saasmetrics check` tells them all." in lines
    assert "<d>" not in "\n".join(table)
    assert "- - c" in lines
    fenced = [line for line in lines if line.startswith("```") or line.startswith("````")]
    assert len(fenced) % 2 == 0


def test_github_shows_ten_of_a_kind_and_says_how_many_more() -> None:
    many = Report(tuple(Finding("SM301", Severity.ERROR, f"number {number}") for number in range(14)))
    lines = REPORTS["github"](many).decode().splitlines()
    assert len(lines) == 10
    assert "and 5 more findings" in lines[-1]


def test_nothing_found_is_said_in_every_format() -> None:
    for form, write in REPORTS.items():
        said = write(Report((), ("metric.nrr",))).decode()
        assert said or form == "github"


# Where reports go


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the small company, and surroundings that say nothing."""
    for name in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(ROOT / "tests" / "cases" / "cli" / "company", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_several_reports_of_one_run(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--report", "sarif=a.sarif", "--report", "junit=b.xml", "--report", "markdown"]) == 1
    assert capsys.readouterr().out.startswith("### saasmetrics check: 1 error")
    assert json.loads((place / "a.sarif").read_text(encoding="utf-8"))["runs"]
    assert "<testsuites" in (place / "b.xml").read_text(encoding="utf-8")


def test_text_stays_on_the_terminal_beside_files(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--report", "json=a.json"]) == 1
    assert "nothing is locked" in capsys.readouterr().out
    assert json.loads((place / "a.json").read_text(encoding="utf-8"))["findings"][0]["code"] == "SM949"


def test_json_on_stdout_is_json_alone(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--report", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["summary"]["error"] == 1


def test_in_a_workflow_of_github_annotations_and_summary_come_by_themselves(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(place / "summary.md"))
    (place / "summary.md").write_text("before\n", encoding="utf-8")
    assert run(["check"]) == 1
    assert "::error file=metrics.lock,title=SM949::nothing is locked" in capsys.readouterr().out
    assert (place / "summary.md").read_text(encoding="utf-8").startswith("before\n### saasmetrics check")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--report", "xml"], "there is no format xml"),
        (["--report", "json="], "names no file"),
        (["--report", "json", "--report", "sarif"], "two reports for one stdout"),
        (["--fail-on", "semantic"], "--fail-on semantic"),
    ],
)
def test_a_report_that_cannot_be_is_2(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(["check", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_findings_fail_from_the_threshold_on(place: Path) -> None:
    assert run(["check", "--fail-on", "never"]) == 0
    assert run(["lock", "--all", "--yes"]) == 0
    assert run(["check", "--fail-on", "note"]) == 0
    text = (place / "metrics.yaml").read_text(encoding="utf-8")
    (place / "metrics.yaml").write_text(text.replace("{owner: builders}", "{owner: makers}"), encoding="utf-8")
    assert run(["check"]) == 0
    assert run(["check", "--fail-on", "note"]) == 1
    assert run(["check", "--strict"]) == 1


def test_unreadable_definitions_are_2_and_are_reported_too(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "-f", "broken.yaml", "--report", "json=a.json"]) == 2
    assert "broken.yaml:3:44" in capsys.readouterr().err
    codes = {each["code"] for each in json.loads((place / "a.json").read_text(encoding="utf-8"))["findings"]}
    assert codes == {"SM001", "SM003", "SM005"}


def test_check_writes_nothing_and_reads_no_data(place: Path) -> None:
    for export in place.glob("*.csv"):
        export.unlink()
    before = sorted(each.name for each in place.iterdir())
    assert run(["check", "--fail-on", "never"]) == 0
    assert sorted(each.name for each in place.iterdir()) == before
