"""Facts kept from one run to the next: the same facts, whatever was kept and whatever became of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from facts_world import World, facts, ordered, plain, random_rows, take
from saasmetrics.facts import cache as caching
from saasmetrics.facts import feed
from saasmetrics.facts.cache import SUFFIX, UNSAID, Cache, Caching
from saasmetrics.facts.request import Content, First, Narrow, Presence, Request, Runs, SameRun, Spread, Tally
from saasmetrics.facts.result import Facts

STARTED, POSTED, FAILED = (take(name, run="job") for name in ("started", "posted", "failed"))
AMOUNT = "CAST(amount AS DOUBLE)"
REQUESTS: tuple[Request, ...] = (
    Tally((POSTED,), by=("role", "user")),
    Tally((take("posted", "status = 'error'"), STARTED), expr=AMOUNT, unit=100),
    Presence((POSTED,), "user"),
    Presence((STARTED,)),
    First((POSTED,)),
    First((POSTED,), at_least=3),
    First((POSTED,), at_least=3, distinct_runs=True),
    SameRun(((STARTED,), (POSTED,))),
    Spread((POSTED,), AMOUNT, 1_000, by=("role",)),
    Runs("billing", (STARTED,), (POSTED,), (FAILED,), "status", AMOUNT, named=True),
    Narrow((POSTED, FAILED), columns=("role", "job")),
    Content((take(None),), ("role", "user", "amount")),
)
"""One of every kind."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    folder = tmp_path / "logs"
    folder.mkdir()
    return World(folder)


@pytest.fixture
def kept(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "kept")


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "ROWS", 300)


def days(count: int, rows: int = 250) -> list[pl.DataFrame]:
    """Rows of so many files, with ids that differ from file to file."""
    parts = [random_rows(number, rows) for number in range(count)]
    return [part.with_columns(event_id=pl.format("{}-{}", "event_id", pl.lit(n))) for n, part in enumerate(parts)]


def write(world: World, parts: list[pl.DataFrame]) -> None:
    """Write those files that are not there like this already."""
    for number, part in enumerate(parts):
        path = world.folder / f"day-{number:02}.parquet"
        if not path.exists() or not pl.read_parquet(path).equals(part):
            world.write(part, path.name)


def told(found: Facts) -> list[object]:
    """Everything that facts say, in an order of its own."""
    frames = {repr(request): ordered(plain(rows)) for request, rows in found.frames.items()}
    return [frames, dict(found.reads), dict(found.runless), found.findings]


def again(kept: Cache) -> Cache:
    """The same folder, as another run would open it."""
    return Cache(kept.folder, kept.limit)


def check(world: World, kept: Cache) -> Cache:
    """Hold a run with what is kept against one that keeps nothing."""
    run = again(kept)
    assert told(facts(world.log(), *REQUESTS, cache=run)) == told(facts(world.log(), *REQUESTS))
    return run


