"""Facts against an independent engine, by hand, and the same however the rows are cut."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from facts_world import COLUMNS, SCHEMA, World, ask, at, day, facts, ordered, plain, random_rows, take
from saasmetrics.definitions import outcomes
from saasmetrics.definitions.selection import Selector
from saasmetrics.facts import feed
from saasmetrics.facts.demand import Demand
from saasmetrics.facts.formulas import Formulas
from saasmetrics.facts.request import First, Narrow, Presence, Request, Runs, Tally
from saasmetrics.facts.result import Facts
from saasmetrics.finding import InputError

EPOCH = at("1970-01-01")
INSTANT = pl.Datetime("us", "UTC")
POSTED, STARTED, FAILED = take("posted"), take("started"), take("failed")
LATE = take("posted", "CAST(amount AS DOUBLE) > 10")
BAD = take(None, "status IN ('error', 'timeout')")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def rows() -> pl.DataFrame:
    return random_rows(7, 4_000)


CASES: list[tuple[Request, str]] = [
    (Tally((POSTED,)), "SELECT org, cell, count(*) FROM log WHERE name = 'posted' GROUP BY ALL"),
    (Tally((POSTED, STARTED)), "SELECT org, cell, count(*) FROM log WHERE name IN ('posted', 'started') GROUP BY ALL"),
    (Tally((POSTED, LATE)), "SELECT org, cell, count(*) FROM log WHERE name = 'posted' GROUP BY ALL"),
    (Tally((LATE,)), "SELECT org, cell, count(*) FROM log WHERE name = 'posted' AND amount > 10 GROUP BY ALL"),
    (
        Tally((LATE, BAD)),
        "SELECT org, cell, count(*) FROM log WHERE (name = 'posted' AND amount > 10) OR status IN ('error', 'timeout') "
        "GROUP BY ALL",
    ),
    (Tally((take(None),)), "SELECT org, cell, count(*) FROM log GROUP BY ALL"),
    (Tally((POSTED,), grain="day"), "SELECT org, day, count(*) FROM log WHERE name = 'posted' GROUP BY ALL"),
    (
        Tally((POSTED, STARTED), by=("user", "role")),
        "SELECT org, person, role, cell, count(*) FROM log WHERE name IN ('posted', 'started') GROUP BY ALL",
    ),
    (
        Tally((POSTED, FAILED), expr="CAST(amount AS DOUBLE) * 2", unit=100),
        "SELECT org, cell, count(*), coalesce(sum(round(amount * 2 * 100))::BIGINT, 0), count(amount) FROM log "
        "WHERE name IN ('posted', 'failed') GROUP BY ALL",
    ),
    (
        Presence((POSTED,)),
        "SELECT org, date_trunc('month', day)::DATE, bit_or(1 << (day(day) - 1)) FROM log "
        "WHERE name = 'posted' GROUP BY ALL",
    ),
    (
        Presence((STARTED, BAD)),
        "SELECT org, date_trunc('month', day)::DATE, bit_or(1 << (day(day) - 1)) FROM log "
        "WHERE (name = 'started' OR status IN ('error', 'timeout')) GROUP BY ALL",
    ),
    (
        Presence((take(None),), "user"),
        "SELECT org, person, date_trunc('month', day)::DATE, bit_or(1 << (day(day) - 1)) FROM log "
        "WHERE person IS NOT NULL GROUP BY ALL",
    ),
    (First((POSTED, FAILED)), "SELECT org, min(us) FROM log WHERE name IN ('posted', 'failed') GROUP BY 1"),
    (
        First((POSTED,), at_least=4),
        "SELECT org, us FROM log WHERE name = 'posted' QUALIFY row_number() OVER (PARTITION BY org ORDER BY us) = 4",
    ),
    (
        First((take("posted", run="job"),), at_least=3, distinct_runs=True),
        "SELECT org, us FROM (SELECT org, job, min(us) us FROM log WHERE name = 'posted' AND job IS "
        "NOT NULL GROUP BY ALL) QUALIFY row_number() OVER (PARTITION BY org ORDER BY us) = 3",
    ),
    (
        Narrow((POSTED, LATE), ("role", "status"), "CAST(amount AS DOUBLE)", 1000),
        "SELECT org, person, us, place, role, status, round(amount * 1000)::BIGINT FROM log, range(2) t(place) "
        "WHERE name = 'posted' AND (place = 0 OR amount > 10)",
    ),
]


@pytest.mark.parametrize(
    ("request_", "sql"), CASES, ids=[f"{type(case[0]).__name__}{n}" for n, case in enumerate(CASES)]
)
def test_facts_equal_sql(world: World, rows: pl.DataFrame, request_: Request, sql: str) -> None:
    world.write(rows)
    assert ordered(plain(facts(world.log(), request_).frames[request_])) == ordered(ask(rows, sql))


RUNS = Runs(
    "invoicing",
    (take("started", run="job"),),
    (take("posted", run="job"),),
    (take("failed", run="job"),),
    reason="status",
    expr="CAST(amount AS DOUBLE)",
    unit=1000,
    named=True,
)


def runs_one_by_one(rows: pl.DataFrame) -> list[tuple[Any, ...]]:
    """The definition of a run, row after row."""
    runs: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows.with_columns(ts=pl.col("ts").to_physical()).iter_rows(named=True):
        if row["org"] and row["job"] and row["name"] in ("started", "posted", "failed"):
            runs.setdefault((row["org"], row["job"]), []).append(row)
    out = []
    for (org, job), met in runs.items():
        times = {
            name: sorted(row["ts"] for row in met if row["name"] == name) for name in ("started", "posted", "failed")
        }
        attempts, successes, failures = times["started"], times["posted"], times["failed"]
        attempt = attempts[0] if attempts else None
        after = [time for time in successes if attempt is not None and time >= attempt]
        opening = [row for row in met if row["name"] == "started" and row["ts"] == attempt]
        opening = opening or [row for row in met if row["ts"] == min(other["ts"] for other in met)]
        users = [row["person"] for row in opening if row["person"]]
        reasons = [
            row["status"] for row in met if row["name"] == "failed" and row["ts"] == failures[-1] and row["status"]
        ]
        first = [row for row in met if row["name"] == "posted" and row["ts"] == successes[0]]
        amounts = [round(row["amount"] * 1000) for row in first if row["amount"] is not None]
        out.append(
            (
                org,
                min(users, default=None),
                job,
                len(attempts),
                attempt,
                after[0] if after else None,
                successes[0] if successes else None,
                len(failures),
                failures[0] if failures else None,
                max(reasons, default=None),
                max(amounts, default=None),
            )
        )
    return out


@pytest.mark.parametrize("batch", [25, 1_000_000])
def test_runs_are_put_together(world: World, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(feed, "ROWS", batch)
    crowded = rows.with_columns(pl.col("ts").dt.truncate("6h"), pl.col("job").str.slice(0, 2))
    world.write(crowded.head(1_500), "a.parquet", row_group_size=40)
    world.write(crowded.tail(2_500), "b.parquet", row_group_size=40)
    found = facts(world.log(), RUNS)
    assert ordered(plain(found.frames[RUNS])) == ordered(runs_one_by_one(crowded))
    [(runless,)] = ask(rows, "SELECT count(*) FROM log WHERE job IS NULL AND name IN ('started', 'posted', 'failed')")
    assert found.runless == {"invoicing": runless}


def test_runs_of_few_rows_are_put_together(world: World, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """As good as every run has an attempt and a success, in one chunk or in two."""
    monkeypatch.setattr(feed, "ROWS", 500)
    twos = rows.with_columns(
        name=pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("started")).otherwise(pl.lit("posted")),
        job=pl.concat_str(pl.lit("run"), pl.int_range(pl.len()) // 2 % 1_900),
        org=pl.lit("a1"),
    )
    world.write(twos, row_group_size=250)
    assert ordered(plain(facts(world.log(), RUNS).frames[RUNS])) == ordered(runs_one_by_one(twos))


def test_a_run_may_succeed_before_and_after_its_attempt(world: World) -> None:
    """Success on days 1, 3 and 4, attempt on day 2 in another file: day 3 counts, the amount is day 1's."""
    days = {"posted": [1, 4, 3], "started": [2]}
    for name, on in days.items():
        moments = [at(f"2026-05-0{number}") for number in on]
        world.write(_rows(name, moments, job="j", amount=[float(number) for number in on]), f"{name}.parquet")
    frame = facts(world.log(), RUNS).frames[RUNS]
    assert frame.select("attempt", "success", "any_success", "total").row(0) == (
        at("2026-05-02"),
        at("2026-05-03"),
        at("2026-05-01"),
        1000,
    )


