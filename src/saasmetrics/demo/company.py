"""The street of the demo: from a seed to a folder of exports, a definition file and the list of what was planted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from importlib.resources import files
from pathlib import Path

import polars as pl

from saasmetrics.demo.accounts import hire, sign_up
from saasmetrics.demo.activity import Activity, World
from saasmetrics.demo.billing import Books, keep_books
from saasmetrics.demo.charges import invoice_table, setup_fees, usage
from saasmetrics.demo.deals import deal_table, stage_table, stage_times, win_deals
from saasmetrics.demo.files import write_bytes, write_table
from saasmetrics.demo.folder import clear, refuse_unless_free
from saasmetrics.demo.items import item_table
from saasmetrics.demo.leads import find_leads, lead_table, touch_table
from saasmetrics.demo.logs import Logs
from saasmetrics.demo.money import cost_table, fx_table, quota_table, spend_table
from saasmetrics.demo.rows import Rows
from saasmetrics.demo.setup import first_steps
from saasmetrics.demo.span import Layout, Span
from saasmetrics.demo.stories import plan, steady_account
from saasmetrics.demo.support import incident_table, survey_table, ticket_table
from saasmetrics.demo.telling import tell
from saasmetrics.finding import Finding, InputError, Severity

Progress = Callable[[str, int, int], None]
UNTIL = date(2026, 11, 22)
DATA_FOLDER = "data"
RANGES = {"accounts": (30, 1_000_000), "months": (4, 120), "seed": (0, 2**31 - 1), "events": (5_000, 10_000_000_000)}
BUSY = 1.5
"""How much more the large account of the stories does than others."""
ROWS_PER_ACCOUNT = 30
"""Fewer rows than this per account would not leave room for the first steps of new ones."""


def metrics_yaml(data_folder: str) -> str:
    """The definition file of the company, with the folder of its data filled in."""
    template = files("saasmetrics.demo").joinpath("metrics.yaml").read_text(encoding="utf-8")
    return template.replace("DATA_FOLDER", data_folder)


def write(
    directory: Path,
    *,
    accounts: int,
    months: int,
    seed: int,
    events: int,
    progress: Progress | None = None,
    until: date = UNTIL,
    layout: Layout = "monthly",
) -> None:
    """Write a realistic company into a folder: exports under `data/`, `metrics.yaml`, `STORIES.md`.

    The same arguments give the same files. `events` counts the rows of both logs, events and requests, closely but
    not exactly; `until` is the last day and is not complete. `progress` is told what is done, of how many rows.

    Raises: InputError (SM951) for a folder with other files in it and for numbers out of range.
    """
    _refuse_numbers(accounts=accounts, months=months, seed=seed, events=events)
    refuse_unless_free(directory)
    clear(directory)
    data, told = directory / DATA_FOLDER, progress or _silent
    told("tables", 0, events)
    world, books, planned = _found(accounts, Span(until, months, layout), seed)
    for name, table in _tables(world, books).items():
        write_table(table, data / name)
    logs, written = Logs(world, data), 0
    for chapter, rows in Activity(world, planned, events).blocks():
        logs.add(chapter, rows)
        written += len(rows)
        told("logs", min(written, events), events)
    logs.close()
    write_bytes(metrics_yaml(DATA_FOLDER).encode(), directory / "metrics.yaml")
    write_bytes(tell(world, books, logs.counts).encode(), directory / "STORIES.md")
    told("logs", events, events)


def _silent(_what: str, _done: int, _total: int) -> None:
    return None


def _found(accounts: int, span: Span, seed: int) -> tuple[World, Books, Rows]:
    """The company: its accounts and users, what they pay, what will happen to them, and the first steps of new ones."""
    everyone = sign_up(accounts, span, seed)
    steady = steady_account(everyone, span)
    everyone.intensity[steady] = BUSY
    users = hire(everyone, span, seed)
    planned = first_steps(everyone, users, span, seed)
    books = keep_books(everyone, span, seed, steady)
    stories = plan(everyone, users, books.lives, span, steady)
    return World(everyone, users, books.lives, stories, span, seed), books, planned


def _tables(world: World, books: Books) -> dict[str, pl.DataFrame]:
    """The small exports by file name."""
    accounts, items, span, seed = world.accounts, books.items, world.span, world.seed
    fees, metered = setup_fees(items, accounts), usage(items, accounts, span, seed)
    leads = find_leads(accounts, books, span, seed)
    deals = win_deals(leads, accounts, books, span, seed)
    times = stage_times(deals, span, seed)
    tickets = ticket_table(world)
    return {
        "accounts.csv": accounts.table(),
        "users.csv": world.users.table(accounts, span.cutoff),
        "subscriptions.csv": pl.concat([item_table(items, accounts), fees, metered], how="diagonal"),
        "invoices.parquet": invoice_table(items, fees, metered, accounts, span, seed),
        "leads.csv": lead_table(leads, accounts, span),
        "opportunities.csv": deal_table(deals, times, leads, accounts),
        "stages.parquet": stage_table(deals, times, leads),
        "touches.csv.zst": touch_table(leads, span, seed),
        "spend.csv": spend_table(books, span, seed),
        "costs.csv": cost_table(books, span, seed),
        "tickets.csv.gz": tickets,
        "incidents.jsonl": incident_table(world.stories, span, seed),
        "surveys.csv": survey_table(tickets, world),
        "fx.csv": fx_table(),
        "quotas.csv": quota_table(deals, span),
    }


def _refuse_numbers(**numbers: int) -> None:
    findings = []
    for name, (low, high) in RANGES.items():
        if not low <= numbers[name] <= high:
            findings.append(_out_of_range(name, numbers[name], f"from {low:,} to {high:,}"))
    least = ROWS_PER_ACCOUNT * numbers["accounts"]
    if not findings and numbers["events"] < least:
        findings.append(_out_of_range("events", numbers["events"], f"at least {least:,} for that many accounts"))
    if findings:
        raise InputError(findings)


def _out_of_range(name: str, given: int, allowed: str) -> Finding:
    return Finding("SM951", Severity.ERROR, f"`{name}` is {given:,}, out of range", hint=f"choose {allowed}")
