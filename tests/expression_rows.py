"""Rows and expressions that a SQL engine and ours must agree on, and the two ways to evaluate them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import duckdb
import polars as pl

from saasmetrics.expression import compile_polars, parse

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "a": pl.Int64,
    "b": pl.Int64,
    "x": pl.Float64,
    "s": pl.String,
    "t": pl.String,
    "d": pl.Date,
    "e": pl.Date,
    "at": pl.Datetime("us", "UTC"),
    "f": pl.Boolean,
    "g": pl.Boolean,
    "from": pl.String,
    "a b": pl.Int64,
    "props": pl.Struct({"x": pl.Int64, "plan": pl.String}),
}
ROWS = pl.DataFrame(
    {
        "a": [1, -7, 0, None, 25, 3, 3, 100],
        "b": [2, 3, 0, 5, None, 3, -3, 7],
        # halves that are exact in binary: 2.675 is rounded up by one release of an engine and down by the next
        "x": [1.5, -2.5, 0.0, None, 2.625, 1e6, -0.5, 0.25],
        "s": ["pro", "é", "", None, "a\nb", "free", "PRO", "100%_\\"],
        "t": ["pro", "É-x", "", "z", None, "7", " pro ", "a-b-c"],
        "d": [date(2026, 1, 1), date(2025, 12, 31), None, date(2024, 2, 29)] + [date(2026, 3, 31)] * 2 + [None] * 2,
        "e": [date(2026, 1, 8), None, date(2026, 1, 1), date(2025, 2, 28)] + [date(2026, 1, 1)] * 4,
        "at": [
            datetime(2026, 1, 1, 0, 0, tzinfo=UTC),
            datetime(2025, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            None,
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
            datetime(2026, 6, 30, 22, 30, tzinfo=UTC),
            datetime(1969, 12, 31, 23, 30, tzinfo=UTC),
            datetime(2026, 1, 1, 12, 0, tzinfo=UTC),
            datetime(2026, 10, 25, 2, 30, tzinfo=UTC),
        ],
        "f": [True, False, None, True, None, False, True, None],
        "g": [True, True, True, None, None, False, False, False],
        "from": ["x", "y", None, "x", "", "x", "y", "z"],
        "a b": [1, 2, None, 4, 5, 6, 7, 8],
        "props": [{"x": 1, "plan": "pro"}, {"x": None, "plan": "é"}, {"x": 3, "plan": None}]
        + [{"x": 9, "plan": ""}] * 5,
    },
    schema=SCHEMA,
)

CORPUS = [
    "a = 1",
    "a <> b",
    "a != 3 OR b IS NULL",
    "a < b AND x >= 0",
    "a > 0 OR f",
    "NOT f",
    "NOT (a = 3 AND f)",
    "f AND g",
    "f OR g",
    "f AND NULL",
    "f OR NULL",
    "a = NULL",
    "a IN (1, 3)",
    "a IN (1, NULL)",
    "a NOT IN (1, NULL)",
    "a NOT IN (1, 25)",
    "a IN (b, 1)",
    "x IN (1.5, 0)",
    "s IN ('pro', '', 'é')",
    "s NOT IN ('pro')",
    "d IN ('2026-01-01', DATE '2024-02-29')",
    "a BETWEEN 0 AND 25",
    "a NOT BETWEEN b AND 10",
    "a BETWEEN 1 AND NULL",
    "d BETWEEN '2025-12-31' AND '2026-01-01'",
    "at BETWEEN '2026-01-01' AND '2026-01-01 12:00:00'",
    "s IS NULL",
    "s IS NOT NULL",
    "f IS TRUE",
    "f IS NOT TRUE",
    "f IS FALSE",
    "f IS NOT FALSE",
    "(a > 2) IS NOT TRUE",
    "a IS DISTINCT FROM b",
    "a IS NOT DISTINCT FROM b",
    "f IS DISTINCT FROM TRUE",
    "s IS DISTINCT FROM NULL",
    "s LIKE 'p%'",
    "s LIKE '%o'",
    "s LIKE '%r%'",
    "s LIKE 'p_o'",
    "s LIKE 'a%b'",
    "s LIKE '_'",
    "s LIKE '%'",
    "s LIKE ''",
    "s LIKE '100%\\'",
    "s LIKE '%.%'",
    "s LIKE 'pro'",
    "s NOT LIKE 'p%'",
    "s < 'q'",
    "s >= t",
    "s = t",
    "d >= '2026-01-01'",
    "'2026-01-01' <= d",
    "d < DATE '2026-01-01'",
    "d = e",
    "at >= '2026-01-01'",
    "at < TIMESTAMP '2026-03-29 01:30:00'",
    "at > '2026-01-01T00:00:00Z'",
    "at >= d",
    "at = '2026-01-01 13:00:00+01:00'",
    "CAST(at AS DATE) = d",
    "CAST(at AS DATE)",
    "CAST(d AS TEXT)",
    "CAST(s AS TEXT) = 'pro'",
    "CAST(a AS DOUBLE) / 2",
    "CAST(x AS BIGINT)",
    "CAST(f AS INTEGER)",
    "CAST(a AS BOOLEAN)",
    "CAST('2.5' AS INT) + a",
    "CAST(a AS TEXT)",
    "f::int + 1",
    "CAST('2026-03-31' AS DATE) = d",
    "a + b * 2",
    "a - b",
    "-a",
    "- -a",
    "a * -1",
    "a % 3",
    "x % 2",
    "(a + 1) % -3",
    "a / 4",
    "7 / 2",
    "x / 2 - a",
    "a + x",
    "CASE WHEN a > 2 THEN 'big' WHEN a > 0 THEN 'small' ELSE s END",
    "CASE WHEN f THEN a END",
    "CASE s WHEN 'pro' THEN 1 WHEN 'free' THEN 0 ELSE -1 END",
    "CASE a WHEN b THEN x ELSE b END",
    "CASE WHEN f THEN d ELSE '2020-01-01' END",
    "COALESCE(a, b, 0)",
    "COALESCE(s, t, 'none')",
    "COALESCE(d, '2020-01-01')",
    "COALESCE(a, x)",
    "COALESCE(f, FALSE)",
    "NULLIF(a, 3)",
    "NULLIF(s, '')",
    "LOWER(s)",
    "UPPER(t)",
    "LENGTH(s)",
    "LENGTH(t) > 3",
    "TRIM(t)",
    "TRIM(s, 'pro')",
    "SPLIT_PART(t, '-', 1)",
    "SPLIT_PART(t, '-', 2)",
    "SPLIT_PART(t, '-', -1)",
    "SPLIT_PART(t, '-', 9)",
    "ABS(a)",
    "ABS(x)",
    "ROUND(x)",
    "ROUND(x, 2)",
    "ROUND(a)",
    "ROUND(x * 1.1, 1)",
    "LEAST(a, b)",
    "GREATEST(a, b, 2)",
    "GREATEST(s, t)",
    "LEAST(d, e)",
    "GREATEST(x, a)",
    *(
        f"DATE_DIFF('{part}', {pair})"
        for part in ("day", "week", "month", "quarter", "year", "hour", "minute", "second")
        for pair in ("d, e", "at, TIMESTAMP '2026-03-29 01:29:59'")
    ),
    "DATE_DIFF('day', d, DATE '2026-01-31') > 20",
    "\"from\" = 'x'",
    '"a b" + 1',
    "props.x = 1",
    "props.plan <> 'é'",
    "s = 'pro' -- a comment",
    "TRUE",
    "a",
    "'it''s'",
]


def polars_values(sql: str, rows: pl.DataFrame = ROWS, timezone: str = "UTC") -> list[object]:
    compiled = compile_polars(parse(sql), rows.schema, timezone=timezone)
    return rows.lazy().with_columns(compiled.alias("value")).collect()["value"].to_list()


def duckdb_values(engine: duckdb.DuckDBPyConnection, sql: str) -> list[object]:
    quoted = re.sub(r'\bat\b(?!")', '"at"', sql)  # a keyword of the engine, a name in the language
    rows = engine.execute(f"SELECT {quoted} FROM given ORDER BY row").fetchall()
    return [row[0] for row in rows]


def same(ours: object, theirs: object) -> bool:
    if (isinstance(ours, float) and isinstance(theirs, int | float)) or hasattr(theirs, "as_tuple"):
        return ours is not None and abs(float(ours) - float(theirs)) <= 1e-9 * max(1.0, abs(float(ours)))  # type: ignore[arg-type]  # numbers
    return ours == theirs and (isinstance(ours, bool) == isinstance(theirs, bool))
