"""The audit: every rule finds what was planted in a record of editions, and nothing in one that is in order."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from conftest import ROOT
from saasmetrics.auditing import audit, recorded
from saasmetrics.cli.app import run
from saasmetrics.definitions.load import load
from saasmetrics.finding import Finding
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lint.audit import rules as rooms
from saasmetrics.lint.audit.index import AUDIT
from saasmetrics.lint.audit.record import SAYS, Record, nothing
from saasmetrics.lint.index import RULES, by_code
from saasmetrics.lint.index import audit as audited
from saasmetrics.lint.rule import PARTS, Rule

MONDAY = date(2026, 11, 2)
TODAY = date(2026, 11, 8)
FILE = """version: 1
sources:
  events: {path: events.csv}
  accounts: {path: accounts.csv}
workflows:
  invoicing: {core: true, attempt: started, success: posted, within: 1d}
north_star: waa
metrics:
  waa: {review: weekly}
  tries: {type: simple, event: started, agg: count, grain: week}
  opened: {type: simple, event: opened, agg: count, grain: week}
  closed: {type: simple, event: closed, agg: count, grain: week}
  share: {type: ratio, numerator: opened, denominator: closed, unit: ratio, grain: week}
targets:
  - {metric: tries, reach: ">= 100", by: 2027-06-30, from: 10, set: 2026-01-05}
views:
  shown: {show: [waa, tries, opened, closed, share]}
