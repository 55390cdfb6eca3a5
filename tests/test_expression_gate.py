"""The gate of expressions: what the language has, where a fault lies, and what to write instead."""

from __future__ import annotations

import time

import polars as pl
import pytest

from expression_rows import SCHEMA, polars_values
from saasmetrics.expression import ExpressionError, arithmetic, compile_polars, gate_arithmetic, parse, to_sql


def test_says_which_columns_it_reads() -> None:
    expression = parse("lower(props.plan) = \"a b\" AND s LIKE 'x%'")
    assert expression.columns == {"props", "a b", "s"}
    assert expression.paths == {"props.plan", "a b", "s"}
    assert expression.tokens == ("LOWER", "(", "props", ".", "plan", ")", "=", '"a b"', "AND", "s", "LIKE", "'x%'")


def test_columns_can_be_renamed_in_engine_sql() -> None:
    assert to_sql(parse("s = 'x' AND $as_of > d"), columns={"s": "Plan Name"}) == '"Plan Name" = \'x\' AND $as_of > "d"'


REFUSED = [
    ("", 0, None),
    ("a = ", 2, None),
    ("from = 'x'", 0, 'quoted: "from"'),
    ("now / then", 6, 'quoted: "then"'),
    ("a = 1; DROP TABLE x", 5, None),
    ("SELECT 1", 0, "sub-query"),
    ("a IN (SELECT column_1 FROM read_csv('/etc/passwd'))", 6, "sub-query"),
    ("read_csv('/etc/passwd')", 0, None),
    ("NOW() > at", 0, "$as_of"),
    ("at < CURRENT_DATE", 5, "$as_of"),
    ("at < today()", 5, "$as_of"),
    ("SUM(a) > 1", 0, "agg"),
    ("count(*)", 0, "agg"),
    ("a > MAX(b)", 4, "agg"),
    ("ROW_NUMBER() OVER (ORDER BY a)", 0, None),
    ("LPAD(s, 2000000000, 'x')", 0, None),
    ("IF(f, 1, 2)", 0, "CASE"),
    ("IFNULL(a, 1)", 0, "COALESCE"),
    ("LEN(s)", 0, "LENGTH"),
    ("DATEDIFF('day', d, e)", 0, "DATE_DIFF"),
    ("DATE_TRUNC('month', at)", 0, None),
    ("a // 2", 2, "BIGINT"),
    ("a ^ 2", 0, None),
    ("a <=> b", 2, "IS NOT DISTINCT FROM"),
    ("s ILIKE 'x'", 0, None),
    ("s LIKE t", 0, None),
    ("s LIKE 'x' ESCAPE '!'", 0, None),
    ("s SIMILAR TO 'x'", 0, None),
    ("s || t", 0, None),
    ("s -> 'x'", 0, None),
    ("a[1]", 0, None),
    ("a BETWEEN SYMMETRIC 2 AND 1", 0, None),
    ("a = ?", 4, "$as_of"),
    ("a = :as_of", 4, "$as_of"),
    ("a = $x", 4, "$as_of"),
    ("@a", 0, "$as_of"),
    ("a AS b", None, None),
    ("*", 0, None),
    ("(a, b) = (1, 2)", 1, None),
    ("a IN ()", None, None),
    ("a = ANY(t)", 4, None),
    ("CAST(a AS DECIMAL(10, 2))", 10, "DOUBLE"),
    ("TRY_CAST(a AS INT)", 0, "CAST"),
    ("CAST(a AS JSON)", None, "BOOLEAN"),
    ("INTERVAL '1 day'", 0, None),
    ("e'x'", 0, None),
    ("s = 'x", 0, None),
    ("DATE '2026-02-30'", 5, "2026-01-31"),
    ("ROUND(x, 2, TRUE)", None, None),
    ("ROUND(x, a)", None, None),
    ("TRIM(LEADING 'x' FROM s)", None, None),
    ("SPLIT_PART(s, t, 1)", None, None),
    ("SPLIT_PART(s, '-', 0)", None, None),
    ("DATE_DIFF('decade', d, e)", None, "quarter"),
    ("DATE_DIFF(day, d, e)", None, None),
    ("99999999999999999999", 0, None),
    ("1e999", 0, None),
    ("EXISTS(SELECT 1)", 0, None),
    ("s COLLATE nocase = 'x'", 0, None),
    ("{'a': 1}", 4, None),
    ("x IS 5", 0, None),
]


