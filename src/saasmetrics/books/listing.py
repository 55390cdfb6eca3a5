"""Listing: the rows of a selection one by one, for distinct counts, last rows and spreading; values of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.happenings import chosen, with_own_segments, with_user_segments
from saasmetrics.books.milestones import instant_type
from saasmetrics.books.numbers import Numbers
from saasmetrics.books.segments import carried, column, sql_columns, with_segments
from saasmetrics.definitions.selection import Selection, Selector
from saasmetrics.expression import parse
from saasmetrics.facts.request import Narrow, Spread, Tally
from saasmetrics.frames.canonical import ROLES

ALWAYS = ("account", "user", "at")
"""Columns that narrow rows of a log have without asking."""


@dataclass(frozen=True)
class Listing:
    """The rows of a selection.

    Grain: a row. Columns: `account` (null kept), `_row` (the row's id, else its number; a number alone in a log),
    `_at` (UTC instant of the chosen time), `_day` (its local day), the asked `columns` under their own names,
    `@segment`s that the row or its user carries. `number` is what is read of the rows as a number: texts in logs that
    are none are told of.
    """

    selection: Selection
    columns: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    number: str | None = None

    def make(self, given: Given) -> pl.LazyFrame:
        """Rows of logs and tables, united."""
        given = given.narrowed(*self.by)
        parts = []
        for role in dict.fromkeys(selector.role for selector in self.selection.selectors):
            selectors = tuple(selector for selector in self.selection.selectors if selector.role == role)
            parts.append(
                self._logged(given, role, selectors) if ROLES[role].log else self._table(given, role, selectors)
            )
        return pl.concat(parts, how="diagonal_relaxed") if len(parts) > 1 else parts[0]

    def schema(self, given: Given) -> Mapping[str, pl.DataType]:
        """Types of the asked columns, as SQL over them needs."""
        role = self.selection.selectors[0].role
        known = given.schema(role)
        return {
            name: known.get(name, pl.String()) for name in (*self.columns, *ALWAYS) if name in known or ROLES[role].log
        }

    def _logged(self, given: Given, role: str, selectors: tuple[Selector, ...]) -> pl.LazyFrame:
        wanted = sorted((set(self.columns) | set(sql_columns(given, role))) - set(ALWAYS))
        known = given.schema(role)
        rows = given.fact(Narrow(selectors, tuple(wanted)))
        if self.number is not None:
            given.fact(Tally(selectors, (), "cell", self.number))  # who reads numbers tells of what is none
        rows = rows.with_columns(pl.selectors.by_dtype(pl.Null).cast(pl.String))  # columns that no file has
        rows = with_segments(given, rows, role, {name: known.get(name, pl.String()) for name in (*wanted, *ALWAYS)})
        rows = with_user_segments(given, rows).with_row_index("_number")
        day = given.calendar.day_expr(pl.col("at"))
        return self._shown(given, rows.with_columns(_at=pl.col("at"), _day=day), role, False)

    def _table(self, given: Given, role: str, selectors: tuple[Selector, ...]) -> pl.LazyFrame:
        schema = given.schema(role)
        if self.number is not None:
            given.counting(Numbers(role, selectors, self.number))
        rows = with_own_segments(given, chosen(given, role, selectors), role).with_row_index("_number")
        if "account" not in schema:
            rows = rows.with_columns(account=given.nobody)
        if schema[selectors[0].at] == pl.Date:
            rows = rows.with_columns(_at=given.calendar.start_expr(pl.col("_at")))
        return self._shown(given, rows, role, "id" in schema)

    def _shown(self, given: Given, rows: pl.LazyFrame, role: str, has_id: bool) -> pl.LazyFrame:
        row = pl.coalesce(pl.col("id"), pl.col("_number").cast(pl.String)) if has_id else pl.col("_number")
        segments = (*carried(given, role), *(carried(given, "users") if "user" in given.schema(role) else ()))
        marks = list(dict.fromkeys(column(segment) for segment in segments))
        own = [name for name in dict.fromkeys(self.columns) if name != "account"]
        return rows.select("account", row.alias("_row"), pl.col("_at").cast(instant_type()), "_day", *own, *marks)


@dataclass(frozen=True)
class Valued:
    """The values of an expression on the rows of logs, for quantiles.

    Grain: a row. Columns: `account` (null kept), `cell` (Date: of its lattice, or the local day), `amount` (Int64 in
    1/`unit`), `cut` (String or Enum) where there is one, and `@segment`s that the row or its user carries.
    """

    selection: Selection
    expr: str
    unit: int
    cut: str | None = None
    by: tuple[str, ...] = ()
    grain: Literal["cell", "day"] = "cell"
    light = True

    def make(self, given: Given) -> pl.LazyFrame:
        """The values of every role of the selection, united."""
        given = given.narrowed(*self.by)
        roles = dict.fromkeys(selector.role for selector in self.selection.selectors)
        parts = [self._of_role(given, role) for role in roles]
        if len(parts) == 1:
            return parts[0]
        words = [pl.col("cut").cast(pl.String)] if self.cut else []
        return pl.concat([part.with_columns(words) for part in parts], how="diagonal_relaxed")

    def _of_role(self, given: Given, role: str) -> pl.LazyFrame:
        selectors = tuple(selector for selector in self.selection.selectors if selector.role == role)
        wanted = set(sql_columns(given, role)) | (parse(self.cut).columns if self.cut else set())
        if carried(given, "users"):
            wanted.add("user")
        wanted.discard("account")
        values = given.fact(Spread(selectors, self.expr, self.unit, tuple(sorted(wanted)), self.grain))
        as_read = self.cut in wanted  # a column as it stands need not become text before it is numbered
        values = values.with_columns(
            *([pl.col(self.cut or "").alias("cut")] if as_read else []),
            pl.col("amount").cast(pl.Int64),
            *(pl.col(name).cast(pl.String) for name in wanted if name != "user"),
        )
        schema = {name: given.schema(role).get(name, pl.String()) for name in (*wanted, "account")}
        values = with_segments(given, values, role, schema)
        if "user" in wanted:
            values = with_user_segments(given, values)
        if self.cut and not as_read:
            values = values.with_columns(cut=given.sql(self.cut, schema).cast(pl.String))
        cut = ["cut"] if self.cut else []
        marks = dict.fromkeys(column(segment) for segment in (*carried(given, role), *carried(given, "users")))
        return values.select("account", "cell", "amount", *cut, *marks)