def test_nothing_new_is_read_again(world: World, kept: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    write(world, days(4))
    first = check(world, kept)
    assert (first.used, first.written) == (0, 4)
    second = check(world, kept)
    assert (second.used, second.written) == (4, 0)

    def unwanted(*_: object) -> Iterator[pl.DataFrame]:
        raise AssertionError("a file was read")

    monkeypatch.setattr("saasmetrics.facts.passing.batches", unwanted)
    facts(world.log(), *REQUESTS, cache=again(kept))


def test_only_a_new_file_is_read(world: World, kept: Cache) -> None:
    parts = days(5)
    write(world, parts[:4])
    check(world, kept)
    write(world, parts)
    run = check(world, kept)
    assert (run.used, run.written) == (4, 1)
    assert check(world, kept).used == 5


def test_a_row_that_comes_again_in_a_new_file_counts_once(world: World, kept: Cache) -> None:
    parts = days(3)
    write(world, parts[:2])
    check(world, kept)
    write(world, [*parts[:2], pl.concat([parts[2], parts[0].head(20), parts[1].tail(5)])])
    run = check(world, kept)
    assert (run.used, run.written) == (2, 1)
    assert check(world, kept).used == 3
    (world.folder / "day-00.parquet").unlink()
    run = check(world, kept)
    assert (run.used, run.written) == (1, 1), "what rested on a file that is gone is reduced again"


def test_repeats_within_and_across_files_stay_repeats(world: World, kept: Cache) -> None:
    parts = days(4)
    write(world, [pl.concat([parts[0], parts[0].head(9)]), pl.concat([parts[1], parts[0].head(4)])])
    check(world, kept)
    write(world, [pl.concat([parts[0], parts[0].head(9)]), pl.concat([parts[1], parts[0].head(4)]), parts[2]])
    check(world, kept)
    late = pl.concat([parts[3], parts[0].head(12), parts[2].head(3)])
    write(world, [pl.concat([parts[0], parts[0].head(9)]), pl.concat([parts[1], parts[0].head(4)]), parts[2], late])
    assert check(world, kept).used == 3
    assert check(world, kept).used == 4


def test_an_id_that_comes_again_with_other_content_is_settled_anew(world: World, kept: Cache) -> None:
    parts = days(3)
    write(world, parts[:2])
    check(world, kept)
    other = parts[0].head(10).with_columns(status=pl.lit("aaa"), ts=pl.col("ts").dt.offset_by("-1d"))
    write(world, [*parts[:2], pl.concat([parts[2], other])])
    run = check(world, kept)
    assert run.written == 1 + 3, "one before it was seen that all have to be reduced again"
    assert check(world, kept).used == 3


def test_a_file_that_changed_is_read_again(world: World, kept: Cache) -> None:
    parts = days(3)
    write(world, parts)
    check(world, kept)
    path = world.folder / "day-01.parquet"
    size, before = path.stat().st_size, path.stat().st_mtime_ns
    world.write(parts[1].reverse(), "day-01.parquet")
    os.utime(path, ns=(before + 1, before + 1))
    assert path.stat().st_size == pytest.approx(size, rel=0.2)
    run = check(world, kept)
    assert (run.used, run.written) == (2, 1)


def test_text_is_told_by_all_it_holds(world: World, kept: Cache) -> None:
    rows = days(1)[0].with_columns(name=pl.lit("posted"))
    world.write(rows, "log.csv")
    check(world, kept)
    path = world.folder / "log.csv"
    stamp = path.stat().st_mtime_ns
    path.write_text(path.read_text(encoding="utf-8").replace("posted", "failed", 40), encoding="utf-8")
    os.utime(path, ns=(stamp, stamp))
    assert check(world, kept).used == 0


def test_another_question_has_parcels_of_its_own(world: World, kept: Cache) -> None:
    write(world, days(2))
    check(world, kept)
    for other in (Tally((FAILED,)), Tally((take("posted", "status = 'ok'"),)), Presence((POSTED,))):
        run = again(kept)
        assert told(facts(world.log(), other, cache=run)) == told(facts(world.log(), other))
        assert run.used == 0
    filtered = again(kept)
    facts(world.log(filter="org <> 'a1'"), *REQUESTS, cache=filtered)
    assert filtered.used == 0


def test_creations_of_accounts_belong_to_the_question(world: World, kept: Cache) -> None:
    write(world, days(2))
    request = First((POSTED,), since_created=True)
    for day in ("2026-03-21", "2026-04-01"):
        created = pl.DataFrame({"account": ["a1", "a2"], "created": [day, day]})
        created = created.with_columns(pl.col("created").str.to_datetime(time_zone="UTC"))
        run = again(kept)
        found = facts(world.log(), request, created=created, cache=run)
        assert told(found) == told(facts(world.log(), request, created=created))
        assert run.used == 0


def test_a_broken_parcel_is_reduced_again(world: World, kept: Cache) -> None:
    write(world, days(4))
    check(world, kept)
    paths = sorted(kept.folder.glob(f"*{SUFFIX}"))
    paths[0].write_bytes(paths[0].read_bytes()[:-100])
    paths[1].write_bytes(b"something else")
    content = bytearray(paths[2].read_bytes())
    content[len(content) // 2] ^= 0xFF
    paths[2].write_bytes(content)
    run = check(world, kept)
    assert run.written >= 3
    assert check(world, kept).used == 4


def test_a_full_disk_costs_no_number(world: World, kept: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    write(world, days(2))

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(caching, "write_parcel", full)
    found = facts(world.log(), *REQUESTS, cache=kept)
    assert [finding.code for finding in found.findings] == ["SM977"]
    assert "No space left on device" in found.findings[0].message
    assert told(found)[:3] == told(facts(world.log(), *REQUESTS))[:3]
    assert list(kept.folder.glob("*")) == []


def test_a_run_that_dies_while_it_writes_leaves_nothing_to_be_read(
    world: World, kept: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world, days(2))
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        facts(world.log(), *REQUESTS, cache=again(kept))
    monkeypatch.undo()
    monkeypatch.setattr(feed, "ROWS", 300)
    assert list(kept.folder.glob(f"*{SUFFIX}")) == []
    check(world, kept)


def test_two_runs_at_once_do_not_harm_each_other(world: World, kept: Cache) -> None:
    write(world, days(4))
    expected = told(facts(world.log(), *REQUESTS))
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(facts, world.log(), *REQUESTS, cache=again(kept)) for _ in range(4)]
    assert all(told(run.result()) == expected for run in runs)
    assert check(world, kept).used == 4


def test_small_parcels_are_put_together_in_time(world: World, kept: Cache) -> None:
    parts = days(20, 30)
    for count in range(1, 21):
        write(world, parts[:count])
        facts(world.log(), *REQUESTS, cache=again(kept))
    run = check(world, kept)
    assert run.used < 10


def test_a_cache_keeps_within_its_limit(world: World, kept: Cache) -> None:
    write(world, days(4))
    facts(world.log(), *REQUESTS, cache=kept)
    half = Cache(kept.folder, kept.size // 2)
    facts(world.log(), Tally((POSTED,)), cache=half)
    assert 0 < half.size <= half.limit


def test_large_logs_are_cached_without_being_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAASMETRICS_CACHE", str(tmp_path))
    assert UNSAID.cache(1_000) is None
    large = UNSAID.cache(1 << 30)
    assert large is not None
    assert large.folder == tmp_path
    assert Caching(off=True).cache(1 << 30) is None
    named = Caching(tmp_path / "here").cache(0)
    assert named is not None
    assert named.folder == tmp_path / "here"
