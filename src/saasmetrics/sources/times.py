"""Text, whole numbers and typed columns to instants and local days, strictly: what is not read is null.

A text is read by its shape, never by guessing: ISO dates and times (`T` or a blank, minutes, seconds, fractions, `Z`,
`UTC` or an offset), `YYYYMMDD`, epoch seconds (10 digits), milliseconds (13) or microseconds (16), dates with dots
(day first), `17/Jun/24` and `Jun 17, 2024` with English months, and dates with slashes or dashes in the order of days
and months that the column's own values prove.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias

import polars as pl

from saasmetrics.period import Calendar
from saasmetrics.sources.iso import clock_times

Order = Literal["day first", "month first"]

Kind: TypeAlias = pl.DataType | type[pl.DataType]

INSTANT = pl.Datetime("us", "UTC")
_LOCAL = pl.Datetime("us")
_TIME = r"(?:(?P<gap>[T ]| +at |, )(?P<clock>\d{1,2}:\d{2}(?::\d{2})?)(?P<part>[.,]\d{1,9})?(?P<half> ?[AaPp][Mm])?"
_ZONE = r"(?P<zone> ?(?:Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?)?"
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_SHAPES = (
    ("%Y-%m-%d", re.compile(r"\d{4}-\d{2}-\d{2}" + _TIME + _ZONE)),
    ("%Y/%m/%d", re.compile(r"\d{4}/\d{1,2}/\d{1,2}" + _TIME + _ZONE)),
    ("%Y%m%d", re.compile(r"\d{8}" + _TIME + _ZONE)),
    ("%d.%m.%Y", re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}" + _TIME + _ZONE)),
    ("slash", re.compile(r"\d{1,2}/\d{1,2}/\d{4}" + _TIME + _ZONE)),
    ("dash", re.compile(r"\d{1,2}-\d{1,2}-\d{4}" + _TIME + _ZONE)),
    *(
        (f"%d{sign}%B{sign}{year}", re.compile(rf"\d{{1,2}}{sign}{_MONTH}{sign}\d{{{digits}}}" + _TIME + _ZONE))
        for sign in "/- "
        for year, digits in (("%Y", 4), ("%y", 2))
    ),
    ("%B %d, %Y", re.compile(_MONTH + r" \d{1,2}, \d{4}" + _TIME + _ZONE)),
)
_EPOCH = re.compile(r"\d{10}|\d{13}|\d{16}")
_ORDERS = {
    ("slash", "day first"): "%d/%m/%Y",
    ("slash", "month first"): "%m/%d/%Y",
    ("dash", "day first"): "%d-%m-%Y",
    ("dash", "month first"): "%m-%d-%Y",
}
EARLIEST, LATEST = date(1000, 1, 1), date(9999, 12, 31)
_SECONDS, _MILLIS, _MICROS, _NANOS = 10**8, 10**11, 10**14, 10**17


@dataclass(frozen=True)
class Clock:
    """How the times of one column are read.

    `zone` is that of times without an offset; `calendar` has the reporting zone, in which a date without a time is a
    local day; `order` settles `03/04/2026`; `form` is the declared strftime. With `midnights` the column holds days
    that were written as midnights without an offset.
    """

    zone: str
    calendar: Calendar
    order: Order | None = None
    form: str | None = None
    midnights: bool = False


@dataclass(frozen=True)
class Shape:
    """How one written time is built: `form` for the parser, whether it has a clock time and an offset.

    `tail` is what follows the first 19 characters of an ISO time in UTC or without an offset: with it a time is read
    as numbers, many times faster than by the parser.
    """

    form: str
    timed: bool = True
    offset: bool = False
    tail: str | None = None


@lru_cache(maxsize=4096)
def shape_of(text: str, order: Order | None) -> Shape | None:
    """Shape of one text; None when it is no time, or when the order of day and month is not settled."""
    if _EPOCH.fullmatch(text):
        return Shape("epoch", True, True)
    for form, pattern in _SHAPES:
        found = pattern.fullmatch(text)
        if found:
            date = _ORDERS.get((form, order or ""), "") if form in ("slash", "dash") else form
            return _timed(date, found, text) if date else None
    return None


def _timed(date: str, found: re.Match[str], text: str) -> Shape:
    clock, part, half, zone = (found[name] or "" for name in ("clock", "part", "half", "zone"))
    if not clock:
        return Shape(date, timed=False)
    form = date + found["gap"] + ("%I:%M" if half else "%H:%M") + (":%S" if clock.count(":") == 2 else "")
    form += "%.f" if part.startswith(".") else f",%{len(part) - 1}f" if part else ""
    form += half and (" %p" if half.startswith(" ") else "%p")
    named = zone.strip() in ("Z", "z", "UTC", "GMT")
    form += zone if named or not zone else zone[: -len(zone.strip())] + "%#z"
    sliced = date == "%Y-%m-%d" and found["gap"] in "T " and len(clock) == 8 and not half and zone in ("", "Z")
    return Shape(form, True, bool(zone), text[19:] if sliced and part[:1] in "." and len(part) <= 7 else None)


def order_of(texts: pl.Series) -> Order | Literal["mixed", "ambiguous"] | None:
    """What the values of a column prove about `03/04/2026`; None when no value is written like that."""
    short = texts.filter(texts.str.contains(r"^\d{1,2}[/-]"))
    parts = short.str.extract_groups(r"^(\d{1,2})[/-](\d{1,2})[/-]\d{4}(?:\D|$)").struct.unnest()
    first, second = (parts[name].drop_nulls().cast(pl.Int64) for name in parts.columns)
    if first.is_empty():
        return None
    days_first, months_first = (first > 12).any(), (second > 12).any()
    if days_first and months_first:
        return "mixed"
    return "day first" if days_first else "month first" if months_first else "ambiguous"


def instants(texts: pl.Series, clock: Clock) -> pl.Series:
    """Texts as instants; a date without a time is the start of that day in the reporting zone."""
    return _read(texts, clock, INSTANT)


def days(texts: pl.Series, clock: Clock) -> pl.Series:
    """Texts as local days: a date is itself, a time is the day it falls in in the reporting zone."""
    return _read(texts, clock, pl.Date)


def _read(texts: pl.Series, clock: Clock, dtype: Kind) -> pl.Series:
    """Most columns have one shape: the first one's is tried on all rows, the rest, less blanks, sorted by shape."""
    filled = texts.drop_nulls()
    if filled.is_empty():
        return pl.Series(texts.name, [None], dtype=dtype).new_from_index(0, len(texts))
    shape = _declared(clock) or shape_of(str(filled[0]), clock.order)
    out = _of(texts, shape, clock, dtype)
    left = texts.is_not_null() & out.is_null()
    return _within(_mixed(texts, out, left.arg_true(), clock, dtype) if left.any() else out)


