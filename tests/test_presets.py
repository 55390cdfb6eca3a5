"""Each preset reads its vendor's export, quirks and all; expected rows were worked out by hand."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exports import opened, rows, told
from saasmetrics.definitions.settings import Settings
from saasmetrics.frames.canonical import ROLES
from saasmetrics.sources.derived import WORDS
from saasmetrics.sources.files import data_file
from saasmetrics.sources.look import look
from saasmetrics.sources.open import Sources
from saasmetrics.sources.presets import EVIDENCE, preset, preset_names
from saasmetrics.sources.recognise import header_words, likeliest, names_of, recognised
from saasmetrics.sources.scan import scan

CASES = Path(__file__).parent / "cases" / "presets"
FILES = sorted(path for path in CASES.glob("*/export*"))


def _text(value: Any) -> str:
    """A cell as the expected file writes it."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(round(value, 6))
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _block(name: str, file: Path) -> str:
    role = preset(name).source["role"]
    zone = ", timezone: Europe/Berlin" if preset(name).zone == "account" else ""
    return f"""
    fx: {{rows: [{{currency: EUR, rate: 1.1}}]}}
    {role}: {{path: {file.name}, preset: {name}{zone}{_beside(file)}}}
    """


def _beside(file: Path) -> str:
    """The tables that lie beside an export."""
    tables = {path.stem.removeprefix("beside-"): path.name for path in sorted(file.parent.glob("beside-*"))}
    return f", beside: {{{', '.join(f'{table}: {name}' for table, name in tables.items())}}}" if tables else ""


def test_every_preset_has_a_case() -> None:
    assert {path.parent.name for path in FILES} == set(preset_names())


def _usable_and_faults(sources: Sources, role: str) -> tuple[pl.DataFrame, dict[str, int]]:
    """The rows that count, of a log each id once; and how many rows break each rule."""
    if role in sources.logs:
        log = sources.logs[role]
        found = pl.concat([log.scan(file, tuple(log.columns)) for file in log.files]).collect()
        repeats = found.height - found.unique("id").height
        sound = found.filter(pl.col("_fault").is_null()).unique("id", maintain_order=True)
        return sound, {**_counts(found), **({"repeat": repeats} if repeats else {})}
    found = rows(sources, role)
    return found.filter(pl.col("_fault").is_null()), _counts(found)


def _counts(found: pl.DataFrame) -> dict[str, int]:
    return dict(found["_fault"].drop_nulls().value_counts().iter_rows())


@pytest.mark.parametrize("file", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_an_export_becomes_canonical_rows(file: Path) -> None:
    name = file.parent.name
    role = preset(name).role
    sources = opened(file.parent, _block(name, file), currency="USD", timezone="Europe/Berlin")
    assert role in {**sources.tables, **sources.logs}, sources.findings
    with (file.parent / "expected.csv").open(newline="") as stream:
        header, *expected = csv.reader(stream)
    sound, faults = _usable_and_faults(sources, role)
    assert sorted([_text(cell) for cell in row] for row in sound.select(header).iter_rows()) == sorted(expected)
    with (file.parent / "faults.csv").open(newline="") as stream:
        assert faults == {row["rule"]: int(row["rows"]) for row in csv.DictReader(stream)}


def test_a_preset_says_what_it_maps_and_what_the_file_cannot_tell() -> None:
    for name in preset_names():
        known = preset(name)
        assert known.name == name
        assert known.note
        assert known.evidence in EVIDENCE
        assert known.verify or known.evidence != "M", "what is known from memory says what to check"
        assert {made.how for made in known.derived} <= set(WORDS)
        role = ROLES[known.source["role"]]
        made = {*known.source["columns"], *known.elapsed}
        assert made <= set(role.columns)
        assert {column for column, contract in role.columns.items() if contract.needed} <= made


@pytest.mark.parametrize("file", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_an_export_is_recognised_by_its_columns(file: Path) -> None:
    found = data_file(file, file.name)
    assert found is not None
    columns = names_of(scan(found, (), header_words()))
    assert [match.name for match in likeliest(columns)] == [file.parent.name], recognised(columns)


def test_columns_that_any_table_has_are_recognised_as_nothing() -> None:
    assert recognised(["id", "name"]) == ()


def test_every_table_beside_an_export_has_a_case_and_is_found_in_its_folder() -> None:
    for name in preset_names():
        known = preset(name)
        there = {path.stem.removeprefix("beside-") for path in (CASES / name).glob("beside-*")}
        assert there == set(known.tables), name
        if there:
            seen = look(CASES / name / "export.csv", Settings())
            assert seen.wanted == ()
            assert seen.tables == {table: (f"beside-{table}.csv",) for table in known.tables}


def test_a_table_that_an_export_needs_is_asked_for_by_name() -> None:
    sources = opened(
        CASES / "stripe.elt_subscriptions", "subscriptions: {path: export.csv, preset: stripe.elt_subscriptions}"
    )
    found = told(sources)["SM908"]
    assert found.message.startswith("says too little without `item` and `price` beside it")
    assert found.hint == "name the files: beside: {item: FILE, price: FILE}"
    assert "subscriptions" not in sources.tables


def test_without_the_tables_that_an_export_can_do_without_less_is_known() -> None:
    block = "tickets: {path: export.csv, preset: zendesk.elt_tickets}"
    made = rows(opened(CASES / "zendesk.elt_tickets", block), "tickets").filter(pl.col("_fault").is_null())
    assert made["id"].to_list() == ["1", "3"]
    assert made["resolved"].null_count() == 2


def test_a_file_that_is_not_the_table_it_is_named_as_is_refused() -> None:
    block = "tickets: {path: export.csv, preset: zendesk.elt_tickets, beside: {ticket_comment: beside-user.csv}}"
    found = told(opened(CASES / "zendesk.elt_tickets", block))["SM908"]
    assert (found.column, str(found.location)) == ("ticket_id", "beside-user.csv")


def test_an_unnamed_zone_is_told_until_the_source_names_it() -> None:
    block = "tickets: {path: export.csv, preset: zendesk.tickets}"
    assert told(opened(CASES / "zendesk.tickets", block))["SM926"].hint == "set timezone on the source"
    named = block.replace("}", ", timezone: UTC}")
    assert told(opened(CASES / "zendesk.tickets", named)) == {}
