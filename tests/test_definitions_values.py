"""Durations, percents and comparisons mean what they say, and refuse what they do not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scalars import Amount, Comparison, Day, Duration, Label, Labels, Percent, Sql
from saasmetrics.document import Number


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("90s", date(2026, 2, 1)),
        ("24h", date(2026, 2, 1)),
        ("25h", date(2026, 2, 2)),
        ("14d", date(2026, 2, 14)),
        ("8w", date(2026, 3, 28)),
        ("1mo", date(2026, 2, 28)),
        ("12mo", date(2027, 1, 31)),
        ("1q", date(2026, 4, 30)),
        ("1y", date(2027, 1, 31)),
    ],
)
def test_a_duration_after_the_last_of_january(text: str, after: date) -> None:
    duration = Duration.parse(text)
    assert duration.text == text
    assert duration.after(date(2026, 1, 31)) == after


def test_a_duration_after_a_column_of_instants_and_of_days() -> None:
    instants = pl.DataFrame({"at": [datetime(2026, 1, 31, 12, tzinfo=UTC)], "day": [date(2026, 1, 31)]})
    for text, instant in (("36h", datetime(2026, 2, 2, 0, tzinfo=UTC)), ("1mo", datetime(2026, 2, 28, 12, tzinfo=UTC))):
        assert instants.select(Duration.parse(text).add_expr(pl.col("at"))).item() == instant
    assert instants.select(Duration.parse("2w").add_expr(pl.col("day"))).item() == date(2026, 2, 14)


def test_lengths_are_fixed_up_to_weeks_and_counted_in_months_beyond() -> None:
    assert Duration.parse("2w").microseconds == 14 * 86_400_000_000
    assert [Duration.parse(text).months for text in ("5mo", "2q", "3y")] == [5, 6, 36]
    for text, ask in (("1mo", "microseconds"), ("4w", "months")):
        with pytest.raises(ValueError, match=text):
            getattr(Duration.parse(text), ask)


@pytest.mark.parametrize("text", ["7 days", "7D", "-1d", "1.5h", "d", "07d", "1M", "", 7, None, True, ["7d"]])
def test_there_is_one_spelling_of_a_duration(text: Any) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        Duration.parse(text)
    assert caught.value.type == "SM005"


@pytest.mark.parametrize(
    ("text", "unit", "inside", "outside"),
    [
        (">= 45%", "ratio", [0.45, 1], [0.44]),
        ("> 45%", "ratio", [0.46], [0.45]),
        ("<= 48h", "hours", [48, 0], [48.1]),
        ("<= 48h", "minutes", [2880], [2881]),
        ("< 2w", "days", [13.9], [14]),
        ("<= 1500ms", "", [], []),
        ("<= 6mo", "months", [6], [7]),
        ("= 3", "count", [3], [2, 4]),
        ("20% to 40%", "ratio", [0.2, 0.3, 0.4], [0.19, 0.41]),
        (">= -0.5", "number", [-0.5], [-0.6]),
        (">= 100", "currency", [100], [99.99]),
    ],
)
def test_a_comparison_holds_in_the_units_of_its_metric(
    text: str, unit: str, inside: list[float], outside: list[float]
) -> None:
    if not unit:
        with pytest.raises(PydanticCustomError):
            Comparison.parse(text)
        return
    comparison = Comparison.parse(text).convert(unit)
    assert [value for value in inside if not comparison.holds(value)] == []
    assert [value for value in outside if comparison.holds(value)] == []


@pytest.mark.parametrize(
    ("text", "unit"),
    [(">= 45%", "days"), (">= 45%", "currency"), ("<= 48h", "ratio"), ("<= 2mo", "days"), ("<= 2d", "months")],
)
def test_values_that_do_not_fit_the_unit_are_refused(text: str, unit: str) -> None:
    with pytest.raises(PydanticCustomError):
        Comparison.parse(text).convert(unit)


@pytest.mark.parametrize("text", ["45%", ">=", ">> 4", ">= 7 days", "40% to 20%", "20% to 3", "1 - 2", "", 45, None])
def test_what_is_no_comparison(text: Any) -> None:
    with pytest.raises(PydanticCustomError):
        Comparison.parse(text)


@given(st.integers(-(10**6), 10**6), st.sampled_from([">=", ">", "<=", "<", "="]))
def test_a_comparison_agrees_with_python(bound: int, op: str) -> None:
    comparison = Comparison.parse(f"{op} {bound}")
    assert comparison.bound == bound
    for value in (bound - 1, bound, bound + 1):
        assert comparison.holds(value) == eval(f"{value} {'==' if op == '=' else op} {bound}")


@pytest.mark.parametrize(
    ("kind", "written", "meant"),
    [
        (Percent, "45%", 0.45),
        (Percent, "-2.5%", -0.025),
        (Amount, "30%", 0.3),
        (Amount, 12, 12.0),
        (Amount, Number("0.5"), 0.5),
        (Label, Number("0.10"), "0.10"),
        (Label, 2024, "2024"),
        (Label, "NO", "NO"),
        (Labels, "pro", ("pro",)),
        (Labels, ("pro", 7), ("pro", "7")),
        (Day, "2026-02-28", date(2026, 2, 28)),
        (Sql, 1, "1"),
    ],
)
def test_values_are_read(kind: Any, written: Any, meant: Any) -> None:
    assert TypeAdapter(kind).validate_python(written) == meant


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (Percent, "45"),
        (Percent, 0.45 and Number("0.45")),
        (Percent, "45 %"),
        (Amount, "12"),
        (Amount, "3d"),
        (Label, True),
        (Label, None),
        (Day, "2026-02-30"),
        (Day, "26-02-03"),
        (Sql, "a +"),
        (Sql, "(SELECT 1)"),
    ],
)
def test_values_are_refused(kind: Any, written: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(written)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ({}, "SM007"),
        ({"event": "a", "workflow": "b"}, "SM008"),
        ({"event": "a", "outcome": "success"}, "SM008"),
        ({"event": "a", "at": "closed"}, "SM008"),
        ({"any": ("a",), "same_run": True}, "SM008"),
        ({"milestone": "activated", "filter": "x"}, "SM008"),
        ({"milestone": "activated", "at_least": 2}, "SM008"),
        ({"any": ()}, "SM007"),
        (("a", "b"), "SM005"),
        (7, "SM005"),
    ],
)
def test_rows_have_one_form_and_no_option_that_does_nothing(written: Any, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Rows.model_validate(written)
    assert [fault["type"] for fault in caught.value.errors()] == [code]


def test_a_duration_is_as_long_as_pythons() -> None:
    for text, length in (("90s", timedelta(seconds=90)), ("30m", timedelta(minutes=30)), ("3w", timedelta(weeks=3))):
        assert Duration.parse(text).microseconds == length / timedelta(microseconds=1)
