"""Numbers kept from one run to the next: the same numbers, whatever was kept and whatever became of the rows."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from arriving import EPOCH, Arriving, disagreements, drawn, told
from saasmetrics.demo import company
from saasmetrics.engine import finish, kept
from saasmetrics.engine.ask import Ask
from saasmetrics.engine.reduce import Reduction
from saasmetrics.facts import cache as caching
from saasmetrics.facts import parcel
from saasmetrics.period import Grain
from saasmetrics.pipeline import Result, compute, ledger

EACH_TYPE = (
    "workflow_successes", "completion_rate", "activation_funnel", "time_to_value", "tier_share", "waa", "usage_trend.*",
    "cohort_retention", "workflow_frequency", "role_engagement", "load_time_p95", "tickets_per_100", "mrr", "new_mrr",
    "nrr", "health_score", "ltv", "attributed_revenue", "incident_reach", "time_in_product", "signal_lift",
)  # fmt: skip
FEW = ("active_accounts", "completion")


@pytest.fixture
def home(tmp_path: Path) -> Arriving:
    (tmp_path / "company").mkdir()
    company = drawn(5, tmp_path / "company")
    company.write(len(company.files))
    return company


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def asked(home: Arriving, *metrics: str, **more: Any) -> Callable[..., Result]:
    ask = Ask(metrics=metrics or FEW, **more)
    return lambda **how: compute(home.folder / "metrics.yaml", ask, **how)


def remade(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ledgers that are reduced from now on."""
    found: list[str] = []
    usual = Reduction

    def reduction(live: Any, entries: Any, periods: Any) -> Any:
        found.append(repr(entries.shape))
        return usual(live, entries, periods)

    monkeypatch.setattr(finish, "Reduction", reduction)
    return found


