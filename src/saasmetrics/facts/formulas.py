"""SQL of requests on chunks: conditions as rows, amounts as whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

import polars as pl

from saasmetrics.definitions import outcomes
from saasmetrics.expression import ExpressionError, compile_polars, parse
from saasmetrics.expression.typed import number_of
from saasmetrics.facts.pack import Flags, Ints
from saasmetrics.finding import Finding, InputError, Severity

Schema = Mapping[str, pl.DataType | type[pl.DataType]]

LARGEST = 4 * 10**18
"""Sums are refused beyond this: whole numbers of 64 bits would wrap soon after."""


_ANY_TIME = dict.fromkeys(("as_of", "start", "end"), datetime(2026, 1, 1, tzinfo=UTC))
"""What types a text reads does not depend on when."""


class Formulas:
    """Compiles each SQL text once per schema and evaluates it on rows."""

    def __init__(self, timezone: str, as_of: datetime | None) -> None:
        self._timezone = timezone
        self._clock = {"as_of": as_of} if as_of else {}
        self._compiled: dict[tuple[str, str, tuple[object, ...]], pl.Expr] = {}
        self._numbers: dict[tuple[str, tuple[object, ...]], dict[str, pl.Expr]] = {}

    def check(self, sql: str, kind: Literal["flag", "number"], schema: Schema, source: str) -> Finding | None:
        """The finding for a text that cannot be computed on such rows, or None."""
        try:
            compile_polars(parse(sql), schema, clock=self._clock, timezone=self._timezone, kind=kind)
        except ExpressionError as error:
            message = f"`{outcomes.written(sql)}` on source `{source}`: {error.message}"
            return Finding("SM950", Severity.ERROR, message, hint=error.hint)
        return None

    def holds(self, sql: str, rows: pl.DataFrame) -> Flags:
        """Grain: a row. Whether the condition is true; unknown is not."""
        return self._column(sql, rows, "flag").cast(pl.Boolean).fill_null(value=False).to_numpy()

    def amounts(self, sql: str, unit: int, rows: pl.DataFrame) -> tuple[Ints, Flags]:
        """Grain: a row. The value in 1/`unit`, 0 where it is null, and whether it is not; halves go away from zero.

        Edges: whole numbers stay whole; a value that is not finite, or too large for 64 bits, counts as null.
        """
        values = self._column(sql, rows, "number")
        if values.dtype.is_integer() or values.dtype == pl.Boolean:
            scaled = pl.col("value").cast(pl.Int128) * pl.lit(unit, dtype=pl.Int128)
        else:
            scaled = (pl.col("value").cast(pl.Float64) * unit).round(mode="half_away_from_zero")
        whole = scaled.cast(pl.Int64, strict=False)
        found = values.alias("value").to_frame().select(amount=whole.fill_null(0), filled=whole.is_not_null())
        return found["amount"].to_numpy(), found["filled"].to_numpy()

    def unread(self, sql: str, rows: pl.DataFrame) -> dict[str, Flags]:
        """Texts that an expression reads as numbers and that are none. Grain: a row, by column."""
        key = (sql, tuple(rows.schema.items()))
        if key not in self._numbers:
            self._numbers[key] = {name: no_number(name) for name in texts_read_as_numbers(sql, rows.schema)}
        found = rows.select(**self._numbers[key]) if self._numbers[key] else pl.DataFrame()
        return {column.name: column.to_numpy() for column in found if column.any()}

    def _column(self, sql: str, rows: pl.DataFrame, kind: Literal["flag", "number"]) -> pl.Series:
        key = (sql, kind, tuple(rows.schema.items()))
        if key not in self._compiled:
            self._compiled[key] = compile_polars(
                parse(sql), rows.schema, clock=self._clock, timezone=self._timezone, kind=kind
            ).alias("value")
        column = rows.select(self._compiled[key]).to_series()
        return column.new_from_index(0, rows.height) if len(column) != rows.height else column


def texts_read_as_numbers(sql: str, schema: Schema) -> list[str]:
    """Columns of texts in whose place a number would do, and a yes or no would not."""
    words = [name for name, dtype in schema.items() if dtype in (pl.String, pl.Categorical, pl.Enum)]

    def would_do(name: str, dtype: pl.DataType) -> bool:
        try:
            compile_polars(parse(sql), {**schema, name: dtype}, clock=_ANY_TIME, kind="number")
        except ExpressionError:
            return False
        return True

    return [name for name in words if would_do(name, pl.Float64()) and not would_do(name, pl.Boolean())]


def no_number(name: str) -> pl.Expr:
    """Whether there is a text in a column and it is no number."""
    return (pl.col(name).is_not_null() & number_of(pl.col(name).cast(pl.String)).is_null()).alias(name)


def within(bulk: float, sql: str, unit: int) -> None:
    """Refuse sums whose amounts, taken without their signs, pass what 64 bits hold. Raises: InputError."""
    if bulk > LARGEST:
        message = f"the sum of `{sql}` in units of 1/{unit} is beyond {LARGEST:.0e}: whole numbers cannot hold it"
        raise InputError([Finding("SM975", Severity.ERROR, message, hint="set a coarser `unit`")], 3)
