"""The lock as a file: written and read back, killed in between, merged, edited by hand; and what is refused."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from kill_locking import rounds
from saasmetrics.cli.app import run
from saasmetrics.definitions.catalogue import catalogue
from saasmetrics.definitions.load import load
from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.scalars import Duration
from saasmetrics.finding import Change, Finding, InputError, Severity
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.ledgers.retention import Retention
from saasmetrics.lock.accept import Accepted, accepted, proposed
from saasmetrics.lock.asking import Given
from saasmetrics.lock.direction import direction
from saasmetrics.lock.fingerprint import fingerprints
from saasmetrics.lock.held import Held, accepting, commands, held, unaccepted
from saasmetrics.lock.keeping import keep
from saasmetrics.lock.lines import UnreadableError, value
from saasmetrics.lock.reading import parsed, read_lock
from saasmetrics.lock.scalars import spell
from saasmetrics.lock.writing import written

TEXT = (ROOT / "metrics.yaml").read_text(encoding="utf-8")
REFUSALS = (
    "  refusals: {event: invoice_post_failed, label: Refusals, direction: down, team: [product], level: operational, "
    'timing: lagging, action: {up: "Call the three accounts that refused most"}}\n'
)
WHY = "Postings in bulk are invoices too"
SUCCESS = ("success: invoice_posted\n", "success: {any: [invoice_posted, invoice_posted_bulk]}\n")


def accept(path: Path, *names: str, **said: Any) -> Accepted:
    """Accept, write and hand on."""
    definitions = load(path, REGISTRY)
    done = accepted(definitions, held(definitions), Given(names, **said))
    keep(path, done)
    return done


def edit(path: Path, *edits: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1, f"{text.count(old)} times: {old}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def now(path: Path) -> Held:
    return held(load(path, REGISTRY))


def failing(path: Path) -> set[tuple[str, str]]:
    return {(each.object, each.code) for each in now(path).findings if each.severity is Severity.ERROR}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The example with its lock, in a folder of its own."""
    path = tmp_path / "metrics.yaml"
    path.write_text(TEXT, encoding="utf-8")
    accept(path, since=date(2026, 1, 5))
    return path


# Written and read


def test_a_lock_is_read_as_it_was_written(path: Path) -> None:
    text = path.with_name("metrics.lock").read_text(encoding="utf-8")
    assert written(parsed(text, "metrics.lock")) == text
    assert now(path).findings == ()


def test_the_same_meaning_is_the_same_lock_whatever_the_layout(path: Path, tmp_path: Path) -> None:
    before = path.with_name("metrics.lock").read_bytes()
    path.with_name("metrics.lock").unlink()
    edit(path, ("{at: started_at, ended: resolved_at,", "{ended: resolved_at, at: started_at,"),
         ("roles: [finance, operations, admin]", "roles: [admin, operations, finance]"),
         ("\"stage = 'won'\"", "\"NOT 'won' <> stage\""))  # fmt: skip
    accept(path, since=date(2026, 1, 5))
    assert path.with_name("metrics.lock").read_bytes() == before


def test_the_lock_holds_the_fingerprints_of_the_definitions(path: Path) -> None:
    lock = read_lock(path.with_name("metrics.lock"))
    assert lock is not None
    marks = fingerprints(load(path, REGISTRY))
    locked = {entry.node.name: entry.full for entry in lock.entries.values() if entry.node.kind == "metric"}
    assert len(locked) > 100
    assert {name: marks[name] for name in locked} == locked


def test_no_clock_no_user_and_no_version_of_the_tool_is_in_it(path: Path) -> None:
    """The day of a first lock is the one that was said, and there is none where none was."""
    path.with_name("metrics.lock").unlink()
    accept(path)
    text = path.with_name("metrics.lock").read_text(encoding="utf-8")
    assert "since" not in text
    assert "0.1.0" not in text


@pytest.mark.parametrize(
    "said",
    ["plain words", "a, b", "with: colon", "# no comment", "'quoted'", 'say "no"', "true", "12", "1.50", "", " x ",
     "on", ">= 45%", "é ü 漢", "line\nbreak", "[a]", "{b}", "a\\b", "&x", "*y", "-", "- z", "2026-01-05", "%d.%m", "?",
     True, False, None, 0, -3, 1.5, 1e-7, [], {}, ["a, b", "c"], {"a b": [1, {"x": "y: z"}], "'": None}],
)  # fmt: skip
def test_every_value_comes_back_from_its_spelling(said: Any) -> None:
    assert value(spell(said)) == said
    assert "\n" not in spell(said)


