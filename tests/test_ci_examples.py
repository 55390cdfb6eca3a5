"""What `examples/ci` offers to copy: files are what they say, their commands run, their exit codes are true."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from conftest import ROOT
from report_formats import junit_faults, sarif_faults
from saasmetrics import examination
from saasmetrics.cli.app import run
from saasmetrics.recall import publishing

CI = ROOT / "examples" / "ci"
FILES = ("check.yaml", "pre-commit.yaml", "crontab", "publish.sh", "README.md")
SETS = {"$before": "1"}
"""What the script has found out by then."""


def commands(name: str) -> list[list[str]]:
    """The words of every saasmetrics command that a file names to be run."""
    text = (CI / name).read_text(encoding="utf-8")
    if name == "README.md":
        lines = re.findall(r"`(saasmetrics [^`]* -[^`]*)`", text)
    else:
        lines = re.findall(r"(?:^|&& |: )(?: *)(saasmetrics (?!is)[a-z].*?)(?: \|\| .*)?$", text, re.MULTILINE)
    split = [[SETS.get(word, word) for word in shlex.split(line)[1:]] for line in lines]
    return [words for words in split if words]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A company with one number, locked, and nothing in the surroundings."""
    for name in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(ROOT / "tests" / "cases" / "cli" / "company", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    path = Path("metrics.yaml")
    text = re.sub(r"^metrics:\n.*?^targets:", "metrics: {mrr: {}}\ntargets:", path.read_text(), flags=re.S | re.M)
    kept = [line for line in text.splitlines(keepends=True) if not re.match(r"north|.*rate", line)]
    path.write_text("".join(kept).rstrip("\n") + "\n    SM009: One number does not rest on everything\n")
    assert run(["lock", "--all", "--yes", "-q"]) == 0
    return tmp_path


def test_every_file_is_offered() -> None:
    assert {path.name for path in CI.iterdir()} == set(FILES)
    offered = re.findall(r"^\| \[([^]]+)\]", (CI / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(offered) == set(FILES) - {"README.md"}


def test_the_workflow_is_one() -> None:
    flow = yaml.safe_load((CI / "check.yaml").read_text(encoding="utf-8"))
    assert set(flow) == {"name", True, "permissions", "jobs"}  # YAML 1.1 reads `on` as a yes
    assert set(flow[True]) == {"pull_request", "push"}
    (job,) = flow["jobs"].values()
    assert job["runs-on"]
    assert all(("uses" in step) != ("run" in step) for step in job["steps"])
    assert all(re.fullmatch(r"[\w-]+/[\w/-]+@v\d+", step["uses"]) for step in job["steps"] if "uses" in step)
    (upload,) = [step for step in job["steps"] if "sarif" in str(step.get("uses"))]
    assert f"sarif={upload['with']['sarif_file']}" in commands("check.yaml")[0]
    assert flow["permissions"]["security-events"] == "write"


def test_the_hooks_are_some() -> None:
    (local,) = yaml.safe_load((CI / "pre-commit.yaml").read_text(encoding="utf-8"))["repos"]
    assert local["repo"] == "local"
    for hook in local["hooks"]:
        assert {"id", "name", "entry", "language", "files"} <= set(hook)
        assert hook["pass_filenames"] is False
        assert re.search(hook["files"], "metrics.yaml")
        assert not re.search(hook["files"], "docs/metrics.yaml.md")
        assert shlex.split(hook["entry"])[1:] in commands("pre-commit.yaml")
    assert all(re.search(local["hooks"][0]["files"], name) for name in ("metrics.lock", "metrics.history/mrr@1.yaml"))


def test_lines_of_cron_have_five_times_and_a_command() -> None:
    lines = [line for line in (CI / "crontab").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    assert lines.pop(0) == "MAILTO=revops@example.com"
    for line in lines:
        assert re.fullmatch(r"(?:(?:\d+|\*) ){4}(?:\d+|\*)  \S.*", line)


@pytest.mark.parametrize("name", ["check.yaml", "pre-commit.yaml", "crontab", "publish.sh"])
def test_the_commands_run_and_end_well(name: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = commands(name)
    assert found
    if name == "publish.sh":
        found.insert(1, found[0])  # a morning, and the next one
    for words in found:
        capfd.readouterr()
        day = ["--as-of", "2026-11-22"] if "--audit" in words or "--publish" in words else []
        if "--audit" in words:
            assert run(["compute", "--publish", "-q", "-o", "x.csv", *day]) == 0
        assert run([*words, *day]) == 0, words
        assert capfd.readouterr().err == "" or "--quiet" not in words
    if name == "check.yaml":
        assert sarif_faults(yaml.safe_load(Path("metrics.sarif").read_text(encoding="utf-8"))) == []
        assert junit_faults(Path("metrics.xml").read_bytes()) == []
    assert folder.exists()


def drift(text: str) -> str:
    return text.replace("subscriptions.csv}", "subscriptions.csv, filter: \"plan <> 'x'\"}")


BROKEN: dict[str, Callable[[str], str]] = {"drift": drift, "broken": lambda _: "version: [", "same": lambda text: text}


@pytest.mark.parametrize(("how", "code"), [("same", 0), ("drift", 1), ("broken", 2)])
def test_exit_codes_of_checking_are_true(how: str, code: int, folder: Path) -> None:
    path = folder / "metrics.yaml"
    path.write_text(BROKEN[how](path.read_text()))
    assert {run(words) for name in ("check.yaml", "pre-commit.yaml") for words in commands(name)[:1]} == {code}
    assert run(["check", "--fail-on", "never", "-q"]) == (0 if code == 1 else code)


def test_a_bug_is_70_and_reads_as_no_finding(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(examination, "check", bug)
    assert run(commands("check.yaml")[0]) == 70
    assert not (folder / "metrics.sarif").exists()
    monkeypatch.setattr(publishing, "load", bug)
    assert run(commands("publish.sh")[0]) == 70
    assert not list((folder / "published").glob("[0-9]*"))


def test_exit_codes_of_publishing_are_true(folder: Path) -> None:
    publish, restated = commands("publish.sh")
    data = folder / "subscriptions.csv"
    assert run(restated) == 3  # nothing was published yet
    kept = data.read_text()
    data.unlink()
    (folder / "events.csv").rename(folder / "kept.csv")
    (folder / "accounts.csv").rename(folder / "kept2.csv")
    assert run(publish) == 3
    (folder / "kept.csv").rename(folder / "events.csv")
    (folder / "kept2.csv").rename(folder / "accounts.csv")
    data.write_text(kept)
    path = folder / "metrics.yaml"
    text = path.read_text()
    path.write_text("version: [")
    assert (run(publish), run(restated)) == (2, 2)
    path.write_text(text)
    assert not list((folder / "published").glob("[0-9]*"))
