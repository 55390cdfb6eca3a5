"""Published editions: what they hold, that nothing is said twice, and what becomes of numbers that were told.

The company of `cases/cli/company` again: MRR is 100 in July (A), 150 in August (A, B 50), 350 in September (A, B, C
200), 340 in October (A 140, C 200); B left in October. Runs of September: two, both posted; of October: four, three
posted.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from conftest import ROOT
from saasmetrics.engine.ask import Ask
from saasmetrics.examination import lock
from saasmetrics.finding import InputError
from saasmetrics.history import publish as publishing
from saasmetrics.history.edition import FILES, HEAD, KEY
from saasmetrics.history.folder import LOCK, editions
from saasmetrics.history.publish import Published
from saasmetrics.history.standing import Standing
from saasmetrics.lock.asking import Given
from saasmetrics.lock.keeping import keep
from saasmetrics.period import Calendar
from saasmetrics.pipeline import compute
from saasmetrics.recall.memory import listed, remember, restated, told_of
from saasmetrics.recall.publishing import publish
from saasmetrics.recall.reading import as_published

COMPANY = ROOT / "tests" / "cases" / "cli" / "company"
SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)


class Company:
    """A folder of its own, whose exports change from one publishing to the next."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "metrics.yaml"
        shutil.copytree(COMPANY, folder, dirs_exist_ok=True)
        self.change("metrics.yaml", "  mrr: {}\n", "  mrr: {segments: [plan]}\n")

    def change(self, file: str, old: str, new: str) -> None:
        """Write something else in a file; it must have been there."""
        text = (self.folder / file).read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old}"
        (self.folder / file).write_text(text.replace(old, new), encoding="utf-8")

    def publish(self, day: int, **more: Any) -> Published:
        """Publish as of a day of November 2026."""
        return publish(self.path, Ask(as_of=date(2026, 11, day), **more), tool="test")[1]

    @property
    def published(self) -> Path:
        """Where the editions are."""
        return self.folder / "published"

    def rows(self, number: int, file: str) -> pl.DataFrame:
        """A table of an edition as it lies there."""
        return pl.read_parquet(self.published / f"{number:04d}" / file)

    def tamper(self, number: int, file: str = FILES[0], **values: pl.Expr) -> None:
        """Write other values into an edition."""
        path = self.published / f"{number:04d}" / file
        pl.read_parquet(path).with_columns(**values).write_parquet(path)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def verdicts(company: Company, *metrics: str, against: str | None = None) -> dict[tuple[str, date], tuple[Any, ...]]:
    """Of each restated number at the total: what was said, what is said, why, and how much that weighs."""
    rows = restated(company.path, against=against, metrics=metrics).rows.filter(pl.col("segment").is_null())
    return {
        (row["metric"], row["period"]): (row["said"], row["says"], row["verdict"], row["severity"])
        for row in rows.filter(pl.col("cut").is_null()).iter_rows(named=True)
    }


def accounts(company: Company, metric: str, period: date) -> dict[str, tuple[Any, ...]]:
    """The accounts behind a restated number: numerators then and now, and their part of the change."""
    rows = restated(company.path, metrics=[metric]).accounts
    found = rows.filter((pl.col("period") == period) & pl.col("cut").is_null())
    return {
        row["account"]: (row["numerator_then"], row["numerator_now"], row["difference"])
        for row in found.iter_rows(named=True)
    }


# What an edition holds


def test_an_edition_holds_the_values_of_the_published_set_and_their_splits(company: Company) -> None:
    done = company.publish(10)
    assert (done.edition.number, done.is_new) == (1, True)
    result = compute(company.path, Ask(as_of=date(2026, 11, 10)))
    said = company.rows(1, "values.parquet")
    whole = said.filter(pl.col("segment").is_null())
    expected = result.values.filter(pl.col("status") != "not_applicable").sort(KEY)
    assert whole.select(expected.columns).sort(KEY).equals(expected)
    plans = said.filter((pl.col("segment") == "plan") & (pl.col("period") == SEPTEMBER))
    assert dict(plans.select("segment_value", "value").iter_rows()) == {"basic": 50.0, "pro": 300.0}
    mrr = said.filter((pl.col("metric") == "mrr") & (pl.col("period") == SEPTEMBER) & pl.col("segment").is_null())
    row = mrr.row(0, named=True)
    assert (row["basis"], row["complete"], row["edition"], row["sources"]) == ("current", True, 1, "subscriptions")
    assert row["full"].startswith("f1_")
    november = said.filter((pl.col("metric") == "mrr") & (pl.col("period") == date(2026, 11, 1)))
    assert not november["complete"].any()


