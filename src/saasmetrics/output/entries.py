"""A ledger opened: the number's head, the entries behind it, and what they reduce to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
from rich.text import Text

from saasmetrics.output.number import exact, half_up, signed
from saasmetrics.output.printout import Printout, Sight
from saasmetrics.output.sheet import Block, Column, Line, Note, Row, Sheet, text
from saasmetrics.output.subject import Subject

SCREEN = 40
"""Rows shown on a terminal; files and pipes get them all."""


@dataclass(frozen=True)
class Opened:
    """Entries of one address in one period, largest first.

    `header` has the value with its numerator, denominator and counts, and the knobs; `reduced` is the value computed
    again from the entries, null where they are only a part of it.
    """

    title: str
    subject: Subject
    period: str
    as_of: str
    header: Mapping[str, Any]
    entries: pl.DataFrame
    reduced: float | None


def printout(opened: Opened) -> Printout:
    """The ledger as rows and as a page."""
    about = {"address": opened.subject.address, "period": opened.period, "header": dict(opened.header)}
    about["reduced"] = opened.reduced
    return Printout(opened.entries, "entries", about, lambda sight: page(opened, sight))


def page(opened: Opened, sight: Sight) -> Iterator[Block]:
    """Head, entries, and the value that they reduce to."""
    yield Note(text(("saasmetrics ledger", "strong"), ("  ", ""), (opened.title, "muted")))
    said = f" · {opened.period} · data as of {opened.as_of}"
    yield Note(text((opened.subject.name, "strong"), (said, "muted")), hang=2)
    yield Line()
    yield Sheet((Column(least=12), Column()), tuple(_head(opened)))
    yield Line()
    shown = opened.entries.head(SCREEN) if sight.bounded else opened.entries
    yield _table(shown)
    if (left := opened.entries.height - shown.height) > 0:
        yield Note(Text(f"{left:,} more: -o entries.csv writes them all", "muted"))
    yield Line()
    if opened.reduced is not None:
        yield Note(
            text(
                "reduces to ", (opened.subject.number.text(opened.reduced), "value"), (f"  {opened.reduced!r}", "muted")
            )
        )


def _head(opened: Opened) -> Iterator[Row]:
    for name, value in opened.header.items():
        if value is None or value == {}:
            continue
        if name == "value":
            said = text((opened.subject.number.text(value), "value"), (f"  {value!r}", "muted"))
        elif isinstance(value, Mapping):
            said = Text(", ".join(f"{key} {each}" for key, each in value.items()))
        else:
            said = Text(_raw(value))
        yield Row((Text(name, "muted"), said))


def _table(entries: pl.DataFrame) -> Sheet:
    kept = [name for name in entries.columns if entries[name].null_count() < entries.height]
    columns = tuple(Column(name, "right" if entries[name].dtype.is_numeric() else "left") for name in kept)
    rows = tuple(Row(tuple(Text(_raw(value)) for value in row)) for row in entries.select(kept).iter_rows())
    return Sheet(columns, rows, gap=2)


def _raw(value: object) -> str:
    """A value as it is: whole numbers with separators, others to four decimals at most, instants to the second."""
    match value:
        case None:
            return ""
        case bool() | str():
            return str(value)
        case int():
            return f"{value:,}"
        case float():
            number = exact(value)
            return signed(number, f"{half_up(abs(number), 4).normalize():,f}")
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case date():
            return value.isoformat()
    return str(value)
