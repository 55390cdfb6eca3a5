"""A ledger opened: the number's head, the entries behind it, and what they reduce to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
from rich.text import Text

from saasmetrics.frames.values import OK
from saasmetrics.output.number import exact, half_up, signed
from saasmetrics.output.printout import Printout, Sight
from saasmetrics.output.sheet import Block, Column, Line, Note, Row, Sheet, text
from saasmetrics.output.subject import Subject

SCREEN = 40
"""Rows shown on a terminal; files and pipes get them all."""


@dataclass(frozen=True)
class Opened:
    """Entries of one address in one period, largest first; `code` is the period as the command line writes it.

    `header` has the value with its numerator, denominator and counts, and the knobs; `reduced` is the value computed
    again from the entries, null where they are only a part of it; `against` the period they are compared with.
    """

    title: str
    subject: Subject
    period: str
    code: str
    as_of: str
    header: Mapping[str, Any]
    entries: pl.DataFrame
    reduced: float | None
    against: str = ""


def printout(opened: Opened) -> Printout:
    """The ledger as rows and as a page."""
    about = {
        "address": opened.subject.address,
        "period": opened.code,
        "header": dict(opened.header),
        "reduced": opened.reduced,
    }
    return Printout(opened.entries, "entries", about, lambda sight: page(opened, sight))


def page(opened: Opened, sight: Sight) -> Iterator[Block]:
    """Head, entries, and the value that they reduce to."""
    yield Note(text(("saasmetrics ledger", "strong"), ("  ", ""), (opened.title, "muted")))
    against = f" against {opened.against}" if opened.against else ""
    yield Note(
        text((opened.subject.name, "strong"), (f" · {opened.period}{against} · data as of {opened.as_of}", "muted")),
        hang=2,
    )
    yield Line()
    yield Sheet((Column(least=12), Column()), tuple(_head(opened)))
    knobs = [f"{name} {_raw(value)}" for name, value in opened.header.get("knobs", {}).items() if name != "as_of"]
    if knobs:
        yield Note(text(("knobs        ", "muted"), " · ".join(knobs)), hang=13)
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
        if value is None or name == "knobs" or (name, value) == ("status", OK):
            continue
        said = Text(_raw(value))
        if name == "value":
            said = text((opened.subject.number.text(value), "value"), (f"  {value!r}", "muted"))
        yield Row((Text(name, "muted"), said))


def _table(entries: pl.DataFrame) -> Sheet:
    """All columns that say anything; the numbers of one column to the same decimals."""
    kept = [name for name in entries.columns if entries[name].null_count() < entries.height]
    columns = tuple(Column(name, "right" if entries[name].dtype.is_numeric() else "left") for name in kept)
    texts = [_texts(entries[name]) for name in kept]
    return Sheet(columns, tuple(Row(tuple(map(Text, row))) for row in zip(*texts, strict=True)), gap=2)


def _texts(column: pl.Series) -> list[str]:
    if not column.dtype.is_float():
        return [_raw(value) for value in column]
    known = [value for value in column if value is not None]
    decimals = 0 if all(value == int(value) for value in known) else 2 if max(map(abs, known)) >= 1 else 4
    return ["" if value is None else _decimal(value, decimals) for value in column]


def _decimal(value: float, decimals: int) -> str:
    number = exact(value)
    return signed(number, f"{half_up(abs(number), decimals):,f}")


def _raw(value: object) -> str:
    """A value as it is: whole numbers with separators, instants to the second."""
    match value:
        case None:
            return ""
        case bool() | str():
            return str(value)
        case int():
            return f"{value:,}"
        case float():
            return _decimal(value, 0 if value == int(value) else 4)
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case date():
            return value.isoformat()
        case {"count": count, "unit": unit}:
            return f"{count}{unit}"
        case list() | tuple():
            return ", ".join(map(_raw, value))
    return str(value)