def test_entries_add_up_to_the_values_of_complete_periods(company: Company) -> None:
    company.publish(10)
    company.change("subscriptions.csv", "C,pro,2026-09-01,,200", "C,pro,2026-09-01,,150")
    company.publish(11)
    found = editions(company.published)
    for edition in found:
        standing = Standing(found)
        entries = standing.entries(edition).with_columns(
            worth=pl.when(pl.col("scale") < 1)
            .then(pl.col("amount") / (1 / pl.col("scale")).round())
            .otherwise("amount")
        )
        sides = entries.group_by("metric", "cut", "grain", "period").agg(
            pl.col("worth").filter(pl.col("side") == side).sum().alias(side) for side in ("numerator", "denominator")
        )
        values = standing.values(edition).filter("complete", pl.col("segment").is_null(), pl.col("stat").is_null())
        both = values.join(sides, on=["metric", "cut", "grain", "period"], nulls_equal=True, suffix="_kept")
        assert set(both["metric"]) == {"mrr", "logo_churn_rate", "completion_rate", "north_star", "workflow_successes"}
        for row in both.filter(pl.col("value").is_not_null()).iter_rows(named=True):
            assert row["numerator_kept"] == row["numerator"], row
            assert row["denominator_kept"] == (row["denominator"] or 0), row


def test_only_what_changed_is_written_again(company: Company) -> None:
    company.publish(10)
    company.change("subscriptions.csv", "C,pro,2026-09-01,,200", "C,pro,2026-09-01,,150")
    company.publish(11)
    entries = company.rows(2, "entries.parquet")
    lines = entries.select("metric", "period", "account", "amount").sort("period").rows()
    assert lines == [("mrr", SEPTEMBER, "C", 150 * 120_000), ("mrr", OCTOBER, "C", 150 * 120_000)]
    parts = company.rows(2, "sources.parquet").filter(pl.col("level") == "part")
    assert parts.select("source", "period", "rows").rows() == [("subscriptions", SEPTEMBER, 1)]


def test_sources_say_how_many_rows_of_which_days(company: Company) -> None:
    company.publish(10)
    lines = company.rows(1, "sources.parquet")
    whole = lines.filter(pl.col("level") == "source")
    assert dict(whole.select("source", "rows").iter_rows()) == {"accounts": 4, "events": 22, "subscriptions": 5}
    days = lines.filter((pl.col("level") == "period") & (pl.col("source") == "events"))
    assert days.filter(pl.col("period") == date(2026, 10, 27))["rows"].to_list() == [1]
    assert days["rows"].sum() == 22
    first = whole.filter(pl.col("source") == "events").row(0, named=True)
    assert first["first"] == datetime(2026, 7, 12, 9, tzinfo=UTC)
    assert len(first["schema"]) == 16


def test_digests_are_the_same_however_rows_lie(company: Company, tmp_path: Path) -> None:
    company.publish(10)
    other = Company(tmp_path / "other")
    for name in ("events", "subscriptions", "accounts"):
        rows = pl.read_csv(other.folder / f"{name}.csv", try_parse_dates=name != "events").reverse()
        (other.folder / f"{name}.csv").unlink()
        (other.folder / name).mkdir()
        for number, part in enumerate(rows.iter_slices(3)):
            part.write_parquet(other.folder / name / f"{number}.parquet")
        other.change("metrics.yaml", f"{name}.csv", f"{name}/*.parquet")
    other.publish(10)
    kept = [each.rows(1, "sources.parquet").filter(pl.col("level") != "part") for each in (company, other)]
    columns = ["source", "level", "period", "rows", "first", "last", "digest", "extra"]
    assert kept[0].select(columns).equals(kept[1].select(columns))


