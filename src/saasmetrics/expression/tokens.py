"""The words of an expression, refused early where only the text shows the fault: symbols, functions, nesting."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import TokenType
from sqlglot.errors import TokenError

from saasmetrics.expression.error import ExpressionError
from saasmetrics.expression.tree import CLOCK

MAX_CHARACTERS = 4096
MAX_TOKENS = 1500
MAX_NESTING = 40

FUNCTIONS = frozenset(
    {
        *("ABS", "CAST", "COALESCE", "DATE_DIFF", "GREATEST", "LEAST", "LENGTH"),
        *("LOWER", "NULLIF", "ROUND", "SPLIT_PART", "TRIM", "UPPER"),
    }
)
_BEFORE_PARENTHESIS = frozenset(
    {
        *("AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "IS", "DISTINCT", "FROM"),
        *("CASE", "WHEN", "THEN", "ELSE"),
    }
)
_CLOCK_HINT = "the only clock is `$as_of`, `$start` and `$end`"
_AGGREGATE_HINT = "an expression reads one row; put the sum or count in `agg`"
_CLOCKS = ("NOW", "TODAY", "CURRENT_DATE", "CURRENT_TIMESTAMP", "CURRENT_TIME", "GETDATE", "LOCALTIMESTAMP")
_AGGREGATES = ("SUM", "AVG", "COUNT", "MIN", "MAX", "MEDIAN", "QUANTILE", "STDDEV", "FIRST", "LAST")
INSTEAD: Mapping[str, str] = {
    **dict.fromkeys(_CLOCKS, _CLOCK_HINT),
    **dict.fromkeys(_AGGREGATES, _AGGREGATE_HINT),
    "IF": "write CASE WHEN ... THEN ... ELSE ... END",
    "IFNULL": "write COALESCE",
    "NVL": "write COALESCE",
    "LEN": "write LENGTH",
    "CHAR_LENGTH": "write LENGTH",
    "DATEDIFF": "write DATE_DIFF('day', from, to)",
    "TRY_CAST": "write CAST; what cannot be read is null",
    "DECIMAL": "write DOUBLE, and ROUND for the decimals",
    "NUMERIC": "write DOUBLE, and ROUND for the decimals",
    "VARCHAR": "write VARCHAR without a length",
    "SELECT": "an expression has no sub-query",
}
_SYMBOLS: Mapping[TokenType, str] = {
    TokenType.SEMICOLON: "exactly one expression is expected",
    TokenType.PLACEHOLDER: _CLOCK_HINT,
    TokenType.COLON: _CLOCK_HINT,
    TokenType.NULLSAFE_EQ: "write IS NOT DISTINCT FROM",
    TokenType.DIV: "write CAST(a / b AS BIGINT)",
    TokenType.BYTE_STRING: "write the text in plain quotes",
    TokenType.HEREDOC_STRING: "write the text in plain quotes",
    TokenType.SELECT: "an expression has no sub-query",
    TokenType.CURRENT_DATE: _CLOCK_HINT,
    TokenType.CURRENT_TIMESTAMP: _CLOCK_HINT,
    TokenType.CURRENT_TIME: _CLOCK_HINT,
}
_OPEN = frozenset({TokenType.L_PAREN, TokenType.CASE})
_CLOSE = frozenset({TokenType.R_PAREN, TokenType.END})
_PREFIX = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS})


@dataclass(frozen=True)
class Word:
    """One token: its text (keywords and functions in capitals), its kind and its place."""

    text: str
    kind: TokenType
    offset: int


@cache
def duckdb() -> sqlglot.Dialect:
    """The dialect, looked up once."""
    return sqlglot.Dialect.get_or_raise("duckdb")


def tokens_of(sql: str) -> tuple[Word, ...]:
    """The tokens of a text, comments left out. Raises: ExpressionError when it is empty, too long or unfinished."""
    if len(sql) > MAX_CHARACTERS:
        raise ExpressionError(f"the expression is longer than {MAX_CHARACTERS} characters", MAX_CHARACTERS)
    try:
        tokens = duckdb().tokenize(sql)
    except TokenError:
        raise ExpressionError("a quote or a comment is not closed") from None
    if not tokens:
        raise ExpressionError("an expression is expected")
    if len(tokens) > MAX_TOKENS:
        raise ExpressionError(f"the expression has more than {MAX_TOKENS} words", tokens[MAX_TOKENS].start)
    words = []
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        text = token.text
        if token.token_type is TokenType.STRING:
            text = f"'{text}'"
        elif token.token_type is TokenType.IDENTIFIER:
            text = f'"{text}"'
        elif token.token_type is not TokenType.VAR or (following and following.token_type is TokenType.L_PAREN):
            text = text.upper()
        words.append(Word(text, token.token_type, token.start))
    return tuple(words)


def check_tokens(words: tuple[Word, ...]) -> None:
    """Refuse symbols and functions outside the language, and nesting that would exhaust a parser.

    Raises: ExpressionError.
    """
    depth = run = 0
    for word, following in zip(words, [*words[1:], None], strict=True):
        depth = max(0, depth + (word.kind in _OPEN) - (word.kind in _CLOSE))
        run = run + 1 if word.kind in _PREFIX else 0
        if depth + run > MAX_NESTING:
            raise ExpressionError(f"the expression is nested deeper than {MAX_NESTING}", word.offset)
        if word.kind in _SYMBOLS:
            raise ExpressionError(f"`{word.text}` is not part of the language", word.offset, _SYMBOLS[word.kind])
        if word.kind is TokenType.PARAMETER:
            _check_clock(word, following)
        elif following and following.kind is TokenType.L_PAREN:
            _check_function(word)


def _check_clock(word: Word, following: Word | None) -> None:
    if word.text != "$" or following is None or following.text.lower() not in CLOCK:
        name = following.text if following else ""
        raise ExpressionError(f"`{word.text}{name}` is not part of the language", word.offset, _CLOCK_HINT)


def _check_function(word: Word) -> None:
    name = word.text.strip('"')
    if not (name[:1].isalpha() or name[:1] == "_") or name in _BEFORE_PARENTHESIS or name in FUNCTIONS:
        return
    near = difflib.get_close_matches(name, sorted(FUNCTIONS), 1)
    hint = INSTEAD.get(name.upper()) or (
        f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(FUNCTIONS))}"
    )
    raise ExpressionError(f"the function {name} is not part of the language", word.offset, hint)
