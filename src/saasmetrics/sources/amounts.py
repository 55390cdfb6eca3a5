"""Text to numbers, money, whole numbers and flags, strictly: what is not read is null.

A plain number (`1234.5`, `-3`, `1e3`) is itself. Everything else depends on the mark that stands before the decimals,
which is a property of the whole column: `1,234.50` and `1,234,567` prove a point, `1.234,50` and `12,5` a comma. Where
nothing proves it, `1,234` could be either and is not read. Currency signs, blanks around, brackets for negatives and
the apostrophe that some exporters put before a sign are understood.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

Mark = Literal["point", "comma", "mixed"]

_SIGN = "[-+\u2212]?"
_GAPS = " \u00a0\u202f'"


def _decimal(mark: str, other: str) -> str:
    """Numbers that only make sense when `mark` stands before the decimals and `other` between thousands."""
    thousands = rf"\d{{1,3}}(?:[{other}{_GAPS}]\d{{3}})"
    several = rf"\d{{1,3}}(?:{other}\d{{3}}){{2,}}"
    return rf"^{_SIGN}(?:{thousands}+{mark}\d+|\d+{mark}(?:\d{{1,2}}|\d{{4,}})|0{mark}\d+|{several})$"


def _grouping(mark: str, other: str) -> str:
    return rf"^{_SIGN}(?:\d+|\d{{1,3}}(?:[{other}{_GAPS}]\d{{3}})+)(?:{mark}\d+)?$"


_COMMA_DECIMAL, _POINT_DECIMAL = _decimal(",", r"\."), _decimal(r"\.", ",")
_GROUPED = {"point": _grouping(r"\.", ","), "comma": _grouping(",", r"\.")}
LARGEST = 1e13
"""An amount beyond ten trillions is no amount: a year of it leaves what is added up exactly."""
_TRUE, _FALSE = ("true", "1", "yes", "t", "y"), ("false", "0", "no", "f", "n")


def mark_of(texts: pl.Series) -> Mark | None:
    """The decimal mark that the values of a column prove; `mixed` when they contradict each other."""
    column = texts.drop_nulls().unique()
    point, comma = column.str.contains(_POINT_DECIMAL).any(), False
    odd = column.filter(column.cast(pl.Float64, strict=False).is_null())
    if not odd.is_empty():
        odd = _bare(odd)
        point = point or odd.str.contains(_POINT_DECIMAL).any()
        comma = odd.str.contains(_COMMA_DECIMAL).any()
    if comma and point:
        return "mixed"
    return "comma" if comma else "point" if point else None


def unproved(texts: pl.Series) -> str | None:
    """A value that needs a proven decimal mark to be read."""
    commas = texts.filter(texts.str.contains(",", literal=True))
    found = commas.filter(_bare(commas).str.contains(rf"^{_SIGN}\d{{1,3}},\d{{3}}$"))
    return None if found.is_empty() else str(found[0])


def numbers(texts: pl.Series, mark: Mark | None) -> pl.Series:
    """Texts as Float64."""
    if mark in (None, "point"):
        out = texts.cast(pl.Float64, strict=False)
        out = out.set(~out.is_finite(), None) if not out.is_finite().all() else out
        left = (texts.is_not_null() & out.is_null()).arg_true()
        return out.scatter(left, _grouped(texts.gather(left), mark)) if len(left) else out
    return _grouped(texts, mark)


def _bare(texts: pl.Series) -> pl.Series:
    """Without an exporter's apostrophe, blanks around, a currency sign; brackets become a minus."""
    bare = texts.str.strip_chars().str.strip_prefix("'").str.replace(r"^\((.+)\)$", "-$1")
    return bare.str.replace(r"^([-+\u2212]?)\s*\p{Sc}\s*", "$1").str.replace(r"\s*\p{Sc}$", "")


def _grouped(texts: pl.Series, mark: Mark | None) -> pl.Series:
    bare = _bare(texts).str.replace("\u2212", "-", literal=True)
    plain = (
        bare.cast(pl.Float64, strict=False) if mark != "comma" else bare.cast(pl.Int64, strict=False).cast(pl.Float64)
    )
    if mark not in ("point", "comma"):
        return plain.set(~plain.is_finite(), None)
    drop = "[, \u00a0\u202f']" if mark == "point" else "[. \u00a0\u202f']"
    joined = bare.str.replace_all(drop, "").str.replace(",", ".", literal=True)
    fits = bare.str.contains(_GROUPED[mark])
    values = joined.zip_with(fits, pl.Series([None], dtype=pl.String)).cast(pl.Float64, strict=False)
    return values.set(~values.is_finite(), None)


def whole(texts: pl.Series, mark: Mark | None) -> pl.Series:
    """Texts as Int64; a number with decimals other than zeros is not read."""
    values = numbers(texts, mark)
    return values.set(values != values.round(), None).cast(pl.Int64, strict=False)


def flags(text: pl.Expr) -> pl.Expr:
    """Texts as Boolean: true, yes, t, y, 1 and false, no, f, n, 0 in any case."""
    word = text.str.strip_chars().str.to_lowercase()
    return pl.when(word.is_in(_TRUE)).then(True).when(word.is_in(_FALSE)).then(False)
