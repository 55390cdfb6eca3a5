"""A column of any type to what its canonical kind holds, strictly: what is not read is null."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import polars as pl

from saasmetrics.frames.canonical import Kind
from saasmetrics.sources.amounts import LARGEST, Mark, flags, numbers, whole
from saasmetrics.sources.times import INSTANT, Clock, days, epoch, instants, settled


@dataclass(frozen=True)
class Reading:
    """What only the values of a column can tell: how its times and its numbers are written."""

    clock: Clock
    mark: Mark | None = None


def convert(value: pl.Expr, dtype: pl.DataType, kind: Kind, reading: Reading) -> pl.Expr:
    """Values of `dtype` as the kind's type."""
    if isinstance(dtype, pl.Categorical | pl.Enum) and kind not in ("id", "text", "choice"):
        value, dtype = value.cast(pl.String), pl.String()
    return _CONVERSIONS[kind](value, dtype, reading)


def _each(value: pl.Expr, change: Callable[[pl.Series], pl.Series], dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
    return value.map_batches(change, return_dtype=dtype, is_elementwise=True)


def _nothing(dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
    return pl.lit(None, dtype=dtype)


def _text(value: pl.Expr, dtype: pl.DataType, _: Reading) -> pl.Expr:
    """Text as it is, dictionaries too, nothing for an empty one; whole numbers without the `.0` that gaps add."""
    if dtype == pl.String:
        return pl.when(value.str.len_bytes() > 0).then(value)
    if isinstance(dtype, pl.Categorical):
        return pl.when(value != "").then(value)
    if isinstance(dtype, pl.Enum):
        return pl.when(value != "").then(value) if "" in dtype.categories else value
    if dtype.is_float():
        integral = value.is_finite() & (value == value.round())
        return (
            pl.when(integral).then(value.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(value.cast(pl.String))
        )
    return _nothing(pl.String) if dtype.is_nested() or dtype == pl.Null else value.cast(pl.String)


def code(value: pl.Expr) -> pl.Expr:
    """A currency as its ISO code is written."""
    return value.cast(pl.String).str.strip_chars().str.to_uppercase()


def _choice(value: pl.Expr, dtype: pl.DataType, reading: Reading) -> pl.Expr:
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return _each(value, _small, pl.Categorical())
    if dtype == pl.String:
        return _each(value, _small_texts, pl.String)
    return _text(value, dtype, reading).str.strip_chars().str.to_lowercase()


def _small_texts(values: pl.Series) -> pl.Series:
    """Texts in small letters, nothing for an empty one; only the different ones are looked at where they are so."""
    different = values.unique()
    small = different.str.strip_chars().str.to_lowercase()
    if different.equals(small) and not (different == "").any():
        return values
    return values.replace("", None).str.strip_chars().str.to_lowercase()


def _small(values: pl.Series) -> pl.Series:
    """A dictionary column in small letters; only its different values are looked at where they are so already."""
    different = values.unique().cast(pl.String)
    small = different.str.strip_chars().str.to_lowercase()
    if different.equals(small) and not (different == "").any():
        return values.cast(pl.Categorical)
    texts = values.cast(pl.String)
    texts = texts.replace("", None).str.strip_chars().str.to_lowercase()
    return texts.cast(pl.Categorical)


def _time(value: pl.Expr, dtype: pl.DataType, reading: Reading) -> pl.Expr:
    clock = reading.clock
    if dtype == pl.String:
        return _each(value, partial(instants, clock=clock), INSTANT)
    if isinstance(dtype, pl.Datetime):
        value = value if dtype.time_unit == "us" else value.dt.cast_time_unit("us")
        if dtype.time_zone is None:
            return settled(value, clock)
        return value if dtype.time_zone == "UTC" else value.dt.convert_time_zone("UTC")
    if dtype == pl.Date:
        return clock.calendar.start_expr(value)
    return epoch(value.cast(pl.Int64)) if dtype.is_integer() else _nothing(INSTANT)


def _day(value: pl.Expr, dtype: pl.DataType, reading: Reading) -> pl.Expr:
    clock = reading.clock
    if dtype == pl.String:
        return _each(value, partial(days, clock=clock), pl.Date)
    if dtype == pl.Date:
        return value
    return clock.calendar.day_expr(_time(value, dtype, reading))


def _number(value: pl.Expr, dtype: pl.DataType, reading: Reading) -> pl.Expr:
    if dtype == pl.String:
        return _each(value, partial(numbers, mark=reading.mark), pl.Float64)
    if dtype.is_float():
        return pl.when(value.is_finite()).then(value.cast(pl.Float64))
    return value.cast(pl.Float64) if dtype.is_numeric() else _nothing(pl.Float64)


def _money(value: pl.Expr, dtype: pl.DataType, reading: Reading) -> pl.Expr:
    """Numbers; none that is too large to be added up exactly."""
    number = _number(value, dtype, reading)
    return pl.when(number.abs() <= LARGEST).then(number)


def _count(value: pl.Expr, dtype: pl.DataType, reading: Reading) -> pl.Expr:
    if dtype == pl.String:
        return _each(value, partial(whole, mark=reading.mark), pl.Int64)
    if dtype.is_integer():
        return value.cast(pl.Int64, strict=False)
    if dtype.is_numeric():
        return pl.when(value == value.round()).then(value).cast(pl.Int64, strict=False)
    return _nothing(pl.Int64)


def _flag(value: pl.Expr, dtype: pl.DataType, _: Reading) -> pl.Expr:
    if dtype == pl.Boolean:
        return value
    if dtype == pl.String:
        return flags(value)
    return pl.when(value.is_in([0, 1])).then(value == 1) if dtype.is_numeric() else _nothing(pl.Boolean)


_CONVERSIONS: Mapping[Kind, Callable[[pl.Expr, pl.DataType, Reading], pl.Expr]] = {
    "id": _text,
    "text": _text,
    "choice": _choice,
    "time": _time,
    "day": _day,
    "money": _money,
    "number": _number,
    "count": _count,
    "flag": _flag,
}