@pytest.mark.parametrize(("sql", "offset", "hint"), REFUSED)
def test_refuses_what_the_language_does_not_have(sql: str, offset: int | None, hint: str | None) -> None:
    with pytest.raises(ExpressionError) as refusal:
        parse(sql)
    if offset is not None:
        assert refusal.value.offset == offset
    if hint is not None:
        assert hint in (refusal.value.hint or "")


@pytest.mark.parametrize(
    "sql",
    [
        "a = 1 OR " * 10_000 + "a = 2",
        "(" * 500 + "a" + ")" * 500,
        "NOT " * 900 + "f",
        "- " * 1500 + "a",
        "1" + "+1" * 1500,
        "a" + "::int" * 700,
        "CASE WHEN f THEN " * 200 + "a" + " END" * 200,
        "COALESCE(" * 300 + "a" + ")" * 300,
        "LOWER(" * 45 + "s" + ")" * 45,
        "a" + ".b" * 1900,
        "x" * 5000,
        "a IN (" + "1," * 1500 + "1)",
        "((a{1,1000}){1,1000}){1,1000}",
        "a = 'x' /* " * 100,
    ],
)
def test_refuses_attacks_quickly(sql: str) -> None:
    started = time.perf_counter()
    with pytest.raises(ExpressionError):
        parse(sql)
    assert time.perf_counter() - started < 1.0


def test_long_chains_are_not_nesting() -> None:
    chain = " OR ".join(f"a = {number}" for number in range(150))
    assert polars_values(chain) == polars_values(f"a IN ({', '.join(map(str, range(150)))})")


MISFITS = [
    ("ab = 1", 0, "a b"),
    ("A = 1", 0, "did you mean a?"),
    ("a = 'x'", 4, "without quotes"),
    ("'5' + 1", 0, None),
    ("a AND f", 0, None),
    ("NOT 'true'", 4, None),
    ("f = 1", 4, None),
    ("d = 5", 4, None),
    ("d >= 'yesterday'", 5, "2026-01-31"),
    ("at >= '2026-02-30'", 6, "2026-01-31"),
    ("LOWER(a)", 6, None),
    ("ABS(d)", 4, None),
    ("d + 1", 0, None),
    ("CASE WHEN f THEN 'x' ELSE 1 END", None, None),
    ("COALESCE(d, 0)", 12, None),
    ("props = 1", 0, None),
    ("props.y = 1", 0, "there are plan, x"),
    ("s.y = 1", 0, None),
    ("CAST(at AS TEXT)", None, "DATE"),
    ("CAST(d AS INT)", None, None),
    ("DATE_DIFF('day', a, d)", 17, None),
    ("a LIKE 'x'", 0, None),
]


@pytest.mark.parametrize(("sql", "offset", "hint"), MISFITS)
def test_types_that_do_not_fit_are_an_error_before_any_row_is_read(
    sql: str, offset: int | None, hint: str | None
) -> None:
    expression = parse(sql)
    with pytest.raises(ExpressionError) as misfit:
        compile_polars(expression, SCHEMA)
    if offset is not None:
        assert misfit.value.offset == offset
    if hint is not None:
        assert hint in (misfit.value.hint or "")


def test_the_asker_says_what_kind_it_needs() -> None:
    assert compile_polars(parse("a > 1"), SCHEMA, kind="flag") is not None
    with pytest.raises(ExpressionError, match="condition"):
        compile_polars(parse("a"), SCHEMA, kind="flag")
    with pytest.raises(ExpressionError, match="number"):
        compile_polars(parse("d"), SCHEMA, kind="number")


def test_formulas_have_names_numbers_and_four_operations() -> None:
    formula = gate_arithmetic("gained / -lost + (gained - 2.5) * net_new")
    assert arithmetic(formula) == ("gained", "lost", "net_new")
    inputs = pl.DataFrame({"gained": [10.0, 1.0], "lost": [-4.0, 0.0], "net_new": [2.0, None]})
    assert polars_values(formula.sql, inputs) == [17.5, None]


@pytest.mark.parametrize(
    "sql", ["a % 2", "a > 1", "ABS(a)", "completion_rate.invoicing / 2", "a.14d / b", "'x'", "$as_of"]
)
def test_formulas_refuse_everything_else(sql: str) -> None:
    with pytest.raises(ExpressionError) as refusal:
        gate_arithmetic(sql)
    if "." in sql:
        assert "input_metrics" in (refusal.value.hint or "")
