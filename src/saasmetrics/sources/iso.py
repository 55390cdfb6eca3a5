"""ISO times of one width as instants: eight characters at a time as one number, many times faster than a parser.

What is read is what `%Y-%m-%dT%H:%M:%S` reads, with or without a fraction and a `Z`; years beyond those of the table
and whatever else is unlike are left to the parser.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from functools import cache
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint64]
"""Grain: a text. Eight of its characters; the first is the lowest byte."""

Characters: TypeAlias = NDArray[np.uint8]
"""Texts of one width, one after the other."""

_u = np.uint64
_ROWS = 16384
"""Texts at a time: what is made of them on the way stays in the processor's own memory."""
_FIRST, _LAST = 1900, 2199
_YEAR, _MONTH = 512, 32
_SECOND, _DAY = 1_000_000, 86_400
_WORD, _WHOLE = 8, 19
_DIGIT = "0"
_HALVES, _PAIRS, _FOURS = _u(0xF0F0F0F0F0F0F0F0), _u(0x00FF00FF00FF00FF), _u(0x0000FFFF0000FFFF)
_CLOCK, _OVER = _u(0x00FF0000FF0000FF), _u(0x0080000080000080)
_BEYOND = _u((0x80 - 24) | (0x80 - 60) << 24 | (0x80 - 60) << 48)
_MINUTES = _u(60 << 24 | 1)
"""A product with this has, from the seventh byte on, the minutes times sixty and the seconds."""


def clock_times(texts: pl.Series, gap: str, tail: str) -> pl.Series:
    """The clock time of each text `2026-01-31` + `gap` + `12:30:59` + `tail`; null where a text is not like that.

    A `tail` is a fraction of a second of up to six digits (which ones does not matter), a `Z`, both or nothing.
    """
    width = _WHOLE + len(tail)
    fits = texts.str.len_bytes() == width
    if texts.null_count() or not fits.all():
        fits = fits.fill_null(value=False)
        micros, good = np.zeros(len(texts), np.int64), fits.to_numpy().copy()
        some, read = _read(texts.filter(fits), width, gap, tail)
        micros[good], good[good] = some, read
    else:
        micros, good = _read(texts, width, gap, tail)
    times = pl.Series(texts.name, micros).cast(pl.Datetime("us"))
    return times if good.all() else times.set(pl.Series(~good), None)


def _read(texts: pl.Series, width: int, gap: str, tail: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Microseconds since 1970 of texts that all have the width, and whether each is a time."""
    micros, good = np.empty(len(texts), np.int64), np.empty(len(texts), np.bool_)
    characters = _characters(texts)
    for first in range(0, len(texts), _ROWS):
        rows = slice(first, first + _ROWS)
        micros[rows], good[rows] = _block(characters[first * width : rows.stop * width], width, gap, tail)
    return micros, good


def _block(characters: Characters, width: int, gap: str, tail: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    months, bad = _digits(_words(characters, width, 0), "0000-00-")
    days, wrong = _digits(_words(characters, width, 3), f"0-00-00{gap}")
    bad |= wrong
    clock, wrong = _digits(_words(characters, width, _WHOLE - _WORD), "00:00:00")
    bad |= wrong
    months, days = _paired(months), _paired(days)
    dates = (_pair(months, 0) * _u(100) + _pair(months, 2)) * _u(_YEAR)
    dates += _pair(months, 5) * _u(_MONTH)
    dates += _pair(days, 5)
    dates -= _u(_FIRST * _YEAR)
    clock = _paired(clock) & _CLOCK
    wrong = (clock + _BEYOND) & _OVER  # from 24 hours, 60 minutes or 60 seconds on the highest bit of the byte is set
    wrong |= (months + _u((0x80 - 16) << 40)) & _u(0x80 << 40)
    wrong |= (days + _u((0x80 - 32) << 40)) & _u(0x80 << 40)
    micros = _days().take(dates.view(np.int64), mode="clip")
    micros += (_pair(clock, 0) * _u(3600) + ((clock * _MINUTES) >> _u(48))).view(np.int64)
    micros *= _SECOND
    if tail:
        part, others = _part(_words(characters, width, width - _WORD), tail)
        bad |= others
        micros += part
    bad &= _HALVES
    bad |= wrong
    good = bad == 0
    good &= micros >= _EARLIEST
    return micros, good


def _characters(texts: pl.Series) -> Characters:
    """Those of a column without nulls."""
    stored = texts.alias("text").to_arrow()  # the name of a column may be one that Arrow cannot have
    _, ends, characters = stored.buffers()
    begin, end = np.frombuffer(ends, np.int64)[[stored.offset, stored.offset + len(stored)]]
    return np.frombuffer(characters, np.uint8)[begin:end]


def _words(characters: Characters, width: int, at: int) -> Words:
    rows = len(characters) // width
    return np.ndarray((rows,), np.dtype("<u8"), characters, at, (width,)).astype(np.uint64)


def _digits(words: Words, form: str) -> tuple[Words, Words]:
    """Each character less the one of the form, where a `0` stands for any digit; and upper halves set where it is not.

    The words are changed.
    """
    words ^= _u(int.from_bytes(form.encode(), "little"))
    above = bytes(0x06 if sign == _DIGIT else 0x0F for sign in form)  # beyond 9, or beyond 0, reaches the upper half
    bad = words + _u(int.from_bytes(above, "little"))
    bad |= words
    return words, bad


def _paired(values: Words) -> Words:
    """At each byte the number that its digit and the next one make."""
    pairs = values >> _u(8)
    pairs += values * _u(10)
    return pairs


def _pair(values: Words, at: int) -> Words:
    return ((values >> _u(8 * at)) if at else values) & _u(0xFF)


def _part(words: Words, tail: str) -> tuple[NDArray[np.int64], Words]:
    """Microseconds of a fraction at the end of eight characters, and upper halves set where the tail is another."""
    form = "".join(_DIGIT if sign.isdigit() else sign for sign in tail)
    words >>= _u(8 * (_WORD - len(form)))
    values, bad = _digits(words, form.ljust(_WORD, "\0"))
    if "." not in form:
        return np.zeros(len(words), np.int64), bad
    digits = form.count(_DIGIT)
    eight = (values >> _u(8)) & _u((1 << 8 * digits) - 1)
    pairs = _paired(eight) & _PAIRS
    fours = (pairs * _u(100) + (pairs >> _u(16))) & _FOURS
    whole = (fours * _u(10_000) + (fours >> _u(32))) & _u(0xFFFFFFFF)
    return (whole // _u(100)).view(np.int64), bad


_NO_DATE = -(2**43)
_EARLIEST = -(2**52)


@cache
def _days() -> NDArray[np.int64]:
    """Seconds from 1970 to a date, by year, month (of 16) and day (of 32); far below zero where there is none.

    The first and the last place, which are no dates, stand for all years before and after.
    """
    table = np.full((_LAST - _FIRST + 1, _YEAR // _MONTH, _MONTH), _NO_DATE, np.int64)
    for year in range(_FIRST, _LAST + 1):
        for month in range(1, 13):
            first = (date(year, month, 1) - date(1970, 1, 1)).days * _DAY
            days = monthrange(year, month)[1]
            table[year - _FIRST, month, 1 : days + 1] = first + np.arange(days) * _DAY
    return table.reshape(-1)
