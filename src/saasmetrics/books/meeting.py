"""Meeting: who met a rule in which windows, where it asks for several things or for several rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.happenings import Happenings
from saasmetrics.books.members import Members, active_days
from saasmetrics.books.segments import carried, column, on_rows
from saasmetrics.definitions.selection import Milestone, Selection, Selector

Windowed = Callable[[pl.LazyFrame], pl.LazyFrame]
"""Puts rows with a local day in `cell` into the windows they lie in: a line for each, with `_window`."""

Span = tuple[date, date, date]
"""What a window is for, its first day, the first day after."""


def is_composed(rule: Selection) -> bool:
    """Whether days with a row do not tell that a rule was met on them."""
    return not rule.is_plain or rule.at_least > 1


def met(given: Given, rule: Selection, windowed: Windowed, keys: Sequence[str]) -> pl.LazyFrame:
    """Who met a rule in which windows.

    Grain: the keys (`account`, `user`) and `_window`, with the `@segment` columns that users bring.
    Formula: rows of plain parts are counted together, at least `at_least` of them; any: a part is met; all: each is,
    wherever in the window.
    Edges: rows without an account, or a user where that is asked for, are left out.
    """
    marks = [column(segment) for segment in carried(given, "users")]
    return _met(given, rule, windowed, [*keys, *marks], on_rows(given, rule)).unique()


def _met(given: Given, rule: Selection, windowed: Windowed, keys: list[str], by: tuple[str, ...]) -> pl.LazyFrame:
    on = [*keys, "_window"]
    if rule.join == "all":
        first, *others = (_met(given, part, windowed, keys, by) for part in map(alone, rule.parts))
        for other in others:
            first = first.join(other, on=on, how="semi", nulls_equal=True)
        return first
    plain = tuple(part for part in rule.parts if isinstance(part, Selector))
    found = [_met(given, part, windowed, keys, by) for part in rule.parts if isinstance(part, Selection)]
    if plain:
        found.append(_counted(given, replace(rule, parts=plain), windowed, keys, by))
    return pl.concat([part.select(on) for part in found], how="diagonal_relaxed")


def _counted(given: Given, rule: Selection, windowed: Windowed, keys: list[str], by: tuple[str, ...]) -> pl.LazyFrame:
    columns = tuple(key for key in keys if key != "account" and not key.startswith("@"))
    rows = given.made(Happenings(replace(rule, at_least=1), by, columns, grain="day"))
    rows = rows.filter(pl.all_horizontal(pl.col("account", *columns).is_not_null()))
    often = windowed(rows).group_by(*keys, "_window").agg(pl.col("rows").sum())
    return often.filter(pl.col("rows") >= rule.at_least).select(*keys, "_window")


def windows_met(
    given: Given, rule: Selection, spans: Sequence[tuple[date, date, date, date]], keys: Sequence[str]
) -> pl.LazyFrame:
    """In how many of a period's windows a rule was met.

    A window is (period, what it is for in it, first day, first day after). Grain: the keys, `period`, with the
    `@segment` columns that users bring. Columns: `amount` (Int64, at least 1).
    """
    schema = {"period": pl.Date, "_of": pl.Date, "_first": pl.Date, "_end": pl.Date}
    bounds = pl.LazyFrame(list(spans), schema=schema, orient="row")

    def windowed(rows: pl.LazyFrame) -> pl.LazyFrame:
        there = rows.join_where(bounds, pl.col("cell") >= pl.col("_first"), pl.col("cell") < pl.col("_end"))
        return there.with_columns(_window=pl.struct("period", "_of"))

    found = met(given, rule, windowed, keys).unnest("_window").drop("_of")
    return found.group_by(pl.all()).agg(amount=pl.len().cast(pl.Int64))


def alone(part: Selector | Milestone | Selection) -> Selection:
    """A part as a selection of its own."""
    return part if isinstance(part, Selection) else Selection((part,))


def met_in(given: Given, rule: Selection, spans: Sequence[Span]) -> pl.LazyFrame:
    """Accounts that met a rule in which of the windows. Grain: account, `period` (what the window is for)."""
    if not is_composed(rule):
        presence = given.made(Members(rule, "account")).select("account", "month", "days")
        return active_days(presence, list(spans), ["account"]).select("account", "period")
    bounds = pl.LazyFrame(list(spans), schema={"_window": pl.Date, "_first": pl.Date, "_end": pl.Date}, orient="row")

    def windowed(rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows.join_where(bounds, pl.col("cell") >= pl.col("_first"), pl.col("cell") < pl.col("_end"))

    return met(given, rule, windowed, ["account"]).select("account", period="_window").unique()


__all__ = ["Span", "Windowed", "alone", "is_composed", "met", "met_in", "windows_met"]
