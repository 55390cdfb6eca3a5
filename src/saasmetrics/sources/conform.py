"""A file's rows to canonical rows: values, conversion, faults."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl
import polars.selectors as cs

from saasmetrics.definitions.sources import Source
from saasmetrics.frames.canonical import ROLES
from saasmetrics.period import Calendar
from saasmetrics.sources.convert import Reading, code, convert
from saasmetrics.sources.currency import THREE_DECIMALS, WITHOUT_MINOR, decimals
from saasmetrics.sources.faults import first_rule, not_numbers, rules, seen
from saasmetrics.sources.marks import DROPPED, EXTRA, UNREAD, VALUE
from saasmetrics.sources.naming import columns_of, compile_named
from saasmetrics.sources.origin import Origin, origins, written
from saasmetrics.sources.presets import Elapsed
from saasmetrics.sources.times import Clock, Order

Schema = Mapping[str, pl.DataType]


@dataclass(frozen=True)
class Steps:
    """What is done with rows of one schema: worked out once, as a log has the same for every batch."""

    lacking: Mapping[str, pl.Expr]
    kept: Sequence[pl.Expr]
    values: Sequence[pl.Expr]
    converted: Mapping[str, pl.Expr]
    casts: Sequence[pl.Expr]
    marks: Mapping[str, pl.Expr]
    dependent: Mapping[str, pl.Expr]
    given: Sequence[str]

    def of(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Canonical rows of some that have the schema."""
        rows = rows.with_columns(**self.lacking) if self.lacking else rows
        rows = rows.filter(*self.kept) if self.kept else rows
        rows = rows.select(self.values).with_columns(**self.converted)
        rows = rows.with_columns(self.casts) if self.casts else rows
        rows = rows.with_columns(**self.marks)
        rows = rows.with_columns(**self.dependent) if self.dependent else rows
        return rows.select(self.given)


