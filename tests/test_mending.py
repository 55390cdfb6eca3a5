"""Mending: slips that can mean one thing only are corrected, and nothing else about a file is."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from conftest import ROOT
from saasmetrics.cli.app import run
from saasmetrics.definitions.load import load
from saasmetrics.document import read
from saasmetrics.finding import Finding, InputError, Location, Severity
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lint.index import RULES
from saasmetrics.lock.fingerprint import fingerprints
from saasmetrics.mending.edit import edit_for, edited
from saasmetrics.mending.mend import mend

SLIPS = """\
# who we are
version: 1   # of the language
sources:
  events: {path: events.csv, rol: events, columns: {event: name, at: ts, account: org_id}}
  accounts: {path: orgs.csv, role: accounts, columns: {account: id, created: created_at}}
workflows:
  invoicing: {core: yes, attempt: started, success: posted, within: 1 day}   # how it goes
activation:
  within: "14 days"   # two weeks
  steps: {posted: {workflow: invoicng}}

metrics:
  # what we live of
  waa:
    levl: core
    owner: 12
    grain: Weekly
  completion_rate: {levle: core, ownr: lee, min_sample: '5'}
targets:
  - {metric: waa, reach: ">= 10", by: 2026-1-31, owner: lee}
"""
RIGHT = """\
# who we are
version: 1   # of the language
sources:
  events: {path: events.csv, role: events, columns: {event: name, at: ts, account: org_id}}
  accounts: {path: orgs.csv, role: accounts, columns: {account: id, created: created_at}}
workflows:
  invoicing: {core: true, attempt: started, success: posted, within: 1d}   # how it goes
activation:
  within: 14d   # two weeks
  steps: {posted: {workflow: invoicing}}

metrics:
  # what we live of
  waa:
    level: core
    owner: "12"
    grain: week
  completion_rate: {level: core, owner: lee, min_sample: 5}
targets:
  - {metric: waa, reach: ">= 10", by: 2026-01-31, owner: lee}
"""
SMALL = """\
version: 1
sources:
  events: {path: events.csv, columns: {event: name, at: ts, account: org_id}}
  accounts: {path: orgs.csv, columns: {account: id, created: created_at}}
workflows:
  invoicing: {core: true, attempt: started, success: posted, within: 1d}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "metrics.yaml"


def mended(file: Path, text: str) -> str:
    """A text after `--fix`; the same where nothing was done."""
    file.write_text(text, encoding="utf-8", newline="")
    for path, content in mend(file).files.items():
        path.write_bytes(content)
    return file.read_bytes().decode("utf-8")


def test_slips_with_one_meaning_are_corrected_and_all_else_stays(file: Path) -> None:
    assert mended(file, SLIPS) == RIGHT
    assert mended(file, RIGHT) == RIGHT
    load(file, REGISTRY)


def test_every_key_that_lost_a_letter_is_restored_or_left_alone(file: Path) -> None:
    right = (ROOT / "tests" / "cases" / "cli" / "company" / "metrics.yaml").read_text(encoding="utf-8")
    draw, tried, restored = random.Random(5), 0, 0
    keys = [node.key for path, node in read(right, "x").nodes.items() if node.key and len(str(path[-1])) > 4]
    for place in draw.sample(keys, 7):
        lines = right.split("\n")
        line, at = lines[place.line - 1], place.column + draw.randrange(1, 4)
        lines[place.line - 1] = line[:at] + line[at + 1 :]
        slipped = "\n".join(lines)
        after = mended(file, slipped)
        assert after in (right, slipped)
        tried, restored = tried + (slipped != right), restored + (after == right)
    assert restored >= tried / 3


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  waa: {ignore: {SM301: a b c, SM302: d e f}, level: core}", "  waa: {ignore: {SM301: a b c}, level: core}"),
        ("  waa: {ignore: {SM302: d e f, SM301: a b c}, level: core}", "  waa: {ignore: {SM301: a b c}, level: core}"),
        ("  waa: {ignore: {SM302: d e f}, level: core}", "  waa: {level: core}"),
        ("  waa: {level: core, ignore: {SM302: 'd, e'}}", "  waa: {level: core}"),
        ("  waa:\n    level: core\n    ignore:\n      SM302: d   # since May", "  waa:\n    level: core"),
        (
            "  waa:\n    ignore:\n      SM302: d e f\n      # why\n      SM301: a b c",
            "  waa:\n    ignore:\n      # why\n      SM301: a b c",
        ),
        ("  waa:\n    ignore:  # all\n      # why\n      SM302: d\n    level: core", None),
    ],
)
def test_a_suppression_that_keeps_nothing_quiet_is_taken_out(file: Path, before: str, after: str | None) -> None:
    owned = "SM301" not in before  # nobody owns it where that is what the other one is for
    own = "type: simple, event: posted, agg: count, action: {down: Call the five biggest who left}, "
    block = "    type: simple\n    event: posted\n    agg: count\n    action: {down: Call the five who left}\n"

    def whole(text: str) -> str:
        flow, lines = own + "owner: lee, " * owned, block + "    owner: lee\n" * owned
        text = text.replace("  waa: {", "  mine: {" + flow).replace("  waa:\n", "  mine:\n" + lines)
        return f"{SMALL}lint: {{select: [SM010, SM301, SM302]}}\nmetrics:\n{text}\n  mrr: {{owner: lee}}\n"

    assert mended(file, whole(before)) == whole(after or before)


