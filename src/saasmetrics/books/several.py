"""Several values at once: what a user is who is more than one thing, and how such rows are narrowed and told apart."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.segments import column, declared_on
from saasmetrics.frames.ledger import UNKNOWN

AND = "\x1f"
"""Between the values of a `@segment` column where a row has several: a row stays one row until it is told apart."""


def may_be_several(given: Given, segment: str) -> bool:
    """Whether one row can have several values of this segment: only where users bring it."""
    return bool(declared_on(given, segment, "users"))


def all_values(name: str) -> pl.Expr:
    """Every value of a group, as one text. Edges: `(unknown)` only where nothing else is known."""
    known = pl.col(name).filter(pl.col(name) != UNKNOWN).unique().sort().str.join(AND)
    return pl.when((pl.col(name) != UNKNOWN).any()).then(known).otherwise(pl.lit(UNKNOWN)).alias(name)


def narrowed_to(
    given: Given, rows: pl.LazyFrame, segment: str, values: Sequence[str], *, unless: bool = False
) -> pl.LazyFrame:
    """Rows that have one of the values, each once; of several values those that were asked for stay.

    Edges: with `unless` the other rows, those that have none of the values.
    """
    name = column(segment)
    if not may_be_several(given, segment):
        among = pl.col(name).is_in(list(values))
        return rows.filter(~among if unless else among)
    asked = pl.lit(list(values), dtype=pl.List(pl.String))
    kept = pl.col(name).cast(pl.String).str.split(AND).list.set_intersection(asked).list.sort()
    if unless:
        return rows.filter(kept.list.len() == 0)
    return rows.with_columns(kept.list.join(AND).alias(name)).filter(pl.col(name) != "")


def told_apart(given: Given, rows: pl.LazyFrame, segments: Sequence[str]) -> pl.LazyFrame:
    """Rows once for each of their values of each segment."""
    for segment in segments:
        if may_be_several(given, segment):
            name = column(segment)
            rows = rows.with_columns(pl.col(name).cast(pl.String).str.split(AND)).explode(name)
    return rows


def as_read(name: str) -> pl.Expr:
    """Several values as people read them."""
    return pl.col(name).cast(pl.String).str.replace_all(AND, ", ", literal=True)