def _rows(name: str, times: list[Any], **columns: Any) -> pl.DataFrame:
    """Rows of one account, all alike but for the time and what is given."""
    made = pl.DataFrame({"ts": times}, schema={"ts": INSTANT}).with_row_index("event_id")
    given = {
        "name": name,
        "org": "a1",
        "person": "u1",
        "job": None,
        "role": None,
        "status": None,
        "amount": None,
    } | columns
    columns_ = {
        key: pl.Series(value, dtype=SCHEMA[key]) if isinstance(value, list) else pl.lit(value, dtype=SCHEMA[key])
        for key, value in given.items()
    }
    return made.with_columns(pl.col("event_id").cast(pl.String) + name).with_columns(**columns_).select(list(SCHEMA))


# what is left out


def test_rows_after_the_as_of_are_not_there(world: World, rows: pl.DataFrame) -> None:
    known = rows.with_columns(known=pl.when(pl.col("role") == "admin").then(pl.col("ts") + pl.duration(days=3)))
    world.write(known)
    as_of = at("2026-03-30")
    found = facts(world.log(columns={**COLUMNS, "known_at": "known"}), Tally((POSTED,)), as_of=as_of)
    seen = "ts < '2026-03-30' AND coalesce(known < '2026-03-30', TRUE)"
    expected = ask(known, f"SELECT org, cell, count(*) FROM log WHERE name = 'posted' AND {seen} GROUP BY ALL")
    assert ordered(plain(found.frames[Tally((POSTED,))])) == ordered(expected)
    [(used, hidden, last)] = ask(
        known, f"SELECT count(*) FILTER ({seen}), count(*) FILTER (NOT ({seen})), max(us) FILTER ({seen}) FROM log"
    )
    read = found.reads["events"]
    assert (read.used, read.hidden, read.last) == (used, hidden, EPOCH + timedelta(microseconds=last))


