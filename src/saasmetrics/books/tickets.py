"""Spans of rows that carry both their times: tickets, incidents, deals."""

from __future__ import annotations

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.happenings import chosen
from saasmetrics.books.milestones import instant_type
from saasmetrics.books.segments import carried, column, with_segments
from saasmetrics.books.touching import touching_core
from saasmetrics.definitions.selection import Selection


def row_spans(
    given: Given, begin: Selection, end: Selection, cut: str | None, name: str | None, core: bool
) -> pl.LazyFrame:
    """From one time column of a row to another of the same row.

    Grain: a row that the first selection chooses. Columns: `account`, `entity` (the row's id or number), `at`,
    `until` (null while it lies ahead or is empty), the cut, `@segment`s.
    """
    (first, *_), (last, *_) = begin.selectors, end.selectors
    role = first.role
    schema = given.schema(role)
    rows = with_segments(given, chosen(given, role, (first,)), role, schema).with_row_index("row")
    if core:
        rows = touching_core(given, rows)

    def moment(column_name: str) -> pl.Expr:
        if schema[column_name] == pl.Date:
            return given.calendar.start_expr(pl.col(column_name))
        return pl.col(column_name)

    until = moment(last.at)
    named = {"opportunities": "opportunity", "leads": "lead"}.get(role, "id")
    number = pl.col("row").cast(pl.String)
    entity = pl.coalesce(pl.col(named), number) if named in schema else number
    account = pl.col("account") if "account" in schema else given.nobody
    marks = [column(segment) for segment in carried(given, role)]
    cuts = [given.sql(cut, schema).cast(pl.String).alias(name)] if cut and name else []
    return rows.select(
        account.alias("account"),
        *marks,
        *cuts,
        entity.alias("entity"),
        moment(first.at).cast(instant_type()).alias("at"),
        pl.when(until < pl.lit(given.as_of)).then(until).cast(instant_type()).alias("until"),
    )
