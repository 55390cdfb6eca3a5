"""The engine against the oracle: random companies, every metric type, cell by cell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import company as companies
from oracle import Cell, Company, compute
from saasmetrics.period import Grain

pipeline = pytest.importorskip("saasmetrics.pipeline")

LATE = datetime(2026, 7, 1, tzinfo=UTC)
SPANS: dict[str, list[date]] = {
    "month": [date(2026, month, 1) for month in range(1, 7)],
    "week": [date.fromordinal(date(2026, 2, 2).toordinal() + 7 * n) for n in range(8)],
    "quarter": [date(2026, 1, 1), date(2026, 4, 1)],
}

Key = tuple[str, str | None, str | None, date, str | None]
"""Metric, cut, stat, period, segment value."""


def engine(path: Path, names: list[str], grain: str, as_of: datetime, by: str | None) -> pl.DataFrame:
    """Values of the metrics over the periods of a grain."""
    starts = SPANS[grain]
    ask = pipeline.Ask(
        metrics=tuple(names),
        by=((by,),) if by else (),
        grain=Grain(grain),
        since=starts[0],
        until=starts[-1],
        as_of=as_of,
    )
    values: pl.DataFrame = pipeline.compute(path, ask).values
    return values


def oracle(company: Company, name: str, grain: str, as_of: datetime, timezone: str, by: str | None) -> dict[Key, Cell]:
    """The same from the oracle."""
    definition = {**companies.METRICS, "back": companies.COHORTS.get(grain, {})}[name]
    answer = compute(
        company,
        companies.for_oracle(definition),
        grain=grain,
        periods=SPANS[grain],
        as_of=as_of,
        timezone=timezone,
        by=by,
    )
    return {(name, *key): cell for key, cell in answer.items()}


def empty(cell: Cell | None) -> bool:
    """Whether a cell says that there is nothing, which the engine may say by leaving it out."""
    return cell is None or (not cell.value and not cell.denominator and not cell.immature)


def close(ours: Any, theirs: Any) -> bool:
    if ours is None or theirs is None:
        return ours is None and theirs is None
    return math.isclose(float(ours), float(theirs), rel_tol=1e-6, abs_tol=1e-4)


def differences(values: pl.DataFrame, expected: Mapping[Key, Cell]) -> list[str]:
    """Cells where the engine says something else than the oracle."""
    named = {"p0": "min", "p100": "max"}
    found: dict[Key, dict[str, Any]] = {
        (
            row["metric"],
            row["cut"] and row["cut"].strip('"'),
            named.get(row["stat"], row["stat"]),
            row["period"],
            row["segment_value"],
        ): row
        for row in values.iter_rows(named=True)
    }
    out = []
    for key in sorted(set(found) | set(expected), key=str):
        row, cell = found.get(key), expected.get(key)
        if row is None or cell is None:
            if not (empty(cell) if row is None else row["value"] in (None, 0.0)):
                out.append(f"{key}: engine {row and row['value']}, oracle {cell}")
            continue
        if row["status"] == "no_input" and not cell.numerator:
            continue  # nothing was recorded yet, so nothing is known either
        same = close(row["value"], cell.value) and row["immature"] in (None, cell.immature)
        if cell.denominator is not None:
            same = same and close(row["numerator"], cell.numerator) and close(row["denominator"], cell.denominator)
        if not same:
            shown = {name: row[name] for name in ("value", "numerator", "denominator", "immature", "status")}
            out.append(f"{key}: engine {shown}, oracle {cell}")
    return out


def check(company: Company, names: list[str], grain: str, as_of: datetime, timezone: str, by: str | None) -> None:
    with TemporaryDirectory() as folder:
        metrics = {**companies.METRICS, "back": companies.COHORTS.get(grain, companies.COHORTS["month"])}
        path = companies.write(company, Path(folder), metrics, timezone)
        values = engine(path, names, grain, as_of, by)
    wrong: list[str] = []
    for name in names:
        cells = values.filter(pl.col("metric") == name)
        for segment in {None, by}:
            of_segment = cells.filter(pl.col("segment").eq_missing(pl.lit(segment)))
            expected = oracle(company, name, grain, as_of, timezone, by)
            expected = {key: cell for key, cell in expected.items() if (key[4] is None) == (segment is None)}
            wrong += differences(of_segment, expected)
    assert not wrong, "\n" + "\n".join(wrong)


thorough = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"])
moments = st.sampled_from([LATE, datetime(2026, 4, 15, 9, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)])

COHORT_TYPES = ("conversion", "duration", "retention")
BY_SIZE = [
    name
    for name, metric in companies.METRICS.items()
    if metric["type"] in ("simple", "stock", "active", "conversion", "duration", "tiers")
]
BY_PLAN = [name for name, metric in companies.METRICS.items() if metric["type"] in ("movement", "net_retention")]


@pytest.mark.parametrize("grain", ["month", "week"])
@given(company=companies.companies(), timezone=zones, as_of=moments)
@thorough
def test_totals(grain: str, company: Company, timezone: str, as_of: datetime) -> None:
    check(company, [*companies.METRICS, "back"], grain, as_of, timezone, None)


@given(company=companies.companies(), timezone=zones)
@thorough
def test_quarters(company: Company, timezone: str) -> None:
    check(company, list(companies.METRICS), "quarter", LATE, timezone, None)


@given(company=companies.companies(), timezone=zones)
@thorough
def test_by_an_attribute_of_accounts(company: Company, timezone: str) -> None:
    check(company, BY_SIZE, "month", LATE, timezone, "size")


@given(company=companies.companies())
@thorough
def test_money_by_plan_with_transfers(company: Company) -> None:
    check(company, [*BY_PLAN, "recurring"], "month", LATE, "UTC", "plan")
