"""The gate: what of SQL is in the language, node by node and argument by argument; the rest is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from saasmetrics.expression.error import ExpressionError
from saasmetrics.expression.keywords import is_keyword
from saasmetrics.expression.leaves import LEAVES, moment, only, refused
from saasmetrics.expression.tokens import check_tokens, duckdb, tokens_of
from saasmetrics.expression.tree import Node

MAX_NODES = 600
MAX_DEPTH = 60

TYPES: Mapping[str, str] = {
    "BOOLEAN": "flag",
    "TINYINT": "integer",
    "SMALLINT": "integer",
    "INT": "integer",
    "BIGINT": "integer",
    "FLOAT": "number",
    "DOUBLE": "number",
    "TEXT": "text",
    "VARCHAR": "text",
    "DATE": "date",
    "TIMESTAMP": "instant",
    "TIMESTAMPNTZ": "instant",
    "TIMESTAMPTZ": "instant",
}
PARTS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")

_BINARY: Mapping[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.NullSafeNEQ: "is distinct",
    exp.Nullif: "nullif",
}
_UNARY: Mapping[type[exp.Expr], str] = {
    exp.Lower: "lower",
    exp.Upper: "upper",
    exp.Length: "length",
    exp.Abs: "abs",
}
_MANY: Mapping[type[exp.Expr], str] = {exp.Coalesce: "coalesce", exp.Least: "least", exp.Greatest: "greatest"}


def read(sql: str) -> tuple[Node, tuple[str, ...]]:
    """The tree and the tokens of one expression. Raises: ExpressionError."""
    tokens = tokens_of(sql)
    check_tokens(tokens)
    return _Gate().convert(syntax(sql), 0, 0), tuple(token.text for token in tokens)


def syntax(sql: str) -> exp.Expr:
    """The parser's own tree; `Condition` keeps statements and aliases out before any rule of ours."""
    try:
        parsed = duckdb().parse_into(exp.Condition, sql)
    except ParseError as error:
        raise _unreadable(sql, error) from None
    except (TokenError, RecursionError) as error:
        raise ExpressionError("the expression cannot be read: it is cut short or too deep") from error
    if len(parsed) != 1 or parsed[0] is None:
        raise ExpressionError("exactly one expression is expected")
    return parsed[0]


def _unreadable(sql: str, error: ParseError) -> ExpressionError:
    fault = next((entry for entry in error.errors if entry.get("line")), None)
    if fault is None:
        return ExpressionError("the expression cannot be read")
    lines = sql.split("\n")
    end = sum(len(line) + 1 for line in lines[: fault["line"] - 1]) + fault["col"]
    word = str(fault.get("highlight") or "")
    hint = f'a name that is a keyword is quoted: "{word}"' if is_keyword(word) else None
    return ExpressionError(f"the expression cannot be read near `{word}`", max(0, min(end, len(sql)) - len(word)), hint)


