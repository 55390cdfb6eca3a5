"""SQL inside `sources` reads the file's columns as people mean them.

In a text file every column is text, and `amount > 10` still means a number: where a text column meets a number it is
read as one, where it stands for a condition as yes or no, null where it is none. (Text that meets a yes/no value, a
date or a time is read by the compiler.) Column names are those of the file, else the same in another case.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Literal

import polars as pl

from saasmetrics.expression import Expression, Node, compile_polars, parse

Schema = Mapping[str, pl.DataType]

_COMPARISONS = frozenset(
    {"=", "<>", "<", "<=", ">", ">=", "is distinct", "in", "least", "greatest", "coalesce", "nullif"}
)
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "neg", "abs", "round"})
_NUMERIC = _ARITHMETIC | {"number", "length", "date_diff"}


def compile_loose(
    sql: str,
    schema: Schema,
    zone: str,
    *,
    clock: Mapping[str, date | datetime] | None = None,
    kind: Literal["flag", "number", "text"] | None = None,
) -> pl.Expr:
    """The Polars expression of SQL over columns of which some may be text for want of a type.

    The other arguments are those of `compile_polars`. Raises: ExpressionError.
    """
    expression = parse(sql)
    root = _loose(expression.root, schema)
    root = _as(root, kind, schema) if kind in ("flag", "number") else root
    loose = Expression(expression.sql, root, expression.tokens)
    return compile_polars(loose, schema, clock=clock, timezone=zone, kind=kind)


def columns_of(sql: str, names: Collection[str]) -> tuple[str, ...]:
    """The file's columns that SQL reads. Raises: ExpressionError."""
    return tuple(sorted(named(name, names) or name for name in parse(sql).columns))


def named(name: str, names: Collection[str]) -> str | None:
    """The file's column of this name: spelled alike, else the only one that differs in case; None when absent."""
    if name in names:
        return name
    same = [column for column in names if column.casefold() == name.casefold()]
    return same[0] if len(same) == 1 else None


def _loose(node: Node, schema: Schema) -> Node:
    if node.op == "column" and isinstance(node.value, tuple):
        return replace(node, value=(named(node.value[0], schema) or node.value[0], *node.value[1:]))
    args = tuple(_loose(arg, schema) for arg in node.args)
    if node.op in _ARITHMETIC or (node.op in _COMPARISONS and any(_is_number(arg, schema) for arg in args)):
        args = tuple(_as(arg, "number", schema) for arg in args)
    elif node.op in ("and", "or", "not"):
        args = tuple(_as(arg, "flag", schema) for arg in args)
    elif node.op == "case":
        values = (*args[1::2], args[-1])
        if any(_is_number(value, schema) for value in values):
            last = len(args) - 1
            args = tuple(_as(arg, "number", schema) if i % 2 or i == last else arg for i, arg in enumerate(args))
    return replace(node, args=args)


def _is_number(node: Node, schema: Schema) -> bool:
    if node.op == "column" and isinstance(node.value, tuple):
        dtype = schema.get(node.value[0])
        return len(node.value) == 1 and dtype is not None and dtype.is_numeric()
    if node.op == "cast":
        return node.value in ("number", "integer")
    if node.op == "case":
        return any(_is_number(value, schema) for value in (*node.args[1::2], node.args[-1]))
    return node.op in _NUMERIC or (node.op in _COMPARISONS and _carries(node, schema))


def _carries(node: Node, schema: Schema) -> bool:
    """Whether a function that gives back one of its arguments gives a number."""
    return node.op in ("least", "greatest", "coalesce", "nullif") and any(_is_number(arg, schema) for arg in node.args)


def _as(node: Node, kind: str, schema: Schema) -> Node:
    if node.op != "column" or not isinstance(node.value, tuple) or len(node.value) != 1:
        return node
    dtype = schema.get(node.value[0])
    textual = dtype is not None and dtype.base_type() in (pl.String, pl.Categorical, pl.Enum)
    return Node("cast", (node,), kind, node.offset) if textual else node
