"""The street of the demo: from a seed to a folder of exports, a definition file and the list of what was planted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl

from saasmetrics.demo import accounts as people
from saasmetrics.demo import billing, charges, money, sales, support
from saasmetrics.demo.activity import Activity, World
from saasmetrics.demo.files import write_bytes, write_table
from saasmetrics.demo.folder import clear, refuse_unless_free
from saasmetrics.demo.logs import Counts, Logs
from saasmetrics.demo.setup import first_steps
from saasmetrics.demo.span import Layout, Span
from saasmetrics.demo.stories import plan, steady_account
from saasmetrics.demo.telling import tell
from saasmetrics.finding import Finding, InputError, Severity

Progress = Callable[[str, int, int], None]
UNTIL = date(2026, 11, 22)
DATA_FOLDER = "data"
RANGES = {"accounts": (30, 1_000_000), "months": (4, 120), "seed": (0, 2**31 - 1), "events": (5_000, 10_000_000_000)}
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
    span = Span(until, months, layout)
    data = directory / DATA_FOLDER
    tell_progress = progress or _silent
    tell_progress("tables", 0, events)
    everyone = people.sign_up(accounts, span, seed)
    steady = steady_account(everyone, span)
    everyone.intensity[steady] = 1.5
    users = people.hire(everyone, span, seed)
    planned = first_steps(everyone, users, span, seed)
    books = billing.keep_books(everyone, span, seed, np.array([steady]))
    stories = plan(everyone, users, books.lives, span, steady)
    world = World(everyone, users, books.lives, stories, span, seed)
    for name, rows in _tables(world, books).items():
        write_table(rows, data / name)
    activity, logs = Activity(world, planned, events), Logs(world, data)
    done = 0
    for chapter, rows in activity.blocks():
        logs.add(chapter, rows)
        done += len(rows)
        tell_progress("logs", min(done, events), events)
    logs.close()
    write_bytes(metrics_yaml(DATA_FOLDER).encode(), directory / "metrics.yaml")
    write_bytes(tell(world, books, logs.counts).encode(), directory / "STORIES.md")
    tell_progress("logs", events, events)


def _silent(_what: str, _done: int, _total: int) -> None:
    return None


def _tables(world: World, books: billing.Books) -> dict[str, pl.DataFrame]:
    """The small exports by file name."""
    accounts, users, span, seed = world.accounts, world.users, world.span, world.seed
    fees = charges.setup_fees(books.items, accounts)
    metered = charges.usage(books.items, accounts, span, seed)
    leads = sales.find_leads(accounts, books, span, seed)
    deals = sales.win_deals(leads, accounts, books, span, seed)
    deal_rows, stage_rows = sales.deal_tables(deals, leads, accounts, span, seed)
    tickets = support.ticket_table(accounts, users, books.lives, world.stories, span, seed)
    return {
        "accounts.csv": accounts.table(),
        "users.csv": users.table(accounts, span.cutoff),
        "subscriptions.csv": pl.concat([billing.table(books.items, accounts), fees, metered], how="diagonal"),
        "invoices.parquet": charges.invoices(books.items, fees, metered, accounts, span, seed),
        "leads.csv": sales.lead_table(leads, accounts),
        "opportunities.csv": deal_rows,
        "stages.parquet": stage_rows,
        "touches.csv.zst": sales.touch_table(leads, span, seed),
        "spend.csv": money.spend_table(books, span, seed),
        "costs.csv": money.cost_table(books, span, seed),
        "tickets.csv.gz": tickets,
        "incidents.jsonl": support.incident_table(world.stories, span, seed),
        "surveys.csv": support.survey_table(tickets, accounts, users, books.lives, span, seed),
        "fx.csv": money.fx_table(),
        "quotas.csv": money.quota_table(deals, span),
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


__all__ = ["Counts", "metrics_yaml", "write"]
