"""However rows are read (by the words of dictionaries, or text by text), the facts are the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from exports import opened
from facts_world import COLUMNS, World, ask, facts, ordered, plain, random_rows, take
from saasmetrics.definitions.selection import Selector
from saasmetrics.facts import feed, held
from saasmetrics.facts.demand import Demand
from saasmetrics.facts.pack import Column, ascending, count
from saasmetrics.facts.request import First, Narrow, Presence, Request, Runs, Spread, Tally
from saasmetrics.sources.scan import NULLS

POSTED = take("posted")
BAD = take("posted", "status IN ('error', 'timeout')")
FAILED = Selector("requests", "at", filter="outcome = 'error'")
REQUESTS: tuple[Request, ...] = (
    Tally((POSTED,), by=("role",)),
    Tally((BAD,), by=("user",)),
    Tally((FAILED,), by=("name", "kind")),
    Presence((take("opened"),), entity="user"),
    First((take("posted", "role = 'admin'"),)),
    Runs("w", (take("started", run="job"),), (take("posted", run="job"),), (take("failed", run="job"),), "status"),
    Spread((FAILED,), "amount", 1000, by=("name",)),
    Narrow((take("failed", "role = 'viewer'"),), ("status", "job")),
)
SAVES = {
    "at": "ts",
    "account": "org",
    "user": "person",
    "id": "event_id",
    "kind": {"expr": "'save'"},
    "name": "status",
    "outcome": {"expr": "CASE WHEN name = 'failed' THEN 'ERROR' ELSE 'ok' END"},
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def known(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that all have an account."""
    return rows.with_columns(pl.col("org").fill_null("a9"))


def empty(rows: pl.DataFrame) -> pl.DataFrame:
    """Texts that are empty here and there, such that some rows lack what they need."""
    each = pl.int_range(pl.len()) % 97
    texts = {
        name: pl.when(each == place).then(pl.lit("")).otherwise(name)
        for place, name in enumerate(COLUMNS.values())
        if name != "ts"
    }
    return rows.with_columns(**texts, role=pl.when(each > 60).then(pl.lit("")).otherwise("role"))


def sparse(rows: pl.DataFrame) -> pl.DataFrame:
    """A reason and a role on few rows."""
    return known(rows).with_columns(pl.when(pl.int_range(pl.len()) % 5 == 0).then(pl.col("status", "role")))


@pytest.mark.parametrize("shape", [known, empty, sparse, pl.DataFrame.clone])
@pytest.mark.parametrize("filter_", [None, "person IS DISTINCT FROM 'u1'", "name = 'posted' AND role = 'admin'"])
def test_words_say_what_texts_say(
    world: World, monkeypatch: pytest.MonkeyPatch, shape: object, filter_: str | None
) -> None:
    rows = shape(random_rows(5, 3_000))  # type: ignore[operator]  # a parameter
    world.write(pl.concat([rows.head(1_700), rows.head(40)]), "a.parquet", row_group_size=600)
    world.write(rows.tail(1_400), "b.parquet", statistics=False)
    logs = [world.log(filter=filter_), world.log("saves", role="requests", columns=SAVES, filter=filter_)]

    def told() -> list[object]:
        found = facts(logs, *REQUESTS)
        frames = {repr(request): ordered(plain(frame)) for request, frame in found.frames.items()}
        return [frames, dict(found.reads), dict(found.runless), found.findings, found.account, found.user]

    by_words = told()
    monkeypatch.setattr(feed, "_is_text", lambda _: False)
    assert told() == by_words


@pytest.mark.parametrize("named", [True, False])
def test_runs_put_together_share_by_share_are_those_put_together_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    rows = random_rows(8, 4_000)
    world.write(rows.head(1_900), "a.parquet", row_group_size=500)
    world.write(rows.tail(2_300), "b.parquet")
    started, posted, failed = ((take(event, run="job"),) for event in ("started", "posted", "failed"))
    requests = Runs("w", started, posted, failed, "status", named=named), Runs("v", failed, posted, named=named)
    whole = facts(world.log(), *requests)
    monkeypatch.setattr(held, "SHARE", 20)
    shared = facts(world.log(), *requests)
    for request in requests:
        assert whole.frames[request].height > 100
        assert shared.frames[request].equals(whole.frames[request])


def test_few_rows_left_out_are_not_counted(world: World) -> None:
    rows = known(random_rows(6, 3_000))
    world.write(rows)
    request = Tally((POSTED,), by=("role",))
    expected = ask(
        rows,
        """SELECT org, role, cell, count(*) FROM log WHERE name = 'posted' AND person IS DISTINCT FROM 'u1'
        GROUP BY ALL""",
    )
    found = facts(world.log(filter="person IS DISTINCT FROM 'u1'"), request)
    assert ordered(plain(found.frames[request])) == ordered(expected)
    assert found.reads["events"].rows == rows.filter(pl.col("person").ne_missing("u1")).height
    assert "u1" not in found.user.categories


@pytest.mark.parametrize("rows", [0, 1, 900, 5_000])
@pytest.mark.parametrize("kind", [np.uint32, np.uint64])
def test_positions_are_sorted_by_all_bits(rows: int, kind: type) -> None:
    draw = np.random.default_rng(rows)
    high = draw.integers(0, 40, rows).astype(np.uint64) << np.uint64(26 if kind is np.uint32 else 58)
    keys: Column = (high + draw.integers(0, 5, rows).astype(np.uint64)).astype(kind)
    assert ascending(keys).tolist() == np.argsort(keys, kind="stable").tolist()


@pytest.mark.parametrize("most", [3, 5_000, 4_000_000_000])
def test_keys_are_counted_however_many_there_may_be(most: int) -> None:
    draw = np.random.default_rng(7)
    columns: list[Column] = [
        draw.integers(10, 12, 2_000).astype(np.uint8),
        draw.integers(0, most, 2_000).astype(np.uint32),
    ]
    columns.append(draw.integers(-3, 2, 2_000).astype(np.int32))
    (first, second, third), (rows,) = count(columns)
    expected = pl.DataFrame(columns, schema=["a", "b", "c"]).group_by("a", "b", "c").len().sort("a", "b", "c")
    assert [column.dtype for column in (first, second, third)] == [column.dtype for column in columns]
    assert list(zip(first, second, third, rows, strict=True)) == expected.rows()


def test_cells_that_mean_nothing_are_nothing_in_bulk(tmp_path: Path) -> None:
    words = [*(null for null in NULLS if null), "", '""', "Not Offered", "n", "Nullify", "0", " ", "nothing"]
    cells = [",".join([word, words[-number], "x", *(["beyond"] * (number == 3))]) for number, word in enumerate(words)]
    lines = ["name,org,ts", *cells, "short"]
    (tmp_path / "e.csv").write_text("\n".join([*lines, "same,same,same"]) + "\n")
    sources = opened(tmp_path, "events: {path: e.csv, columns: {event: name, account: org, at: ts}}")
    [file] = sources.logs["events"].files
    raw = sources.logs["events"].raw[file]
    demand = Demand(sources.logs["events"], ("account", "at", "event"), frozenset())
    [unit] = feed.units({"events": demand}, feed.readers({"events": demand}))
    [batch] = feed.batches(unit, feed.wish([demand]), demand)
    assert raw.in_bulk is not None
    assert batch.frame().equals(raw.rows.collect().select(batch.columns))
    names = batch.frame()["name"].to_list()
    assert names == [*[None] * (len(NULLS) + 1), "Not Offered", "n", "Nullify", "0", " ", "nothing", "short", "same"]
