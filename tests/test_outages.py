"""Trouble, engine against oracle: whom incidents hit and what they cost, who is stalled and by what."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

import company as companies
from oracle import Cell, Company, compute
from test_agreement import SPANS, Key, differences, engine, moments, thorough, zones


def _with_end(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "ended": None if row["hours"] is None else row["at"] + timedelta(hours=row["hours"])}


incidents = st.lists(
    st.fixed_dictionaries(
        {
            "at": companies.moments,
            "hours": st.sampled_from([None, 1, 24, 30, 200]),
            "workflow": st.sampled_from(["invoicing", "invoicing; ordering", "ordering", "other"]),
        }
    ).map(_with_end),
    max_size=4,
)
FIRST = {"at": companies.EPOCH + timedelta(days=40), "ended": companies.EPOCH + timedelta(days=45), "workflow": "other"}
METRICS: Mapping[str, Mapping[str, Any]] = {
    "posting": {"type": "impact", "workflow": "invoicing"},
    "orders": {"type": "impact", "workflow": "ordering", "baseline": "2w"},
}


def _written(company: Company, hit: list[dict[str, Any]], folder: Path, timezone: str) -> Path:
    path = companies.write(company, folder, METRICS, timezone)
    with (folder / "incidents.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "at", "ended", "workflow"])
        for number, row in enumerate(hit):
            ended = row["ended"].isoformat() if row["ended"] else ""
            writer.writerow([f"i{number}", row["at"].isoformat(), ended, row["workflow"]])
    definitions = json.loads(path.read_text(encoding="utf-8"))
    columns = {name: name for name in ("id", "at", "ended", "workflow")}
    definitions["sources"]["incidents"] = {"path": "incidents.csv", "columns": columns}
    path.write_text(json.dumps(definitions), encoding="utf-8")
    return path


def impact(company: Company, some: list[dict[str, Any]], timezone: str, as_of: datetime) -> list[str]:
    """Cells of what incidents cost in which engine and oracle differ."""
    hit = [FIRST, *some]
    with TemporaryDirectory() as folder:
        path = _written(company, hit, Path(folder), timezone)
        values = engine(path, list(METRICS), "month", as_of, None)
    struck = Company({**company.roles, "incidents": hit}, company.workflows, company.activation, company.active)
    cells: dict[Key, Cell] = {}
    for name, metric in METRICS.items():
        asked = {**metric, "weeks": int(metric.get("baseline", "4w")[0])}
        answer = compute(struck, asked, grain="month", periods=SPANS["month"], as_of=as_of, timezone=timezone)
        cells |= {(name, *key): cell for key, cell in answer.items()}
    return differences(values, cells)


@given(company=companies.companies(), some=incidents, timezone=zones, as_of=moments)
@thorough
def test_impact(company: Company, some: list[dict[str, Any]], timezone: str, as_of: datetime) -> None:
    wrong = impact(company, some, timezone, as_of)
    assert not wrong, "\n" + "\n".join(wrong)


HELD = {"tier_memory": "40d"}


def stalls(company: Company, timezone: str, as_of: datetime) -> list[str]:
    """Cells of who is stuck in which engine and oracle differ."""
    for row in company.roles["tickets"]:
        row["workflow"] = "invoicing" if row["category"] == "bug" else "ordering"  # type: ignore[index]  # a dict
    for number, row in enumerate(company.roles["surveys"]):
        row["reason"] = ["slow", "dear"][number % 2]  # type: ignore[index]  # a dict
    with TemporaryDirectory() as folder:
        plain = {"type": "tiers", "workflow": "invoicing", "measure": "stalls"}
        metrics: dict[str, dict[str, Any]] = {"stalled": plain, "held": {**plain, "policies": HELD}}
        more = {"tickets": ["workflow"], "surveys": ["reason"]}
        path = companies.write(company, Path(folder), metrics, timezone, more)
        values = engine(path, list(metrics), "month", as_of, None)
    values = values.with_columns(pl.col("cut").str.replace_all('"', "", literal=True))
    cells: dict[Key, Cell] = {}
    for name, metric in metrics.items():
        asked = {**metric, "type": "stalls"}
        answer = compute(company, asked, grain="month", periods=SPANS["month"], as_of=as_of, timezone=timezone)
        cells |= {(name, *key): cell for key, cell in answer.items() if key[0] is None or "." in key[0]}
    return differences(values, cells)


@given(company=companies.companies(), timezone=zones, as_of=moments)
@thorough
def test_stalls(company: Company, timezone: str, as_of: datetime) -> None:
    wrong = stalls(company, timezone, as_of)
    assert not wrong, "\n" + "\n".join(wrong)