def test_accounts_can_be_told_apart_without_being_named(company: Company) -> None:
    company.change(
        "metrics.yaml", "  min_sample: 1\n", "  min_sample: 1\n  published: {path: kept/, accounts: hashed}\n"
    )
    for day in (10, 11):
        publish(company.path, Ask(as_of=date(2026, 11, day)))
    kept = company.folder / "kept"
    names = {account for path in kept.rglob("entries.parquet") for account in pl.read_parquet(path)["account"]}
    assert len(names) == 4  # A, B, C and D, each the same in every metric
    assert all(len(name) == 16 for name in names)
    assert oct((kept / ".salt").stat().st_mode)[-3:] == "600"
    assert pl.read_parquet(kept / "0002" / "entries.parquet").is_empty()


# The same again, at once, and cut off


def test_the_same_data_definitions_and_as_of_add_nothing(company: Company) -> None:
    first = company.publish(10)
    again = company.publish(10)
    assert (first.is_new, again.is_new, again.edition.number) == (True, False, 1)
    company.change("metrics.yaml", "# A company small", "# Still a company small")
    assert not company.publish(10).is_new
    assert company.publish(11).edition.number == 2
    assert company.publish(10).edition.number == 3  # not what the last edition says
    assert [path.name for path in sorted(company.published.glob("[0-9]*"))] == ["0001", "0002", "0003"]


def test_two_at_once_publish_once_what_is_the_same_and_one_after_the_other_what_is_not(company: Company) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(company.publish, [10, 10, 11, 12]))
    found = editions(company.published)
    assert [edition.number for edition in found] == list(range(1, len(found) + 1))
    assert 3 <= len(found) <= 4  # the tenth may come again after another day
    assert {each.edition.as_of.day for each in done} == {11, 12, 13}
    assert not [edition for edition in found if edition.altered or edition.broken]
    for edition in found:
        assert Standing(found).entries(edition).filter(pl.col("metric") == "mrr").height == 8


