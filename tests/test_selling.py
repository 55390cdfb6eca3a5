"""Selling, engine against oracle: random leads, deals, touches and spend, metric by metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from hypothesis import given

import sellers
from oracle import Cell, Company, compute
from test_agreement import LATE, SPANS, Key, differences, engine, moments, thorough, zones


def expected(
    company: Company, asks: Mapping[str, Mapping[str, Any]], grain: str, as_of: datetime, timezone: str
) -> dict[Key, Cell]:
    """Cells of the oracle under the names that the engine gives them; of arithmetic only the value."""
    out: dict[Key, Cell] = {}
    for name, metric in asks.items():
        answer = compute(company, metric, grain=grain, periods=SPANS[grain], as_of=as_of, timezone=timezone)
        for (cut, stat, period, value), cell in answer.items():
            if cut is None or not name.endswith("_rate"):
                formula = sellers.OWN.get(name, {}).get("expr")
                out[name, cut, stat, period, value] = replace(cell, denominator=None) if formula else cell
    return out


def agreed(
    company: Company, names: list[str], grain: str, as_of: datetime, timezone: str, by: str | None = None
) -> None:
    with TemporaryDirectory() as folder:
        path = sellers.write(company, Path(folder), sellers.OWN, timezone, sellers.POLICIES)
        values = engine(path, names, grain, as_of, by)
    known = {**sellers.CATALOGUE, **sellers.CREDITS}
    asks = {name: known[name] for name in names}
    for value in [None, *(["ads", "blog", "direct"] if by else [])]:
        some = sellers.of_channel(company, value) if value else company
        cells = expected(some, asks, grain, as_of, timezone)
        found = values.filter(pl.col("segment_value").eq_missing(pl.lit(value, dtype=pl.String)))
        found = found.filter(pl.col("segment").is_null() == (value is None)).with_columns(
            segment_value=pl.lit(None, dtype=pl.String)
        )
        wrong = differences(found, cells)
        assert not wrong, f"\n{value}: " + "\n".join(wrong)


NAMES = list(sellers.CATALOGUE)


@given(company=sellers.sellers(), timezone=zones, as_of=moments)
@thorough
def test_by_month(company: Company, timezone: str, as_of: datetime) -> None:
    agreed(company, NAMES, "month", as_of, timezone)


@given(company=sellers.sellers(), timezone=zones)
@thorough
def test_by_quarter(company: Company, timezone: str) -> None:
    lagging = ("cac", "paid_cac", "organic_cac", "ltv_cac", "cac_payback")
    agreed(company, [name for name in NAMES if name not in lagging], "quarter", LATE, timezone)


@given(company=sellers.sellers())
@thorough
def test_by_channel(company: Company) -> None:
    agreed(company, ["cac", "lead_funnel", "mql_to_sql_rate", "sql_to_won_rate"], "month", LATE, "UTC", "channel")


@given(company=sellers.sellers(), timezone=zones, as_of=moments)
@thorough
def test_credits(company: Company, timezone: str, as_of: datetime) -> None:
    agreed(company, list(sellers.CREDITS), "month", as_of, timezone)