@pytest.mark.parametrize("text", ["[a", "{a: }b", '"x', "[a, b] c"])
def test_a_value_that_nobody_wrote_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        value(text, 3)


def test_conflict_markers_are_explained(path: Path) -> None:
    lock = path.with_name("metrics.lock")
    text = lock.read_text(encoding="utf-8")
    lock.write_text(text.replace("\nmetric:", "\n<<<<<<< HEAD\nmetric:\n=======\n>>>>>>> other"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        now(path)
    [finding] = caught.value.findings
    assert (caught.value.exit_code, finding.code) == (2, "SM940")
    assert "in the middle of a merge" in finding.message
    assert "take either side" in (finding.hint or "")
    assert finding.location
    assert finding.location.line == text[: text.index("\nmetric:")].count("\n") + 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lock: 1", "lock: 2"),
        ("canon: 1", "canon: 9"),
        ("metric:\n", "metrics:\n"),
        ("  activation_rate:", "\tx: 1\n  a:"),
    ],
)
def test_what_is_no_lock_is_2(path: Path, old: str, new: str) -> None:
    edit(path.with_name("metrics.lock"), (f"\n{old}", f"\n{new}"))
    with pytest.raises(InputError) as caught:
        now(path)
    assert {finding.code for finding in caught.value.findings} == {"SM940"}


def test_a_lock_edited_by_hand_is_found_out(path: Path) -> None:
    edit(path.with_name("metrics.lock"), ("      attempt: invoice_started\n", "      attempt: invoice_opened\n"))
    assert ("workflow.invoicing", "SM948") in failing(path)
    with pytest.raises(InputError, match="edited by hand"):
        proposed(load(path, REGISTRY), now(path), None, [], upgrade=True)


# Killed


def test_a_run_that_is_killed_leaves_the_old_lock_or_the_new_one(tmp_path: Path) -> None:
    found = rounds(20, 7, tmp_path)
    assert sum(found.values()) == 20


# Merged


@pytest.mark.skipif(shutil.which("git") is None, reason="git merges")
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (
            ("    of: mrr\n    over: 3mo\n", "    of: mrr\n    over: 6mo\n"),
            ("  nrr:\n    level: core", "  nrr:\n    cap: true\n    level: core"),
        ),
        (
            ("    entity: user\n    at_least: 5\n", "    entity: user\n    at_least: 6\n"),
            ("    scale: 100\n", "    scale: 1000\n"),
        ),
        (("    cut: category\n", "    cut: workflow\n"), ("    from: order_started\n", "    from: order_matched\n")),
        (
            ("    within: 120d\n", "    within: 90d\n"),
            ("    event: invoice_approved\n", "    event: approved\n"),
        ),
        (("zero_at: 5, full_at: 0", "zero_at: 6, full_at: 0"), ("refund: refund_requested", "refund: refund_paid")),
        (('keep: ">= 70"', 'keep: ">= 60"'), ('keep: "<= 3%"', 'keep: "<= 4%"')),
        (
            ("  approvals:\n", "  aaa: {event: aaa}\n  approvals:\n"),
            ("  approvals:\n", "  zzz: {event: zzz}\n  approvals:\n"),
        ),
    ],
)
def test_branches_that_change_different_things_merge(
    tmp_path: Path, ours: tuple[str, str], theirs: tuple[str, str]
) -> None:
    """What both branches accepted is accepted: the merged lock knows the merged definitions."""
    files = {}
    for branch, edits in {"base": (), "ours": (ours,), "theirs": (theirs,)}.items():
        path = tmp_path / branch / "metrics.yaml"
        path.parent.mkdir()
        path.write_text(TEXT, encoding="utf-8")
        accept(path)
        edit(path, *edits)
        accept(path, reason=f"The branch {branch} says so", restate=True)
        files[branch] = path
    locks = [str(files[branch].with_name("metrics.lock")) for branch in ("ours", "base", "theirs")]
    merged = subprocess.run(["git", "merge-file", "-p", *locks], capture_output=True, encoding="utf-8", check=False)
    assert merged.returncode == 0, merged.stdout[merged.stdout.find("<<<<<<<") :][:800]
    files["base"].with_name("metrics.lock").write_text(merged.stdout, encoding="utf-8")
    both = TEXT.replace(*ours)
    files["base"].write_text(both.replace(*theirs) if ours[0] != theirs[0] else both.replace("  aaa: {event: aaa}\n",
                             "  aaa: {event: aaa}\n  zzz: {event: zzz}\n"), encoding="utf-8")  # fmt: skip
    assert failing(files["base"]) == set()


