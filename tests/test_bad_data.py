"""Broken exports: findings with file, column and counts; exit code 3 where nothing can be said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DEFINITIONS = """\
version: 1
product: broken
settings: {currency: EUR, min_sample: 1}
sources:
  accounts: {path: accounts.csv, columns: {account: id, created: signed_up}}
  subscriptions: {path: subscriptions.csv, columns: {account: org, start: from_day, end: to_day, price: amount}}
  fx: {rows: [{currency: USD, rate: 0.5}]}
publish: [revenue]
"""
ACCOUNTS = "id,signed_up\na,2026-01-02\nb,2026-01-03\n"
SUBSCRIPTIONS = """\
id,org,from_day,to_day,amount,interval,currency
s1,a,2026-01-05,,100,month,EUR
s2,b,2026-01-05,,100,month,USD
s3,b,2026-02-30,,100,month,EUR
s4,b,2026-02-01,,ten,month,EUR
s5,b,2026-03-01,2026-02-01,100,month,EUR
s6,b,2026-03-01,,100,month,XYZ
s7,,2026-03-01,,100,month,EUR
s1,a,2026-01-05,,100,month,EUR
s8,b,2026-03-01,,100,fortnight,EUR
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "saasmetrics", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "metrics.yaml").write_text(DEFINITIONS, encoding="utf-8")
    (tmp_path / "accounts.csv").write_text(ACCOUNTS, encoding="utf-8")
    (tmp_path / "subscriptions.csv").write_text(SUBSCRIPTIONS, encoding="utf-8")
    return tmp_path


def test_broken_rows_are_counted_by_rule_and_the_rest_is_right(home: Path) -> None:
    done = run(home, "compute", "mrr", "--format", "csv", "--as-of", "2026-03-31", "-v")
    assert done.returncode == 0, done.stderr
    said = done.stderr
    for words in ("start", "amount", "end", "currency", "no `account`", "interval"):
        assert words in said, (words, said)
    assert said.count("subscriptions.csv") >= 7
    # s1 gives 100 EUR, s2 gives 100 USD at a half; all others cannot be used.
    last = [line for line in done.stdout.splitlines() if "2026-03-01" in line]
    assert len(last) == 1
    assert ",150.0," in last[0]


def test_fail_on_turns_findings_into_exit_code_1(home: Path) -> None:
    assert run(home, "compute", "mrr", "--fail-on", "error", "--as-of", "2026-03-31").returncode == 1


def test_a_missing_column_leaves_no_number_and_says_why(home: Path) -> None:
    (home / "subscriptions.csv").write_text("id,org,amount\ns1,a,100\n", encoding="utf-8")
    done = run(home, "compute", "mrr", "--format", "csv")
    assert done.returncode == 3, done.stdout
    assert "from_day" in done.stderr


def test_nothing_usable_is_exit_code_3(home: Path) -> None:
    (home / "subscriptions.csv").unlink()
    (home / "accounts.csv").write_bytes(b"\x00\x01\x02 not a table")
    text = DEFINITIONS.replace("  fx: {rows: [{currency: USD, rate: 0.5}]}\n", "")
    (home / "metrics.yaml").write_text(text, encoding="utf-8")
    done = run(home, "compute", "mrr")
    assert done.returncode == 3, (done.stdout, done.stderr)
    assert "accounts.csv" in done.stderr
    assert "subscriptions.csv" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_number_without_input_cannot_be_opened(home: Path) -> None:
    done = run(home, "ledger", "nps")
    assert done.returncode == 3
    assert "surveys" in done.stderr


def test_a_split_that_nobody_can_answer_is_a_question_without_sense(home: Path) -> None:
    segments = "segments:\n  team: {expr: {tickets: category}}\npublish: [revenue]\n"
    (home / "metrics.yaml").write_text(DEFINITIONS.replace("publish: [revenue]\n", segments), encoding="utf-8")
    done = run(home, "compute", "nrr", "--by", "team", "--as-of", "2026-03-31")
    assert done.returncode == 2, done.stderr
    assert "nrr cannot be split by team" in done.stderr
