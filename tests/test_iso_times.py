"""ISO times read as numbers are what a reader that goes character by character makes of them."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime

import polars as pl
import pytest

from saasmetrics.period import Calendar
from saasmetrics.sources.iso import clock_times
from saasmetrics.sources.times import Clock, instants

SIGNS = "0123456789 -:.TZz+/é\x00\x7f"
ROWS = 300


def slowly(text: str | None, gap: str, tail: str) -> datetime | None:
    """The same from what the form means: digits where it has some, a date of the calendar, a time of the clock."""
    form = rf"(\d{{4}})-(\d\d)-(\d\d){gap}(\d\d):(\d\d):(\d\d)" + re.sub(r"\d", r"\\d", re.escape(tail))
    found = re.fullmatch(form, text or "", re.ASCII)
    if found is None or text is None or not "1900" <= found[1] <= "2199":
        return None
    part = text[20:].removesuffix("Z") if "." in tail else ""
    try:
        return datetime.fromisoformat(f"{text[:10]}T{text[11:19]}.{part:0<6}")
    except ValueError:
        return None


def drawn(draw: random.Random, gap: str, tail: str) -> str | None:
    """A time, or nearly one: numbers that no clock or calendar has, a character changed, the end cut off."""

    def number(low: int, high: int, digits: int = 2) -> str:
        return f"{draw.randint(*((low, high) if draw.random() < 0.97 else (0, 10**digits - 1))):0{digits}}"

    day = f"{number(1890, 2210, 4)}-{number(1, 12)}-{number(1, 31)}"
    text = f"{day}{gap}{number(0, 23)}:{number(0, 59)}:{number(0, 59)}"
    text += re.sub(r"\d", lambda _: str(draw.randint(0, 9)), tail)
    at = draw.randrange(len(text))
    kind = draw.random()
    if kind < 0.1:
        return text[:at] + draw.choice(SIGNS) + text[at + 1 :]
    return None if kind < 0.13 else text[:at] if kind < 0.16 else text


@pytest.mark.parametrize("tail", ["", "Z", ".1", ".12Z", ".123", ".123Z", ".1234", ".12345Z", ".123456", ".123456Z"])
@pytest.mark.parametrize("gap", ["T", " "])
def test_numbers_say_what_characters_say(gap: str, tail: str) -> None:
    draw = random.Random(f"{gap}{tail}")
    texts = [drawn(draw, gap, tail) for _ in range(ROWS)]
    expected = [slowly(text, gap, tail) for text in texts]
    column = pl.Series("\x00", texts, dtype=pl.String)  # a column of a file may be called anything
    assert clock_times(column, gap, tail).to_list() == expected
    assert ROWS / 2 < sum(time is not None for time in expected) < ROWS
    sound = [(text, time) for text, time in zip(texts, expected, strict=True) if time is not None]
    told = clock_times(pl.Series([text for text, _ in sound]), gap, tail)
    assert told.to_list() == [time for _, time in sound]


@pytest.mark.parametrize("rows", [0, 1, 16_383, 16_384, 16_385, 40_000])
def test_many_are_read_as_few_are(rows: int) -> None:
    steps = (pl.int_range(rows, eager=True) * 86_461_007).cast(pl.Duration("ms"))
    times = pl.Series([datetime.fromisoformat("1950-12-31T23:59:59.999")]).new_from_index(0, rows)
    times += steps
    texts = times.dt.to_string("%Y-%m-%d %H:%M:%S%.3f")
    assert clock_times(texts, " ", ".000").equals(times)
    assert clock_times(texts.slice(rows // 3), " ", ".000").equals(times.slice(rows // 3))


def test_what_numbers_do_not_read_the_parser_does() -> None:
    clock = Clock("UTC", Calendar())
    texts = ["2026-01-05T10:00:00.250Z", "1815-12-10T10:00:00.500Z", "2500-01-01T00:00:00.001Z", "2026-01-05T10:00:00Z"]
    assert instants(pl.Series(texts), clock).to_list() == [
        datetime(2026, 1, 5, 10, 0, 0, 250_000, tzinfo=UTC),
        datetime(1815, 12, 10, 10, 0, 0, 500_000, tzinfo=UTC),
        datetime(2500, 1, 1, 0, 0, 0, 1_000, tzinfo=UTC),
        datetime(2026, 1, 5, 10, tzinfo=UTC),
    ]


@pytest.mark.parametrize("text", ["2026-01-05T10:00:00.-25Z", "2026-01-05T10:00:00.+25Z", "2026-02-29T10:00:00.250Z"])
def test_what_is_no_time_is_null(text: str) -> None:
    texts = pl.Series(["2026-01-05T10:00:00.250Z", text])
    assert instants(texts, Clock("UTC", Calendar())).is_null().to_list() == [False, True]
