"""A tree becomes a Polars expression: SQL's logic of three values, types taken from the columns."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from saasmetrics.expression import functions
from saasmetrics.expression.error import ExpressionError
from saasmetrics.expression.tree import Node
from saasmetrics.expression.typed import (
    Kind,
    Typed,
    date_literal,
    flag_of,
    instant_literal,
    instant_type,
    local_instant,
    number_of,
    unify,
)
from saasmetrics.period import Calendar

if TYPE_CHECKING:
    from saasmetrics.expression.text import Expression

    Schema = Mapping[str, pl.DataType | type[pl.DataType]]

_NUMBERS: tuple[Kind, ...] = ("integer", "number")
_WANTED: Mapping[str, tuple[tuple[Kind, ...], str]] = {
    "flag": (("flag",), "a condition (true or false)"),
    "number": (_NUMBERS, "a number"),
    "text": (("text",), "a text"),
}


def compile_polars(
    expression: Expression,
    schema: Schema,
    *,
    clock: Mapping[str, date | datetime] | None = None,
    timezone: str = "UTC",
    kind: Literal["flag", "number", "text", "amount"] | None = None,
) -> pl.Expr:
    """The Polars expression that gives the SQL value of each row.

    `clock` holds `as_of`, `start`, `end` (a date is a local day). `kind` (`flag`, `number`, `text`) is what the asker
    needs; an `amount` is a float: text that is no number is null, a condition 1 or 0.
    Edges: unknown stays unknown; a division by zero, an overflow and a CAST of something unreadable are null; instants
    are UTC; a column without a zone, and a written time without an offset, is read in `timezone`; a constant alone is
    one value, not a column. Source: the DuckDB dialect, version 2.
    Raises: ExpressionError for an unknown column, types that cannot meet, and a clock that was not given.
    """
    compiler = Compiler(schema, clock or {}, Calendar(timezone))
    if kind is None:
        return compiler.typed(expression.root).expr
    if kind == "amount":
        found = compiler.typed(expression.root)
        return number_of(found.expr.cast(pl.String)) if found.kind == "text" else found.expr.cast(pl.Float64)
    kinds, wanted = _WANTED[kind]
    compiled = compiler.of_kind(expression.root, kinds, f"{wanted} is needed here")
    if kind == "flag" and compiled.kind == "null":
        return compiled.expr.cast(pl.Boolean)
    return compiled.expr


class Compiler:
    """What the leaves mean here: columns, clock, zone."""

    def __init__(self, schema: Schema, clock: Mapping[str, date | datetime], calendar: Calendar) -> None:
        self.schema = schema
        self.clock = clock
        self.calendar = calendar

    def typed(self, node: Node) -> Typed:
        """The expression and the kind of one node."""
        return _OPERATIONS[node.op](self, node)

    def of_kind(self, node: Node, kinds: Sequence[Kind], wanted: str) -> Typed:
        """An argument of one of these kinds, or NULL; text that is not in quotes is read as a number or a yes/no value.

        Raises: ExpressionError.
        """
        part = self.typed(node)
        if part.kind in kinds or part.kind == "null":
            return part
        if part.kind == "text" and node.op != "text" and "number" in kinds:
            return Typed(number_of(part.text), "number", node)
        if part.kind == "text" and node.op != "text" and "flag" in kinds:
            return Typed(flag_of(part.text), "flag", node)
        raise ExpressionError(f"{part.described}, but {wanted}", node.offset)

    def pair(self, node: Node, meeting: str) -> tuple[Typed, Typed, Kind]:
        """Both arguments at one kind."""
        (left, right), kind = unify([self.typed(arg) for arg in node.args], self.calendar, meeting)
        return left, right, kind


def _leaf_constant(compiler: Compiler, node: Node) -> Typed:
    value = node.value
    if node.op == "flag":
        return Typed(pl.lit(value, dtype=pl.Boolean), "flag", node)
    if node.op == "null":
        return Typed(pl.lit(None), "null", node)
    written = str(value)
    if node.op == "text":
        return Typed(pl.lit(written, dtype=pl.String), "text", node, literal=written)
    if node.op == "date":
        return date_literal(date.fromisoformat(written), node)
    if node.op == "instant":
        return instant_literal(datetime.fromisoformat(written), node, compiler.calendar)
    if written.lstrip("-").isdigit():
        return Typed(pl.lit(int(written), dtype=pl.Int64), "integer", node, literal=written)
    return Typed(pl.lit(float(written), dtype=pl.Float64), "number", node, literal=written)


def _clock(compiler: Compiler, node: Node) -> Typed:
    at = compiler.clock.get(str(node.value))
    if at is None:
        raise ExpressionError(f"`${node.value}` has no value here", node.offset)
    return instant_literal(at, node, compiler.calendar) if isinstance(at, datetime) else date_literal(at, node)


def _column(compiler: Compiler, node: Node) -> Typed:
    assert isinstance(node.value, tuple)
    name, *fields = node.value
    known: Sequence[str] = list(compiler.schema)
    if name not in compiler.schema:
        raise _unknown(name, known, node)
    expr, dtype = pl.col(name), _instance(compiler.schema[name])
    for field in fields:
        if not isinstance(dtype, pl.Struct):
            raise ExpressionError(f"{node.spelled}: `{name}` has no fields", node.offset)
        inner = {part.name: _instance(part.dtype) for part in dtype.fields}
        if field not in inner:
            raise _unknown(field, list(inner), node)
        expr, dtype, name = expr.struct.field(field), inner[field], field
    return _of_dtype(expr, dtype, node, compiler.calendar)


def _unknown(name: str, known: Sequence[str], node: Node) -> ExpressionError:
    near = difflib.get_close_matches(name, known, 3, 0.6)
    same = [column for column in known if column.lower() == name.lower()]
    guesses = list(dict.fromkeys([*same, *near]))[:3]
    hint = f"did you mean {' or '.join(guesses)}?" if guesses else f"there are {', '.join(sorted(known)[:12])}"
    return ExpressionError(f"there is no column `{name}`", node.offset, hint)


def _instance(dtype: Any) -> pl.DataType:
    instance: pl.DataType = dtype() if isinstance(dtype, type) else dtype
    return instance


def _of_dtype(expr: pl.Expr, dtype: pl.DataType, node: Node, calendar: Calendar) -> Typed:
    if dtype == pl.String:
        return Typed(expr, "text", node)
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return Typed(expr, "text", node, plain=False)
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is None:
            return Typed(local_instant(expr.cast(pl.Datetime("us")), calendar), "instant", node)
        utc = expr if dtype.time_zone == "UTC" else expr.dt.convert_time_zone("UTC")
        return Typed(utc if dtype.time_unit == "us" else utc.cast(instant_type()), "instant", node)
    if dtype.is_integer():
        wide = dtype in (pl.UInt64, pl.Int128)
        return Typed(expr.cast(pl.Int64, strict=False) if wide else expr, "integer", node)
    if dtype.is_numeric():
        return Typed(expr.cast(pl.Float64) if dtype.is_decimal() else expr, "number", node)
    kinds: Mapping[type[pl.DataType], Kind] = {pl.Boolean: "flag", pl.Date: "date", pl.Null: "null"}
    return Typed(expr, kinds.get(type(dtype), "other"), node)


def _junction(compiler: Compiler, node: Node) -> Typed:
    word = node.op.upper()
    members = [compiler.of_kind(arg, ["flag"], f"{word} joins conditions").expr.cast(pl.Boolean) for arg in node.args]
    return Typed(_joined(members, pl.Expr.and_ if node.op == "and" else pl.Expr.or_), "flag", node)


def _joined(members: list[pl.Expr], join: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> pl.Expr:
    """Halves with halves, so that a long chain does not nest deeply."""
    while len(members) > 1:
        odd = members[-1:] if len(members) % 2 else []
        members = [join(left, right) for left, right in zip(members[::2], members[1::2], strict=False)] + odd
    return members[0]


def _not(compiler: Compiler, node: Node) -> Typed:
    condition = compiler.of_kind(node.args[0], ["flag"], "NOT takes a condition")
    return Typed(~condition.expr.cast(pl.Boolean), "flag", node)


_COMPARE: Mapping[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "=": lambda a, b: a.eq(b),
    "<>": lambda a, b: a.ne(b),
    "<": lambda a, b: a.lt(b),
    "<=": lambda a, b: a.le(b),
    ">": lambda a, b: a.gt(b),
    ">=": lambda a, b: a.ge(b),
    "is distinct": lambda a, b: a.ne_missing(b),
}


def _comparison(compiler: Compiler, node: Node) -> Typed:
    return _compared(node, *compiler.pair(node, "be compared"))


def _compared(node: Node, left: Typed, right: Typed, kind: Kind) -> Typed:
    if "null" in (left.kind, right.kind):
        if node.op != "is distinct":
            return Typed(pl.lit(None, dtype=pl.Boolean), "flag", node)
        present = [side.expr.is_not_null() for side in (left, right) if side.kind != "null"]
        return Typed(present[0] if present else pl.lit(value=False), "flag", node)
    a, b = left.expr, right.expr
    if kind == "text":
        order = node.op not in ("=", "<>", "is distinct")  # dictionaries order by code, SQL by spelling
        constant = left.node.op == "text" or right.node.op == "text"
        if order or not constant:
            a, b = left.text, right.text
    return Typed(_COMPARE[node.op](a, b), "flag", node)


def _in(compiler: Compiler, node: Node) -> Typed:
    subject, *items = (compiler.typed(arg) for arg in node.args)
    given = [item for item in items if item.kind != "null"]
    if subject.kind == "null" or not given:
        return Typed(pl.lit(None, dtype=pl.Boolean), "flag", node)
    if subject.kind == "text" and all(item.node.op == "text" for item in given):
        found = subject.expr.is_in([str(item.literal) for item in given])
    elif subject.kind == "integer" and all(item.node.op == "number" and item.kind == "integer" for item in given):
        found = subject.expr.is_in([int(str(item.literal)) for item in given])
    else:
        same = Node("=", (), None, node.offset)
        tests = []
        for item in given:
            (left, right), kind = unify([subject, item], compiler.calendar, "be compared")
            tests.append(_compared(same, left, right, kind).expr)
        found = _joined(tests, pl.Expr.or_)
    if len(given) < len(items):  # with NULL in the list, not found is unknown
        found = pl.when(found).then(statement=True).otherwise(None)
    return Typed(found, "flag", node)


def _is(compiler: Compiler, node: Node) -> Typed:
    if node.op == "is null":
        return Typed(compiler.typed(node.args[0]).expr.is_null(), "flag", node)
    truth = node.op == "is true"
    part = compiler.of_kind(node.args[0], ["flag"], f"{node.op.upper()} asks a condition")
    return Typed(part.expr.cast(pl.Boolean).eq_missing(pl.lit(truth)), "flag", node)


def _case(compiler: Compiler, node: Node) -> Typed:
    *branches, default = node.args
    conditions = [
        compiler.of_kind(arg, ["flag"], "WHEN takes a condition").expr.cast(pl.Boolean) for arg in branches[::2]
    ]
    values, kind = unify(
        [compiler.typed(arg) for arg in [*branches[1::2], default]], compiler.calendar, "be values of one CASE"
    )
    results = [value.text if kind == "text" else value.expr for value in values]
    chain = results[-1]
    for condition, result in zip(reversed(conditions), reversed(results[:-1]), strict=True):
        chain = pl.when(condition).then(result).otherwise(chain)
    return Typed(chain, kind, node)


def _coalesce(compiler: Compiler, node: Node) -> Typed:
    parts, kind = unify([compiler.typed(arg) for arg in node.args], compiler.calendar, f"meet in {node.op.upper()}")
    values = [part.text if kind == "text" else part.expr for part in parts]
    if node.op == "coalesce":
        return Typed(pl.coalesce(values), kind, node)
    return Typed(pl.min_horizontal(values) if node.op == "least" else pl.max_horizontal(values), kind, node)


def _nullif(compiler: Compiler, node: Node) -> Typed:
    same = _compared(Node("=", node.args, None, node.offset), *compiler.pair(node, "be compared"))
    value = compiler.typed(node.args[0])
    return Typed(pl.when(same.expr).then(None).otherwise(value.text), value.kind, node)


def _arithmetic(compiler: Compiler, node: Node) -> Typed:
    parts = [compiler.of_kind(arg, _NUMBERS, f"{node.op} takes numbers") for arg in node.args]
    return functions.arithmetic(node, parts)


def _negated(compiler: Compiler, node: Node) -> Typed:
    part = compiler.of_kind(node.args[0], _NUMBERS, "minus takes a number")
    return functions.arithmetic(node, [part])


def _text_function(compiler: Compiler, node: Node) -> Typed:
    part = compiler.of_kind(node.args[0], ["text"], f"{node.op.upper()} takes text")
    return functions.text_function(node, part)


def _number_function(compiler: Compiler, node: Node) -> Typed:
    part = compiler.of_kind(node.args[0], _NUMBERS, f"{node.op.upper()} takes a number")
    return functions.number_function(node, part)


def _cast(compiler: Compiler, node: Node) -> Typed:
    return functions.cast(compiler.typed(node.args[0]), str(node.value), node, compiler.calendar)


def _date_diff(compiler: Compiler, node: Node) -> Typed:
    parts = [compiler.of_kind(arg, ["date", "instant", "text"], "DATE_DIFF takes dates or times") for arg in node.args]
    kinds = {part.kind for part in parts}
    anchor = date_literal(date.min, node) if "instant" not in kinds else None
    parts, kind = unify([*parts, anchor] if anchor else parts, compiler.calendar, "be compared")
    return functions.date_diff(node, parts[0], parts[1], kind, compiler.calendar)


_OPERATIONS: Mapping[str, Callable[[Compiler, Node], Typed]] = {
    **dict.fromkeys(("text", "number", "flag", "date", "instant", "null"), _leaf_constant),
    **dict.fromkeys(("and", "or"), _junction),
    **dict.fromkeys(_COMPARE, _comparison),
    **dict.fromkeys(("is null", "is true", "is false"), _is),
    **dict.fromkeys(("coalesce", "least", "greatest"), _coalesce),
    **dict.fromkeys(("+", "-", "*", "/", "%"), _arithmetic),
    **dict.fromkeys(("lower", "upper", "length", "trim", "split_part", "like"), _text_function),
    **dict.fromkeys(("abs", "round"), _number_function),
    "clock": _clock,
    "column": _column,
    "not": _not,
    "in": _in,
    "case": _case,
    "nullif": _nullif,
    "neg": _negated,
    "cast": _cast,
    "date_diff": _date_diff,
}