def test_faulty_rows_are_counted_by_rule(world: World, rows: pl.DataFrame) -> None:
    world.write(rows)
    read = facts(world.log(), Tally((POSTED,))).reads["events"]
    [(without,)] = ask(rows, "SELECT count(*) FROM every WHERE org IS NULL")
    assert read.faults == {"missing:account": without}
    assert read.used == 4_000 - without


def test_requests_without_an_account_are_kept(world: World, rows: pl.DataFrame) -> None:
    world.write(rows)
    log = world.log("calls", role="requests", columns={"at": "ts", "account": "org", "name": "name"})
    errors = Tally((Selector("requests", "at", filter="status = 'error'"),))
    expected = ask(rows, "SELECT org, cell, count(*) FROM every WHERE status = 'error' GROUP BY ALL")
    frame = facts(log, errors).frames[errors]
    assert ordered(plain(frame)) == ordered(expected)
    assert frame["account"].null_count() > 0


def test_an_id_is_one_row_wherever_it_is_repeated(
    world: World, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "ROWS", 100)
    rows = rows.with_columns(event_id=pl.when(pl.int_range(pl.len()) % 50 > 0).then("event_id"))
    again = rows.drop_nulls("event_id").sample(300, seed=3)
    world.write(pl.concat([rows, again.head(100)]), "a.parquet", row_group_size=64)
    world.write(again.tail(200), "b.parquet")
    requests: list[Request] = [Tally((POSTED,)), RUNS, First((POSTED,), at_least=4), Narrow((POSTED,))]
    found = facts(world.log(), *requests)
    alone = World(world.folder / "alone")
    alone.folder.mkdir()
    alone.write(rows)
    without = facts(alone.log(columns={key: name for key, name in COLUMNS.items() if key != "id"}), *requests)
    assert [plain(found.frames[request]) for request in requests] == [
        plain(without.frames[request]) for request in requests
    ]
    usable = again.drop_nulls("org").height
    assert found.reads["events"].repeats == usable
    assert found.reads["events"].used == without.reads["events"].used
    assert without.reads["events"].repeats == 0
    assert found.findings == ()