"""
STEADY = [10.0, 12.0, 9.0, 11.0, 10.0, 12.0, 9.0, 11.0, 10.0, 12.0, 9.0, 11.0, 10.0, 12.0]
RISING = [10.0, 12.0, 9.0, 11.0, 10.0, 12.0, 9.0, 11.0, 10.0, 12.0, 60.0, 11.0, 10.0, 12.0]
OTHER = [5.0, 2.0, 7.0, 1.0, 9.0, 3.0, 3.0, 8.0, 2.0, 6.0, 4.0, 90.0, 2.0, 5.0]


def of(text: str, tmp_path: Path) -> list[Finding]:
    """What the audit finds on the day with nothing published."""
    return found(text, Record(TODAY), tmp_path)


def found(text: str, record: Record, tmp_path: Path) -> list[Finding]:
    path = tmp_path / "metrics.yaml"
    path.write_text(text)
    return audited(load(path, REGISTRY), record)


def editions(last: date, **series: Sequence[float]) -> Record:
    """Weekly editions, the last as of `last`; each tells all weeks before it of every series, the newest last."""
    rows = []
    for number in range(5):
        day = last - timedelta(weeks=4 - number)
        for metric, values in series.items():
            for back, value in enumerate(reversed(values[: len(values) - 4 + number])):
                period = MONDAY - timedelta(weeks=4 - number + back)
                rows.append((number + 1, day, metric, None, None, "week", period, value))
    said = pl.DataFrame(rows, schema=nothing().schema, orient="row")
    return Record(TODAY, said, tuple(sorted({row[1] for row in rows})))


CLOSED = [3.0, 8.0, 2.0, 9.0, 4.0, 1.0, 7.0, 5.0, 6.0, 2.0, 8.0, 3.0, 80.0, 4.0]
SHARE = [6.0, 1.0, 4.0, 8.0, 3.0, 9.0, 2.0, 7.0, 5.0, 1.0, 3.0, 6.0, 8.0, 95.0]
IN_ORDER = {"waa": RISING, "tries": STEADY, "opened": OTHER, "closed": CLOSED, "share": SHARE}
"""Each but the one that has a target leaped in the last four weeks, in a week of its own."""


def codes(findings: Sequence[Finding]) -> list[str]:
    return [finding.code for finding in findings]


# The rules


def test_rules_are_in_the_index_once_and_in_order() -> None:
    known = [rule.code for rule in AUDIT]
    assert known == sorted(set(known))
    assert not {*known} & {rule.code for rule in RULES}
    files = {path.stem for path in Path(rooms.__path__[0]).glob("*.py")} - {"__init__"}
    assert files == {rule.name.replace("-", "_") for rule in AUDIT}


@pytest.mark.parametrize("rule", AUDIT, ids=lambda rule: rule.code)
def test_a_rule_has_a_manual_page(rule: Rule) -> None:
    assert tuple(rule.parts) == PARTS
    assert by_code(rule.code) is rule is by_code(rule.name)


def test_nothing_is_found_where_all_is_in_order(tmp_path: Path) -> None:
    assert found(FILE, editions(TODAY, **IN_ORDER), tmp_path) == []


def test_a_metric_that_nothing_names_is_idle(tmp_path: Path) -> None:
    text = FILE.replace("[waa, tries, opened, closed, share]", "[waa]")
    (told,) = found(text, editions(TODAY, **IN_ORDER), tmp_path)
    assert (told.code, told.object) == ("SM961", "metric.share")  # the sides of a ratio are used by it


def test_metrics_of_a_bundle_that_nothing_names_are_told_together(tmp_path: Path) -> None:
    told = [each for each in of(FILE + "publish: [weekly]\n", tmp_path) if each.code == "SM961"]
    assert [each.object for each in told] == ["publish.weekly"]
    assert told[0].message.endswith("of the bundle weekly")


def test_two_that_move_as_one_are_told_and_arithmetic_is_not(tmp_path: Path) -> None:
    twice = [3 * value + 1 for value in RISING]
    (told,) = found(FILE, editions(TODAY, **{**IN_ORDER, "opened": twice}), tmp_path)
    assert (told.code, told.message) == ("SM962", "`opened` goes with `waa`: correlated by 1.000 over 14 periods")
    mirrored = [100 - value for value in RISING]
    (told,) = found(FILE, editions(TODAY, **{**IN_ORDER, "opened": mirrored}), tmp_path)
    assert told.message.endswith("correlated by -1.000 over 14 periods")
    tied = {**IN_ORDER, "share": [value / 10 for value in IN_ORDER["opened"]]}
    assert found(FILE, editions(TODAY, **tied), tmp_path) == []


def test_two_that_grow_alike_but_move_apart_are_no_duplicates(tmp_path: Path) -> None:
    one = [100.0 * week + jump for week, jump in enumerate(OTHER)]
    other = [200.0 * week + jump for week, jump in enumerate(OTHER[::-1])]
    assert pl.DataFrame({"a": one, "b": other}).select(pl.corr("a", "b")).item() > 0.98
    told = found(FILE, editions(TODAY, **{**IN_ORDER, "waa": one, "opened": other}), tmp_path)
    assert "SM962" not in codes(told)


def test_noise_in_four_reviews_is_told_unless_somebody_did_something(tmp_path: Path) -> None:
    record = editions(TODAY, **{**IN_ORDER, "waa": STEADY})
    (told,) = [each for each in found(FILE, record, tmp_path) if each.code == "SM963"]
    first = MONDAY - timedelta(weeks=3)
    assert told.message == f"`waa` was noise in 4 reviews running, since {first}, and nothing was noted"
    (tmp_path / "notes.yaml").write_text(f"- {{date: {first + timedelta(days=3)}, text: We called those who left}}\n")
    assert "SM963" not in codes(found(FILE, record, tmp_path))
    (tmp_path / "notes.yaml").write_text("- {date: 2026-01-05, text: We called those who left}\n")
    assert "SM963" in codes(found(FILE, record, tmp_path))


def test_a_guard_rail_is_meant_to_be_quiet(tmp_path: Path) -> None:
    told = found(FILE, editions(TODAY, **{**IN_ORDER, "tries": STEADY}), tmp_path)
    assert "SM963" not in codes(told)  # `tries` has a target


@pytest.mark.parametrize(("weeks", "late"), [(0, None), (1, None), (2, "7 days"), (3, "14 days")])
def test_a_review_is_overdue_after_its_cadence(tmp_path: Path, weeks: int, late: str | None) -> None:
    record = editions(TODAY - timedelta(weeks=weeks), **IN_ORDER)
    told = [each for each in found(FILE, record, tmp_path) if each.object == "review.weekly"]
    assert [f"is {late} overdue" in each.message for each in told] == ([True] if late else [])


def test_a_retired_metric_that_is_published_is_told(tmp_path: Path) -> None:
    text = FILE.replace("waa: {review: weekly}", "waa: {review: weekly, status: retired}")
    told = [each for each in found(text, editions(TODAY, **IN_ORDER), tmp_path) if each.code == "SM965"]
    (only,) = told
    assert only.message == "`waa` is retired and published still, and something rests on it or shows it"
    text = text.replace("status: retired", "status: retired, publish: false").replace("north_star: waa\n", "")
    assert "SM965" not in codes(found(text, editions(TODAY, **IN_ORDER), tmp_path))


def test_what_is_not_recorded_is_told(tmp_path: Path) -> None:
    (told,) = of(FILE, tmp_path)
    assert (told.code, told.message.split(":")[0]) == ("SM960", "nothing was published")
    short = {name: values[-11:] for name, values in IN_ORDER.items()}
    said = [each.message for each in found(FILE, editions(TODAY, **short), tmp_path) if each.code == "SM960"]
    assert said == [
        "whether anything goes with waa, tries, opened and 2 more is not recorded: fewer than 12 periods",
        "whether waa, tries, opened and 2 more moved in 4 reviews is not recorded: too few editions or periods",
    ]
    some = {name: values for name, values in IN_ORDER.items() if name != "share"}
    missing = found(FILE, editions(TODAY, **some), tmp_path)
    assert [each.message for each in missing] == ["no edition tells a complete period of share"]


def test_a_suppression_with_a_reason_keeps_a_finding_of_the_audit_quiet(tmp_path: Path) -> None:
    text = FILE.replace("[waa, tries, opened, closed, share]", "[waa]").replace(
        "unit: ratio,", "unit: ratio, ignore: {SM961: The board asks for it},"
    )
    assert found(text, editions(TODAY, **IN_ORDER), tmp_path) == []


# From editions on the disk


def test_the_audit_reads_what_was_published_until_the_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "tests" / "cases" / "cli" / "company", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    path = Path("metrics.yaml")
    text = path.read_text()
    text = re.sub(r"^metrics:\n.*?^targets:", "metrics: {mrr: {}}\ntargets:", text, flags=re.DOTALL | re.MULTILINE)
    kept = [line for line in text.splitlines(keepends=True) if not re.match(r"north|.*rate|    SM3", line)]
    path.write_text("".join(kept))
    for day in ("2026-11-15", "2026-11-22"):
        assert run(["compute", "--publish", "-q", "-o", "said.csv", "--as-of", day]) == 0
    record = recorded(load(path, REGISTRY), date(2026, 11, 30))
    assert record.editions == (date(2026, 11, 15), date(2026, 11, 22))
    assert recorded(load(path, REGISTRY), date(2026, 11, 20)).editions == (date(2026, 11, 15),)
    assert list(record.said.columns) == list(SAYS)
    october = record.said.filter(pl.col("period") == date(2026, 10, 1), pl.col("edition") == 2)
    said = pl.read_csv("said.csv").filter(pl.col("period") == "2026-10-01", pl.col("segment").is_null())
    assert october["value"].to_list() == said["value"].to_list() != []
    assert "SM323" not in codes(audit(path, date(2026, 12, 31)))
    assert run(["check", "--audit", "--as-of", "2027-01-05", "--fail-on", "warning", "-q"]) == 1
    out = capfd.readouterr().out
    assert "SM964 the weekly review of mrr is 37 days overdue: the last edition knew of 2026-11-22" in out
    assert "SM323 the target of `mrr` was due on 2026-12-31" in out
