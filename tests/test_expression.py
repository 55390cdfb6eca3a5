"""Expressions have the values that the dialect's own engine gives them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import duckdb
import polars as pl
import pytest

from expression_rows import CORPUS, ROWS, SCHEMA, duckdb_values, polars_values, same
from saasmetrics.expression import ExpressionError, compile_polars, parse, to_sql


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.register("given", ROWS.with_row_index("row").to_arrow())
        yield connection


@pytest.mark.parametrize("sql", CORPUS)
def test_agrees_with_the_dialects_own_engine(engine: duckdb.DuckDBPyConnection, sql: str) -> None:
    text = sql.split(" --")[0]
    ours, theirs = polars_values(sql), duckdb_values(engine, text)
    assert all(same(mine, other) for mine, other in zip(ours, theirs, strict=True)), (ours, theirs)


@pytest.mark.parametrize("sql", CORPUS)
def test_engine_sql_has_the_same_values(engine: duckdb.DuckDBPyConnection, sql: str) -> None:
    ours, theirs = polars_values(sql), duckdb_values(engine, to_sql(parse(sql)))
    assert all(same(mine, other) for mine, other in zip(ours, theirs, strict=True)), (ours, theirs)


@pytest.mark.parametrize("dtype", [pl.Categorical(), pl.Enum(["z", "free", "pro", "PRO", "é", "", "a\nb", "100%_\\"])])
@pytest.mark.parametrize("sql", [sql for sql in CORPUS if parse(sql).columns == {"s"}])
def test_dictionary_columns_are_text(sql: str, dtype: pl.DataType) -> None:
    assert polars_values(sql, ROWS.with_columns(pl.col("s").cast(dtype))) == polars_values(sql)


def test_two_dictionary_columns_compare_by_their_text() -> None:
    rows = pl.DataFrame({"p": ["a", "b", None], "q": ["a", "c", "a"], "r": ["b", "b", "b"]})
    rows = rows.with_columns(pl.col("p").cast(pl.Categorical), pl.col("q").cast(pl.Enum(["c", "a"])))
    assert polars_values("p = q", rows) == [True, False, None]
    assert polars_values("q < r", rows) == [True, False, True]
    assert polars_values("p IN (q, 'b')", rows) == [True, True, None]
    assert polars_values("COALESCE(p, q)", rows) == ["a", "b", "a"]


def test_division_by_zero_is_null() -> None:
    rows = pl.DataFrame({"a": [1, 0, None], "x": [0.0, 0.0, 1.0]})
    for sql in ("a / x", "a / 0", "a % 0", "x % (a - a)", "1 / (x * 0)"):
        assert polars_values(sql, rows) == [None] * 3 if sql != "a / x" else [None, None, None]


def test_whole_numbers_beyond_64_bits_are_null_and_never_wrap() -> None:
    rows = pl.DataFrame({"a": [2, 1, None]})
    assert polars_values("a * 9223372036854775807", rows) == [None, 9223372036854775807, None]
    assert polars_values("a + 9223372036854775806", rows) == [None, 9223372036854775807, None]
    unsigned = pl.DataFrame({"a": [1, 3]}, schema={"a": pl.UInt32})
    assert polars_values("a - 2", unsigned) == [-1, 1]


def test_times_without_an_offset_are_read_in_the_zone() -> None:
    rows = pl.DataFrame(
        {"at": [datetime(2026, 1, 1, 22, 59, tzinfo=UTC), datetime(2026, 1, 1, 23, 0, tzinfo=UTC)]},
        schema={"at": pl.Datetime("us", "UTC")},
    ).with_columns(wall=pl.Series(["2026-01-01T23:59", "2026-01-02T00:00"]).str.to_datetime(time_unit="ms"))
    for sql in (
        "at >= '2026-01-02'",
        "at >= DATE '2026-01-02'",
        "at >= TIMESTAMP '2026-01-02 00:00:00'",
        "at >= '2026-01-01 23:00+00:00'",
        "CAST(at AS DATE) = '2026-01-02'",
        "wall >= '2026-01-02'",
        "wall = at AND wall > '2026-01-01 23:59:30'",
        "DATE_DIFF('day', '2026-01-01', at) = 1",
    ):
        assert polars_values(sql, rows, "Europe/Berlin") == [False, True], sql


def test_local_days_agree_with_the_engine_in_a_zone_with_clock_changes(engine: duckdb.DuckDBPyConnection) -> None:
    with duckdb.connect() as local:
        local.execute("SET timezone = 'Europe/Berlin'")
        local.register("given", ROWS.with_row_index("row").to_arrow())
        for sql in (
            "CAST(at AS DATE)",
            "at >= d",
            "at >= TIMESTAMPTZ '2026-03-29 03:30:00'",
            "DATE_DIFF('day', at, TIMESTAMPTZ '2026-07-01')",
            "DATE_DIFF('month', at, TIMESTAMPTZ '2026-07-01')",
            "DATE_DIFF('hour', at, TIMESTAMPTZ '2026-07-01')",
        ):
            assert polars_values(sql, timezone="Europe/Berlin") == duckdb_values(local, sql), sql


def test_the_clock_is_given_and_nothing_else() -> None:
    expression = parse("at >= $start AND at < $end AND d <= $as_of")
    assert expression.clock == {"start", "end", "as_of"}
    clock = {"start": date(2026, 1, 1), "end": datetime(2026, 1, 1, 12, tzinfo=UTC), "as_of": date(2026, 1, 1)}
    compiled = compile_polars(expression, SCHEMA, clock=clock)
    assert ROWS.filter(compiled)["a"].to_list() == [1]
    with pytest.raises(ExpressionError, match=r"\$start. has no value"):
        compile_polars(expression, SCHEMA, clock={"end": date(2026, 1, 1)})


def test_written_values_of_text_columns() -> None:
    rows = pl.DataFrame(
        {"v": ["7", " 7.5 ", "x", "", None, "1e2", "inf"], "w": ["true", "No", "1", "x", None, "T", "f"]}
    )
    assert polars_values("CAST(v AS DOUBLE)", rows) == [7.0, 7.5, None, None, None, 100.0, None]
    assert polars_values("CAST(v AS BIGINT)", rows) == [7, 8, None, None, None, 100, None]
    assert polars_values("w = TRUE", rows) == [True, False, True, None, None, True, False]
    assert polars_values("w IS DISTINCT FROM TRUE", rows) == [False, True, False, True, True, False, True]
    moments = [
        "2026-01-02",
        "2026-01-02T00:00:00Z",
        "2026-01-02 01:00+01",
        "2026-01-02 00:00:00.5",
        "x",
        None,
        "2026-13-01",
    ]
    rows = pl.DataFrame({"m": moments})
    midnight = datetime(2026, 1, 2, tzinfo=UTC)
    assert polars_values("CAST(m AS TIMESTAMP)", rows)[:4] == [midnight] * 3 + [midnight.replace(microsecond=500000)]
    assert polars_values("CAST(m AS TIMESTAMP)", rows)[4:] == [None] * 3
    assert polars_values("CAST(m AS DATE)", rows) == [date(2026, 1, 2)] * 4 + [None] * 3
    assert polars_values("m >= DATE '2026-01-02'", rows) == [True] * 4 + [None] * 3


def test_text_columns_are_read_as_what_they_meet() -> None:
    """A CSV file has nothing but text: its conditions must choose the rows that those of a Parquet file choose."""
    typed = pl.DataFrame({"n": [5, None, -2, 12], "x": [0.5, 7.0, None, 1e3], "f": [True, None, False, True]})
    written = pl.DataFrame({name: [None if v is None else str(v) for v in typed[name]] for name in typed.columns})
    for dtype in (pl.String, pl.Categorical):
        texts = written.with_columns(pl.all().cast(dtype))
        for sql in (
            "n > 6",
            "n = 5 OR x < 1",
            "n IN (5, 12)",
            "n BETWEEN -3 AND 5.5",
            "n IS DISTINCT FROM 5",
            "n + 1 > x",
            "ROUND(x) * 2",
            "ABS(n)",
            "-n",
            "COALESCE(n, 0)",
            "CASE WHEN f THEN x ELSE 0 END",
            "f AND n > 1",
            "NOT f",
            "f IS NOT TRUE",
            "GREATEST(n, 3)",
        ):
            assert polars_values(sql, texts) == polars_values(sql, typed), sql
        for kind, sql in (("number", "n"), ("flag", "f"), ("number", "COALESCE(n, x)")):
            compiled = compile_polars(parse(sql), texts.schema, kind=kind)  # type: ignore[arg-type]  # words of the list
            expected = compile_polars(parse(sql), typed.schema, kind=kind)  # type: ignore[arg-type]  # as above
            assert texts.select(v=compiled)["v"].to_list() == typed.select(v=expected)["v"].to_list()
    assert polars_values("v > 5", pl.DataFrame({"v": ["7", "many", "", None]})) == [True, None, None, None]