def test_a_repeat_with_other_content_is_told(world: World) -> None:
    """The first by content is kept, whichever file it stands in."""
    early, late = (_rows("posted", [at(text)]) for text in ("2026-05-01", "2026-05-20"))
    for order in ([early, late], [late, early]):
        world.write(order[0], "a.parquet")
        world.write(order[1], "b.parquet")
        found = facts(world.log(), Tally((POSTED,)))
        assert plain(found.frames[Tally((POSTED,))]) == [("a1", day("2026-05-01"), 1)]
        assert [(finding.code, finding.rows) for finding in found.findings] == [("SM905", 1)]


# accounts


def test_merged_accounts_count_as_one_in_all_history(world: World, rows: pl.DataFrame) -> None:
    world.write(rows)
    aliases = pl.DataFrame({"alias": ["a1", "a2"], "account": ["a2", "b9"]})
    found = facts(world.log(), Tally((POSTED,)), aliases=aliases)
    merged = "CASE WHEN org IN ('a1', 'a2') THEN 'b9' ELSE org END"
    expected = ask(rows, f"SELECT {merged}, cell, count(*) FROM log WHERE name = 'posted' GROUP BY ALL")
    assert ordered(plain(found.frames[Tally((POSTED,))])) == ordered(expected)


def test_ids_are_those_known_and_those_seen(world: World) -> None:
    world.write(_rows("posted", [at("2026-05-01")]))
    found = facts(world.log(), Tally((POSTED,)), accounts=pl.Series(["z", "a0"]), users=pl.Series(["u0"]))
    assert found.account.categories.to_list() == ["a0", "a1", "z"]
    assert found.frames[Tally((POSTED,))].schema["account"] == found.account
    assert found.user.categories.to_list() == ["u0"]


@pytest.mark.parametrize("at_least", [1, 2])
def test_time_counts_from_creation(world: World, at_least: int) -> None:
    """Rows on days 1, 2, 3; a1 is created on day 2; a2 is not in the accounts, a3 has no creation."""
    times = [at(f"2026-05-0{number}") for number in (1, 2, 3)]
    for org in ("a1", "a2", "a3"):
        world.write(_rows("posted", times, org=org, event_id=[f"{org}{n}" for n in range(3)]), f"{org}.parquet")
    created = pl.DataFrame(
        {"account": ["a1", "a3"], "created": [times[1], None]}, schema_overrides={"created": SCHEMA["ts"]}
    )
    request = First((POSTED,), at_least=at_least, since_created=True)
    frame = facts(world.log(), request, created=created).frames[request]
    assert frame.with_columns(pl.col("account").cast(pl.String)).rows() == [("a1", times[at_least])]


# the same facts however they are read