def _within(times: pl.Series) -> pl.Series:
    """Times of years from 1000 to 9999; `0000-00-00` and `0001-01-01` are how some exports write that there is none."""
    unit = 1 if times.dtype == pl.Date else 86_400_000_000
    low, high = ((day - date(1970, 1, 1)).days * unit for day in (EARLIEST, LATEST))
    numbers = times.to_physical()
    outside = (numbers < low) | (numbers >= high + unit)
    return times.set(outside, None) if outside.any() else times


def _mixed(texts: pl.Series, out: pl.Series, left: pl.Series, clock: Clock, dtype: Kind) -> pl.Series:
    rest = texts.gather(left).str.strip_chars()
    masks = rest.str.replace_all(r"\d", "1")
    for mask in masks.unique().sort():
        shape = shape_of(mask, clock.order)
        if shape is not None:
            rows = (masks == mask).arg_true()
            out = out.scatter(left.gather(rows), _of(rest.gather(rows), shape, clock, dtype))
    return out


def _declared(clock: Clock) -> Shape | None:
    if not clock.form:
        return None
    timed = any(mark in clock.form for mark in ("%H", "%I", "%T", "%R", "%s", "%c"))
    return Shape(clock.form, timed, any(mark in clock.form for mark in ("%z", "%#z", "%:z")))


