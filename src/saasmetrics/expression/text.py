"""An expression as written: parsed once, with the columns and the clock it reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal

from saasmetrics.expression.canonical import Canonical, canonical
from saasmetrics.expression.error import ExpressionError
from saasmetrics.expression.plain import plain, words
from saasmetrics.expression.tree import Node

ARITHMETIC = frozenset({"+", "-", "*", "/", "neg", "number", "column"})


@dataclass(frozen=True)
class Expression:
    """One expression that passed the gate. Equal when the text is equal; compare `canonical` for the meaning.

    `tokens` are the words of the text without layout and comments: keywords and functions in capitals, names and
    texts as written.
    """

    sql: str
    root: Node = field(compare=False, repr=False)
    tokens: tuple[str, ...] = field(compare=False, repr=False)

    @cached_property
    def columns(self) -> frozenset[str]:
        """Names of the columns read; of `props.x` it is `props`."""
        return frozenset(path[0] for path in self._paths)

    @cached_property
    def paths(self) -> frozenset[str]:
        """The columns read, with the field of a struct where one is taken: `props.x`."""
        return frozenset(".".join(path) for path in self._paths)

    @cached_property
    def clock(self) -> frozenset[str]:
        """Which of `as_of`, `start`, `end` are read."""
        return frozenset(str(node.value) for node in self.root.walk() if node.op == "clock")

    @cached_property
    def canonical(self) -> Canonical:
        """The meaning without the layout, as nested tuples that start with the version of the form."""
        return canonical(self.root)

    @property
    def _paths(self) -> tuple[tuple[str, ...], ...]:
        return tuple(node.value for node in self.root.walk() if node.op == "column" and isinstance(node.value, tuple))


@lru_cache(maxsize=4096)
def parse(sql: str) -> Expression:
    """Read one expression.

    Raises: ExpressionError, with the offset, when the text is not one expression of the language.
    """
    found = plain(sql)
    if found is None:
        from saasmetrics.expression.gate import read  # the parser costs a tenth of a second

        found = read(sql)
    return Expression(sql, *found)


def words_of(sql: str) -> tuple[tuple[str, int], ...]:
    """The words of an expression, as in `tokens`, each with its place. Raises: ExpressionError."""
    found = words(sql)
    if found is None:
        from saasmetrics.expression.tokens import tokens_of  # as in `parse`

        return tuple((word.text, word.offset) for word in tokens_of(sql))
    return tuple((word.text, word.offset) for word in found)


def gate_arithmetic(sql: str) -> Expression:
    """Read the formula of a `derived` metric: names, numbers, `+ - * /`, parentheses, nothing else.

    Raises: ExpressionError.
    """
    alias = "give an address with a dot a name in `input_metrics`"
    try:
        expression = parse(sql)
    except ExpressionError as error:
        if error.hint is None and re.search(r"[A-Za-z_]\w*\.\w", sql):
            raise ExpressionError(error.message, error.offset, alias) from None
        raise
    for node in expression.root.walk():
        if node.op not in ARITHMETIC:
            raise ExpressionError(
                f"{node.spelled} does not belong in a formula of metrics", node.offset, "use names, numbers and + - * /"
            )
        if node.op == "column" and isinstance(node.value, tuple) and len(node.value) > 1:
            raise ExpressionError(f"{node.spelled} is not the name of an input", node.offset, alias)
    return expression


def arithmetic(expression: Expression) -> tuple[str, ...]:
    """Names that a formula reads, each once, in reading order."""
    return tuple(dict.fromkeys(path[0] for path in expression._paths))


def to_sql(
    expression: Expression, dialect: Literal["duckdb", "spark"] = "duckdb", columns: Mapping[str, str] | None = None
) -> str:
    """The expression for an engine: names quoted, columns renamed by `columns`, division by zero null."""
    from saasmetrics.expression.engine_sql import render  # as in `parse`

    return render(expression.sql, dialect, columns or {})