def test_two_processes_at_once_harm_nobody(company: Company) -> None:
    command = [
        sys.executable,
        "-m",
        "saasmetrics",
        "compute",
        "--publish",
        "-q",
        "--as-of",
        "2026-11-10",
        "-o",
        "a.csv",
    ]
    running = [subprocess.Popen(command, cwd=company.folder, env=environment()) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    assert [edition.number for edition in editions(company.published)] == [1]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TERM": "dumb"}


def test_what_was_cut_off_is_ignored_and_swept(company: Company) -> None:
    company.publish(10)
    left = company.published / ".unfinished-abc"
    shutil.copytree(company.published / "0001", left)
    (left / FILES[2]).write_bytes(b"PAR1")
    assert [edition.number for edition in editions(company.published)] == [1]
    done = company.publish(11)
    assert (done.edition.number, done.swept) == (2, 1)
    assert sorted(path.name for path in company.published.iterdir()) == [LOCK, "0001", "0002"]


@pytest.mark.parametrize("step", [0, 2, 4, 5, 6, 7])
def test_an_edition_that_is_killed_while_it_is_written_is_not_there(company: Company, step: int) -> None:
    """It ends without a word before the n-th time that something is settled on the disk or renamed: the sixth."""
    company.publish(10)
    code = f"""
import os, pathlib
from saasmetrics.history import folder
left = [{step}]
def dying(function):
    def wrapped(*given, **more):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), 9)
        return function(*given, **more)
    return wrapped
folder._settle = dying(folder._settle)
pathlib.Path.rename = dying(pathlib.Path.rename)
from saasmetrics.cli.app import run
raise SystemExit(run(["compute", "--publish", "-q", "--as-of", "2026-11-11", "-o", "a.csv"]))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=company.folder, env=environment(), check=False)
    found = editions(company.published)
    assert not [edition for edition in found if edition.altered or edition.broken]
    assert done.returncode in (-signal.SIGKILL, 0)
    there = [edition.number for edition in found]
    assert there == ([1, 2] if done.returncode == 0 or step > 5 else [1])
    assert company.publish(12).edition.number == len(there) + 1
    assert not list(company.published.glob(".unfinished*"))


def test_a_folder_that_cannot_be_written_says_so(company: Company) -> None:
    company.published.write_text("a file", encoding="utf-8")
    with pytest.raises(InputError, match="the edition cannot be written"):
        company.publish(10)


def test_the_script_for_cron_is_silent_when_all_is_well_and_fails_when_a_number_moved(
    company: Company, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tools = tmp_path_factory.mktemp("tools")
    (tools / "saasmetrics").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m saasmetrics "$@"\n', encoding="utf-8")
    (tools / "saasmetrics").chmod(0o755)
    surroundings = {**environment(), "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}

    def ran() -> tuple[int, str]:
        command = ["sh", str(ROOT / "examples" / "ci" / "publish.sh"), str(company.folder)]
        done = subprocess.run(command, env=surroundings, capture_output=True, encoding="utf-8", check=False)
        return done.returncode, done.stdout + done.stderr

    assert ran() == (0, "")
    assert ran() == (0, "")
    company.change("subscriptions.csv", "C,pro,2026-09-01,,200", "C,pro,2026-09-01,,150")
    code, said = ran()
    assert (code, said.split(":")[0]) == (1, "warning SM932 `mrr` of Sep 2026 was told as $350 and is $300")
    (company.folder / "metrics.yaml").write_text("version: [", encoding="utf-8")
    assert ran()[0] == 2


# Why a number is told otherwise


def test_rows_that_come_late(company: Company) -> None:
    """September had two runs, both posted; a third of the twentieth, started and never posted, was not there yet."""
    company.publish(10)
    with (company.folder / "events.csv").open("a", encoding="utf-8") as stream:
        stream.write("invoice_started,2026-09-20T09:00:00Z,B,r13\n")
    company.publish(11)
    assert verdicts(company) == {("completion_rate", SEPTEMBER): (1.0, pytest.approx(2 / 3), "late", "warning")}
    found = restated(company.path).rows.filter(pl.col("cut").is_null()).row(0, named=True)
    assert (found["code"], found["reason"], found["changed_in"]) == ("SM931", "1 row of events added", "2")
    assert accounts(company, "completion_rate", SEPTEMBER) == {"B": (0.0, 0.0, pytest.approx(-1 / 3))}


def test_a_row_that_was_changed(company: Company) -> None:
    company.publish(10)
    company.change("subscriptions.csv", "C,pro,2026-09-01,,200", "C,pro,2026-09-01,,150")
    company.publish(20)
    assert verdicts(company) == {
        ("mrr", SEPTEMBER): (350.0, 300.0, "edited", "warning"),
        ("mrr", OCTOBER): (340.0, 290.0, "edited", "warning"),
    }
    assert accounts(company, "mrr", SEPTEMBER) == {"C": (200.0, 150.0, -50.0)}
    parts = restated(company.path).rows.filter(pl.col("segment") == "plan").select("segment_value", "said", "says")
    assert parts.rows() == [("pro", 300.0, 250.0), ("pro", 340.0, 290.0)]


def test_a_row_that_was_given_an_earlier_date_was_changed_not_replaced(company: Company) -> None:
    company.publish(10)
    company.change("subscriptions.csv", "s3,C,pro,2026-09-01", "s3,C,pro,2026-08-01")
    company.publish(20)
    assert verdicts(company, "mrr") == {("mrr", date(2026, 8, 1)): (150.0, 350.0, "edited", "warning")}
    assert restated(company.path).rows["reason"].unique().to_list() == ["1 row of subscriptions changed"]


def test_a_row_that_is_gone(company: Company) -> None:
    company.publish(10)
    company.change("subscriptions.csv", "s2,B,basic,2026-08-01,2026-10-01,50,USD,active\n", "")
    company.publish(20)
    found = verdicts(company, "mrr")
    assert found == {
        ("mrr", date(2026, 8, 1)): (150.0, 100.0, "deleted", "warning"),
        ("mrr", SEPTEMBER): (350.0, 300.0, "deleted", "warning"),
    }
    assert accounts(company, "mrr", SEPTEMBER) == {"B": (50.0, 0.0, -50.0)}
    rows = restated(company.path, metrics=["mrr"]).rows
    assert set(rows["code"]) == {"SM933"}


def test_an_export_that_is_gone_altogether(company: Company) -> None:
    company.publish(10)
    (company.folder / "subscriptions.csv").unlink()
    company.publish(20)
    assert verdicts(company, "mrr") == {
        ("mrr", period): (value, None, "deleted", "warning")
        for period, value in (
            (date(2026, 7, 1), 100.0),
            (date(2026, 8, 1), 150.0),
            (SEPTEMBER, 350.0),
            (OCTOBER, 340.0),
        )
    }
    assert set(restated(company.path, metrics=["mrr"]).rows["reason"]) == {
        "1 row of subscriptions gone",
        "2 rows of subscriptions gone",
        "3 rows of subscriptions gone",
        "4 rows of subscriptions gone",
    }


def test_a_definition_that_changed(company: Company) -> None:
    """Runs take ten minutes to be posted: with a window of five none is."""
    company.publish(10)
    company.change("metrics.yaml", "within: 24h", "within: 5m")
    company.publish(11)
    found = verdicts(company)
    assert {(metric, why, weight) for (metric, _), (_, _, why, weight) in found.items()} == {
        ("completion_rate", "definition", "note")
    }
    assert found["completion_rate", OCTOBER][:2] == (0.75, 0.0)
    assert accounts(company, "completion_rate", OCTOBER) == {"A": (1.0, 0.0, -0.25), "C": (2.0, 0.0, -0.5)}


def test_a_number_that_was_tampered_with(company: Company) -> None:
    for day in (10, 11, 12):
        company.publish(day)
    july = (pl.col("metric") == "mrr") & (pl.col("period") == date(2026, 7, 1)) & pl.col("segment").is_null()
    company.tamper(2, value=pl.when(july).then(123.0).otherwise("value"))
    assert verdicts(company) == {("mrr", date(2026, 7, 1)): (100.0, 100.0, "unexplained", "error")}
    found = restated(company.path)
    assert found.rows["between"].to_list() == [123.0]
    assert found.rows["reason"].to_list() == ["edition 2 was altered"]
    assert [finding.code for finding in found.memory.altered] == ["SM934"]
    assert verdicts(company, against="2") == {("mrr", date(2026, 7, 1)): (123.0, 100.0, "unexplained", "error")}


def test_a_head_or_an_entry_that_was_tampered_with(company: Company) -> None:
    for day in (10, 11, 12):
        company.publish(day)
    company.tamper(1, FILES[1], amount=pl.col("amount") + 1)
    head = company.published / "0002" / HEAD
    head.write_text(head.read_text().replace('"tool": "test"', '"tool": "tset"'), encoding="utf-8")
    found = remember(company.path).altered
    assert [(finding.code, Path(str(finding.location)).parts[-2:]) for finding in found] == [
        ("SM934", ("0001", FILES[1])),
        ("SM934", ("0002", HEAD)),
    ]
    shutil.rmtree(company.published / "0001")
    assert "edition 1 is gone" in remember(company.path).altered[-1].message


def test_the_same_rows_and_definition_with_another_number_are_an_error(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the tool counted otherwise than before."""
    company.publish(10)
    honest = publishing.told

    def dishonest(*given: Any) -> pl.DataFrame:
        more = pl.when(pl.col("metric") == "mrr").then(pl.col("value") * 1.001).otherwise("value")
        return honest(*given).with_columns(value=more)

    monkeypatch.setattr("saasmetrics.recall.publishing.told", dishonest)
    company.publish(11)
    found = verdicts(company, "mrr")
    assert {(why, weight) for _, _, why, weight in found.values()} == {("unexplained", "error")}
    assert restated(company.path).accounts.is_empty()


def test_rows_after_a_period_explain_nothing_about_a_balance(company: Company) -> None:
    company.publish(10)
    company.change("subscriptions.csv", "s5,D,basic,2026-11-05,,80", "s5,D,basic,2026-11-05,,90")
    july = (pl.col("metric") == "mrr") & (pl.col("period") == date(2026, 7, 1)) & pl.col("segment").is_null()
    company.tamper(1, value=pl.when(july).then(123.0).otherwise("value"))
    company.publish(11)
    assert verdicts(company) == {("mrr", date(2026, 7, 1)): (123.0, 100.0, "unexplained", "error")}


def test_a_change_is_expected_while_a_source_settles_or_within_the_tolerance(company: Company) -> None:
    """October ended eleven days before the second edition: within the usual fourteen. 0.5 % of 350 is 1.75."""
    company.publish(10)
    company.change("subscriptions.csv", "C,pro,2026-09-01,,200", "C,pro,2026-09-01,,199")
    company.publish(11)
    assert verdicts(company) == {
        ("mrr", SEPTEMBER): (350.0, 349.0, "edited", None),
        ("mrr", OCTOBER): (340.0, 339.0, "edited", None),
    }
    company.change("metrics.yaml", "  min_sample: 1\n", "  min_sample: 1\n  tolerance: 0.2%\n")
    assert verdicts(company)["mrr", SEPTEMBER][-1] == "warning"
    assert verdicts(company)["mrr", OCTOBER][-1] is None
    company.change("metrics.yaml", "{path: subscriptions.csv}", "{path: subscriptions.csv, settle: 7d}")
    assert verdicts(company)["mrr", OCTOBER][-1] == "warning"
    company.change("metrics.yaml", "settle: 7d", "settle: 2mo")
    assert verdicts(company)["mrr", SEPTEMBER][-1] is None


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("subscriptions.csv", "C,pro,2026-09-01,,200", "C,pro,2026-09-01,,150"),
        ("subscriptions.csv", "s2,B,basic,2026-08-01,2026-10-01,50,USD,active\n", ""),
        ("events.csv", "invoice_posted,2026-10-12T09:10:00Z,C,r9\n", ""),
        ("metrics.yaml", "within: 24h", "within: 5m"),
    ],
)
def test_differences_by_account_add_up_to_the_difference(company: Company, file: str, old: str, new: str) -> None:
    company.publish(10)
    company.change(file, old, new)
    company.publish(20)
    found = restated(company.path)
    sums = found.accounts.group_by("metric", "cut", "grain", "period").agg(pl.col("difference").sum())
    whole = found.rows.filter(pl.col("segment").is_null())
    both = whole.join(sums, on=["metric", "cut", "grain", "period"], nulls_equal=True, suffix="_of_accounts")
    assert both.height >= 2
    for row in both.iter_rows(named=True):
        if row["difference"] is not None:
            assert row["difference_of_accounts"] == pytest.approx(row["difference"], abs=1e-12), row