class _Gate:
    """One pass over the parser's tree, counting as it goes."""

    def __init__(self) -> None:
        self.nodes = 0
        self.special: Mapping[type[exp.Expr], Callable[[exp.Expr, int, int], Node]] = {
            exp.Paren: self._paren,
            exp.And: self._junction,
            exp.Or: self._junction,
            exp.Not: self._not,
            exp.NullSafeEQ: self._not_distinct,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Like: self._like,
            exp.Is: self._is,
            exp.Neg: self._neg,
            exp.Case: self._case,
            exp.Cast: self._cast,
            exp.Trim: self._trim,
            exp.SplitPart: self._split_part,
            exp.Round: self._round,
            exp.DateDiff: self._date_diff,
        }

    def convert(self, node: exp.Expr, depth: int, near: int) -> Node:
        """Our node for the parser's. `near` is the place of the parent, for nodes that know none."""
        offset = self._offset(node, near)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise ExpressionError(f"the expression has more than {MAX_NODES} parts", offset)
        if depth > MAX_DEPTH:
            raise ExpressionError(f"the expression is nested deeper than {MAX_DEPTH}", offset)
        kind = type(node)
        if kind in _BINARY:
            only(node, offset, "this", "expression")
            return self._node(_BINARY[kind], node, ("this", "expression"), depth, offset)
        if kind in _UNARY:
            only(node, offset, "this")
            return self._node(_UNARY[kind], node, ("this",), depth, offset)
        if kind in _MANY:
            return self._many(node, depth, offset)
        if kind in self.special:
            return self.special[kind](node, depth, offset)
        if kind in LEAVES:
            return LEAVES[kind](node, offset)
        raise refused(node, offset)

    def _offset(self, node: exp.Expr, near: int) -> int:
        places = [part.meta["start"] for part in node.find_all(exp.Identifier, exp.Literal) if "start" in part.meta]
        own = node.meta.get("start")
        return int(own) if own is not None else min(places, default=near)

    def _node(self, op: str, node: exp.Expr, names: tuple[str, ...], depth: int, offset: int) -> Node:
        return Node(op, tuple(self.convert(node.args[name], depth + 1, offset) for name in names), None, offset)

    def _all(self, nodes: list[exp.Expr], depth: int, offset: int) -> tuple[Node, ...]:
        return tuple(self.convert(node, depth + 1, offset) for node in nodes)

    def _many(self, node: exp.Expr, depth: int, offset: int) -> Node:
        only(node, offset, "this", "expressions", *(() if isinstance(node, exp.Coalesce) else ("ignore_nulls",)))
        return Node(_MANY[type(node)], self._all([node.this, *node.expressions], depth, offset), None, offset)

    def _paren(self, node: exp.Expr, depth: int, offset: int) -> Node:
        only(node, offset, "this")
        return self.convert(node.this, depth + 1, offset)

    def _junction(self, node: exp.Expr, depth: int, offset: int) -> Node:
        """A chain of ANDs is one node, however long: it is not nesting."""
        pending, members = [node], []
        while pending:
            member = pending.pop()
            if type(member) is type(node):
                only(member, offset, "this", "expression")
                pending += [member.args["expression"], member.this]
            else:
                members.append(member)
        return Node("and" if isinstance(node, exp.And) else "or", self._all(members, depth, offset), None, offset)

    def _not(self, node: exp.Expr, depth: int, offset: int) -> Node:
        only(node, offset, "this")
        return self._node("not", node, ("this",), depth, offset)

    def _not_distinct(self, node: exp.Expr, depth: int, offset: int) -> Node:
        only(node, offset, "this", "expression")
        return Node("not", (self._node("is distinct", node, ("this", "expression"), depth, offset),), None, offset)

    def _in(self, node: exp.Expr, depth: int, offset: int) -> Node:
        if node.args.get("query") or node.args.get("unnest") or node.args.get("field") or not node.expressions:
            raise ExpressionError("IN takes a list of values in parentheses, no sub-query", offset)
        only(node, offset, "this", "expressions")
        return Node("in", self._all([node.this, *node.expressions], depth, offset), None, offset)

    def _between(self, node: exp.Expr, depth: int, offset: int) -> Node:
        only(node, offset, "this", "low", "high")
        low = self._node(">=", node, ("this", "low"), depth, offset)
        return Node("and", (low, self._node("<=", node, ("this", "high"), depth, offset)), None, offset)

    def _like(self, node: exp.Expr, depth: int, offset: int) -> Node:
        only(node, offset, "this", "expression", "negate")
        if not (isinstance(node.expression, exp.Literal) and node.expression.is_string):
            raise ExpressionError("LIKE takes a pattern in quotes", offset)
        like = self._node("like", node, ("this", "expression"), depth, offset)
        return Node("not", (like,), None, offset) if node.args.get("negate") else like

    def _is(self, node: exp.Expr, depth: int, offset: int) -> Node:
        only(node, offset, "this", "expression")
        subject = self.convert(node.this, depth + 1, offset)
        if isinstance(node.expression, exp.Null):
            return Node("is null", (subject,), None, offset)
        if isinstance(node.expression, exp.Boolean):
            return Node("is true" if node.expression.this else "is false", (subject,), None, offset)
        raise ExpressionError("IS is followed by NULL, TRUE, FALSE or DISTINCT FROM", offset)

    def _neg(self, node: exp.Expr, depth: int, offset: int) -> Node:
        only(node, offset, "this")
        inner = self.convert(node.this, depth + 1, offset)
        if inner.op == "number":
            digits = str(inner.value)
            return Node("number", (), digits[1:] if digits.startswith("-") else f"-{digits}", offset)
        return Node("neg", (inner,), None, offset)

    def _case(self, node: exp.Expr, depth: int, offset: int) -> Node:
        """`CASE x WHEN v` becomes `CASE WHEN x = v`; a missing ELSE is ELSE NULL."""
        only(node, offset, "this", "ifs", "default")
        args: list[Node] = []
        for branch in node.args["ifs"]:
            only(branch, offset, "this", "true")
            condition = self.convert(branch.this, depth + 1, offset)
            if node.this:
                condition = Node("=", (self.convert(node.this, depth + 1, offset), condition), None, offset)
            args += [condition, self.convert(branch.args["true"], depth + 1, offset)]
        default = node.args.get("default")
        args.append(self.convert(default, depth + 1, offset) if default else Node("null", offset=offset))
        return Node("case", tuple(args), None, offset)

    def _cast(self, node: exp.Expr, depth: int, offset: int) -> Node:
        only(node, offset, "this", "to")
        only(node.args["to"], offset, "this", "nested")
        written = node.args["to"].sql(dialect="duckdb")
        target = TYPES.get(getattr(node.args["to"].this, "name", ""))
        if target is None:
            known = "BOOLEAN, BIGINT, DOUBLE, TEXT, DATE and TIMESTAMP"
            raise ExpressionError(f"CAST to {written} is not part of the language", offset, f"there are {known}")
        if target in ("date", "instant") and isinstance(node.this, exp.Literal) and node.this.is_string:
            return Node(target, (), moment(node.this.this, target, offset), offset)
        return Node("cast", (self.convert(node.this, depth + 1, offset),), target, offset)

    def _trim(self, node: exp.Expr, depth: int, offset: int) -> Node:
        only(node, offset, "this", "expression")
        characters = node.args.get("expression")
        if characters is not None and not (isinstance(characters, exp.Literal) and characters.is_string):
            raise ExpressionError("TRIM takes its characters in quotes", offset)
        return self._node("trim", node, ("this", "expression") if characters else ("this",), depth, offset)

    def _split_part(self, node: exp.Expr, depth: int, offset: int) -> Node:
        only(node, offset, "this", "delimiter", "part_index")
        part = self._node("split_part", node, ("this", "delimiter", "part_index"), depth, offset)
        _, delimiter, index = part.args
        if delimiter.op != "text" or not delimiter.value:
            raise ExpressionError("SPLIT_PART takes its delimiter in quotes", offset)
        if index.op != "number" or not re.fullmatch(r"-?[1-9]\d{0,3}", str(index.value)):
            raise ExpressionError("SPLIT_PART takes the number of the part, from 1", offset)
        return part

    def _round(self, node: exp.Expr, depth: int, offset: int) -> Node:
        only(node, offset, "this", "decimals")
        if node.args.get("decimals") is None:
            return self._node("round", node, ("this",), depth, offset)
        rounded = self._node("round", node, ("this", "decimals"), depth, offset)
        if rounded.args[1].op != "number" or not re.fullmatch(r"1[0-2]|\d", str(rounded.args[1].value)):
            raise ExpressionError("ROUND takes a whole number of decimals, 0 to 12", offset)
        return rounded

    def _date_diff(self, node: exp.Expr, depth: int, offset: int) -> Node:
        only(node, offset, "this", "expression", "unit", "date_part_boundary")
        part = str(node.args["unit"].name).lower() if node.args.get("unit") else "day"
        borders = bool(node.args.get("date_part_boundary"))  # weeks alone are counted whole
        if part not in PARTS or borders == (part == "week"):
            raise ExpressionError("DATE_DIFF takes its part in quotes first", offset, f"one of {', '.join(PARTS)}")
        # the parser keeps the later one first
        dates = self._node("date_diff", node, ("expression", "this"), depth, offset)
        return Node("date_diff", dates.args, part, offset)
