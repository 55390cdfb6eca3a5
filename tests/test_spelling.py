"""The spelling of expressions in the lock: one for all that mean the same, and it means what was written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from expression_rows import polars_values
from saasmetrics.expression import parse
from saasmetrics.lock.spelling import spelled
from test_canonical import DIFFERENT, SAME, Written, written_twice

OTHERS = [
    '"from" = 1 AND "a b" IS NOT NULL',
    "\"and\" = 'it''s'",
    "props.x > 3",
    "at < TIMESTAMP '2026-01-01 10:00:00'",
    "at < CAST('2026-01-01 10:00:00+02:00' AS TIMESTAMP)",
    "d >= $start AND d < $end",
    "a - -1 = -(-b)",
    "a - (b - a) <> (a - b) - a",
    "(a + b) * x / 2 % 3 = 0",
    "NOT (f OR g) AND NOT s LIKE 'x%'",
    "CASE WHEN a = 1 THEN 'x' WHEN a = 2 THEN 'y' END IN ('x', 'y')",
    "DATE_DIFF('month', d, e) + ROUND(x, 2) + GREATEST(a, b, 1)",
    "COALESCE(NULLIF(TRIM(s, '- '), ''), SPLIT_PART(t, '-', 2)) = UPPER(s)",
    "(a = 1) IS TRUE AND f IS NOT FALSE AND (f IS DISTINCT FROM g)",
    "CAST(a AS DOUBLE) + CAST(s AS BIGINT) > 1e3 OR CAST(x AS TEXT) = '1' OR CAST(s AS BOOLEAN)",
]


@pytest.mark.parametrize("sql", [text for pair in [*SAME, *DIFFERENT] for text in pair] + OTHERS)
def test_a_spelling_read_again_is_the_same(sql: str) -> None:
    assert parse(spelled(sql)).canonical == parse(sql).canonical
    assert spelled(spelled(sql)) == spelled(sql)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_means_the_same_is_spelled_the_same(one: str, other: str) -> None:
    assert spelled(one) == spelled(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_means_something_else_is_spelled_otherwise(one: str, other: str) -> None:
    assert spelled(one) != spelled(other)


@given(written_twice())
@settings(max_examples=100, deadline=None)
def test_random_conditions_keep_their_values_in_the_one_spelling(written: Written) -> None:
    one, other = written
    assert spelled(one) == spelled(other)
    assert polars_values(spelled(one)) == polars_values(one)
