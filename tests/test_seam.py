"""The seam of the facts: one plan, two engines, the same facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from facts_world import World, facts, ordered, plain, random_rows, take
from saasmetrics.definitions.selection import Selector
from saasmetrics.facts.request import First, Narrow, Presence, Request, Runs, SameRun, Spread, Tally
from saasmetrics.period import Calendar
from sql_engine import reduce_by_sql

AMOUNT = "CAST(amount AS DOUBLE)"
STARTED, POSTED, FAILED = (take(name, run="job", workflow="billing") for name in ("started", "posted", "failed"))
DEAR = take("posted", f"{AMOUNT} > 10 AND status IS NOT NULL", run="job", workflow="selling")
BAD = take(None, "status IN ('error', 'timeout')")
CALLS = Selector("requests", "at", filter="kind = 'posted' AND outcome <> 'ok'")
REQUESTS: tuple[Request, ...] = (
    Tally((POSTED,)),
    Tally((POSTED, BAD, CALLS)),
    Tally((STARTED, BAD), by=("user", "role"), grain="day"),
    Tally((POSTED, FAILED), expr=f"{AMOUNT} * 2", unit=100),
    Tally((POSTED, FAILED), by=("role",), expr=AMOUNT, unit=10_000),
    Spread((POSTED, STARTED), AMOUNT, 1_000, by=("role",)),
    Spread((CALLS,), "duration_ms", 1, grain="day"),
    Presence((POSTED, BAD)),
    Presence((STARTED,), "user"),
    First((POSTED,)),
    First((BAD,), since_created=True),
    First((STARTED,), at_least=4),
    First((STARTED, DEAR), at_least=3, distinct_runs=True),
    First((POSTED,), at_least=5, distinct_runs=True, since_created=True),
    SameRun(((STARTED,), (POSTED,))),
    SameRun(((STARTED,), (DEAR, FAILED), (POSTED,)), at_least=2, since_created=True),
    Runs("billing", (STARTED,), (POSTED,), (FAILED,), "status", AMOUNT, named=True),
    Runs("selling", (), (DEAR,), named=True),
    Runs("checking", (STARTED, BAD), (POSTED, DEAR), (FAILED,), expr=AMOUNT, unit=100, named=True),
    Narrow((POSTED, BAD), columns=("role", "job"), expr=AMOUNT, unit=1_000),
)
AS_REQUESTS = {"at": "ts", "account": "org", "user": "person", "kind": "name", "outcome": "status"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Three files of events with repeats in and across them, read as requests too."""
    world = World(tmp_path)
    rows = random_rows(11, 3_000).with_columns(duration_ms=pl.int_range(pl.len()) % 700)
    rows = rows.with_columns(job=pl.when(pl.col("job").str.len_chars() > 2).then("job"))
    world.write(pl.concat([rows.head(1_200), rows.head(40)]), "a.parquet", row_group_size=500)
    world.write(pl.concat([rows.slice(1_200, 900), rows.slice(300, 25)]), "b.parquet")
    world.write(rows.tail(900), "c.parquet")
    return world


@pytest.mark.parametrize("calendar", [Calendar("Europe/Berlin"), Calendar("America/New_York", week_start=6)])
def test_another_engine_behind_the_same_plan_gives_the_same_facts(world: World, calendar: Calendar) -> None:
    begin = datetime(2026, 3, 25, tzinfo=UTC)
    created = pl.DataFrame(
        {"account": [f"a{n}" for n in range(6)], "created": [begin + timedelta(hours=31 * n) for n in range(6)]},
        schema={"account": pl.String, "created": pl.Datetime("us", "UTC")},
    )
    logs = {
        "events": world.log(),
        "calls": world.log("calls", role="requests", columns=AS_REQUESTS),
    }
    ours = facts(list(logs.values()), *REQUESTS, calendar=calendar, created=created)
    theirs = reduce_by_sql(logs, REQUESTS, calendar, created)
    for request in REQUESTS:
        frame = ours.frames[request]
        assert frame.height > 3, request
        assert ordered(plain(frame)) == ordered(theirs[request]), request


def test_the_world_has_repeats_in_and_across_its_files(world: World) -> None:
    """Forty rows twice in one file, twenty-five again in the next; rows without an account are faults, not repeats."""
    again = pl.concat([random_rows(11, 3_000).head(40), random_rows(11, 3_000).slice(300, 25)])
    read = facts(world.log(), REQUESTS[0]).reads["events"]
    assert (read.rows, read.repeats) == (3_065, again["org"].count())
