"""The functions of the language in Polars, each to the letter of the dialect."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import polars as pl

from saasmetrics.expression.error import ExpressionError
from saasmetrics.expression.tree import Node
from saasmetrics.expression.typed import Kind, Typed, day_of, flag_of, instant_of, number_of, start_of_day
from saasmetrics.period import Calendar

_WHOLE: Mapping[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "+": lambda a, b: a.add(b),
    "-": lambda a, b: a.sub(b),
    "*": lambda a, b: a.mul(b),
}


def arithmetic(node: Node, parts: Sequence[Typed]) -> Typed:
    """`+ - * / %` and the minus sign.

    Edges: whole numbers stay whole except under `/`; beyond 64 bits is null; the remainder has the sign of the
    dividend; dividing by zero is null, also for the remainder.
    """
    if "null" in {part.kind for part in parts}:
        return Typed(pl.lit(None, dtype=pl.Float64), "number", node)
    whole = node.op != "/" and all(part.kind == "integer" for part in parts)
    room = pl.Int64 if node.op == "%" else pl.Int128
    numbers = [part.expr.cast(room if whole else pl.Float64) for part in parts]
    if node.op == "neg":
        result = 0 - numbers[0]
    elif node.op in _WHOLE:
        result = _WHOLE[node.op](numbers[0], numbers[1])
    else:
        divisor = pl.when(numbers[1] != 0).then(numbers[1])
        result = numbers[0] / divisor if node.op == "/" else _remainder(numbers[0], divisor)
    return Typed(result.cast(pl.Int64, strict=False) if whole else result, "integer" if whole else "number", node)


def _remainder(dividend: pl.Expr, divisor: pl.Expr) -> pl.Expr:
    size = dividend.abs() % divisor.abs()
    return pl.when(dividend < 0).then(-size).otherwise(size)


def number_function(node: Node, part: Typed) -> Typed:
    """ABS; ROUND, half away from zero."""
    if part.kind == "null":
        return Typed(part.expr.cast(pl.Float64), "number", node)
    if node.op == "abs":
        value = part.expr.cast(pl.Int64) if part.kind == "integer" else part.expr
        return Typed(value.abs(), part.kind, node)
    if part.kind == "integer":
        return Typed(part.expr, "integer", node)
    scale = 10.0 ** int(str(node.args[1].value)) if len(node.args) > 1 else 1.0
    value = part.expr.cast(pl.Float64)
    scaled = value * scale
    rounded = scaled.round(0, mode="half_away_from_zero") / scale
    return Typed(pl.when(scaled.is_finite()).then(rounded).otherwise(value), "number", node)


def text_function(node: Node, part: Typed) -> Typed:
    """LOWER, UPPER, LENGTH (characters), TRIM (spaces, or the characters given), SPLIT_PART, LIKE."""
    kinds: Mapping[str, Kind] = {"length": "integer", "like": "flag"}
    kind = kinds.get(node.op, "text")
    text = part.text if part.kind == "text" else part.expr.cast(pl.String)
    if node.op == "like":
        return Typed(_like(text, part, str(node.args[1].value)), kind, node)
    if node.op == "split_part":
        return Typed(_split_part(text, str(node.args[1].value), int(str(node.args[2].value))), kind, node)
    if node.op == "trim":
        return Typed(text.str.strip_chars(str(node.args[1].value) if len(node.args) > 1 else " "), kind, node)
    if node.op == "length":
        return Typed(text.str.len_chars().cast(pl.Int64), kind, node)
    return Typed(text.str.to_lowercase() if node.op == "lower" else text.str.to_uppercase(), kind, node)


def _split_part(text: pl.Expr, delimiter: str, index: int) -> pl.Expr:
    """Parts count from 1, from the end when negative; a part that is not there is empty."""
    part = text.str.split(delimiter).list.get(index - 1 if index > 0 else index, null_on_oob=True)
    return pl.when(text.is_not_null()).then(part.fill_null(""))


def _like(text: pl.Expr, part: Typed, pattern: str) -> pl.Expr:
    """`%` is any text, `_` one character, line ends included; no other character is special."""
    inner = pattern.strip("%")
    if "%" not in inner and "_" not in pattern:
        head, tail = pattern.startswith("%"), pattern.endswith("%")
        if pattern and not inner:
            return pl.when(text.is_not_null()).then(statement=True)
        if head and tail:
            return text.str.contains(inner, literal=True)
        if head or tail:
            return text.str.ends_with(inner) if head else text.str.starts_with(inner)
        return part.expr == pattern if part.kind == "text" else text == pattern
    wild = {"%": ".*", "_": "."}
    return text.str.contains("(?s)^" + "".join(wild.get(char) or re.escape(char) for char in pattern) + "$")


def cast(part: Typed, target: str, node: Node, calendar: Calendar) -> Typed:
    """CAST.

    Edges: what cannot be read is null; a number becomes whole by rounding, halves to even, a written one halves away
    from zero; an instant becomes its local day.
    Raises: ExpressionError for a pair of kinds that has no conversion.
    """
    change = _CASTS.get((part.kind, target))
    if part.kind == "null":
        types = {"flag": pl.Boolean, "integer": pl.Int64, "number": pl.Float64, "text": pl.String, "date": pl.Date}
        dtype = types.get(target, pl.Datetime("us", "UTC"))
        return Typed(part.expr.cast(dtype), target, node)  # type: ignore[arg-type]  # the gate knows only kinds
    if part.kind == target:
        return Typed(part.text if target == "text" else part.expr, part.kind, node)
    if change is None:
        hint = "cast it to DATE first" if (part.kind, target) == ("instant", "text") else None
        raise ExpressionError(f"{part.described} and cannot be cast to {target}", node.offset, hint)
    return Typed(change(part, calendar), target, node)  # type: ignore[arg-type]  # as above


def _written_whole(part: Typed) -> pl.Expr:
    exact = part.text.str.strip_chars(" ").cast(pl.Int64, strict=False)
    rounded = number_of(part.text).round(0, mode="half_away_from_zero").cast(pl.Int64, strict=False)
    return pl.coalesce(exact, rounded)


_CASTS: Mapping[tuple[str, str], Callable[[Typed, Calendar], pl.Expr]] = {
    ("integer", "flag"): lambda part, _: part.expr != 0,
    ("number", "flag"): lambda part, _: part.expr != 0,
    ("text", "flag"): lambda part, _: flag_of(part.text),
    ("flag", "integer"): lambda part, _: part.expr.cast(pl.Int64),
    ("number", "integer"): lambda part, _: part.expr.round(0, mode="half_to_even").cast(pl.Int64, strict=False),
    ("text", "integer"): lambda part, _: _written_whole(part),
    ("flag", "number"): lambda part, _: part.expr.cast(pl.Float64),
    ("integer", "number"): lambda part, _: part.expr.cast(pl.Float64),
    ("text", "number"): lambda part, _: number_of(part.text),
    ("flag", "text"): lambda part, _: part.expr.cast(pl.String),
    ("integer", "text"): lambda part, _: part.expr.cast(pl.String),
    ("number", "text"): lambda part, _: part.expr.cast(pl.String),
    ("date", "text"): lambda part, _: part.expr.dt.to_string("%Y-%m-%d"),
    ("instant", "date"): lambda part, calendar: calendar.day_expr(part.expr),
    ("text", "date"): lambda part, _: day_of(part.text),
    ("date", "instant"): lambda part, calendar: start_of_day(part, calendar).expr,
    ("text", "instant"): lambda part, calendar: instant_of(part.text, calendar),
}


def date_diff(node: Node, first: Typed, last: Typed, kind: Kind, calendar: Calendar) -> Typed:
    """Borders between two moments, of local days and months, or of the seconds, minutes and hours that passed.

    Edges: weeks are whole weeks between the two local days, as the dialect has it, not Mondays passed.
    """
    part = str(node.value)
    span = {"second": 1, "minute": 60, "hour": 3600}.get(part)
    if "null" in (first.kind, last.kind):
        return Typed(pl.lit(None, dtype=pl.Int64), "integer", node)
    if span:
        seconds = [side.expr.cast(pl.Datetime("us")).dt.epoch("us") // (span * 1_000_000) for side in (first, last)]
        return Typed(seconds[1] - seconds[0], "integer", node)
    days = [side.expr if kind == "date" else calendar.day_expr(side.expr) for side in (first, last)]
    if part in ("day", "week"):
        apart = (days[1] - days[0]).dt.total_days()
        weeks = pl.when(apart < 0).then(-(-apart // 7)).otherwise(apart // 7)
        return Typed(apart if part == "day" else weeks, "integer", node)
    months = {"month": 1, "quarter": 3, "year": 12}[part]
    counts = [(day.dt.year().cast(pl.Int64) * 12 + day.dt.month() - 1) // months for day in days]
    return Typed(counts[1] - counts[0], "integer", node)