@dataclass(frozen=True)
class Conform:
    """How the files of one source become canonical rows.

    `names` are the columns of its files; `readings` say, per column to be made, how its values are written. The same
    for every file of the source, so that splitting files changes nothing. `order` is that of days and months where no
    value proves one.
    """

    source: Source
    calendar: Calendar
    currency: str | None
    names: tuple[str, ...]
    drop: Mapping[str, str] = field(default_factory=dict)
    elapsed: Mapping[str, Elapsed] = field(default_factory=dict)
    order: Order | None = None
    readings: Mapping[str, Reading] = field(default_factory=dict)
    _made_before: dict[Hashable, Steps] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def zone(self) -> str:
        """Zone of times without an offset."""
        return self.source.timezone or "UTC"

    @property
    def key(self) -> str:
        """A text that changes with everything that changes the canonical rows."""
        readings = sorted((name, repr(reading)) for name, reading in self.readings.items())
        source = self.source.model_dump(mode="json", include={"role", "columns", "filter", "timezone", "date_format"})
        return repr(
            (source, self.calendar, self.currency, sorted(self.drop.items()), sorted(self.elapsed.items()), readings)
        )

    @cached_property
    def origins(self) -> Mapping[str, Origin]:
        """The columns it makes, by name."""
        return {origin.name: origin for origin in origins(self.source, self.names, self.elapsed)}

    @cached_property
    def others(self) -> tuple[str, ...]:
        """The file's columns that stay under their own names."""
        return tuple(name for name in self.names if name not in self.origins and name != EXTRA)

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """Canonical columns without which a row says nothing."""
        return tuple(name for name, column in ROLES[self.source.role].columns.items() if column.needed)

    def raw_columns(self, columns: Collection[str], beside: Collection[str] = ()) -> tuple[str, ...]:
        """The file's columns that these columns (and the needed ones, the filter) are made of, if not `beside`."""
        read = self._reads(columns, beside)
        return tuple(name for name in self.names if name in read)

    def _reads(self, columns: Collection[str], beside: Collection[str] = ()) -> set[str]:
        read = {name for name in self.others if name in columns}
        for name in self._made(columns, beside):
            read.update(self.origins[name].reads(self.names))
        for sql in (*filter(None, (self.source.filter,)), *self.drop.values()):
            read.update(columns_of(sql, self.names))
        return read

    def _made(self, columns: Collection[str], beside: Collection[str] = ()) -> tuple[str, ...]:
        wanted = {*columns, *self.needed, *(passed.after for passed in self.elapsed.values())}
        if "closed" in wanted:
            wanted.add("status")
        if any(origin.source.unit == "minor" for origin in self.origins.values()):
            wanted.add("currency")
        return tuple(name for name in self.origins if name in wanted and name not in beside)

    def keeps(self, schema: Schema) -> pl.Expr | None:
        """The filter on rows as they stand in a file; None where all are kept. Raises: ExpressionError."""
        if self.source.filter is None:
            return None
        return compile_named(self.source.filter, schema, self.zone, kind="flag").fill_null(value=False)

    def conform(
        self,
        rows: pl.LazyFrame,
        columns: Collection[str] | None = None,
        *,
        log: bool = False,
        beside: Collection[str] = (),
    ) -> pl.LazyFrame:
        """Canonical rows of rows as they stand in a file.

        Columns: canonical ones in their order, added ones, the file's others (of `columns`, when given), `_fault`, and
        without `log` `_seen`, the cell that is at fault; with it `_unread`, where a column that is not needed may hold
        a cell that is no number, the first such column. Edges: a column that these rows lack is null; with `log` only
        needed columns make a row faulty, so that its fault does not depend on the columns asked for. Columns `beside`
        are neither made nor judged, needed or not. Raises: ExpressionError.
        """
        schema = rows.collect_schema()
        wanted = tuple(self.origins) + self.others if columns is None else tuple(columns)
        if any(isinstance(dtype, pl.Enum) for dtype in schema.values()):
            return self._steps(schema, wanted, log, beside).of(rows)  # to compare such a type is dearer than the steps
        key = (*schema.items(), *wanted, log, frozenset(beside))
        if key not in self._made_before:
            self._made_before[key] = self._steps(schema, wanted, log, beside)
        return self._made_before[key].of(rows)

    def _steps(self, schema: Schema, wanted: tuple[str, ...], log: bool, beside: Collection[str]) -> Steps:
        lacking = sorted(self._reads(wanted, beside) - set(schema))
        schema = {**schema, **dict.fromkeys(lacking, pl.String())}
        made = self._made(wanted, beside)
        kept_rows, values = self._values(made, [name for name in self.others if name in wanted], schema)
        dtypes = pl.LazyFrame(schema=schema).select(values).collect_schema()
        converted = {name: self._converted(name, dtypes[VALUE + name]) for name in made}
        faults = rules(self.source.role, [self.origins[name] for name in made], dtypes, needed_only=log)
        marks = {"_fault": first_rule(faults), **({} if log else {"_seen": seen(faults)})}
        if log and (cells := not_numbers([self.origins[name] for name in made], dtypes)):
            marks[UNREAD] = first_rule(cells)
        given = [name for name in (*self.origins, *self.others) if name in wanted and (name in made or name in dtypes)]
        return Steps(
            {name: pl.lit(None, dtype=pl.String) for name in lacking},
            kept_rows,
            values,
            converted,
            [] if log else [cs.by_dtype(pl.Categorical, pl.Enum).cast(pl.String)],
            marks,
            self._dependent(made),
            [*given, *marks],
        )

    def compiles(self, schema: Schema) -> None:
        """Compile all SQL against a file's columns. Raises: ExpressionError."""
        lacking = dict.fromkeys(self._reads((*self.origins, *self.others)) - set(schema), pl.String())
        self._filters({**schema, **lacking})
        for origin in self.origins.values():
            origin.value({**schema, **lacking}, self.zone)

    def _filters(self, schema: Schema) -> tuple[list[pl.Expr], dict[str, pl.Expr]]:
        """Conditions of the rows to keep; and of those that are no records, by what such rows are called."""

        def condition(sql: str) -> pl.Expr:
            return compile_named(sql, schema, self.zone, kind="flag")

        kept = [] if self.source.filter is None else [condition(self.source.filter)]
        return kept, {reason: condition(sql) for reason, sql in self.drop.items()}

    def _values(self, made: Collection[str], kept: list[str], schema: Schema) -> tuple[list[pl.Expr], list[pl.Expr]]:
        """Conditions of the rows to keep, and the columns to take of these."""
        kept_rows, no_records = self._filters(schema)
        values = [pl.col(name) for name in (*kept, *([EXTRA] if EXTRA in schema else []))]
        values += [self.origins[name].value(schema, self.zone).alias(VALUE + name) for name in made]
        dropped = {DROPPED + reason: holds.fill_null(value=False) for reason, holds in no_records.items()}
        return kept_rows, values + [holds.alias(name) for name, holds in dropped.items()]

    def _converted(self, name: str, dtype: pl.DataType) -> pl.Expr:
        origin = self.origins[name]
        value = pl.col(VALUE + name)
        if not origin.canonical:
            return value if origin.source.default is None else value.fill_null(written(origin.source.default))
        reading = self.readings.get(name) or Reading(Clock(self.zone, self.calendar))
        out = convert(value, dtype, "number" if origin.elapsed else origin.column.kind, reading)
        if name == "currency":
            out = code(out)
        if origin.source.unit is not None:
            out = out / (1e6 if origin.source.unit == "micro" else self._units())
        if origin.source.default is not None and origin.reads_file:
            constant = pl.lit(written(origin.source.default))
            filled = convert(constant, pl.String(), origin.column.kind, reading)
            out = pl.when(value.is_null()).then(filled).otherwise(out)
        return out

    def _dependent(self, made: Collection[str]) -> dict[str, pl.Expr]:
        """Columns that follow from others: times after another; an open deal's closing is only expected."""
        out = {}
        for name in made:
            passed = self.origins[name].elapsed
            if passed is not None:
                span = (pl.col(name) * passed.seconds * 1e6).round().cast(pl.Int64).cast(pl.Duration("us"))
                out[name] = pl.col(passed.after) + span
        if self.source.role == "opportunities" and {"closed", "status"} <= set(made):
            out["closed"] = pl.when(pl.col("status").ne_missing("open")).then("closed")
        return out

    def _units(self) -> pl.Expr:
        """How many minor units make one of the row's currency."""
        if "currency" not in self.origins:
            return pl.lit(10.0 ** decimals(self.currency))
        own = code(pl.col(VALUE + "currency")).fill_null(self.currency or "")
        return pl.when(own.is_in(WITHOUT_MINOR)).then(1.0).when(own.is_in(THREE_DECIMALS)).then(1000.0).otherwise(100.0)
