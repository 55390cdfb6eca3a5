"""Plain expressions: what is read without the parser is what the parser and the gate read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot.dialects.duckdb import DuckDB

from expression_rows import CORPUS
from saasmetrics.expression.error import ExpressionError
from saasmetrics.expression.gate import read
from saasmetrics.expression.keywords import KEYWORDS
from saasmetrics.expression.plain import plain, words
from saasmetrics.expression.tokens import tokens_of
from saasmetrics.expression.tree import Node


def shown(node: Node) -> list[tuple[object, ...]]:
    """All of a tree, places included, which equality leaves out."""
    return [(each.op, each.value, each.offset, len(each.args)) for each in node.walk()]


def same(sql: str) -> bool:
    """Whether the text is plain; if it is, whatever is made of it is made of it by the gate."""
    found = plain(sql)
    if found is None:
        return False
    root, tokens = read(sql)
    assert shown(found[0]) == shown(root)
    assert found[1] == tokens
    assert [(word.text, word.offset) for word in words(sql) or ()] == [
        (word.text, word.offset) for word in tokens_of(sql)
    ]
    return True


LEAVES = st.sampled_from(["a", "b_1", "Name", '"in x"', "'x'", "'é'", "''", "1", "0", "2.50", "TRUE", "null", "$end"])
INFIX = ("AND", "or", "=", "<>", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%")
FORMS = [
    *(f"{{}} {word} {{}}" for word in INFIX),
    *("NOT {}", "({})", "-{}", "{} IS NULL", "{} is not TRUE", "{} LIKE 'a%'", "{} NOT LIKE '_'"),
    *("{} IN (1, 2.0)", "{} not in ('q', '', 1)", "{} BETWEEN {} AND {}", "{} not between {} and {}"),
    *("{} IS DISTINCT FROM {}", "{} is not distinct from {}", "CASE {} WHEN {} THEN {} WHEN {} THEN {} ELSE {} END"),
    *("CASE WHEN {} THEN {} END", "CASE {} WHEN {} THEN {} END", "case when {} then {} WHEN {} THEN {} ELSE {} end"),
    *("COALESCE({}, {})", "nullif ({},{})", "LEAST({}, {}, {})", "greatest({}, {})"),
    *("lower({})", "Length({})", "ABS( {} )", "DATE_DIFF('day', {}, {})", "date_diff('Week', {}, {})"),
]
"""Every form there is, around others."""


def deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def filled(form: str) -> st.SearchStrategy[str]:
        parts = [inner] * form.count("{}")
        return st.tuples(*parts).map(lambda some: form.format(*some))

    return st.sampled_from(FORMS).flatmap(filled)


@given(st.recursive(LEAVES, deeper, max_leaves=6))
def test_plain_expressions_are_read_as_the_parser_reads_them(sql: str) -> None:
    try:
        same(sql)
    except ExpressionError:
        pytest.fail(f"the gate refuses what was read without it: {sql}")


ODD = [
    *("date", "at", "if", "any", "next", "interval", "a.b", "e'x'", "'a''b'", "1e5", ".5", "007", "--", "/*", "||"),
    *("//", "==", "::", "[", "]", "@", "?", ":a", "$x", "from", "distinct", "cast(", "now", "sum(", "count", "`x`"),
    *("a", "b", "'x'", "1", "(", ")", ",", "AND", "NOT", "IN", "=", "-", "CASE", "WHEN", "THEN", "END", "$end", "IS"),
]


@given(st.lists(st.sampled_from(ODD), min_size=1, max_size=7), st.sampled_from([" ", "", "\n"]))
def test_what_is_odd_is_left_to_the_parser(some: list[str], between: str) -> None:
    sql = between.join(some)
    try:
        same(sql)
    except ExpressionError:
        pytest.fail(f"the gate refuses what was read without it: {sql}")


def test_most_of_the_corpus_is_plain() -> None:
    assert sum(map(same, CORPUS)) > len(CORPUS) * 2 / 3


@pytest.mark.parametrize(
    "sql",
    [
        "a = 1 -- all of them",
        "a IN (SELECT b FROM c)",
        "a = 'it''s'",
        "a = b = c",
        "NULLIF($start, $end)",
        "a LIKE 'x\\_'",
        "CAST(a AS TEXT)",
        "a " + "+ a" * 40,
        "(" * 40 + "a" + ")" * 40,
        "a = " + "1" * 20,
        "",
    ],
)
def test_some_are_never_plain(sql: str) -> None:
    assert plain(sql) is None


def test_keywords_are_the_parsers_own() -> None:
    assert {word for word in DuckDB.Tokenizer.KEYWORDS if word.replace("_", "").isalnum()} == KEYWORDS