def test_several_reasons_are_told_apart_step_by_step(company: Company) -> None:
    company.publish(10)
    company.change("subscriptions.csv", "C,pro,2026-09-01,,200", "C,pro,2026-09-01,,150")
    company.publish(20)
    company.change("subscriptions.csv", "s2,B,basic,2026-08-01,2026-10-01,50,USD,active\n", "")
    company.publish(21)
    rows = restated(company.path, metrics=["mrr"]).rows.filter(pl.col("segment").is_null())
    told = rows.select("period", "said", "says", "verdicts", "changed_in").rows()
    assert told == [
        (date(2026, 8, 1), 150.0, 100.0, "deleted", "3"),
        (SEPTEMBER, 350.0, 250.0, "deleted,edited", "2,3"),
        (OCTOBER, 340.0, 290.0, "edited", "2"),
    ]
    assert set(verdicts(company, against="2026-11-20")) >= {("mrr", date(2026, 8, 1)), ("mrr", SEPTEMBER)}
    assert verdicts(company, "mrr", against="2026-11-20")["mrr", SEPTEMBER] == (300.0, 250.0, "deleted", "warning")


def test_whatever_can_happen_to_a_number_has_a_verdict_of_its_own_with_the_accounts(company: Company) -> None:
    """Late rows, an edited one, a deleted one, another definition, and an edition that somebody wrote in.

    A run of B in September, never posted: 2 of 2 become 2 of 3. C pays 150, not 200. B never was there. Runs must be
    posted within five minutes: of October's four, of which three were posted, none is.
    """
    keep(company.path, lock(company.path, Given())[1])
    company.publish(10)
    company.change(
        "events.csv",
        "invoice_started,2026-10-05",
        "invoice_started,2026-09-20T09:00:00Z,B,r99\ninvoice_started,2026-10-05",
    )
    company.publish(11)
    company.change("subscriptions.csv", "C,pro,2026-09-01,,200", "C,pro,2026-09-01,,150")
    company.publish(12)
    company.change("subscriptions.csv", "s2,B,basic,2026-08-01,2026-10-01,50,USD,active\n", "")
    company.publish(13)
    company.change("metrics.yaml", "within: 24h", "within: 5m")
    given = Given(("invoicing",), "A run of hours is no run", OCTOBER, "kim", restate=True)
    keep(company.path, lock(company.path, given)[1])
    company.publish(14)
    july = (pl.col("metric") == "mrr") & (pl.col("period") == date(2026, 7, 1)) & pl.col("segment").is_null()
    company.tamper(2, value=pl.when(july).then(123.0).otherwise("value"))
    found = verdicts(company, "mrr", "completion_rate")
    assert found == {
        ("completion_rate", date(2026, 7, 1)): (1.0, 0.0, "definition", "note"),
        ("completion_rate", date(2026, 8, 1)): (2 / 3, 0.0, "definition", "note"),
        ("completion_rate", SEPTEMBER): (1.0, 0.0, "late", "warning"),
        ("completion_rate", OCTOBER): (0.75, 0.0, "definition", "note"),
        ("mrr", date(2026, 7, 1)): (100.0, 100.0, "unexplained", "error"),
        ("mrr", date(2026, 8, 1)): (150.0, 100.0, "deleted", "warning"),
        ("mrr", SEPTEMBER): (350.0, 250.0, "deleted", "warning"),
        ("mrr", OCTOBER): (340.0, 290.0, "edited", None),
    }
    assert accounts(company, "mrr", date(2026, 8, 1)) == {"B": (50.0, 0.0, -50.0)}
    assert accounts(company, "mrr", SEPTEMBER) == {"B": (50.0, 0.0, -50.0), "C": (200.0, 150.0, -50.0)}
    assert accounts(company, "completion_rate", OCTOBER) == {"A": (1.0, 0.0, -0.25), "C": (2.0, 0.0, -0.5)}
    rows = restated(company.path, metrics=["completion_rate"]).rows.filter(pl.col("cut").is_null())
    said = "version 2 of the definition took the place of version 1: A run of hours is no run (kim)"
    assert rows.sort("period").select("period", "reason").rows()[-2:] == [
        (SEPTEMBER, f"1 row of events added; {said}"),
        (OCTOBER, said),
    ]