def test_where_nothing_is_new_nothing_is_made_anew(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "company" / "metrics.yaml"
    company.write(path.parent, accounts=30, months=4, seed=5, events=5_000)
    run = partial(compute, path, Ask(metrics=EACH_TYPE, by=(("plan",),), periods=2))
    expected = told(run(cache=folder))
    made = remade(monkeypatch)
    assert told(run(cache=folder)) == expected
    assert made == []


def test_steps_are_told_without_the_other_rows(home: Arriving, folder: Path) -> None:
    run = asked(home, "funnel", "calls_p95")
    expected = told(run(no_cache=True))
    assert expected[-1], "the funnel has steps"
    run(cache=folder)
    assert told(run(cache=folder)) == expected


def test_fewer_periods_are_told_and_more_are_made(
    home: Arriving, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(home, periods=4)(cache=folder)
    made = remade(monkeypatch)
    fewer = asked(home, periods=2)(cache=folder)
    assert made == []
    assert told(fewer) == told(asked(home, periods=2)(no_cache=True))
    more = asked(home, periods=9)(cache=folder)
    assert len(made) == 2 * len(FEW), "by the run without a cache as well"
    assert told(more) == told(asked(home, periods=9)(no_cache=True))


CHANGES = {
    "a definition": ("metrics.yaml", '"within": "2d"', '"within": "2h"'),
    "the calendar": ("metrics.yaml", '"Europe/Berlin"', '"Europe/Berlin", "week_start": "sunday"'),
    "a table": ("accounts.csv", "small", "little"),
}


def test_whatever_numbers_rest_on_makes_them_anew(
    home: Arriving, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = asked(home, by=(("size",),))
    before = told(run(cache=folder))
    made = remade(monkeypatch)
    for name, old, new in CHANGES.values():
        text = (home.folder / name).read_text(encoding="utf-8")
        assert old in text
        (home.folder / name).write_text(text.replace(old, new), encoding="utf-8")
        made.clear()
        result = told(run(cache=folder))
        assert made
        assert result == told(run(no_cache=True)) != before
        before = result


def test_words_beside_the_definitions_change_nothing(
    home: Arriving, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = asked(home)
    run(cache=folder)
    path = home.folder / "metrics.yaml"
    path.write_text("# another remark\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    made = remade(monkeypatch)
    run(cache=folder)
    assert made == []


def test_another_program_makes_numbers_anew(home: Arriving, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = asked(home)
    run(cache=folder)
    monkeypatch.setattr(kept, "program", lambda: "another")
    made = remade(monkeypatch)
    run(cache=folder)
    assert made


def test_logs_decide_whether_numbers_are_made_anew(
    home: Arriving, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = sorted(home.folder.glob("events-*.parquet"))
    home.write(len(home.files) - 1)
    run = asked(home)
    before = told(run(cache=folder))
    home.write(len(home.files))
    made = remade(monkeypatch)
    expected = told(run(no_cache=True))
    assert told(run(cache=folder)) == expected != before
    assert made
    made.clear()
    assert told(run(cache=folder)) == expected
    assert made == []
    os.utime(logs[0])
    assert told(run(cache=folder)) == expected
    assert made, "the file may be another one"
    logs[0].unlink()
    assert told(run(cache=folder)) == told(run(no_cache=True)) != expected


def test_a_moment_before_has_numbers_of_its_own(home: Arriving, folder: Path) -> None:
    now = asked(home)
    last = max(now(cache=folder).values["period"])
    then = asked(home, as_of=date(last.year, last.month, 1))
    expected = told(then(no_cache=True))
    assert expected != told(now(cache=folder))
    assert told(then(cache=folder)) == expected
    assert told(then(cache=folder)) == expected


def test_numbers_are_opened_with_all_their_rows(home: Arriving, folder: Path) -> None:
    asked(home)(cache=folder)
    asked(home)(cache=folder)
    path = home.folder / "metrics.yaml"
    one, other = (ledger(path, FEW[0], cache=folder), ledger(path, FEW[0], no_cache=True))
    assert one.entries.equals(other.entries)
    assert one.entries.height


def test_broken_numbers_are_made_anew(home: Arriving, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = asked(home)
    expected = told(run(cache=folder))
    made = remade(monkeypatch)
    for harm in ("gone", "cut", "changed"):
        [path] = folder.glob("answers-*")
        content = bytearray(path.read_bytes())
        content[-40] ^= 0xFF
        if harm == "gone":
            path.unlink()
        else:
            path.write_bytes(content[:-60] if harm == "cut" else content)
        made.clear()
        assert told(run(cache=folder)) == expected
        assert made
    made.clear()
    assert told(run(cache=folder)) == expected
    assert made == []


def test_facts_that_are_gone_make_numbers_anew(home: Arriving, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = asked(home)
    expected = told(run(cache=folder))
    next(path for path in sorted(folder.iterdir()) if not path.name.startswith("answers")).unlink()
    made = remade(monkeypatch)
    assert told(run(cache=folder)) == expected
    assert made


def test_a_full_disk_costs_no_number_and_is_told(home: Arriving, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = asked(home)

    def write(path: Path, *rest: Any) -> int:
        if path.name.startswith("answers"):
            raise OSError(28, "No space left on device")
        return parcel.write_parcel(path, *rest)

    monkeypatch.setattr(caching, "write_parcel", write)
    result = run(cache=folder)
    assert [finding.code for finding in result.findings if finding.code == "SM977"] == ["SM977"]
    assert list(folder.glob("answers*")) == []
    assert told(result)[0] == told(run(no_cache=True))[0]


def days(*rows: tuple[str, float, str | None]) -> list[dict[str, Any]]:
    """Rows of an account: what, on which day, and of which run."""
    usual = {"account": "A", "user": "u1", "kind": None, "amount": 1.0}
    return [
        {"id": f"{event}-{day}-{run}", "event": event, "at": EPOCH + timedelta(days=day), "run": run, **usual}
        for event, day, run in rows
    ]


BEFORE = [
    days(*(("use", day + 0.5, None) for day in range(31)), ("try", 10.5, "r1"), ("try", 12.5, "r2"), ("ok", 12.6, "r2"),
         ("try", 5.5, "r3"), ("try", 20.9, "r4")),
    days(*(("use", day + 0.5, None) for day in range(33, 45)), ("ok", 40.5, "r3"), ("try", 36.5, "r5"),
         ("try", 42.7, "r7")),
]  # fmt: skip
NEW = {
    "rows that follow": days(("use", 45.5, None), ("try", 46.5, "r6")),
    "a row that comes late": days(("use", 45.5, None), ("use", 20.7, None)),
    "a late row at the turn of a month": [
        {**row, "user": "u2"} for row in days(("use", 45.5, None), ("use", 32.3, None))
    ],
    "the last moment of a day": days(("use", 45.5, None), ("use", 19.95833, None)),
    "an end that comes late": days(("use", 45.5, None), ("ok", 11.5, "r1")),
    "a try of an old run": days(("use", 45.5, None), ("try", 45.5, "r2")),
    "an end long after": days(("ok", 45.5, "r4"), ("use", 45.5, None)),
    "the rest of a run lies far back": days(("use", 45.5, None), ("use", 39.5, None), ("ok", 44.5, "r5")),
    "a row that comes again": days(("use", 45.5, None)) + BEFORE[0][3:5],
    "a row that comes again with other content": [*days(("use", 45.5, None)), {**BEFORE[0][3], "amount": -5.0}],
}


def by_day(folder: Path, **how: Any) -> list[Any]:
    metrics = ("uses", "completion", "retried", "run_span", "active_3d", "amount_p90")
    return told(compute(folder / "metrics.yaml", Ask(metrics=metrics, grain=Grain.DAY, periods=60), **how))


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Arriving:
    """A company with two files that came one after the other, and what was kept of each."""
    accounts = [{"account": "A", "created": "2026-01-01T00:00:00Z", "size": "small"}]
    tickets = [{"at": "2026-01-03T00:00:00Z", "account": "A", "category": "bug", "resolved": "2026-01-04T00:00:00Z"}]
    company = Arriving(tmp_path_factory.mktemp("before"), random.Random(0), [*BEFORE, []], accounts, tickets)
    for count in (1, 2):
        company.write(count)
        by_day(company.folder, cache=company.folder / "kept")
    return company


@pytest.mark.parametrize("what", NEW)
def test_new_rows_change_the_days_that_they_reach(
    before: Arriving, tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(before.folder, tmp_path / "company"))
    replace(before, folder=folder, files=[*BEFORE, NEW[what]]).write(3)
    drawn_ = drawn_for(monkeypatch)
    found = by_day(folder, cache=folder / "kept")
    assert min(drawn_) < 60 or "other content" in what, "not every day is made anew"
    assert found == by_day(folder, no_cache=True)


def drawn_for(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """For how many periods ledgers are drawn from now on."""
    found: list[int] = []

    def reduction(live: Any, entries: Any, periods: Any) -> Any:
        found.append(len(periods.starts))
        return Reduction(live, entries, periods)

    monkeypatch.setattr(finish, "Reduction", reduction)
    return found


@pytest.mark.parametrize("seed", [7])
def test_files_that_arrive_are_told_as_if_all_were_read(tmp_path: Path, seed: int) -> None:
    assert list(disagreements(seed, tmp_path)) == []
