"""Meeting: who met a rule in which windows, where it asks for several things or for several rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.happenings import Happenings, bare
from saasmetrics.books.members import Members, active_days
from saasmetrics.books.segments import carried, column, on_rows
from saasmetrics.definitions.selection import Milestone, Selection, Selector

if TYPE_CHECKING:
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
    often = counted(given, rule.selectors, windowed, keys, by)
    # A row that lacks its run is no run, but something happened.
    enough = often if rule.at_least == 1 else often.filter(pl.col("rows") >= rule.at_least)
    return enough.select(*keys, "_window")


def counted(
    given: Given, selectors: Sequence[Selector], windowed: Windowed, keys: Sequence[str], by: tuple[str, ...]
) -> pl.LazyFrame:
    """How often something happened in each window, and on how many days.

    Grain: the keys, `_window`. Columns: `rows` (Int64: rows, and of rows that belong to runs the different runs),
    `days` (Int64).
    """
    columns = tuple(key for key in keys if key != "account" and not key.startswith("@"))
    groups: dict[tuple[str | None, str | None], list[Selector]] = {}
    for selector in selectors:
        groups.setdefault((selector.run, selector.workflow if selector.run else None), []).append(selector)
    parts = []
    for (run, workflow), chosen in groups.items():
        own = (*columns, run) if run is not None and run not in columns else columns
        rows = given.made(Happenings(Selection(bare(chosen)), by, own, grain="day"))
        rows = windowed(rows.filter(pl.all_horizontal(pl.col("account", *columns).is_not_null())))
        if run is None:
            parts.append(rows.select(*keys, "_window", "cell", "rows", run=pl.lit(None, dtype=pl.String)))
        else:
            named = pl.format(f"{workflow}:{{}}", pl.col(run).cast(pl.String))
            none = pl.lit(0, dtype=pl.Int64)
            parts.append(rows.select(*keys, "_window", "cell", rows=none, run=named))
    together = pl.concat(parts, how="vertical_relaxed").group_by(*keys, "_window")
    number = pl.col("rows").sum() + pl.col("run").drop_nulls().n_unique().cast(pl.Int64)
    return together.agg(rows=number, days=pl.col("cell").n_unique().cast(pl.Int64))


def windows_met(
    given: Given,
    rule: Selection,
    spans: Sequence[tuple[date, date, date, date]],
    keys: Sequence[str],
    days: int = 1,
) -> pl.LazyFrame:
    """In how many of a period's windows a rule was met, a plain one on so many days of it.

    A window is (period, what it is for in it, first day, first day after). Grain: the keys, `period`, with the
    `@segment` columns that users bring. Columns: `amount` (Int64, at least 1).
    """
    schema = {"period": pl.Date, "_of": pl.Date, "_first": pl.Date, "_end": pl.Date}
    bounds = pl.LazyFrame(list(spans), schema=schema, orient="row")

    def windowed(rows: pl.LazyFrame) -> pl.LazyFrame:
        there = rows.join_where(bounds, pl.col("cell") >= pl.col("_first"), pl.col("cell") < pl.col("_end"))
        return there.with_columns(_window=pl.struct("period", "_of"))

    if rule.is_plain and days > 1:
        marks = [column(segment) for segment in carried(given, "users")]
        keys = [*keys, *marks]
        often = counted(given, rule.selectors, windowed, keys, on_rows(given, rule))
        enough = (pl.col("rows") >= rule.at_least) | pl.lit(rule.at_least == 1)
        found = often.filter(enough & (pl.col("days") >= days)).select(*keys, "_window")
    else:
        found = met(given, rule, windowed, keys)
    found = found.unnest("_window").drop("_of")
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


__all__ = ["Span", "alone", "counted", "is_composed", "met", "met_in", "windows_met"]
