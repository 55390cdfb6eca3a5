"""Parts of an expression with their types: what may meet what, and what a text in quotes turns into."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from saasmetrics.expression.error import ExpressionError
from saasmetrics.expression.tree import Node
from saasmetrics.period import Calendar

Kind = Literal["flag", "integer", "number", "text", "date", "instant", "null", "other"]


@cache
def instant_type() -> pl.Datetime:
    """The type of moments."""
    return pl.Datetime("us", "UTC")


_ARTICLES = {
    "flag": "a yes/no value",
    "integer": "a number",
    "number": "a number",
    "text": "text",
    "date": "a date",
    "instant": "a time",
    "null": "NULL",
    "other": "neither text, number, date nor yes/no",
}

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?")


@dataclass(frozen=True)
class Typed:
    """A Polars expression whose kind is known.

    `plain` says that a text is a String and no dictionary type; `literal` is the value of a constant.
    """

    expr: pl.Expr
    kind: Kind
    node: Node
    plain: bool = True
    literal: str | date | datetime | None = None

    @property
    def text(self) -> pl.Expr:
        """The text as String."""
        return self.expr if self.plain else self.expr.cast(pl.String)

    @property
    def described(self) -> str:
        """For messages: `` `plan` is text``."""
        return f"{self.node.spelled} is {_ARTICLES[self.kind]}"


def date_literal(day: date, node: Node) -> Typed:
    """A constant day."""
    return Typed(pl.lit(day, dtype=pl.Date), "date", node, literal=day)


def instant_literal(at: datetime, node: Node, calendar: Calendar) -> Typed:
    """A constant instant; without an offset it is read in the calendar's zone (the earlier one of two)."""
    aware = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(calendar.timezone))
    utc = aware.astimezone(UTC)
    return Typed(pl.lit(utc, dtype=instant_type()), "instant", node, literal=utc)


def unify(parts: Sequence[Typed], calendar: Calendar, meeting: str) -> tuple[list[Typed], Kind]:
    """Bring parts that meet (compared, or branches of one value) to one kind.

    Edges: a text in quotes becomes the day or instant it meets; other text (the columns of a CSV file are all text) is
    read as the number, yes/no value, day or instant it meets, null where it is none; whole numbers become numbers,
    days the start of that local day.
    Raises: ExpressionError when there is no common kind; a text in quotes never is a number.
    """
    kinds = {part.kind for part in parts} - {"null"}
    if "other" in kinds:
        odd = next(part for part in parts if part.kind == "other")
        raise ExpressionError(f"{odd.described}: only IS NULL can be asked of it", odd.node.offset)
    if "text" in kinds and len(kinds) > 1:
        parts = [_read_text(part, kinds, calendar) if part.kind == "text" else part for part in parts]
        kinds = {part.kind for part in parts} - {"null"}
    if not kinds:
        return list(parts), "null"
    if len(kinds) == 1:
        return list(parts), kinds.pop()
    if kinds == {"integer", "number"}:
        return [_as(part, "integer", "number", pl.Expr.cast, pl.Float64) for part in parts], "number"
    if kinds == {"date", "instant"}:
        return [start_of_day(part, calendar) if part.kind == "date" else part for part in parts], "instant"
    raise mismatch(parts, meeting)


def mismatch(parts: Sequence[Typed], meeting: str) -> ExpressionError:
    """The error of two parts that cannot meet."""
    first = next(part for part in parts if part.kind != "null")
    second = next(part for part in parts if part.kind not in ("null", first.kind))
    written = any(part.node.op == "text" for part in (first, second))
    hint = "numbers are written without quotes" if written else None
    return ExpressionError(f"{first.described}, {second.described}: they cannot {meeting}", second.node.offset, hint)


def _as(part: Typed, source: Kind, target: Kind, change: Callable[..., pl.Expr], *args: object) -> Typed:
    return replace(part, expr=change(part.expr, *args), kind=target) if part.kind == source else part


def start_of_day(part: Typed, calendar: Calendar) -> Typed:
    """The instant at which a local day begins."""
    if isinstance(part.literal, date):
        return instant_literal(calendar.start_of(part.literal), part.node, calendar)
    return replace(part, expr=calendar.start_expr(part.expr), kind="instant")


def _read_text(part: Typed, kinds: set[Kind], calendar: Calendar) -> Typed:
    if "flag" in kinds:
        return Typed(flag_of(part.text), "flag", part.node)
    if part.literal is not None:
        return _moment_of(part, kinds, calendar) if kinds & {"date", "instant"} else part
    if "instant" in kinds:
        return Typed(instant_of(part.text, calendar), "instant", part.node)
    if "date" in kinds:
        return Typed(day_of(part.text), "date", part.node)
    return Typed(number_of(part.text), "number", part.node)


def _moment_of(part: Typed, kinds: set[Kind], calendar: Calendar) -> Typed:
    written = str(part.literal)
    try:
        if _DAY.fullmatch(written):
            return date_literal(date.fromisoformat(written), part.node)
        if _MOMENT.fullmatch(written):
            return instant_literal(datetime.fromisoformat(written), part.node, calendar)
    except ValueError:
        pass  # the right shape and no such day: the message below says it
    wanted = "time" if "instant" in kinds else "date"
    shape = "2026-01-31 14:30:00" if wanted == "time" else "2026-01-31"
    raise ExpressionError(f"'{written}' is not a {wanted}", part.node.offset, f"write it as '{shape}'")


def flag_of(text: pl.Expr) -> pl.Expr:
    """A written yes/no value, null when it is none."""
    word = text.str.strip_chars(" ").str.to_lowercase()
    return (
        pl.when(word.is_in(["true", "t", "yes", "y", "1"]))
        .then(statement=True)
        .when(word.is_in(["false", "f", "no", "n", "0"]))
        .then(statement=False)
    )


def number_of(text: pl.Expr) -> pl.Expr:
    """A written number, null when it is none or not finite."""
    number = text.str.strip_chars(" ").cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


def day_of(text: pl.Expr) -> pl.Expr:
    """A written day, the time of day left off, null when it is none."""
    return text.str.extract(r"^\s*(\d{4}-\d{2}-\d{2})(?:[ T].*)?$", 1).str.to_date("%Y-%m-%d", strict=False)


def instant_of(text: pl.Expr, calendar: Calendar) -> pl.Expr:
    """A written instant; without an offset in the calendar's zone; null when it is none."""
    tidy = text.str.strip_chars(" ").str.replace(r"^(\S{10})T", "${1} ").str.replace(r"[zZ]$", "+00:00")
    full = tidy.str.replace(r"^(\S{10} \d{2}:\d{2})($|[+-])", "${1}:00${2}").str.replace(r"([+-]\d{2})$", "${1}:00")
    aware = full.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%:z", time_unit="us", strict=False)
    naive = full.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    day = tidy.str.to_date("%Y-%m-%d", strict=False)
    return pl.coalesce(aware, local_instant(naive, calendar), calendar.start_expr(day))


def local_instant(naive: pl.Expr, calendar: Calendar) -> pl.Expr:
    """Wall-clock times of the calendar's zone as instants: the earlier of two, an hour on where there is none."""

    def read(at: pl.Expr) -> pl.Expr:
        return at.dt.replace_time_zone(calendar.timezone, ambiguous="earliest", non_existent="null")

    return pl.coalesce(read(naive), read(naive + pl.duration(hours=1))).dt.convert_time_zone("UTC")