def _of(texts: pl.Series, shape: Shape | None, clock: Clock, dtype: Kind) -> pl.Series:
    """Texts of one shape; null where a text is of another."""
    if shape is None:
        return pl.Series(texts.name, [None], dtype=dtype).new_from_index(0, len(texts))
    frame = texts.alias("text").to_frame()
    if not shape.timed:
        date = pl.col("text").str.to_date(shape.form, strict=False)
        return frame.select(date if dtype == pl.Date else clock.calendar.start_expr(date)).to_series()
    if shape.tail is None:
        times = frame.select(text=_instant(shape, clock))
    else:
        local = pl.col("text")
        zoned = local_instant(local, "UTC") if shape.offset else settled(local, clock)
        times = _clock_times(texts, shape.form[8], shape.tail).to_frame("text").select(text=zoned)
    return times.select(clock.calendar.day_expr(pl.col("text")) if dtype == pl.Date else "text").to_series()


def _clock_times(texts: pl.Series, gap: str, tail: str) -> pl.Series:
    """What is written, whatever its zone; the few that the quick way does not read are read by slices."""
    times = clock_times(texts, gap, tail)
    left = (texts.is_not_null() & times.is_null()).arg_true()
    if left.is_empty():
        return times
    rest = texts.gather(left).to_frame("text").select(_sliced(gap, tail)).to_series()
    return times.scatter(left, rest) if rest.null_count() < len(rest) else times


def _sliced(gap: str, tail: str) -> pl.Expr:
    text = pl.col("text")
    whole = text.str.slice(0, 19).str.to_datetime(f"%Y-%m-%d{gap}%H:%M:%S", strict=False, time_unit="us")
    fits = text.str.len_bytes() == 19 + len(tail)
    if tail.endswith("Z"):
        fits &= text.str.ends_with("Z")
    digits = len(tail.removesuffix("Z")) - 1
    if digits < 1:
        return pl.when(fits).then(whole)
    part = text.str.slice(20, digits).str.to_integer(strict=False, dtype=pl.Int64)
    fits &= text.str.contains(r"^.{19}\.\d+Z?$")
    return pl.when(fits).then(whole + (part * 10 ** (6 - digits)).cast(pl.Duration("us")))


def _instant(shape: Shape, clock: Clock) -> pl.Expr:
    text = pl.col("text")
    if shape.form == "epoch":
        return epoch(text.str.to_integer(strict=False, dtype=pl.Int64))
    if shape.offset and "%" in shape.form[-3:]:
        return text.str.to_datetime(shape.form, strict=False, time_unit="us", time_zone="UTC")
    local = text.str.to_datetime(shape.form, strict=False, time_unit="us")
    return local_instant(local, "UTC") if shape.offset else settled(local, clock)


def settled(time: pl.Expr, clock: Clock) -> pl.Expr:
    """Clock times without an offset as instants; a midnight of a column of days is the start of that local day."""
    instant = local_instant(time, clock.zone)
    if not clock.midnights:
        return instant
    return pl.when(time == time.dt.truncate("1d")).then(clock.calendar.start_expr(time.dt.date())).otherwise(instant)


def local_instant(time: pl.Expr, zone: str) -> pl.Expr:
    """Clock times of a zone as instants.

    Edges: of a time that comes twice when clocks go back the first is meant; one that is skipped when they go forward
    is an hour later.
    """
    if zone == "UTC":
        return time.dt.replace_time_zone("UTC")

    def placed(at: pl.Expr) -> pl.Expr:
        return at.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")

    return pl.coalesce(placed(time), placed(time + timedelta(hours=1))).dt.convert_time_zone("UTC")


def epoch(number: pl.Expr) -> pl.Expr:
    """Whole numbers as instants: seconds, milli-, micro- or nanoseconds by their size; null before March 1973."""
    micros = (
        pl.when(number < _SECONDS)
        .then(None)
        .when(number < _MILLIS)
        .then(number * 1_000_000)
        .when(number < _MICROS)
        .then(number * 1_000)
        .when(number < _NANOS)
        .then(number)
        .otherwise(number // 1_000)
    )
    return micros.cast(_LOCAL).dt.replace_time_zone("UTC")
