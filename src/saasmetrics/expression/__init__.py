"""SQL expressions of the DuckDB dialect: text, gate, canonical form, Polars expression or engine SQL."""

from __future__ import annotations

from saasmetrics.expression.compile import compile_polars
from saasmetrics.expression.error import ExpressionError
from saasmetrics.expression.text import Expression, arithmetic, gate_arithmetic, parse, to_sql, words_of
from saasmetrics.expression.tree import Node
from saasmetrics.expression.typed import Kind

__all__ = [
    "Expression",
    "ExpressionError",
    "Kind",
    "Node",
    "arithmetic",
    "compile_polars",
    "gate_arithmetic",
    "parse",
    "to_sql",
    "words_of",
]
