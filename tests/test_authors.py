"""Who accepts a change may not be who wrote it, where that is asked for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from saasmetrics.cli.app import run

FILE = """version: 1
sources:
  events: {path: events.csv}
  accounts: {path: accounts.csv}
workflows:
  invoicing: {core: true, attempt: started, success: posted, within: 1d}
lint: {ignore: {SM1: one workflow, SM2: none, SM3: nobody yet, SM4: none, SM6: none, SM7: none}}
metrics:
  opened: {type: simple, event: opened, agg: count, grain: week}
  closed: {type: simple, event: closed, agg: count, grain: week}
"""
GIVEN = ("--verify-author", "--reason", "What is opened twice counts", "--restate")


def git(*words: str, name: str = "Kim Lund") -> None:
    mail = f"{name.split()[0].lower()}@acme.example"
    who = ["-c", f"user.name={name}", "-c", f"user.email={mail}", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Definitions that Lee wrote and locked, and a line that Kim changed; whoever works here is called Mo."""
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    path = Path("metrics.yaml")
    path.write_text(FILE)
    git("init", "-q", "-b", "main")
    git("config", "user.name", "Mo Berg")
    git("config", "user.email", "mo@acme.example")
    assert run(["lock", "--all", "--yes", "-q"]) == 0
    git("add", ".")
    git("commit", "-qm", "Define", name="Lee Hu")
    path.write_text(FILE.replace("event: opened", "event: reopened"))
    git("commit", "-qam", "Reopened counts too", name="Kim Lund")
    return path


def refusal(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is said by a run that refuses."""
    capfd.readouterr()
    before = Path("metrics.lock").read_bytes()
    assert run(["lock", *arguments]) == 2
    assert Path("metrics.lock").read_bytes() == before
    return capfd.readouterr().err


@pytest.mark.parametrize("by", ["kim", "Kim Lund", "KIM@acme.example"])
def test_who_wrote_the_line_cannot_accept_it(repository: Path, capfd: pytest.CaptureFixture[str], by: str) -> None:
    said = refusal(capfd, "opened", "--by", by, *GIVEN)
    assert f"{repository}:9:26" in said
    assert "metric.opened: Kim Lund wrote this line last and cannot accept it" in said


def test_anybody_else_can(repository: Path) -> None:
    assert run(["lock", "opened", "--by", "lee", "-q", *GIVEN]) == 0
    assert "by: lee" in Path("metrics.lock").read_text()
    assert run(["check", "-q"]) == 0
    assert repository.exists()


def test_a_line_that_is_not_committed_is_whose_it_would_be(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    repository.write_text(repository.read_text().replace("event: closed", "event: shut"))
    assert "Mo Berg wrote this line last" in refusal(capfd, "closed", "--by", "mo", *GIVEN)
    assert run(["lock", "closed", "--by", "kim", "-q", *GIVEN]) == 0


def test_of_what_is_gone_it_is_who_changed_the_file_last(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    repository.write_text(FILE.replace(FILE.splitlines()[-1] + "\n", ""))
    git("commit", "-qam", "Close the count", name="Kim Lund")
    assert "metric.closed: Kim Lund wrote" in refusal(capfd, "closed", "--by", "kim", *GIVEN)


def test_it_asks_for_a_name_and_for_git(
    repository: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "--verify-author without --by" in refusal(capfd, "opened", *GIVEN)
    monkeypatch.setenv("PATH", "")
    assert "git cannot tell who wrote this" in refusal(capfd, "opened", "--by", "lee", *GIVEN)
    assert repository.exists()
