"""Cells of tables that an expression reads as numbers and that are none, told: they count as empty."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.happenings import matches, seen
from saasmetrics.books.numbers import Numbers
from saasmetrics.engine.store import Store
from saasmetrics.expression import parse
from saasmetrics.facts.formulas import no_number, texts_read_as_numbers
from saasmetrics.finding import Finding
from saasmetrics.sources import checks
from saasmetrics.sources.open import Sources


def unread(counted: Mapping[Numbers, Given], store: Store, sources: Sources) -> list[Finding]:
    """A finding for every source and column; a cell that several numbers are made of counts once."""
    cells = [found for numbers, given in counted.items() if (found := _none(numbers, given, store)) is not None]
    if not cells:
        return []
    none = pl.concat(pl.collect_all(cells)).unique()
    rows = none.group_by("role", "source", "column").agg(pl.len()).sort("role", "source", "column")
    return [
        checks.unread_finding(column, count, sources.tables[role].places.get(source, source))
        for role, source, column, count in rows.iter_rows()
    ]


def _none(numbers: Numbers, given: Given, store: Store) -> pl.LazyFrame | None:
    """Cells that are no numbers; None where the expression reads no text as one.

    Grain: a cell. Columns: `role`, `source`, `row` (its number in the table), `column`.
    """
    role, expr = numbers.role, numbers.expr
    known = store.schema(role)
    names = texts_read_as_numbers(expr, {name: known[name] for name in parse(expr).columns if name in known})
    if not names:
        return None
    chosen = pl.any_horizontal(matches(given, role, each) & seen(given, each) for each in numbers.selectors)
    rows = store.tables[role].lazy().with_row_index("row").filter(chosen)
    return pl.concat(_cells(rows, role, names))


def _cells(rows: pl.LazyFrame, role: str, names: Collection[str]) -> list[pl.LazyFrame]:
    return [
        rows.filter(no_number(name)).select(
            pl.lit(role).alias("role"), pl.col("source").cast(pl.String), "row", column=pl.lit(name)
        )
        for name in names
    ]
