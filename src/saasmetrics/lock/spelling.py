"""The canonical form of an expression, spelled as SQL again: what the lock shows, and what it hashes."""

from __future__ import annotations

import re
from functools import lru_cache

from saasmetrics.expression import parse
from saasmetrics.expression.canonical import Canonical
from saasmetrics.expression.keywords import is_keyword

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INFIX = frozenset({"=", "<>", "<", "<=", "+", "-", "*", "/", "%"})
_ATOMS = frozenset(
    {"column", "text", "number", "flag", "date", "instant", "clock", "null", "case", "cast", "date_diff", "coalesce",
     "least", "greatest", "nullif", "lower", "upper", "length", "abs", "trim", "split_part", "round"}
)  # fmt: skip
_JOINING = frozenset({"AND", "OR", "NOT", "IN", "IS", "LIKE", "BETWEEN"})
_TYPES = {"flag": "BOOLEAN", "integer": "BIGINT", "number": "DOUBLE", "text": "TEXT", "date": "DATE"}


@lru_cache(maxsize=8192)
def spelled(sql: str) -> str:
    """An expression in the one spelling that all of its equals share.

    Edges: what it says is what was written: read again, it has the same canonical form. Raises: ExpressionError.
    """
    return _text(parse(sql).canonical[1])


def _text(form: Canonical) -> str:
    op, *args = form
    if op in _INFIX:
        return f" {op} ".join(_operand(arg) for arg in args)
    if op in ("and", "or"):
        return f" {op.upper()} ".join(_operand(arg) for arg in args)
    if op == "not":
        return f"NOT {_operand(args[0])}"
    if op == "neg":
        return f"-{_operand(args[0])}"
    if op == "in":
        return f"{_operand(args[0])} IN ({', '.join(map(_text, args[1:]))})"
    if op == "like":
        return f"{_operand(args[0])} LIKE {_text(args[1])}"
    if op in ("is null", "is true", "is false"):
        return f"{_operand(args[0])} {op.upper()}"
    if op == "is distinct":
        return f"{_operand(args[0])} IS DISTINCT FROM {_operand(args[1])}"
    return _atom(op, args)


def _atom(op: str, args: list[Canonical]) -> str:
    if op == "column":
        return ".".join(_name(str(part)) for part in args)
    if op in ("text", "date", "instant"):
        kind = {"text": "", "date": "DATE ", "instant": "TIMESTAMP "}[op]
        if op == "instant" and re.search(r"[+-]\d\d:\d\d$", str(args[0])):
            kind = "TIMESTAMPTZ "
        return kind + "'" + str(args[0]).replace("'", "''") + "'"
    if op in ("number", "flag", "null", "clock"):
        shown = {"clock": f"${args[0]}" if args else "", "null": "NULL"}
        return shown.get(op) or str(args[0]).upper()
    if op == "case":
        pairs = [f"WHEN {_text(args[at])} THEN {_text(args[at + 1])}" for at in range(0, len(args) - 1, 2)]
        return " ".join(["CASE", *pairs, f"ELSE {_text(args[-1])}", "END"])
    if op == "cast":
        return f"CAST({_text(args[1])} AS {_TYPES.get(str(args[0]), 'TIMESTAMP')})"
    if op == "date_diff":
        return f"DATE_DIFF('{args[0]}', {', '.join(map(_text, args[1:]))})"
    return f"{op.upper()}({', '.join(map(_text, args))})"


def _operand(form: Canonical) -> str:
    text = _text(form)
    return text if form[0] in _ATOMS and not text.startswith("-") else f"({text})"


def _name(name: str) -> str:
    plain = _PLAIN.fullmatch(name) and name.upper() not in _JOINING and not is_keyword(name)
    return name if plain else '"' + name.replace('"', '""') + '"'
