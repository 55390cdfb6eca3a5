"""Plain expressions: what nearly all of them are made of, read without the parser.

The parser knows a whole dialect, and loading it costs more than a company's definitions. Here are its words and its
binding for conditions, arithmetic, CASE and a few functions over columns and constants; whatever is anything else, or
wrong, is left to it and to the gate. What is read here is what they read: the same tree, places and words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from saasmetrics.expression.keywords import KEYWORDS
from saasmetrics.expression.tree import CLOCK, Node

_OURS = frozenset(
    {"AND", "OR", "NOT", "IN", "IS", "DISTINCT", "FROM", "LIKE", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "END"}
)
_CONSTANTS = {"TRUE": Node("flag", value=True), "FALSE": Node("flag", value=False), "NULL": Node("null")}
_OTHERS = KEYWORDS - _OURS - _CONSTANTS.keys() | {"CONNECT_BY_ROOT", "IF"}
_WORD = re.compile(
    r"""[ \t\n\r]*(?:
    (?P<mark> <> | != | <= | >= | [-+*/%=<>] ) (?![-+*/%=<>!~&|^@\#?:.$])
    | (?P<paren> [(),] )
    | \$(?P<clock> [A-Za-z_]+ ) (?![\w$])
    | (?: (?P<word> [A-Za-z_]\w* ) | (?P<name> "[^"\\]+" ) | (?P<text> '[^'\\]*' )
        | (?P<number> (?:0|[1-9]\d{0,14})(?:\.\d{1,9})? ) ) (?= [ \t\n\r(),=<>!*/%+-] | $ )
    )""",
    re.VERBOSE | re.ASCII,
)
_BLANK = re.compile(r"[ \t\n\r]*")
_COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_FUNCTIONS = {
    "ABS": (1, 1),
    "COALESCE": (2, 40),
    "DATE_DIFF": (3, 3),
    "GREATEST": (2, 40),
    "LEAST": (2, 40),
    "LENGTH": (1, 1),
    "LOWER": (1, 1),
    "NULLIF": (2, 2),
    "UPPER": (1, 1),
}
"""How few and how many arguments each takes."""
_PARTS = frozenset({"second", "minute", "hour", "day", "week", "month", "quarter", "year"})
_CHARACTERS, _WORDS, _DEPTH = 2000, 400, 30
"""The gate's bounds are wider; what comes near them is left to it."""


class _Beyond(Exception):  # noqa: N818  # no fault: what is not plain is read by the parser
    """Here is something else than a plain expression."""


@dataclass(frozen=True)
class Plain:
    """A word of a plain expression: its text (keywords and functions in capitals), its kind and its place."""

    text: str
    kind: str
    offset: int


@dataclass(frozen=True)
class _Part:
    """A part of a tree whose places are not settled: `own` is its place, `first` that of the first leaf in it."""

    node: Node
    args: tuple[_Part, ...] = ()
    own: int | None = None
    first: int | None = None
    depth: int = 1

    def placed(self, near: int) -> Node:
        """The node, with `near` for what has no place of its own."""
        offset = self.own if self.own is not None else self.first if self.first is not None else near
        args = tuple(arg.placed(offset) for arg in self.args)
        return Node(self.node.op, args, self.node.value, offset)


def words(sql: str) -> tuple[Plain, ...] | None:
    """The words of a plain expression; None where a word is not plain.

    Edges: with a second clock the parser may take what stands between both for a quotation.
    """
    if len(sql) > _CHARACTERS or sql.count("$") > 1:
        return None
    found: list[Plain] = []
    end, stop = 0, len(sql.rstrip(" \t\n\r"))
    while end < stop:
        match = _WORD.match(sql, end)
        if match is None or len(found) > _WORDS:
            return None
        kind = str(match.lastgroup)
        text, end = match[kind], match.end()
        if kind == "clock":
            found += [Plain("$", "$", match.start(kind) - 1), Plain(text, kind, match.start(kind))]
            continue
        if kind == "word" and text.upper() in _OTHERS:
            return None
        if kind == "word" and (text.upper() in _OURS or text.upper() in _CONSTANTS):
            kind = text = text.upper()
        elif kind == "word" and sql.startswith("(", _end_of_blank(sql, end)):
            kind, text = "call", text.upper()
        elif kind in ("mark", "paren"):
            kind = text
        found.append(Plain(text, kind, match.start(match.lastgroup or 0)))
    return tuple(found) or None


def _end_of_blank(sql: str, start: int) -> int:
    blank = _BLANK.match(sql, start)
    return blank.end() if blank else start


def plain(sql: str) -> tuple[Node, tuple[str, ...]] | None:
    """The tree and the words of a plain expression; None for any other."""
    found = words(sql)
    if found is None:
        return None
    try:
        part = _Reader(found).whole()
    except _Beyond:
        return None
    return part.placed(0), tuple(word.text for word in found)


class _Reader:
    """One pass over the words, a method for each strength of binding, the weakest first."""

    def __init__(self, found: tuple[Plain, ...]) -> None:
        self._words = [*found, Plain("", "", -1)]
        self._at = 0
        self._depth = 0

    def whole(self) -> _Part:
        """The part that all words make."""
        part = self._either()
        self._take("")
        return part

    def _next(self) -> str:
        return self._words[self._at].kind

    def _take(self, kind: str) -> Plain:
        word = self._words[self._at]
        if word.kind != kind:
            raise _Beyond
        self._at += 1
        return word

    def _took(self, *kinds: str) -> bool:
        """Whether these words came; they are taken then."""
        there = all(word.kind == kind for word, kind in zip(self._words[self._at :], kinds, strict=False))
        self._at += len(kinds) * there
        return there

    def _either(self) -> _Part:
        return self._chain("or", "OR", self._both)

    def _both(self) -> _Part:
        return self._chain("and", "AND", self._condition)

    def _chain(self, op: str, word: str, member: Callable[[], _Part]) -> _Part:
        members = [member()]
        while self._took(word):
            members.append(member())
        return _part(op, *members) if len(members) > 1 else members[0]

    def _condition(self) -> _Part:
        if self._took("NOT"):
            with self._deeper():
                return _part("not", self._condition())
        left = self._sum()
        if self._next() in _COMPARISONS:
            op = _COMPARISONS[self._take(self._next()).text]
            return _part(op, left, self._sum())
        if self._took("IS"):
            negated, word = self._took("NOT"), self._words[self._at]
            if self._took("DISTINCT", "FROM"):
                return _negated(_part("is distinct", left, self._sum()), negated)
            if word.kind not in _CONSTANTS:
                raise _Beyond
            self._at += 1
            return _negated(_part(f"is {word.text.lower()}", left), negated)
        negated = self._took("NOT")
        if self._took("IN"):
            return _negated(_part("in", left, *self._list()), negated)
        if self._took("LIKE"):
            return _negated(_part("like", left, self._literal("text")), negated)
        if self._took("BETWEEN"):
            low = self._sum()
            self._take("AND")
            both = _part("and", _part(">=", left, low), _part("<=", left, self._sum()))
            return _negated(replace(both, args=tuple(_at(both, arg) for arg in both.args)), negated)
        if negated:
            raise _Beyond
        return left

    def _sum(self) -> _Part:
        return self._arithmetic(("+", "-"), self._product)

    def _product(self) -> _Part:
        return self._arithmetic(("*", "/", "%"), self._factor)

    def _arithmetic(self, marks: tuple[str, ...], operand: Callable[[], _Part]) -> _Part:
        part = operand()
        while self._next() in marks:
            part = _part(self._take(self._next()).text, part, operand())
        return part

    def _factor(self) -> _Part:
        if self._took("-"):
            with self._deeper():
                inner = self._factor()
            if inner.node.op == "number":
                digits = str(inner.node.value)
                opposite = digits[1:] if digits.startswith("-") else f"-{digits}"
                return replace(inner, node=Node("number", (), opposite), depth=inner.depth + 1)
            return _part("neg", inner)
        return self._primary()

    def _primary(self) -> _Part:
        kind = self._next()
        if kind in ("text", "number"):
            return self._literal(kind)
        word = self._take(kind)
        if kind in ("word", "name"):
            path = (word.text.strip('"'),)
            return _Part(Node("column", (), path), own=word.offset, first=word.offset)
        if kind in _CONSTANTS:
            return _Part(_CONSTANTS[kind])
        if kind == "$" and self._words[self._at].text.lower() in CLOCK:
            return _Part(Node("clock", (), self._take("clock").text.lower()))
        with self._deeper():
            if kind == "(":
                inner = self._either()
                self._take(")")
                return replace(inner, depth=inner.depth + 1)
            if kind == "CASE":
                return self._case()
            if kind == "call" and word.text in _FUNCTIONS:
                return self._function(word)
        raise _Beyond

    def _literal(self, kind: str) -> _Part:
        word = self._take(kind)
        value = word.text.strip("'") if kind == "text" else repr(float(word.text)) if "." in word.text else word.text
        return _Part(Node(kind, (), value), own=word.offset, first=word.offset)

    def _list(self) -> Iterator[_Part]:
        self._take("(")
        yield self._constant()
        while self._took(","):
            yield self._constant()
        self._take(")")

    def _constant(self) -> _Part:
        return self._literal("text" if self._next() == "text" else "number")

    def _case(self) -> _Part:
        subject = self._either() if self._next() != "WHEN" else None
        args: list[_Part] = []
        while self._took("WHEN"):
            condition = self._either()
            args.append(condition if subject is None else _part("=", subject, condition))
            self._take("THEN")
            args.append(self._either())
        if not args:
            raise _Beyond
        args.append(self._either() if self._took("ELSE") else _Part(Node("null")))
        self._take("END")
        case = _part("case", *args)
        if subject is None:
            return case
        last = len(args) - 1
        return replace(case, args=tuple(_at(case, a) if n % 2 == 0 and n < last else a for n, a in enumerate(args)))

    def _function(self, name: Plain) -> _Part:
        self._take("(")
        args = [self._either()]
        while self._took(","):
            args.append(self._either())
        self._take(")")
        few, many = _FUNCTIONS[name.text]
        value = None
        if not few <= len(args) <= many:
            raise _Beyond
        if name.text == "DATE_DIFF":
            value = str(args.pop(0).node.value).lower()
            if value not in _PARTS:
                raise _Beyond
        return replace(_part(name.text.lower(), *args, value=value), own=name.offset)

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > _DEPTH:
            raise _Beyond
        yield
        self._depth -= 1


def _part(op: str, *args: _Part, value: str | None = None) -> _Part:
    depth = 1 + max(arg.depth for arg in args)
    if depth > _DEPTH:
        raise _Beyond
    places = [arg.first for arg in args if arg.first is not None]
    return _Part(Node(op, (), value), args, None, min(places, default=None), depth)


def _at(whole: _Part, part: _Part) -> _Part:
    """A part that was made of a form: its place is that of the form."""
    return replace(part, first=whole.first)


def _negated(part: _Part, negated: bool) -> _Part:
    return _part("not", part) if negated else part