# Reading the past


def test_numbers_as_they_were_published(company: Company) -> None:
    company.publish(10)
    company.change("subscriptions.csv", "C,pro,2026-09-01,,200", "C,pro,2026-09-01,,150")
    company.publish(20)
    (company.folder / "subscriptions.csv").unlink()  # nothing is computed

    def mrr(ask: Ask) -> dict[date, float]:
        values = as_published(company.path, ask).values
        return dict(values.filter(pl.col("segment").is_null()).select("period", "value").iter_rows())

    assert mrr(Ask(metrics=("mrr",)))[SEPTEMBER] == 300.0
    assert mrr(Ask(metrics=("mrr",), as_of=date(2026, 11, 19)))[SEPTEMBER] == 350.0
    assert list(mrr(Ask(metrics=("mrr",), since=SEPTEMBER, until=OCTOBER))) == [SEPTEMBER, OCTOBER]
    assert len(mrr(Ask(metrics=("mrr",), periods=2))) == 2
    split = as_published(company.path, Ask(metrics=("mrr",), by=(("plan",),))).values
    september = split.filter(pl.col("period") == SEPTEMBER).select("segment_value", "value").rows()
    assert september == [(None, 300.0), ("basic", 50.0), ("pro", 250.0)]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (Ask(where={"plan": ("pro",)}), "cannot be narrowed"),
        (Ask(metrics=("arr",)), "holds none of what is asked for"),
        (Ask(as_of=date(2026, 8, 1)), "nothing had been published by then; the first edition is 1, as of 2026-11-10"),
    ],
)
def test_what_an_edition_cannot_answer(company: Company, ask: Ask, message: str) -> None:
    company.publish(10)
    with pytest.raises(InputError, match=message):
        as_published(company.path, ask)