def test_what_would_move_a_number_is_not_done(file: Path) -> None:
    text = SMALL.replace("created: created_at", "created: created_at, parnt: x") + "metrics: {waa: {}}\n"
    file.write_text(text)
    before = fingerprints(load(file, REGISTRY))
    done = mend(file)
    assert (done.texts, [each.code for each in done.left]) == ({}, ["SM013"])
    assert "a number would move" in done.said[0]
    assert fingerprints(load(file, REGISTRY)) == before


def test_a_slip_behind_which_another_fault_hides_is_left(file: Path) -> None:
    text = SMALL.replace("core: true", "core: yes").replace(", within: 1d", "") + "metrics: {waa: {}}\n"
    assert mended(file, text) == text


def test_a_slip_behind_which_another_slip_hides_is_corrected_with_it(file: Path) -> None:
    text = SMALL.replace("within: 1d", "witin: 24 hours") + "metrics: {waa: {}}\n"
    assert mended(file, text) == text.replace("witin: 24 hours", "within: 24h")


def test_two_names_that_are_near_leave_a_choice(file: Path) -> None:
    text = f"{SMALL}  invoices: {{attempt: began, success: done, within: 1d}}\nmetrics: {{waa: {{rule: invoic}}}}\n"
    assert mended(file, text) == text


def test_line_ends_and_the_mark_of_the_first_one_stay(file: Path) -> None:
    windows = "\ufeff" + SLIPS.replace("\n", "\r\n")
    assert mended(file, windows) == "\ufeff" + RIGHT.replace("\n", "\r\n")


def test_files_that_end_their_lines_in_two_ways_are_refused(file: Path) -> None:
    with pytest.raises(InputError, match="several ways"):
        mended(file, SLIPS.replace("\n", "\r\n", 3))


def test_a_file_that_changed_meanwhile_is_not_overwritten(file: Path) -> None:
    file.write_text(SLIPS)
    done = mend(file)
    file.write_text(SLIPS + "# a remark\n")
    with pytest.raises(InputError, match="changed meanwhile"):
        _ = done.files
    assert file.read_text().endswith("# a remark\n")


def test_included_files_are_corrected_where_they_are(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    Path("more.yaml").write_text("metrics:\n  waa: {levl: core}\n")
    Path("metrics.yaml").write_text(SMALL.replace("version: 1\n", "version: 1\ninclude: [more.yaml]\n"))
    assert run(["check", "--fix", "-q", "--fail-on", "never"]) == 0
    assert Path("more.yaml").read_text() == "metrics:\n  waa: {level: core}\n"


def test_a_dry_run_shows_a_patch_and_writes_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(file.parent)
    file.write_text(SMALL + "metrics:\n  waa: {levl: core}\n")
    before = file.read_bytes()
    assert run(["check", "--diff"]) == 2
    said = capfd.readouterr()
    assert said.out.splitlines()[:2] == ["--- a/metrics.yaml", "+++ b/metrics.yaml"]
    assert [line for line in said.out.splitlines() if line[0] in "+-"][2:] == [
        "-  waa: {levl: core}",
        "+  waa: {level: core}",
    ]
    assert file.read_bytes() == before
    assert run(["check", "--fix", "--fail-on", "never"]) == 0
    assert "metrics.yaml:8:9: SM001 `levl` is now `level`" in capfd.readouterr().err


def test_rules_that_say_they_are_corrected_are_those_that_can_be() -> None:
    assert [rule.code for rule in RULES if rule.fixable] == ["SM001", "SM003", "SM005", "SM010"]


def test_an_edit_is_only_made_of_what_stands_there() -> None:
    document = read("a: {b: 1}\n", "x.yaml")
    plain = Finding("SM001", Severity.ERROR, "`b` is not a key", Location("x.yaml", 1, 5), "keys here: c")
    assert edit_for(plain, document) is None
    assert edited("abc", []) == "abc"
    assert re.fullmatch(r"a: \{b: 1\}\n", document.text)
