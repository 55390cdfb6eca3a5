"""The canonical form of expressions: the same meaning is the same form, another meaning another."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expression_rows import ROWS, duckdb_values, polars_values
from saasmetrics.expression import ExpressionError, parse

SAME = [
    ("a = 1", "1 = a"),
    ("a = 1", " ( A_ = 1 )".replace("A_", "a")),
    ("a > b", "b < a"),
    ("NOT a > b", "a <= b"),
    ("NOT (NOT f)", "f"),
    ("a <> 1", "NOT a = 1"),
    ("f AND g AND a = 1", "a = 1 AND (g AND f)"),
    ("f OR f", "f"),
    ("a IN (3, 1, 1)", "a in (1, 3)"),
    ("a IN (1)", "a = 1"),
    ("a BETWEEN 1 AND 3", "a <= 3 AND a >= 1"),
    ("lower(s) = 'x'", "LOWER(\"s\") = 'x'"),
    ("CASE s WHEN 'x' THEN 1 END", "CASE WHEN s = 'x' THEN 1 ELSE NULL END"),
    ("a + b", "b + a"),
    ("x = 1.50", "x = 1.5"),
    ("x = -1", "x = - 1"),
    ("CAST('2026-01-01' AS DATE) = d", "d = DATE '2026-01-01'"),
    ("CAST(a AS INT)", "a::bigint"),
    ("f IS NOT DISTINCT FROM g", "NOT (g IS DISTINCT FROM f)"),
    ("a = 1 -- why", "a = 1"),
]
DIFFERENT = [
    ("s LIKE 'x%'", "s NOT LIKE 'x%'"),
    ("f IS TRUE", "f"),
    ("NOT f IS TRUE", "f IS FALSE"),
    ("f IS NOT TRUE", "NOT f"),
    ("a - b", "b - a"),
    ("a / b", "b / a"),
    ("a < 1", "a <= 1"),
    ("s = '1'", "s = '1 '"),
    ("s = 'A'", "s = 'a'"),
    ("a = 1", "a = 1.0"),
    ("a IN (1, 2)", "a IN (1, 2, NULL)"),
    ("COALESCE(a, b)", "COALESCE(b, a)"),
    ("DATE_DIFF('day', d, e)", "DATE_DIFF('day', e, d)"),
    ("DATE_DIFF('day', d, e)", "DATE_DIFF('week', d, e)"),
    ("d = $start", "d = $end"),
    ("s = 'a'", "s = a"),
    ("TRIM(s)", "TRIM(s, 'x')"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_canonical_form_ignores_how_it_is_written(one: str, other: str) -> None:
    assert parse(one).canonical == parse(other).canonical


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_canonical_form_notices_what_is_meant(one: str, other: str) -> None:
    assert parse(one).canonical != parse(other).canonical


def test_canonical_form_is_pinned() -> None:
    """The lock keeps hashes of this; a change here is a new version of the form."""
    assert parse("x >= 2 AND s NOT IN ('b', 'a') OR COALESCE(f, FALSE)").canonical == (
        "expr/1",
        (
            "or",
            (
                "and",
                ("<=", ("number", "2"), ("column", "x")),
                ("not", ("in", ("column", "s"), ("text", "a"), ("text", "b"))),
            ),
            ("coalesce", ("column", "f"), ("flag", False)),
        ),
    )


NUMBERS = st.sampled_from(["a", "b", "x", "1", "3", "-7", "2.5", "LENGTH(s)", "ABS(a)", "a + 1"])
TEXTS = st.sampled_from(["s", "t", "'pro'", "''", "'é'", "LOWER(s)"])
COMPARISONS = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
PIECES = [
    "a",
    "(",
    ")",
    "NOT",
    "AND",
    "=",
    "'x'",
    "1",
    "CASE",
    "END",
    "WHEN",
    "THEN",
    "LOWER",
    ".",
    "-",
    "$",
    "as_of",
    ",",
    "IN",
]
Written = tuple[str, str]
"""One condition written two ways that mean the same."""


@st.composite
def written_twice(draw: st.DrawFn, depth: int = 3) -> Written:
    shape = draw(
        st.sampled_from(["compare", "in", "between", "is", "not", "and", "or"] if depth else ["compare", "is"])
    )
    if shape == "compare":
        operand = draw(st.sampled_from([NUMBERS, TEXTS]))
        left, op, right = draw(operand), draw(COMPARISONS), draw(operand)
        return f"{left} {op} {right}", f"( {right} )\n{FLIPPED[op]} {left}"
    if shape == "in":
        subject, items = draw(TEXTS), draw(st.lists(TEXTS, min_size=1, max_size=3))
        return f"{subject} IN ({', '.join(items)})", f"{subject}  in ({','.join(draw(st.permutations(items)))})"
    if shape == "between":
        subject, low, high = draw(NUMBERS), draw(NUMBERS), draw(NUMBERS)
        return f"{subject} BETWEEN {low} AND {high}", f"({high} >= {subject} AND {subject} >= {low})"
    if shape == "is":
        subject = draw(TEXTS)
        return f"{subject} IS NOT NULL", f"not ({subject} is null)"
    one, other = draw(written_twice(depth - 1))
    if shape == "not":
        return f"NOT ({one})", f"not(not(NOT ({other})))"
    two, second = draw(written_twice(depth - 1))
    return f"({one}) {shape.upper()} ({two})", f"({second}) {shape} (({other}))"


@given(written_twice())
@settings(max_examples=150, deadline=None)
def test_two_ways_to_write_it_are_one_form_with_the_same_values(written: Written) -> None:
    one, other = written
    assert parse(one).canonical == parse(other).canonical
    assert polars_values(one) == polars_values(other)


@given(st.lists(written_twice(depth=1), min_size=30, max_size=30))
@settings(max_examples=10, deadline=None)
def test_equal_forms_have_equal_values(conditions: list[Written]) -> None:
    values: dict[object, list[object]] = {}
    for written in conditions:
        for sql in written:
            found = polars_values(sql)
            assert values.setdefault(parse(sql).canonical, found) == found


@given(written_twice())
@settings(max_examples=60, deadline=None)
def test_random_conditions_agree_with_the_dialects_own_engine(written: Written) -> None:
    with duckdb.connect() as connection:
        connection.register("given", ROWS.with_row_index("row").to_arrow())
        assert polars_values(written[0]) == duckdb_values(connection, written[0])


@given(st.text(max_size=40) | st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused_at_a_place_inside_it(sql: str) -> None:
    try:
        expression = parse(sql)
    except ExpressionError as fault:
        refusal = fault
    else:
        assert expression.canonical[0] == "expr/1"
        return
    assert 0 <= refusal.offset <= len(sql)
