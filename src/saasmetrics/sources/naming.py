"""A file's columns by the names people give them: spelled alike, else the only one that differs in case."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Literal

import polars as pl

from saasmetrics.expression import Expression, Node, compile_polars, parse


def named(name: str, columns: Collection[str]) -> str | None:
    """The file's column of this name; None when there is none, or several that differ from it in case only."""
    if name in columns:
        return name
    same = [column for column in columns if column.casefold() == name.casefold()]
    return same[0] if len(same) == 1 else None


def columns_of(sql: str, columns: Collection[str]) -> tuple[str, ...]:
    """The columns that SQL reads, as the file spells those it has. Raises: ExpressionError."""
    return tuple(sorted(named(name, columns) or name for name in parse(sql).columns))


def compile_named(
    sql: str, schema: Mapping[str, pl.DataType], zone: str, kind: Literal["flag"] | None = None
) -> pl.Expr:
    """The Polars expression of SQL over a file's columns. Raises: ExpressionError."""
    written = parse(sql)
    spelled = Expression(written.sql, _spelled(written.root, schema), written.tokens)
    return compile_polars(spelled, schema, timezone=zone, kind=kind)


def _spelled(node: Node, columns: Collection[str]) -> Node:
    if node.op == "column" and isinstance(node.value, tuple):
        first, *fields = node.value
        return replace(node, value=(named(first, columns) or first, *fields))
    return replace(node, args=tuple(_spelled(arg, columns) for arg in node.args))
