"""The leaves of an expression at the gate: columns, constants and the clock; and the refusal of modifiers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from sqlglot import exp

from saasmetrics.expression.error import ExpressionError
from saasmetrics.expression.tree import Node

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?")


def only(node: exp.Expr, offset: int, *names: str) -> None:
    """Refuse a modifier we do not know: dropped silently, it would turn a filter round. Raises: ExpressionError."""
    extra = sorted(key for key, value in node.args.items() if key not in names and value not in (None, False, []))
    if extra:
        raise ExpressionError(f"{_named(node)}: `{extra[0]}` is not part of the language", offset)


def refused(node: exp.Expr, offset: int) -> ExpressionError:
    """The error of a node that the language does not have."""
    text = node.sql(dialect="duckdb")[:60]
    return ExpressionError(f"`{text}` ({_named(node)}) is not part of the language", offset)


def _named(node: exp.Expr) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).upper()


def _column(node: exp.Expr, offset: int) -> Node:
    names: list[str] = []
    for part in node.parts if isinstance(node, exp.Column | exp.Dot) else ():
        if not isinstance(part, exp.Identifier):
            raise refused(node, offset)
        only(part, offset, "this", "quoted")
        names.append(str(part.this))
    for holder in node.find_all(exp.Column, exp.Dot):
        only(holder, offset, "this", "expression", "table", "db", "catalog")
    return Node("column", (), tuple(names), offset)


def _literal(node: exp.Expr, offset: int) -> Node:
    only(node, offset, "this", "is_string")
    if node.args.get("is_string"):
        return Node("text", (), str(node.this), offset)
    return Node("number", (), _number(str(node.this), offset), offset)


def _constant(node: exp.Expr, offset: int) -> Node:
    return Node("flag", (), bool(node.this), offset) if isinstance(node, exp.Boolean) else Node("null", offset=offset)


def _clock(node: exp.Expr, offset: int) -> Node:
    only(node, offset, "this")
    return Node("clock", (), str(node.this).lower(), offset)


def _number(digits: str, offset: int) -> str:
    """Whole numbers without leading zeros, others in their shortest form: `1.50` is `1.5`, `1.0` is not `1`."""
    if digits.isdigit() and len(digits) <= 20:
        whole = int(digits)
        if whole < 2**63:
            return str(whole)
    else:
        try:
            value = float(digits)
        except ValueError:
            raise ExpressionError(f"`{digits}` is not a number", offset) from None
        if math.isfinite(value) and len(digits) <= 40:
            return repr(value)
    raise ExpressionError(f"`{digits[:30]}` is too large a number", offset)


def moment(text: str, target: str, offset: int) -> str:
    """A date or an instant in one spelling; an instant with an offset in UTC, one without stays without.

    Raises: ExpressionError.
    """
    try:
        if not _MOMENT.fullmatch(text):
            raise ValueError
        at = datetime.fromisoformat(text)
        if target == "date":
            return date.fromisoformat(text).isoformat()
    except ValueError:
        shape = "2026-01-31" if target == "date" else "2026-01-31 14:30:00"
        raise ExpressionError(f"'{text}' is not a {target}", offset, f"write it as '{shape}'") from None
    return (at.astimezone(UTC) if at.tzinfo else at).isoformat(" ")


LEAVES: Mapping[type[exp.Expr], Callable[[exp.Expr, int], Node]] = {
    exp.Column: _column,
    exp.Dot: _column,
    exp.Literal: _literal,
    exp.Boolean: _constant,
    exp.Null: _constant,
    exp.Placeholder: _clock,
}
