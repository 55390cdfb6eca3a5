"""Numbers kept from one run to the next: the same numbers, whatever was kept and whatever became of the rows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from saasmetrics.demo import company
from saasmetrics.engine import finish, kept
from saasmetrics.engine.ask import Ask
from saasmetrics.engine.reduce import Reduction
from saasmetrics.facts import cache as caching
from saasmetrics.facts import parcel
from saasmetrics.pipeline import Result, compute, ledger

EACH_TYPE = (
    "workflow_successes", "completion_rate", "activation_funnel", "time_to_value", "tier_share", "waa", "usage_trend.*",
    "cohort_retention", "workflow_frequency", "role_engagement", "load_time_p95", "tickets_per_100", "mrr", "new_mrr",
    "nrr", "health_score", "ltv", "attributed_revenue", "incident_reach", "time_in_product", "signal_lift",
)  # fmt: skip
FEW = ("waa", "completion_rate")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "company"
    company.write(folder, accounts=30, months=4, seed=5, events=5_000)
    return folder


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "company"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def told(result: Result) -> list[Any]:
    """All that a result tells."""
    steps = result.step_times.rows() if result.step_times is not None else None
    values = result.values.rows()
    return [values, result.findings, result.sources, result.judged, result.verdicts, result.parts, result.as_of, steps]


def asked(home: Path, *metrics: str, **more: Any) -> Callable[..., Result]:
    ask = Ask(metrics=metrics or FEW, **more)
    return lambda **how: compute(home / "metrics.yaml", ask, **how)


def remade(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ledgers that are reduced from now on."""
    found: list[str] = []
    usual = Reduction

    def reduction(live: Any, entries: Any, periods: Any) -> Any:
        found.append(repr(entries.shape))
        return usual(live, entries, periods)

    monkeypatch.setattr(finish, "Reduction", reduction)
    return found


def test_where_nothing_is_new_nothing_is_made_anew(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = asked(home, *EACH_TYPE, by=(("plan",),), periods=3)
    expected = told(run(no_cache=True))
    assert told(run(cache=folder)) == expected
    made = remade(monkeypatch)
    assert told(run(cache=folder)) == expected
    assert made == []


def test_steps_are_told_without_the_other_rows(home: Path, folder: Path) -> None:
    run = asked(home, "activation_funnel", "load_time_p95")
    expected = told(run(no_cache=True))
    assert expected[-1], "the funnel has steps"
    run(cache=folder)
    assert told(run(cache=folder)) == expected


def test_fewer_periods_are_told_and_more_are_made(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(home, periods=4)(cache=folder)
    made = remade(monkeypatch)
    fewer = asked(home, periods=2)(cache=folder)
    assert made == []
    assert told(fewer) == told(asked(home, periods=2)(no_cache=True))
    more = asked(home, periods=9)(cache=folder)
    assert len(made) == 2 * len(FEW), "by the run without a cache as well"
    assert told(more) == told(asked(home, periods=9)(no_cache=True))


CHANGES = {
    "a definition": ("metrics.yaml", "within: 24h", "within: 3h"),
    "the calendar": ("metrics.yaml", "week_start: monday", "week_start: sunday"),
    "a table": ("data/accounts.csv", "manufacturing", "making"),
}


def test_whatever_numbers_rest_on_makes_them_anew(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = asked(home, by=(("industry",),))
    before = told(run(cache=folder))
    made = remade(monkeypatch)
    for name, old, new in CHANGES.values():
        text = (home / name).read_text(encoding="utf-8")
        assert old in text
        (home / name).write_text(text.replace(old, new), encoding="utf-8")
        made.clear()
        result = told(run(cache=folder))
        assert made
        assert result == told(run(no_cache=True)) != before
        before = result


def test_words_beside_the_definitions_change_nothing(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = asked(home)
    run(cache=folder)
    path = home / "metrics.yaml"
    path.write_text("# another remark\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    made = remade(monkeypatch)
    run(cache=folder)
    assert made == []


def test_another_program_makes_numbers_anew(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = asked(home)
    run(cache=folder)
    monkeypatch.setattr(kept, "program", lambda: "another")
    made = remade(monkeypatch)
    run(cache=folder)
    assert made


def test_logs_decide_whether_numbers_are_made_anew(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = sorted((home / "data" / "events").glob("*.parquet"))
    aside = logs[-1].rename(home / "aside")
    run = asked(home)
    before = told(run(cache=folder))
    aside.rename(logs[-1])
    made = remade(monkeypatch)
    expected = told(run(no_cache=True))
    assert told(run(cache=folder)) == expected != before
    assert made
    made.clear()
    assert told(run(cache=folder)) == expected
    assert made == []
    shutil.copy2(logs[0], home / "aside")
    os.utime(logs[0])
    assert told(run(cache=folder)) == expected
    assert made, "the file may be another one"
    logs[0].unlink()
    assert told(run(cache=folder)) == told(run(no_cache=True)) != expected


def test_a_moment_before_has_numbers_of_its_own(home: Path, folder: Path) -> None:
    now = asked(home)
    last = max(now(cache=folder).values["period"])
    then = asked(home, as_of=date(last.year, last.month, 1))
    expected = told(then(no_cache=True))
    assert expected != told(now(cache=folder))
    assert told(then(cache=folder)) == expected
    assert told(then(cache=folder)) == expected


def test_numbers_are_opened_with_all_their_rows(home: Path, folder: Path) -> None:
    asked(home)(cache=folder)
    asked(home)(cache=folder)
    path = home / "metrics.yaml"
    one, other = (ledger(path, "waa", cache=folder), ledger(path, "waa", no_cache=True))
    assert one.entries.equals(other.entries)
    assert one.entries.height


def test_broken_numbers_are_made_anew(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_facts_that_are_gone_make_numbers_anew(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = asked(home)
    expected = told(run(cache=folder))
    next(path for path in sorted(folder.iterdir()) if not path.name.startswith("answers")).unlink()
    made = remade(monkeypatch)
    assert told(run(cache=folder)) == expected
    assert made


def test_a_full_disk_costs_no_number_and_is_told(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