def test_the_past_of_one_number(company: Company) -> None:
    company.publish(10)
    company.change("subscriptions.csv", "C,pro,2026-09-01,,200", "C,pro,2026-09-01,,150")
    publish(company.path, Ask(as_of=date(2026, 12, 20)))
    rows = told_of(company.path, "mrr").rows
    told = rows.select("period", "first", "first_edition", "last", "last_edition", "editions", "verdict").rows()
    assert told == [
        (date(2026, 7, 1), 100.0, 1, 100.0, 2, 2, None),
        (date(2026, 8, 1), 150.0, 1, 150.0, 2, 2, None),
        (SEPTEMBER, 350.0, 1, 300.0, 2, 2, "edited"),
        (OCTOBER, 340.0, 1, 290.0, 2, 2, "edited"),
        (date(2026, 11, 1), 370.0, 2, 370.0, 2, 1, None),
    ]
    assert listed(company.path)[1].select("edition", "changed", "edited").rows() == [(1, 0, 0), (2, 2, 2)]


def test_nothing_published_is_said_with_what_to_do(company: Company) -> None:
    with pytest.raises(InputError, match="nothing has been published yet") as raised:
        remember(company.path)
    assert raised.value.exit_code == 3
    company.publish(10)
    with pytest.raises(InputError, match="no edition holds `mmr`"):
        restated(company.path, metrics=["mmr"])
    with pytest.raises(InputError, match="there is no edition 7"):
        remember(company.path, against="7")


