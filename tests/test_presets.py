"""Each preset reads its vendor's export, quirks and all; expected rows were worked out by hand."""

from __future__ import annotations

import csv
import os
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exports import opened, rows, told
from saasmetrics.frames.canonical import ROLES
from saasmetrics.sources.presets import preset, preset_names, recognised

CASES = Path(__file__).parent / "cases" / "presets"
FILES = sorted(path for path in CASES.glob("*/export*"))
DATA = os.environ.get("SAASMETRICS_TEST_DATA")


def _text(value: Any) -> str:
    """A cell as the expected file writes it."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _block(name: str, file: Path) -> str:
    role = preset(name).source["role"]
    zone = ", timezone: Europe/Berlin" if preset(name).zone == "account" else ""
    return f"""
    fx: {{rows: [{{currency: EUR, rate: 1.1}}]}}
    {role}: {{path: {file.name}, preset: {name}{zone}}}
    """


def test_every_preset_has_a_case() -> None:
    assert {path.parent.name for path in FILES} == set(preset_names())


@pytest.mark.parametrize("file", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_an_export_becomes_canonical_rows(file: Path) -> None:
    name = file.parent.name
    role = preset(name).source["role"]
    sources = opened(file.parent, _block(name, file), currency="USD", timezone="Europe/Berlin")
    with (file.parent / "expected.csv").open(newline="") as stream:
        header, *expected = csv.reader(stream)
    found = rows(sources, role)
    sound = found.filter(pl.col("_fault").is_null()).select(header)
    assert sorted([_text(cell) for cell in row] for row in sound.iter_rows()) == sorted(expected)
    with (file.parent / "faults.csv").open(newline="") as stream:
        rules = {row["rule"]: int(row["rows"]) for row in csv.DictReader(stream)}
    assert dict(found["_fault"].drop_nulls().value_counts().iter_rows()) == rules


def test_a_preset_says_what_it_maps_and_what_the_file_cannot_tell() -> None:
    for name in preset_names():
        known = preset(name)
        assert known.name == name
        assert known.note
        role = ROLES[known.source["role"]]
        made = {*known.source["columns"], *known.elapsed}
        assert made <= set(role.columns)
        assert {column for column, contract in role.columns.items() if contract.needed} <= made


@pytest.mark.parametrize("file", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_an_export_is_recognised_by_its_columns(file: Path) -> None:
    name, role = file.parent.name, preset(file.parent.name).source["role"]
    made = rows(opened(file.parent, _block(name, file)), role).columns
    own = [column for column in made if column not in ROLES[role].columns]
    (first, share), *others = recognised(own)
    assert (first, share > 0.8) == (name, True)
    assert all(other < share for _, other in others)
    assert recognised(["id", "name"]) == ()


def test_an_unnamed_zone_is_told_until_the_source_names_it() -> None:
    block = "tickets: {path: export.csv, preset: zendesk.tickets}"
    assert told(opened(CASES / "zendesk.tickets", block))["SM926"].hint == "set timezone on the source"
    named = block.replace("}", ", timezone: UTC}")
    assert told(opened(CASES / "zendesk.tickets", named)) == {}


VENDORS = {
    "stripe.subscriptions": (
        "stripe_subscriptions",
        {"subscription_id": "id", "account_id": "account", "status": "status", "currency": "currency"},
        {"started_at": "start", "ended_at": "end", "cancel_requested_at": "cancelled_at", "trial_end_at": "trial_end"},
    ),
    "hubspot.deals": (
        "hubspot_deals",
        {"opportunity_id": "opportunity", "stage": "stage", "primary_account_id": "account", "created_at": "opened"},
        {"close_date": "expected_close"},
    ),
    "google_ads.campaigns": (
        "google_ads_campaign_report",
        {"date": "at", "campaign": "campaign", "spend": "amount", "currency": "currency", "campaign_id": "Campaign ID"},
        {},
    ),
    "zendesk.tickets": (
        "zendesk_tickets_view",
        {"ticket_id": "id", "created_at": "at", "solved_at": "resolved", "status": "status"},
        {},
    ),
}


@pytest.mark.skipif(not DATA, reason="SAASMETRICS_TEST_DATA is not set")
@pytest.mark.parametrize("name", VENDORS)
def test_files_shaped_like_the_vendors(name: str) -> None:
    file, same, as_days = VENDORS[name]
    folder = Path(str(DATA)) / "vendor-shaped"
    zone = ", timezone: UTC" if preset(name).zone == "account" else ""
    role = preset(name).source["role"]
    block = f"""
    fx: {{rows: [{{currency: EUR, rate: 1.1}}]}}
    {role}: {{path: {file}.csv, preset: {name}{zone}}}
    """
    found = rows(opened(folder, block, currency="USD"), role).filter(pl.col("_fault").is_null())
    truth = pl.read_csv(folder / "expected" / f"{file}.csv", infer_schema=False)
    if name == "zendesk.tickets":
        truth = truth.filter(pl.col("status") != "deleted")
    expected = sorted(
        [*(row[column] or "" for column in same), *((row[column] or "")[:10] for column in as_days)]
        for row in truth.iter_rows(named=True)
    )
    plain = found.with_columns(pl.col(pl.Float64).cast(pl.String).str.strip_suffix(".0"))
    made = [[_text(cell) for cell in row] for row in plain.select(*same.values(), *as_days.values()).iter_rows()]
    assert sorted(made) == expected
