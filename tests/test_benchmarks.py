"""The benchmark's rivals answer as we do: the weekly stack in DuckDB and in Polars, cell by cell, on a small company.

Two more oracles besides: neither shares a line with the engine, and both read the exports for themselves.
"""

from __future__ import annotations

from pathlib import Path

import answers
import lazy
import ours
import pytest
import sql
from stack import METRICS, SEGMENTS

from saasmetrics.demo import company

FEWEST = 10
"""Cells of the metric with the fewest: a year of months, some without a number."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A company of 300 accounts over 14 months."""
    company.write(tmp_path / "company", accounts=300, months=14, seed=3, events=100_000)
    return tmp_path / "company"


def test_the_rivals_of_the_benchmark_give_our_answers(folder: Path) -> None:
    mine, duckdb, polars = (folder.parent / f"{name}.csv" for name in ("ours", "duckdb", "polars"))
    ours.main(folder, mine)
    answers.write(duckdb, sql.answered(sql.opened(folder), sql.queries(SEGMENTS)))
    answers.write(polars, lazy.answered(lazy.opened(folder, SEGMENTS).queries()))
    for rival in (duckdb, polars):
        comparison = answers.compared(answers.read(mine), answers.read(rival), METRICS)
        assert list(comparison.wrong) == []
        assert set(comparison.cells) == set(METRICS)
        assert {metric: count for metric, count in comparison.cells.items() if count < FEWEST} == {}
        assert comparison.total > 9_000


def test_a_difference_and_an_empty_metric_are_told() -> None:
    """A number that differs, one that either side lacks, and a metric that nobody compared; an empty zero is none."""
    period = "2026-01-05"
    cell = {name: ("waa", name, "", period, "", "") for name in ("same", "close", "other", "lost", "new", "zero")}
    mine = {cell["same"]: 1.0, cell["close"]: 0.1 + 0.2, cell["other"]: 3.0, cell["lost"]: 4.0, cell["zero"]: 0.0}
    theirs = {cell["same"]: 1.0, cell["close"]: 0.3, cell["other"]: 3.1, cell["new"]: 5.0}
    comparison = answers.compared(mine, theirs, ("waa", "mau"))
    assert comparison.cells == {"waa": 3}
    assert list(comparison.wrong) == [
        f"waa lost - {period} - -: ours 4.0, theirs None",
        f"waa new - {period} - -: ours None, theirs 5.0",
        f"waa other - {period} - -: ours 3.0, theirs 3.1",
        "mau: nothing was compared",
    ]