@pytest.mark.parametrize("given", [{"metrics": ("mrr",)}, {"where": {"plan": ("pro",)}}, {"everything": True}])
def test_a_part_of_the_published_set_is_no_edition(company: Company, given: Mapping[str, Any]) -> None:
    with pytest.raises(InputError, match="--publish takes the published set as a whole"):
        company.publish(10, **given)


# Editions that are broken


def test_after_a_broken_edition_everything_is_written_anew(company: Company) -> None:
    company.publish(10)
    company.publish(11)
    (company.published / "0002" / FILES[1]).write_bytes(b"nothing")
    done = company.publish(12)
    assert json.loads((done.edition.folder / HEAD).read_text())["whole"] is True
    found = editions(company.published)
    assert [edition.broken for edition in found] == [(), (FILES[1],), ()]
    assert Standing(found).entries(found[2]).filter(pl.col("metric") == "mrr").height == 8
    assert [finding.code for finding in remember(company.path).altered] == ["SM934"]
    assert verdicts(company) == {}


def test_now_and_then_an_edition_rests_on_none_before(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "WHOLE_EVERY", 2)
    for day, amount in enumerate((200, 150, 160, 170, 180), 10):
        text = (COMPANY / "subscriptions.csv").read_text().replace("2026-09-01,,200", f"2026-09-01,,{amount}")
        (company.folder / "subscriptions.csv").write_text(text)
        company.publish(day)
    found = editions(company.published)
    assert [edition.whole for edition in found] == [True, False, True, False, True]
    of_c = (pl.col("metric") == "mrr") & (pl.col("period") == SEPTEMBER) & (pl.col("account") == "C")
    forth = Standing(found)
    for standing, order in ((forth, found), (forth, found[::-1]), (Standing(found), found[::-1])):
        amounts = [standing.entries(edition).filter(of_c)["amount"].item() / 120_000 for edition in order]
        assert amounts == [200, 150, 160, 170, 180][:: 1 if order is found else -1]
    assert accounts(company, "mrr", SEPTEMBER) == {"C": (200.0, 180.0, -20.0)}


def test_an_edition_of_a_later_layout_is_refused(company: Company) -> None:
    company.publish(10)
    head = company.published / "0001" / HEAD
    head.write_text(head.read_text().replace('"schema": 1', '"schema": 2'), encoding="utf-8")
    with pytest.raises(InputError, match="published by a later version"):
        remember(company.path)


def test_editions_are_read_in_the_order_of_the_day_they_know(company: Company) -> None:
    company.publish(20)
    company.publish(10)
    assert [edition.number for edition in remember(company.path).past.editions] == [2, 1]
    assert Calendar().local_day(remember(company.path, against="2026-11-15").past.editions[0].as_of).day == 11
