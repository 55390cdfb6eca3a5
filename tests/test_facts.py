"""Facts against an independent engine, by hand, and the same however the rows are cut."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from facts_world import World, ask, facts, ordered, plain, random_rows, take
from saasmetrics.facts.request import First, Narrow, Presence, Request, Tally

POSTED, STARTED, FAILED = take("posted"), take("started"), take("failed")
LATE = take("posted", "amount > 10")
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
        Tally((POSTED, FAILED), expr="amount * 2", unit=100),
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
        Narrow((POSTED, LATE), ("role", "status"), "amount", 1000),
        "SELECT org, person, us, 0, role, status, round(amount * 1000)::BIGINT FROM log WHERE name = 'posted' UNION ALL "
        "SELECT org, person, us, 1, role, status, round(amount * 1000)::BIGINT FROM log WHERE name = 'posted' AND amount > 10",
    ),
]


@pytest.mark.parametrize(
    ("request_", "sql"), CASES, ids=[f"{type(case[0]).__name__}{n}" for n, case in enumerate(CASES)]
)
def test_facts_equal_sql(world: World, rows: pl.DataFrame, request_: Request, sql: str) -> None:
    world.write(rows)
    assert ordered(plain(facts(world.log(), request_).frames[request_])) == ordered(ask(rows, sql))