def test_fingerprints_that_a_merge_left_behind_are_written_anew_without_a_reason(path: Path) -> None:
    lock = path.with_name("metrics.lock")
    right = lock.read_text(encoding="utf-8")
    mark = next(line for line in right.splitlines() if line.startswith("    full: f1_"))
    lock.write_text(right.replace(mark, "    full: f1_000000000000"), encoding="utf-8")
    [stale] = now(path).findings
    assert (stale.code, stale.severity) == ("SM939", Severity.WARNING)
    keep(path, proposed(load(path, REGISTRY), now(path), None, [], upgrade=True))
    assert lock.read_text(encoding="utf-8") == right


# A newer release of the tool


def test_another_default_of_a_policy_is_drift(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    field = Policies.model_fields["rolling"]
    monkeypatch.setattr(field, "default", Duration(30, "d"))
    Policies.model_rebuild(force=True)
    try:
        found = failing(path)
    finally:
        monkeypatch.undo()
        Policies.model_rebuild(force=True)
    assert found == {("policy.rolling", "SM941"), ("policy.rolling", "SM942")}
    assert failing(path) == set()


def test_another_default_of_a_metric_type_is_drift(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told of the metrics that rest on the default, at the line of the lock that says what was accepted."""
    ages = (Duration(2, "mo"), Duration(6, "mo"))
    monkeypatch.setattr(Retention.model_fields["ages"], "default", ages)
    Retention.model_rebuild(force=True)
    edit(path, ("    ages: [1mo, 3mo, 6mo]\n", ""))
    try:
        found = [each for each in now(path).findings if isinstance(each, Change) and each.field == "ages"]
    finally:
        monkeypatch.undo()
        Retention.model_rebuild(force=True)
    assert [(each.object, each.new) for each in found] == [("metric.cohort_retention", "[2mo, 6mo]")]


@pytest.mark.parametrize(
    ("metric", "keys", "field"),
    [
        ("mrr", {"expr": "arr"}, "expr"),
        ("nrr", {"over": "6mo"}, "over"),
        ("cac", {"scale": 2}, "scale"),
        ("load_time_p95", {"agg": "p90"}, "agg"),
        ("completion_rate", {"headline": {"workflow": "all"}}, "headline.workflow"),
        ("activation_rate", {"within": "$activation.within"}, "within"),
        ("incident_count", {"filter": "severity = 'high'"}, "filter"),
        ("dau", {"window": "2d"}, "window"),
    ],
)
def test_another_entry_of_the_catalogue_is_drift(
    path: Path, monkeypatch: pytest.MonkeyPatch, metric: str, keys: Mapping[str, Any], field: str
) -> None:
    entries = dict(catalogue().entries)
    monkeypatch.setitem(catalogue().entries, metric, {**entries[metric], **keys})
    try:
        found = [each for each in now(path).findings if isinstance(each, Change) and each.class_ == "semantic"]
    finally:
        monkeypatch.undo()
    assert (f"metric.{metric}", field) in {(each.object, each.field) for each in found}
    assert failing(path) == set()


def test_other_words_in_the_catalogue_are_a_note(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {**catalogue().entries["mrr"], "label": "MRR", "description": "What recurs"}
    monkeypatch.setitem(catalogue().entries, "mrr", entry)
    assert {(each.code, each.severity) for each in now(path).findings} == {("SM947", Severity.NOTE)}


# Accepted


def test_an_edit_is_seen_with_what_it_reaches_and_accepted_with_a_reason(path: Path) -> None:
    edit(path, SUCCESS)
    first, second = now(path).findings
    assert isinstance(first, Change)
    assert isinstance(second, Change)
    assert (first.class_, first.direction, second.class_) == ("semantic", "widens", "inherited")
    assert first.location
    assert path.read_text(encoding="utf-8").splitlines()[first.location.line - 1].strip().startswith("success: {any:")
    assert {"metric.waa", "metric.completion_rate", "metric.activation_rate", "score.health_score",
            "target.completion_rate.invoicing"} <= set(second.reaches)  # fmt: skip
    assert not {"metric.mrr", "metric.nrr", "metric.load_time_p95", "score.expansion_readiness"} <= set(second.reaches)
    assert commands([first, second]) == ('saasmetrics lock invoicing --reason "..." --since DATE',)
    done = accept(path, "invoicing", reason=WHY, since=date(2030, 1, 7), by="kim", today=date(2026, 11, 28))
    assert now(path).findings == ()
    entry = done.lock.entries["metric.waa"]
    assert entry.version
    assert (entry.version.number, entry.version.since, entry.version.reason, entry.version.by) == (
        2,
        "2030-01-07",
        WHY,
        "kim",
    )
    assert [(version.number, version.since) for version in entry.past] == [(1, "2026-01-05")]
    untouched = done.lock.entries["metric.mrr"].version
    assert untouched
    assert untouched.number == 1


def test_a_superseded_version_is_a_closed_document(path: Path) -> None:
    """It holds the old meaning with everything under it, and its fingerprints follow from what it holds."""
    before = read_lock(path.with_name("metrics.lock"))
    assert before is not None
    edit(path, SUCCESS)
    accept(path, "invoicing", reason=WHY, restate=True)
    [document] = (path.parent / "metrics.history").iterdir()
    assert document.name.startswith("invoicing@")
    old = parsed(document.read_text(encoding="utf-8"), str(document))
    assert old.entries["workflow.invoicing"].node.facts["success"] == "invoice_posted"
    for entry in old.entries.values():
        assert set(entry.node.under) <= set(old.entries)
    assert old.entries["metric.completion_rate"].full == before.entries["metric.completion_rate"].full
    assert "metric.mrr" not in old.entries
    versions = {id_: entry.version for id_, entry in old.entries.items() if entry.version is not None}
    assert set(versions) == {id_ for id_, entry in before.entries.items() if entry.version and id_ in versions}
    assert {"metric.completion_rate", "metric.waa"} <= set(versions)


def test_one_of_two_changes_may_be_accepted(path: Path) -> None:
    edit(path, SUCCESS, ("success: order_received\n", "success: order_closed\n"))
    accept(path, "invoicing", reason=WHY, restate=True)
    assert failing(path) == {("workflow.purchase", "SM941"), ("workflow.purchase", "SM942")}
    done = accept(path, "purchase", reason="Orders are closed by hand now", restate=True)
    waa = done.lock.entries["metric.waa"].version
    assert waa
    assert waa.number == 3
    assert failing(path) == set()


def test_a_change_and_its_undoing_give_the_fingerprint_back(path: Path) -> None:
    first = fingerprints(load(path, REGISTRY))
    edit(path, SUCCESS)
    accept(path, reason=WHY, restate=True)
    edit(path, SUCCESS[::-1])
    done = accept(path, reason="They are not, after all: we asked", restate=True)
    entry = done.lock.entries["metric.waa"]
    assert entry.full == first["waa"]
    assert [version.full == first["waa"] for version in entry.past] == [True, False]


def test_what_is_renamed_keeps_its_versions(path: Path) -> None:
    edit(path, ("  busy_users:\n", "  keen_users:\n    renamed_from: busy_users\n"))
    assert failing(path) == {("metric.keen_users", "SM945")}
    done = accept(path, "keen_users")
    entry = done.lock.entries["metric.keen_users"]
    assert entry.version
    assert (entry.version.number, entry.version.since) == (1, "2026-01-05")
    assert "metric.busy_users" not in done.lock.entries
    assert done.superseded == {}
    assert now(path).findings == ()


def test_a_probable_rename_is_hinted_at(path: Path) -> None:
    edit(path, ("  busy_users:\n", "  keen_users:\n"))
    gone = next(each for each in now(path).findings if each.code == "SM943")
    assert "renamed_from: busy_users" in (gone.hint or "")


def test_what_is_new_brings_what_it_rests_on(path: Path) -> None:
    edit(path, ("    core: false\n", "    core: false\n  returns: {success: return_done, core: false}\n"),
         ("  approvals:\n", "  returned: {workflow: returns, cut: reason}\n  approvals:\n"))  # fmt: skip
    done = accept(path, "returned")
    assert {"metric.returned", "workflow.returns"} <= set(done.lock.entries)
    assert now(path).findings == ()


def test_what_is_gone_leaves_a_document(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    block = text[text.index("  approvals:\n") : text.index("  open_tickets:")]
    edit(path, (block, ""))
    done = accept(path, "approvals", reason="Nobody looked at it for a year", restate=True)
    assert "metric.approvals" not in done.lock.entries
    assert set(done.superseded) == {"approvals@1.yaml"}
    assert now(path).findings == ()


def test_an_overlap_is_recorded(path: Path) -> None:
    edit(path, ("    within: 120d\n", "    within: 90d\n"))
    done = accept(path, "demo_to_won", reason="Demos age within a quarter", restate=True, overlap=Duration(4, "w"))
    assert done.lock.entries["metric.demo_to_won"].overlap == "4w"
    assert "    overlap: 4w\n" in path.with_name("metrics.lock").read_text(encoding="utf-8")


def test_policies_of_one_metric_are_held_apart(path: Path) -> None:
    """The clone of `mrr` under them moves with `mrr`, and not with the policy of the file."""
    edit(path, ("  nrr:\n    level: core", "  nrr:\n    policies: {grace: 0d}\n    level: core"))
    accept(path, "nrr", reason="A gap is a loss for the board", restate=True)
    assert now(path).findings == ()
    edit(path, ("grace: 7d", "grace: 21d"))
    [_, under] = now(path).findings
    assert isinstance(under, Change)
    assert "metric.mrr" in under.reaches
    assert "metric.nrr" not in under.reaches
    edit(path, ("grace: 21d", "grace: 7d"), ("discounts: recurring ", "discounts: all "))
    [_, under] = now(path).findings
    assert isinstance(under, Change)
    assert "metric.nrr" in under.reaches


# Refused


@pytest.mark.parametrize(
    ("names", "said", "message"),
    [
        (("invoicing",), {}, "need a reason"),
        (("invoicing",), {"reason": "update"}, "gives no reason"),
        (("invoicing",), {"reason": "because      x"}, "gives no reason"),
        (("invoicing",), {"reason": WHY}, "from when on"),
        (("completion_rate",), {"reason": WHY, "since": date(2030, 1, 8)}, "because of workflow.invoicing"),
        (("invoicing",), {"reason": WHY, "since": date(2030, 1, 8), "today": date(2026, 1, 1)}, "not the start of a"),
        (("invoicing",), {"reason": WHY, "since": date(2025, 1, 6), "today": date(2026, 1, 1)}, "lies in the past"),
        (("invoicin",), {"reason": WHY}, "there is nothing called invoicin"),
        (("target.waa",), {}, "need a reason"),
        (("waa",), {"reason": WHY}, "because of workflow.invoicing"),
    ],
)
def test_what_is_not_said_well_is_refused(path: Path, names: tuple[str, ...], said: Any, message: str) -> None:
    edit(path, SUCCESS, ('keep: ">= 70"', 'keep: ">= 60"'))
    before = path.with_name("metrics.lock").read_bytes()
    with pytest.raises(InputError, match=message) as caught:
        accept(path, *names, **said)
    assert caught.value.exit_code == 2
    assert path.with_name("metrics.lock").read_bytes() == before


def test_what_is_new_needs_no_reason(path: Path) -> None:
    edit(path, ("  approvals:\n", f"{REFUSALS}  approvals:\n"))
    done = accept(path, "refusals", today=date(2026, 1, 1))
    version = done.lock.entries["metric.refusals"].version
    assert version
    assert (version.number, version.since, version.reason) == (1, None, None)


def test_a_metric_with_open_errors_is_not_locked(path: Path) -> None:
    edit(path, ("    within: 120d\n", "    within: 90d\n"))
    definitions = load(path, REGISTRY)
    given = Given(("demo_to_won",), WHY, restate=True)
    open_ = [Finding("SM301", Severity.ERROR, "nobody owns it", object="metric.demo_to_won")]
    other = [Finding("SM301", Severity.ERROR, "nobody owns it", object="metric.mrr")]
    with pytest.raises(InputError, match="open errors"):
        accepted(definitions, held(definitions), given, open_)
    assert accepted(definitions, held(definitions), given, other).changes


def test_findings_that_were_accepted_stay_away_and_new_ones_do_not(path: Path) -> None:
    told = [Finding("SM301", Severity.ERROR, "nobody owns it", object=f"metric.{name}") for name in ("mrr", "nrr")]
    lock = now(path).lock
    assert lock is not None
    kept = accepting(lock, told[:1])
    assert written(kept).endswith("\naccepted:\n  SM301:\n    - metric.mrr\n")
    again = parsed(written(kept), "metrics.lock")
    assert unaccepted(told, again) == told[1:]
    assert unaccepted([Finding("SM302", Severity.ERROR, "no action", object="metric.mrr")], again) != []


def test_ci_accepts_nothing_unless_it_is_allowed(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "true")
    edit(path, ("  approvals:\n", f"{REFUSALS}  approvals:\n"))
    assert run(["lock", "refusals", "-f", str(path)]) == 2
    assert "a machine accepts nothing" in capsys.readouterr().err
    assert run(["lock", "refusals", "--allow-ci", "-f", str(path)]) == 0


@pytest.mark.parametrize("flag", ["--accept", "--upgrade"])
def test_without_a_lock_there_is_nothing_to_write_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], flag: str
) -> None:
    monkeypatch.delenv("CI", raising=False)
    path.with_name("metrics.lock").unlink()
    assert run(["lock", flag, "-f", str(path)]) == 2
    assert "there is no lock yet" in capsys.readouterr().err
    assert not path.with_name("metrics.lock").exists()


def test_everything_at_once_is_asked_about(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    edit(path, ("  approvals:\n", f"{REFUSALS}  approvals:\n"))
    assert run(["lock", "--all", "-f", str(path)]) == 2
    assert "nobody is there to say yes" in capsys.readouterr().err
    assert run(["lock", "--all", "--yes", "-f", str(path)]) == 0
    assert run(["lock", "--all", "--yes", "-f", str(path)]) == 0
    assert "Nothing to accept" in capsys.readouterr().err


# Directions


@pytest.mark.parametrize(
    ("field", "old", "new", "said"),
    [
        ("filter", "a = 1", "a = 1 AND b", "narrows"),
        ("filter", "a = 1 AND b", "b", "widens"),
        ("filter", None, "a = 1", "narrows"),
        ("filter", "a = 1", None, "widens"),
        ("filter", "a IN (1, 2)", "a IN (1, 2, 3)", "widens"),
        ("filter", "a IN (1, 2)", "a = 1", "narrows"),
        ("filter", "a = 1", "a = 2", "moves"),
        ("filter", "a > 3", "a > 5", "narrows"),
        ("filter", "a >= 5", "a >= 3", "widens"),
        ("filter", "a < 3", "a < 5", "widens"),
        ("filter", "a < 3", "a <= 5", "moves"),
        ("filter", "a OR b", "a", "narrows"),
        ("filter", "a OR b", "a OR b OR f", "widens"),
        ("filter", "a", "NOT a", "moves"),
        ("success", "x", {"any": ["x", "y"]}, "widens"),
        ("success", {"any": ["x", "y"]}, "y", "narrows"),
        ("success", "x", "y", "moves"),
        ("success", "x", {"event": "x", "filter": "a"}, "narrows"),
        ("tiers.advanced", {"all": ["x"]}, {"all": ["x", "y"]}, "narrows"),
        ("tiers.advanced", {"event": "x", "at_least": 4}, {"event": "x", "at_least": 3}, "widens"),
        ("signals.volume", {"workflow": "w", "is": ">= 8"}, {"workflow": "w", "is": ">= 9"}, "narrows"),
        ("signals.smooth", {"metric": "m", "is": "< 50"}, {"metric": "m", "is": "< 60"}, "widens"),
        ("within", "24h", "48h", "widens"),
        ("within", "30d", "14d", "narrows"),
        ("at_least", 2, 3, "narrows"),
        ("roles", ["a", "b"], ["a"], "narrows"),
        ("screens", ["a"], ["a", "b"], "widens"),
        ("exclude", "x", {"any": ["x", "y"]}, "narrows"),
        ("expr", "a", "b", "moves"),
    ],
)
def test_directions_are_told_where_they_can_be_proved(field: str, old: Any, new: Any, said: str) -> None:
    assert direction(field, old, new) == said