EVERYTHING = [request for request, _ in CASES] + [RUNS]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_formats_agree(world: World, rows: pl.DataFrame, suffix: str) -> None:
    world.write(rows)
    expected = facts(world.log(), *EVERYTHING)
    other = World(world.folder / "other")
    other.folder.mkdir()
    other.write(rows, f"log.{suffix}")
    assert_same(facts(other.log(), *EVERYTHING), expected)


@cache
def expected_whole() -> Facts:
    """The facts of three hundred rows in one file, by one thread."""
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.write(random_rows(11, 300))
        return facts(world.log(), *EVERYTHING, threads=1)


@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_cutting_and_shuffling_changes_nothing(data: st.DataObject) -> None:
    rows = random_rows(11, 300)
    cuts = sorted(data.draw(st.lists(st.integers(0, 300), max_size=4)))
    shuffled = rows.sample(fraction=1, shuffle=True, seed=data.draw(st.integers(0, 99)))
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        cut = World(Path(folder))
        for number, (first, last) in enumerate(pairwise([0, *cuts, 300])):
            cut.write(shuffled[first:last], f"{number}.parquet", row_group_size=data.draw(st.integers(1, 100)))
        patch.setattr(feed, "ROWS", data.draw(st.sampled_from([3, 50, 10_000])))
        assert_same(facts(cut.log(), *EVERYTHING, threads=data.draw(st.integers(1, 4))), expected_whole())


def assert_same(found: Facts, expected: Facts) -> None:
    """Equal to the last byte: dtypes, order and values."""
    for request in expected.frames:
        left, right = found.frames[request], expected.frames[request]
        loose = [name for name, dtype in left.schema.items() if dtype == pl.Categorical]
        other = [name for name, dtype in right.schema.items() if dtype == pl.Categorical]
        assert_frame_equal(
            left.with_columns(pl.col(loose).cast(pl.String)), right.with_columns(pl.col(other).cast(pl.String))
        )
    assert found.reads == expected.reads
    assert found.account == expected.account


# files


