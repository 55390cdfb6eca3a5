"""A number with its formula: the judged value and the figures that it was made of, put into the formula's place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import exp, sqrt
from typing import Any

import polars as pl

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.engine.values import of_address
from saasmetrics.explain.answers import Answers, Numbers
from saasmetrics.finding import InputError
from saasmetrics.frames.ledger import COUNTED, OPEN, Shape
from saasmetrics.frames.values import OK, PARTIAL
from saasmetrics.output.number import SECONDS, exact, half_up, signed
from saasmetrics.output.subject import Subject
from saasmetrics.output.subjects import subject as subject_of
from saasmetrics.period import Grain

PARTS = ("value", "numerator", "denominator", "entries", "accounts", "immature", "status", "reason", "as_of")
"""Columns of values that a figure quotes."""


@dataclass(frozen=True)
class Figure:
    """The value of one address in one period: the judged one, else the latest that is over, else the latest.

    `row` is its row of the values frame; `period` its code; `now` says the value of the period in progress.
    """

    address: Address
    subject: Subject
    row: Mapping[str, Any]
    period: str
    now: str | None = None

    @property
    def is_judged(self) -> bool:
        """Whether the value may be read as one."""
        return bool(self.row["status"] == OK)

    @property
    def value(self) -> str:
        """The value as people read it; why there is none."""
        if self.row["value"] is None:
            return f"no number, {self.status}"
        return self.subject.number.text(self.row["value"])

    @property
    def status(self) -> str:
        """What the value is, and why, where it is no value to be judged."""
        status, reason = str(self.row["status"]).replace("_", " "), self.row["reason"]
        return f"{status}: {reason}" if reason else status

    @property
    def quoted(self) -> dict[str, Any]:
        """What the text says, unrounded."""
        row = {name: self.row[name] for name in PARTS}
        return {"address": self.address.text, "period": self.period, "grain": self.row["grain"], **row}


def figure(definitions: Definitions, numbers: Numbers, address: Address) -> Figure | None:
    """The figure of an address; null where nothing was computed for it.

    Edges: a number that there is only while its period lasts is that of the latest period.
    """
    rows = of_address(definitions, numbers.values, address)
    if rows.is_empty():
        return None
    subject = subject_of(definitions, address)
    judged, over = rows.filter(pl.col("status") == OK), rows.filter(pl.col("status") != PARTIAL)
    running = any(getattr(variant.spec, "running", False) for variant in definitions.metrics[address.metric].variants)
    best = rows if running else next((some for some in (judged, over) if some.height), rows)
    row = best.row(-1, named=True)
    last = rows.row(-1, named=True)
    now = None
    if last["status"] == PARTIAL and last["period"] != row["period"] and last["value"] is not None:
        now = f"{_code(definitions, last)} so far: {subject.number.text(last['value'])}*"
    return Figure(address, subject, row, _code(definitions, row), now)


def _code(definitions: Definitions, row: Mapping[str, Any]) -> str:
    return definitions.settings.calendar.code(row["period"], Grain(row["grain"]))


def plain_number(value: float) -> str:
    """A figure as exact as people read it: whole numbers with separators, others to four decimals or digits."""
    number = exact(value)
    size = abs(number)
    places = 4 if size >= 1 or not size else 3 - size.adjusted()
    body = half_up(size, places).normalize()
    return signed(number, f"{body if body != body.to_integral() else body.quantize(Decimal(1)):,f}")


def put_in(figure: Figure, shape: Shape) -> Iterator[tuple[str, str]]:
    """The figures in the formula's place, and what they were counted from. Not of derived numbers."""
    if figure.row["value"] is None:
        yield figure.period, figure.value
        return
    stat = f"{figure.subject.statistic} " if figure.subject.statistic else ""
    yield figure.period, f"{stat}{figure.value}{_made(shape, figure)}"
    yield "counted", _counted(shape, figure.row)


def _made(shape: Shape, figure: Figure) -> str:
    """The quotient; where there is none, the exact value of what was shortened for reading."""
    top, bottom = figure.row["numerator"], figure.row["denominator"]
    if bottom is None:
        unit = f" {figure.subject.number.unit}" if figure.subject.number.unit in SECONDS else ""
        whole = f"{plain_number(figure.row['value'])}{unit}"
        return "" if whole in figure.value else f" = {whole}"
    scale = f"{plain_number(shape.scale)} × " if shape.how == "ratio" and shape.scale != 1 else ""
    days = " days" if shape.how == "sum" else ""
    return f" = {scale}{plain_number(top)} / {plain_number(bottom)}{days}"


def _counted(shape: Shape, row: Mapping[str, Any]) -> str:
    of = {"ratio": "in the denominator", "quantile": "values", "sum": "entries"}[shape.how]
    of = of if row["entries"] != 1 else {"values": "value", "entries": "entry"}.get(of, of)
    parts = [f"n = {row['entries']:,} {of}"]
    if row["accounts"]:
        parts.append(f"{row['accounts']:,} accounts" if row["accounts"] > 1 else "1 account")
    if row["immature"]:
        parts.append(f"{row['immature']:,} more still inside their window")
    return ", ".join(parts)


def reached(figure: Figure, answers: Answers) -> str:
    """Of a duration with a window: how many of those that began got there."""
    states = answers.entries(figure.address.text, figure.period)["status"]
    there, waiting = int((states == COUNTED).sum()), int((states == OPEN).sum())
    return f"{there:,} of {there + waiting:,} got there in time"


def groups(figure: Figure, answers: Answers) -> Iterator[tuple[str, str]]:
    """Of a lift: who is in either group and got there, and how far chance alone would carry it.

    Formula: with a of b and c of d, exp(ln lift ± 1.96 √(1/a − 1/b + 1/c − 1/d)), the 95 % interval of Katz.
    """
    entries = answers.entries(figure.address.text, figure.period).filter(pl.col("status") == COUNTED)

    def added(shown: str, side: str) -> int:
        return int(entries.filter((pl.col("shown") == shown) & (pl.col("side") == side))["amount"].sum())

    a, b, c, d = (added(shown, side) for shown in ("yes", "no") for side in ("numerator", "denominator"))
    yield "with it", f"{a:,} of {b:,}"
    yield "without", f"{c:,} of {d:,}"
    if a and c:
        spread = exp(1.96 * sqrt(1 / a - 1 / b + 1 / c - 1 / d))
        lift = a * d / (b * c)
        yield "interval", f"{plain_number(lift / spread)} to {plain_number(lift * spread)}, 95 %"


def put_in_formula(expression: str, values: Mapping[str, float]) -> str:
    """The arithmetic with the inputs' values in the place of their names; negative ones in brackets."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[0])
        if found is None:
            return match[0]
        return f"({plain_number(found)})" if found < 0 else plain_number(found)

    return re.sub(r"[A-Za-z_][A-Za-z0-9_]*", value, expression)


def unusable(error: InputError) -> str:
    """Why there is no number, from what was wrong with the data."""
    return "; ".join(dict.fromkeys(finding.message for finding in error.findings))
