"""Where a column comes from: a file column, SQL, a path in JSON, a constant; and what its values are called here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from saasmetrics.definitions.sources import ColumnSource, Source
from saasmetrics.frames.canonical import ROLES, Column
from saasmetrics.sources.naming import columns_of, compile_named, named
from saasmetrics.sources.presets import Elapsed

Schema = Mapping[str, pl.DataType]
_OTHER = Column("text")


@dataclass(frozen=True)
class Origin:
    """One column to be made: its contract, and where it comes from.

    `declared` says that the definitions name it; the others are columns of the file that bear a canonical name.
    `canonical` columns are converted by their kind; added ones keep the type they have. With `elapsed` the file gives
    the time passed since another column.
    """

    name: str
    column: Column
    source: ColumnSource
    declared: bool
    canonical: bool
    elapsed: Elapsed | None = None

    @property
    def reads_file(self) -> bool:
        """Whether it is more than a constant."""
        return bool(self.source.column or self.source.expr or self.source.json_path)

    @property
    def as_it_is(self) -> bool:
        """Whether its values are those of a column of the file, before conversion."""
        source = self.source
        made = source.expr is not None or source.json_path or source.map is not None or source.default is not None
        return bool(source.column) and not made and self.elapsed is None

    def reads(self, names: Collection[str]) -> tuple[str, ...]:
        """The file's columns it reads, as they are spelled there. Raises: ExpressionError."""
        if self.source.expr is not None:
            return columns_of(self.source.expr, names)
        written = self.source.json_path.split(".")[0] if self.source.json_path else self.source.column
        return (named(written, names) or written,) if written else ()

    def value(self, schema: Schema, zone: str) -> pl.Expr:
        """The values before conversion; renamed by `map`. Raises: ExpressionError."""
        if self.source.expr is not None:
            value = compile_named(self.source.expr, schema, zone)
        elif self.source.json_path:
            value = json_value(self.source.json_path, schema)
        elif self.source.column:
            value = pl.col(named(self.source.column, schema) or self.source.column)
        else:
            return pl.lit(written(self.source.default))
        return value if self.source.map is None else self._renamed(value)

    def _renamed(self, value: pl.Expr) -> pl.Expr:
        names = {theirs: written(ours) for theirs, ours in (self.source.map or {}).items()}
        text = value.cast(pl.String)
        if self.source.default is None:
            return text.replace(list(names), list(names.values()))
        default = pl.lit(written(self.source.default))
        return text.replace_strict(list(names), list(names.values()), default=default, return_dtype=pl.String)


def origins(source: Source, names: Collection[str], elapsed: Mapping[str, Elapsed]) -> tuple[Origin, ...]:
    """The columns a source makes of a file with these columns: canonical ones in their order, then added ones."""
    role = ROLES[source.role].columns
    out = []
    for name, column in role.items():
        if name in source.columns:
            out.append(Origin(name, column, source.columns[name], declared=True, canonical=True))
        elif name in elapsed:
            passed = ColumnSource.model_construct(column=elapsed[name].column)
            out.append(Origin(name, column, passed, declared=False, canonical=True, elapsed=elapsed[name]))
        elif name in names:
            same = ColumnSource.model_construct(column=name)
            out.append(Origin(name, column, same, declared=False, canonical=True))
    added = [name for name in source.columns if name not in role]
    return (*out, *(Origin(name, _OTHER, source.columns[name], True, False) for name in added))


def written(value: str | int | float | bool | None) -> str | None:
    """A value of the definitions as it would stand in a file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None else str(getattr(value, "text", value))


def json_value(path: str, schema: Schema) -> pl.Expr:
    """The value at a path `column.key.0`; `*` is any key, of which the first one counts."""
    first, *keys = path.split(".")
    column = named(first, schema) or first
    value, dtype = pl.col(column), schema[column]
    while keys and isinstance(dtype, pl.Struct):
        fields = {field.name: field.dtype for field in dtype.fields}
        key = keys.pop(0)
        if key not in fields:
            return pl.lit(None, dtype=pl.String)
        value, inner = value.struct.field(key), fields[key]
        dtype = inner() if isinstance(inner, type) else inner
    if not keys:
        return value
    return value.cast(pl.String).str.json_path_match("$" + "".join(map(_step, keys)))


def _step(key: str) -> str:
    if key == "*":
        return ".*"
    return f"[{key}]" if key.isdigit() else "['" + key.replace("'", "\\'") + "']"