def test_sources_on_one_file_share_one_reading(
    world: World, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(rows)
    opened: list[Path] = []

    class Counted(pq.ParquetFile):  # type: ignore[misc] # PyArrow has no types
        def __init__(self, path: Path, **how: Any) -> None:
            opened.append(path)
            super().__init__(path, **how)

    monkeypatch.setattr(pq, "ParquetFile", Counted)
    events = world.log(columns={key: name for key, name in COLUMNS.items() if key != "id"})
    calls = world.log("calls", role="requests", columns={"at": "ts"}, filter="status IS NOT NULL")
    errors = Tally((Selector("requests", "at", filter="status = 'error'"),))
    found = facts([events, calls], Tally((POSTED,)), errors)
    assert [path.name for path in opened] == ["log.parquet"]
    [(number,)] = ask(rows, "SELECT count(*) FROM every WHERE status = 'error'")
    assert found.frames[errors]["rows"].sum() == number
    assert found.reads["calls"].rows == rows["status"].drop_nulls().len()


def test_small_neighbouring_files_are_read_together(world: World, rows: pl.DataFrame) -> None:
    for number, part in enumerate(rows.iter_slices(100)):
        world.write(part, f"{number:03}.parquet")
    demand = Demand(world.log(), ("event",), frozenset())
    [unit] = feed.units({"events": demand}, feed.readers({"events": demand}))
    assert (len(unit.pieces), unit.rows) == (40, 4_000)


def test_a_large_row_group_comes_in_batches(world: World, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "ROWS", 1_000)
    world.write(rows, row_group_size=4_000)
    demands = {"events": Demand(world.log(), ("event",), frozenset())}
    [unit] = feed.units(demands, feed.readers(demands))
    parts = feed.batches(unit, feed.wish(demands.values()), demands["events"])
    assert [part.height for part in parts] == [1_000] * 4


def test_files_may_lack_a_column_that_others_have(world: World, rows: pl.DataFrame) -> None:
    world.write(rows.head(2_000).drop("amount"), "a.parquet")
    world.write(rows.tail(2_000), "b.parquet")
    expected = ask(
        rows.tail(2_000), "SELECT org, cell, count(*) FROM log WHERE name = 'posted' AND amount > 10 GROUP BY ALL"
    )
    assert ordered(plain(facts(world.log(), Tally((LATE,))).frames[Tally((LATE,))])) == ordered(expected)


def test_progress_ends_with_all_rows(world: World, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "ROWS", 1_000)
    world.write(rows, row_group_size=1_000)
    told: list[tuple[str, int, int]] = []
    facts(world.log(), Tally((POSTED,)), progress=lambda *step: told.append(step))
    assert [done for what, done, _ in told if what == "rows"] == [1_000, 2_000, 3_000, 4_000]
    assert {total for _, _, total in told} == {4_000}


# what cannot be computed


def test_a_filter_that_does_not_fit_is_told_before_reading(world: World, rows: pl.DataFrame) -> None:
    world.write(rows)
    with pytest.raises(InputError) as caught:
        facts(world.log(), Tally((take("posted", "amount = 'much'"),)), Tally((POSTED,), expr="at"))
    assert [finding.code for finding in caught.value.findings] == ["SM950", "SM950"]


def test_a_column_that_the_source_lacks_is_null(world: World, rows: pl.DataFrame) -> None:
    world.write(rows)
    absent, present = Tally((take("posted", "plan = 'pro'"),)), Tally((take("posted", "plan IS NULL"),))
    found = facts(world.log(), absent, present)
    assert found.frames[absent].is_empty()
    assert found.frames[present]["rows"].sum() == ask(rows, "SELECT count(*) FROM log WHERE name = 'posted'")[0][0]


def test_a_sum_that_would_wrap_is_refused(world: World) -> None:
    world.write(_rows("posted", [at("2026-05-01")] * 5, amount=1e15, event_id=list("abcde")))
    request = Tally((POSTED,), expr="amount", unit=1_000)
    with pytest.raises(InputError, match="coarser"):
        facts(world.log(), request)
    assert facts(world.log(), Tally((POSTED,), expr="amount")).frames[Tally((POSTED,), expr="amount")][
        "total"
    ].to_list() == [5 * 10**15]


def test_requests_nobody_answers_come_back_empty(world: World, rows: pl.DataFrame) -> None:
    world.write(rows)
    requests: list[Request] = [
        Tally((take("never"),), expr="amount"),
        Presence((take("never"),), "user"),
        First((take("never"),)),
    ]
    requests += [Narrow((Selector("requests", "at"),), ("name",), "1"), Runs("none", (), (), ())]
    found = facts(world.log(), *requests)
    assert [found.frames[request].height for request in requests] == [0] * 5


def test_forty_rules_of_presence_are_told_apart(world: World, rows: pl.DataFrame) -> None:
    world.write(rows)
    rules = [Presence((take(None, f"amount > {number}"),)) for number in range(40)]
    found = facts(world.log(), *rules)
    for number, rule in enumerate(rules):
        expected = ask(
            rows,
            f"""SELECT org, date_trunc('month', day)::DATE, bit_or(1 << (day(day) - 1))
            FROM log WHERE amount > {number} GROUP BY ALL""",
        )
        assert ordered(plain(found.frames[rule])) == ordered(expected)


def test_a_formula_that_cannot_be_is_told_in_the_words_of_who_wrote_it() -> None:
    read = outcomes.told("outcome + 1", "exclude")
    assert "CASE" in read
    finding = Formulas("UTC", None).check(read, "flag", {"outcome": pl.String(), "status": pl.String()}, "requests")
    assert finding is not None
    assert finding.message.startswith("`outcome + 1` on source `requests`: `+` is a number")
