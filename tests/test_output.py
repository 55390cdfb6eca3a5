"""Numbers, states, tables and formats as people and machines read them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from rich.text import Text

from acme import ADOPTION, AS_OF, CALENDAR, COUNT, MONEY, RATE, ROWS, USD, Cell, acme, frame, series, subject
from saasmetrics.finding import Finding, InputError, Location, Severity
from saasmetrics.frames.values import value_types
from saasmetrics.output import findings
from saasmetrics.output.answer import Answer
from saasmetrics.output.change import change
from saasmetrics.output.glyphs import plain, tolerate
from saasmetrics.output.index import FORMATS, of_suffix
from saasmetrics.output.number import Number, count, duration, latency, money, months, rate, ratio, whole
from saasmetrics.output.page import printout
from saasmetrics.output.place import place
from saasmetrics.output.printout import Printout, Sight
from saasmetrics.output.sheet import draw
from saasmetrics.output.sparkline import sparkline
from saasmetrics.output.subject import Subject
from saasmetrics.output.terminal import When, console, lines_text, page_text
from saasmetrics.period import Grain

Golden = Callable[[str, str], None]
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


# Numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (999, "999"), (9999, "9,999"), (9999.6, "10.0k"), (12345, "12.3k"), (999949, "999.9k"),
        (999950, "1.00M"), (9994000, "9.99M"), (9995000, "10.0M"), (999960000, "1.00B"), (-45300, "−45.3k"),
        (-0.4, "0"), (0.5, "1"), (2.5, "3"), (1234567890123, "1,234.6B"),
    ],
)  # fmt: skip
def test_counts(value: float, text: str) -> None:
    assert count(value) == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (496850, "USD", "$496.9k"), (420, "USD", "$420"), (-2307, "USD", "−$2,307"), (496850, "EUR", "€496.9k"),
        (12345, "CHF", "12.3k CHF"), (-50, "CHF", "−50 CHF"), (12345, None, "12.3k"), (-0.2, "USD", "$0"),
    ],
)  # fmt: skip
def test_money(value: float, currency: str | None, text: str) -> None:
    assert money(value, currency) == text


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.594, 1, "59.4%"), (0.0146, 2, "1.46%"), (1.0714, 1, "107.1%"), (0.0005, 1, "0.1%"), (0.00049, 1, "0.0%"),
        (-0.0001, 1, "0.0%"), (-0.031, 1, "−3.1%"), (0.1015, 1, "10.2%"), (0.285, 0, "29%"),
    ],
)  # fmt: skip
def test_rates_round_the_decimal_text_not_the_binary_fraction(value: float, decimals: int, text: str) -> None:
    assert rate(value, decimals) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0ms"), (0.3, "300ms"), (0.9996, "1.0s"), (4.2, "4.2s"), (59.94, "59.9s"), (59.96, "1m"), (65, "1m 5s"),
        (3599.6, "1h"), (5400, "1h 30m"), (86399, "1d"), (187200, "2d 4h"), (-5400, "−1h 30m"),
        (86400 * 1200, "1,200d"),
    ],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("days", 3.375, "3d 9h"),
        ("hours", 1.5, "1h 30m"),
        ("minutes", 90, "1h 30m"),
        ("weeks", 1, "7d"),
        ("ms", 4200, "4.2s"),
    ],
)
def test_a_duration_is_given_in_the_unit_of_its_metric(unit: str, value: float, text: str) -> None:
    assert Number("duration", unit).text(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1460, "1.46s"), (980, "980ms"), (999.4, "999ms"), (999.5, "1.00s"), (0, "0ms")]
)
def test_latencies(value: float, text: str) -> None:
    assert latency(value) == text
    assert Number("latency", "ms").text(value) == text


def test_ratios_months_and_sample_sizes() -> None:
    assert ratio(6.84) == "6.8"
    assert ratio(6.85) == "6.9"
    assert months(12) == "12.0 mo"
    assert whole(612004) == "612,004"
    assert months(-0.04) == "0.0 mo"


def test_targets_are_written_in_the_format_of_the_metric() -> None:
    assert RATE.comparison(">=", 0.9) == "≥ 90.0%"
    assert Number("duration", "days").comparison("<=", 12) == "≤ 12d"
    assert RATE.comparison("band", 0.2, 0.4) == "20.0% to 40.0%"
    assert COUNT.comparison("<", 50) == "< 50"


READ = {"k": 10**3, "M": 10**6, "B": 10**9}
SPANS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}


def spoken(text: str) -> Decimal:
    """What a printed count says."""
    sign = -1 if text.startswith("−") else 1
    body = text.lstrip("−").replace(",", "")
    factor = READ.get(body[-1], 1)
    return sign * Decimal(body.rstrip("kMB")) * factor


def spoken_seconds(text: str) -> Decimal:
    """What a printed duration says."""
    total = Decimal(0)
    for word in text.replace(",", "").split():
        if word.endswith("ms"):
            return Decimal(word[:-2]) / 1000
        total += Decimal(word[:-1]) * SPANS[word[-1]]
    return total


NUMBERS = st.floats(min_value=-1e15, max_value=1e15, allow_nan=False)
SECONDS = st.floats(min_value=0, max_value=1e9, allow_nan=False)


@given(NUMBERS, NUMBERS)
def test_counts_never_change_places(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert spoken(count(low)) <= spoken(count(high))


@given(NUMBERS)
def test_counts_have_no_minus_nought_and_no_thousand_thousands(value: float) -> None:
    text = count(value)
    assert text != "−0"
    assert not re.search(r"\d{4}(\.\d)?[kM]|1,\d{3}(\.\d)?[kM]", text)


@given(SECONDS, SECONDS)
def test_durations_never_change_places(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert spoken_seconds(duration(low)) <= spoken_seconds(duration(high))


@given(SECONDS)
def test_durations_carry_over(value: float) -> None:
    text = duration(value)
    assert not re.search(r"\b(24h|60m|60s|60\.0s|1000ms)\b", text)
    assert abs(float(spoken_seconds(text)) - value) <= max(0.05, value / 40)


@given(st.floats(min_value=-100, max_value=100, allow_nan=False))
def test_rates_have_no_minus_nought(value: float) -> None:
    assert not re.fullmatch(r"−0\.0+%", rate(value))


# Changes


@pytest.mark.parametrize(
    ("number", "before", "now", "arrow", "text"),
    [
        (RATE, 0.881, 0.874, "▼", "−0.7 pp"),
        (Number("small_rate"), 0.0072, 0.0094, "▲", "+0.22 pp"),
        (RATE, 0.5, 0.5004, "→", "0.0 pp"),
        (RATE, 0.5, 0.5005, "▲", "+0.1 pp"),
        (COUNT, 45300, 48200, "▲", "+6.4%"),
        (COUNT, 10000, 10004, "→", "0.0%"),
        (COUNT, 19, 24, "▲", "+5"),
        (COUNT, 0, 30, "▲", "+30"),
        (COUNT, 2, 0, "▼", "−2"),
        (COUNT, 20, 5020, "▲", "+25.0k%"),
        (USD, 482600, 496850, "▲", "+3.0%"),
        (USD, 0, 420, "▲", "+$420"),
        (USD, -2000, -2307, "▼", "−15.4%"),
        (USD, -2000, 3000, "▲", "+$5,000"),
        (Number("duration", "days"), 3.8333, 3.375, "▼", "−11h"),
        (Number("duration", "hours"), 1.0, 1.016, "→", "+57.6s"),
        (Number("duration", "hours"), 1.0, 1.1, "▲", "+6m"),
        (Number("latency", "ms"), 1490, 1460, "▼", "−30ms"),
        (Number("latency", "ms"), 1490, 1486, "→", "−4ms"),
        (Number("ratio"), 7.0, 6.84, "▼", "−2.3%"),
        (Number("months"), 14.0, 12.8, "▼", "−1.2 mo"),
    ],
)
def test_changes(number: Number, before: float, now: float, arrow: str, text: str) -> None:
    moved = change(number, now, before)
    assert (moved.arrow, moved.text) == (arrow, text)


@pytest.mark.parametrize(
    ("direction", "up", "down"),
    [("up", "better", "worse"), ("down", "worse", "better"), ("band", "", ""), (None, "", "")],
)
def test_the_arrow_is_the_number_and_the_colour_is_the_judgement(direction: str | None, up: str, down: str) -> None:
    assert change(RATE, 0.6, 0.5).judged(direction) == up
    assert change(RATE, 0.5, 0.6).judged(direction) == down
    assert change(RATE, 0.5, 0.5).judged(direction) == ""


def test_a_metric_may_call_more_of_its_changes_flat() -> None:
    assert change(RATE, 0.52, 0.5, flat=0.03).step == 0
    assert change(COUNT, 104, 100, flat=0.05).step == 0
    assert change(Number("duration", "hours"), 5.0, 4.0, flat=2).step == 0


def test_sparklines_run_from_the_smallest_to_the_largest() -> None:
    assert sparkline([1, 2, 3, 4, 5, 6, 7, 8]) == "▁▂▃▄▅▆▇█"
    assert sparkline([0, None, 5]) == "▁·█"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([5, 5]) == "▄▄"


# Pages


def lines(answer: Answer, width: int, *, bounded: bool = True, shades: bool = False) -> list[str]:
    """A page as text."""
    seen = Sight(width, bounded, shades)
    return [line.plain for block in printout(answer).page(seen) for line in draw(block, width, bounded=bounded)]


def row(page: list[str], name: str) -> str:
    """The line that starts with a name."""
    return next(line for line in page if line.strip().startswith(name))


WIDTHS = (140, 132, 131, 80, 79, 71, 56, 47)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_scorecard_at_every_width(width: int, golden: Golden) -> None:
    page = lines(acme(), width)
    assert max(map(len, page)) <= width
    assert "…" not in "".join(page)
    golden("\n".join(page) + "\n", f"scorecard-{width}.txt")


def test_the_five_states_of_a_value_never_look_alike() -> None:
    page = lines(acme(), 140)
    value = row(page, "MRR")
    assert "$496.9k" in value
    assert "$501.2k*" in value
    zero = row(page, "Incidents")
    assert re.search(r" 0  ▼ −2 ", zero)
    assert "✓ met" in zero
    scarce = row(page, "PQA")
    assert re.search(r" —  .*low n¹ +7 ", scarce)
    assert "▲" not in scarce
    absent = row(page, "CAC")
    assert re.fullmatch(r"  CAC payback +n/a +no input² +Finance", absent)
    assert not re.search(r"33\.1k\*.*[▲▼].*33\.1k", row(page, "★"))


def test_an_address_that_lags_names_its_period_and_is_compared_with_the_one_before_it() -> None:
    late = subject("slow_rate", "Activation, 30 d", "Adoption", RATE, "up", "Product")
    rows = series("slow_rate", [0.4, 0.45, (0.2, "maturing"), 0.1], n=64, denominator=64.0)
    page = lines(Answer("Acme", frame(*(r for _, r in ROWS), rows), (*acme().subjects, late), CALENDAR, AS_OF), 80)
    assert "Activation, 30 d, Sep" in row(page, "Activation, 30 d")
    assert "▲ +5.0 pp" in row(page, "Activation, 30 d")
    assert "a row that names a period shows that one, compared with the one before it" in page


def test_where_grains_differ_the_columns_are_unnamed_and_the_rarer_rows_name_their_period() -> None:
    weeks = CALENDAR.span(date(2026, 8, 31), date(2026, 11, 16), Grain.WEEK)
    weekly = [
        {**each, "grain": "week", "period": week, "status": "ok" if week != weeks[-1] else "partial"}
        for each, week in zip(series("waa", [float(300 + n) for n in range(12)]), weeks, strict=True)
    ]
    names = ("waa", "wau", "dau")
    more = [{**each, "metric": name} for name in names[1:] for each in weekly]
    subjects = [
        replace(subject(name, name.upper(), ADOPTION, COUNT, "up", "Product"), grain=Grain.WEEK)
        for name in ("waa", "wau", "dau")
    ]
    money = subject("mrr", "MRR", MONEY, USD, "up", "Finance")
    values = frame(weekly, more, series("mrr", [100.0, 110.0, 111.0]))
    page = lines(Answer("Acme", values, (*subjects, money), CALENDAR, AS_OF), 132)
    assert page[1] == "periods W46 2026, Oct 2026 (complete) · compared with W45 2026, Sep 2026 · data as of 2026-11-21"
    assert re.fullmatch(r"Metric +last  Δ +\d+ periods┆now +now +target  status +n  owner", page[3])
    assert "MRR, Oct" in row(page, "MRR")
    assert row(page, "WAA").split()[1] == "310"
    assert (
        "after ┆: W47 2026 in progress (day 6 of 7), Nov 2026 in progress (day 21 of 30), no delta, no status" in page
    )


def test_the_first_period_ever_is_new_and_a_missing_one_before_leaves_the_change_empty() -> None:
    first = subject("mrr", "MRR", MONEY, USD, "up", "Finance")
    answer = Answer("Acme", frame(series("mrr", [(None, "no_input")] * 3 + [100.0, 120.0])), (first,), CALENDAR, AS_OF)
    assert re.search(r"\$100 new ", row(lines(answer, 80), "MRR"))
    gap = Answer("Acme", frame(series("mrr", [90.0, (None, "low_n"), 100.0, 120.0])), (first,), CALENDAR, AS_OF)
    assert re.search(r"\$100 {12,}", row(lines(gap, 80), "MRR"))


def test_footnotes_are_shared_by_rows_with_the_same_reason() -> None:
    subjects = tuple(subject(name, name.upper(), MONEY, USD, "up", "Finance") for name in ("cac", "ltv"))
    rows = [series(name, [(None, "no_input")] * 2, reason="source spend is not configured") for name in ("cac", "ltv")]
    page = lines(Answer("Acme", frame(*rows), subjects, CALENDAR, AS_OF), 80)
    assert "¹ CAC; LTV: source spend is not configured" in page
    assert "2 metrics: 2 n/a" in page


def test_the_totals_add_up_to_the_number_of_metrics() -> None:
    total = next(line for line in lines(acme(), 140) if line.startswith("17 metrics"))
    assert total == "17 metrics: 3 met, 5 on track, 7 behind, 1 insufficient data, 1 n/a"
    assert sum(map(int, re.findall(r"[:,] (\d+)", total))) == 17


def test_a_long_name_is_cut_on_a_terminal_only_and_its_period_never() -> None:
    name = "Share of accounts that have connected at least one integration"
    long = subject("long", name, ADOPTION, RATE, "up", "Product")
    rows = series("long", [0.4, 0.45, (0.2, "maturing"), 0.1])
    answer = Answer("Acme", frame(*(r for _, r in ROWS), rows), (*acme().subjects, long), CALENDAR, AS_OF)
    cut = next(line for line in lines(answer, 80) if "Share of" in line)
    assert re.match(r"  Share of accounts .*…, Sep +45\.0%", cut)
    assert len(cut) <= 80
    piped = next(line for line in lines(answer, 80, bounded=False) if "Share of" in line)
    assert name in piped
    assert len(piped) > 80


# Tables of their own


def test_one_address_named_prints_as_its_history(golden: Golden) -> None:
    answer = Answer("Acme Inc", acme().values, (acme().subjects[7],), CALENDAR, AS_OF, named=True)
    page = lines(answer, 80)
    assert max(map(len, page)) <= 80
    golden("\n".join(page) + "\n", "history-80.txt")
    assert re.search(r"Oct 2026 +\$496\.9k ▲ \+3\.0% +█+[▏▎▍▌▋▊▉]? +412 ● on track", row(page, "Oct 2026"))
    assert re.search(r"Nov 2026 +\$501\.2k\* +█+ +412 in progress, day 21 of 30", row(page, "Nov 2026"))


def test_a_breakdown_has_the_total_and_a_row_for_every_value(golden: Golden) -> None:
    parts = [
        series("mrr", [300000.0, 330000.0, 340000.0], n=100, segment="plan", segment_value="pro"),
        series("mrr", [182600.0, 166850.0, 161200.0], n=310, segment="plan", segment_value="basic"),
        series("mrr", [0.0, 0.0, 0.0], n=2, segment="plan", segment_value="(unknown)"),
        series("nrr", [(1.2, "ok"), (1.22, "ok"), 1.2], n=90, denominator=300.0, segment="plan", segment_value="pro"),
        series("nrr", [(0.9, "ok"), (0.8, "low_n"), 0.9], n=7, denominator=30.0, segment="plan", segment_value="basic"),
    ]
    subjects = tuple(each for each in acme().subjects if each.metric in ("mrr", "nrr"))
    page = lines(Answer("Acme Inc", frame(*(r for _, r in ROWS), *parts), subjects, CALENDAR, AS_OF, by=("plan",)), 80)
    golden("\n".join(page) + "\n", "breakdown-80.txt")
    assert [line.split()[0] for line in page[4:8]] == ["MRR", "basic", "pro", "(unknown)"]
    assert re.search(r"pro +\$330\.0k +66\.4% +▲ \+10\.0%", row(page, "pro"))
    assert re.search(r"basic +— ", page[10])


def test_retention_prints_as_a_triangle(golden: Golden) -> None:
    def age(path: str, cells: list[Cell], **more: Any) -> tuple[Subject, list[dict[str, Any]]]:
        about = replace(subject("cohort_retention", "Cohort retention", MONEY, RATE, "up", "CS"), cut=path)
        about = replace(about, kind="cohort", path=(path,), depth=1, description="accounts active again")
        return about, series("cohort_retention", cells, n=48, cut=path, **more)

    ages = [
        age("1mo", [0.771, 0.802, 0.0, (0.88, "maturing"), (None, "maturing")]),
        age("2mo", [0.75, (0.4, "low_n"), (0.61, "maturing"), (None, "maturing"), (None, "maturing")]),
    ]
    values = frame(*(rows for _, rows in ages))
    page = lines(Answer("Acme Inc", values, tuple(each for each, _ in ages), CALENDAR, AS_OF, named=True), 80)
    golden("\n".join(page) + "\n", "cohort-80.txt")
    assert row(page, "Jul 2026").split() == ["Jul", "2026", "48", "77", "75"]
    assert row(page, "Aug 2026").split() == ["Aug", "2026", "48", "80", "·"]
    assert row(page, "Sep 2026").split() == ["Sep", "2026", "48", "0", "61*"]
    assert row(page, "Oct 2026").split() == ["Oct", "2026", "48", "88*"]


def test_cells_are_shaded_only_where_the_terminal_has_the_colours() -> None:
    about = replace(subject("cohort_retention", "Cohort retention", MONEY, RATE, "up", "CS"), cut="1mo", path=("1mo",))
    other = replace(about, cut="2mo", path=("2mo",))
    ages = [replace(each, kind="cohort", depth=1) for each in (about, other)]
    rows = [series("cohort_retention", [0.19, 0.2, 0.9, (None, "maturing")], n=48, cut=each.cut) for each in ages]
    answer = Answer("Acme", frame(*rows), tuple(ages), CALENDAR, AS_OF, named=True)

    def grounds(*, shades: bool) -> list[str]:
        page = [
            line for block in printout(answer).page(Sight(80, shades=shades)) for line in draw(block, 80, bounded=True)
        ]
        return [str(span.style) for line in page for span in line.spans if " on " in str(span.style)]

    assert grounds(shades=False) == []
    pale, next_class, darkest = "black on color(195)", "black on color(153)", "bright_white on color(18)"
    assert grounds(shades=True) == [pale, pale, next_class, next_class, darkest, darkest]
    assert lines(answer, 80, shades=True) == [*lines(answer, 80), "shades change at 20%, 40%, 60%, 75%, 90%"]


def test_a_funnel_prints_its_steps_and_where_most_are_lost(golden: Golden) -> None:
    reached = {"setup": 57.0, "customer": 52.0, "posted": 43.0, "paid": 38.0}
    steps = []
    for name, each in reached.items():
        about = replace(subject("activation_funnel", "Activation funnel", ADOPTION, RATE, "up", "Product"), cut=name)
        about = replace(about, kind="funnel", path=(name,), depth=1)
        cells: list[Cell] = [each / 64, (None, "maturing")]
        steps.append((about, series("activation_funnel", cells, cut=name, numerator=each, denominator=64.0, n=64)))
    values = frame(*(rows for _, rows in steps))
    hours = {"setup": 5.25, "customer": 17.0, "posted": 41.0, "paid": None}
    took = [None if each is None else each * 3_600_000 for each in hours.values()]
    times = pl.DataFrame({"cut": list(hours), "took": took, "n": [57, 52, 43, 38]}).with_columns(
        metric=pl.lit("activation_funnel"), grain=pl.lit("month"), period=pl.lit(date(2026, 10, 1))
    )
    answer = Answer("Acme Inc", values, tuple(each for each, _ in steps), CALENDAR, AS_OF, named=True)
    assert "median" not in " ".join(lines(answer, 80))
    answer = replace(answer, step_times=times)
    golden("\n".join(lines(answer, 132)) + "\n", "funnel-132.txt")
    page = lines(answer, 80)
    golden("\n".join(page) + "\n", "funnel-80.txt")
    assert "Activation funnel  entered in Oct 2026 · n = 64 · every window closed" in page
    assert row(page, "1 entered").split()[-2:] == ["64", "100%"]
    assert row(page, "4 posted").split()[-7:] == ["43", "67%", "83%", "▼", "9", "1d", "17h"]
    assert row(page, "5 paid").endswith("low n")
    worst = [line for block in printout(answer).page(Sight(80)) for line in draw(block, 80, bounded=False)]
    assert [line.plain.split()[1] for line in worst if any(span.style == "bad" for span in line.spans)] == ["posted"]


def test_movements_named_together_print_from_opening_to_closing(golden: Golden) -> None:
    moves = {"new": [40.0, 50.0], "expansion": [20.0, 30.0], "contraction": [-5.0, -10.0], "churn": [-15.0, -20.0]}
    subjects = [subject("mrr", "MRR", MONEY, USD, "up", "Finance")]
    rows = [series("mrr", [960.0, 1000.0, 1050.0, 1060.0])]
    for part, cells in {**moves, "reactivation": [0.0, 0.0]}.items():
        about = replace(subject(f"{part}_mrr", part, MONEY, USD, "up", "Finance"), kind="movement", part=part, of="mrr")
        subjects.append(about)
        rows.append(series(f"{part}_mrr", [*cells, 1.0]))
    answer = Answer("Acme Inc", frame(*rows), tuple(subjects), CALENDAR, AS_OF, named=True)
    page = lines(answer, 80)
    golden("\n".join(page) + "\n", "movements-80.txt")
    assert row(page, "Opening").split() == ["Opening", "$960", "$1,000"]
    assert row(page, "Closing").split() == ["Closing", "$1,000", "$1,050"]
    assert not any("Not explained" in line for line in page)
    wrong = [{**each, "value": 1049.0} if each["value"] == 1050.0 else each for each in rows[0]]
    broken = lines(Answer("Acme", frame(wrong, *rows[1:]), tuple(subjects), CALENDAR, AS_OF, named=True), 80)
    assert row(broken, "Not explained").split()[-1] == "−$1"


# Streams


def shown(width: int, *, encoding: str = "utf-8", colour: When = "never") -> str:
    """What a stream of an encoding receives."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
    stream.write(page_text(printout(acme()), console(stream, colour, width), Sight(width, True, True)))
    stream.flush()
    return raw.getvalue().decode(encoding)


def test_colour_adds_nothing_but_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = shown(80, colour="always")
    assert "\x1b[32m" in coloured
    assert ESCAPE.sub("", coloured) == shown(80)
    monkeypatch.setenv("NO_COLOR", "1")
    uncoloured = shown(80, colour="auto")
    assert "\x1b" not in uncoloured
    assert uncoloured == shown(80)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437"])
def test_a_poor_encoding_gets_stand_ins_and_keeps_its_columns(encoding: str) -> None:
    poor, rich = shown(80, encoding=encoding).splitlines(), shown(80).splitlines()
    assert [len(line) for line in poor] == [len(line) for line in rich]
    assert [plain(line) for line in poor] == [plain(line) for line in rich]
    assert "?" not in "".join(poor)


def test_ascii_looks_like_this(golden: Golden) -> None:
    golden(shown(80, encoding="ascii"), "scorecard-ascii.txt")


def test_a_stream_keeps_what_it_can_hold() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp1252", newline="")
    tolerate(stream)
    stream.write("Müller · 12 € ▲ 名")
    stream.flush()
    assert raw.getvalue().decode("cp1252") == "Müller · 12 € ^ ?"


# Formats for machines

HOSTILE = frame(
    series(
        "mrr", [1.5, 0.1 + 0.2, None], segment="plan", segment_value='=HYPERLINK("http://x")', reason='say "hi", twice'
    ),
    series("mrr", [1e-7, 1e16, 3.0], segment="plan", segment_value="-1+1"),
    series("mrr", [1.0, 2.0, 3.0], segment="plan", segment_value="00123", reason="a\nb"),
)


def machine(form: str, rows: pl.DataFrame) -> bytes:
    """Rows written in a format."""
    return FORMATS[form].write(Printout(rows, "values", {"as_of": AS_OF}, lambda sight: iter(())))


def test_all_formats_hold_the_same_values() -> None:
    parquet = pl.read_parquet(io.BytesIO(machine("parquet", HOSTILE)))
    assert_frame_equal(parquet, HOSTILE)
    document = json.loads(machine("json", HOSTILE))
    assert document["schema"] == 1
    assert document["as_of"] == "2026-11-21T06:00:00Z"
    listed = [json.loads(line) for line in machine("jsonl", HOSTILE).decode().splitlines()]
    assert document["values"] == listed
    assert list(listed[0]) == list(value_types())
    as_of = pl.col("as_of").str.to_datetime("%+", time_unit="us", time_zone="UTC")
    text = {
        name: pl.String if kind in (pl.Date, pl.Datetime("us", "UTC")) else kind for name, kind in value_types().items()
    }
    from_json = pl.DataFrame(listed, schema=text).with_columns(pl.col("period").str.to_date(), as_of)
    assert_frame_equal(from_json, HOSTILE)
    from_csv = pl.read_csv(io.BytesIO(machine("csv", HOSTILE)), schema=text)
    unguarded = pl.col("segment_value").str.replace("^'", "")
    assert_frame_equal(from_csv.with_columns(pl.col("period").str.to_date(), as_of, unguarded), HOSTILE)


def test_csv_does_not_let_a_spreadsheet_run_a_name() -> None:
    text = machine("csv", HOSTILE).decode()
    assert '"\'=HYPERLINK(""http://x"")"' in text
    assert '"\'-1+1"' in text
    assert '"00123"' in text


def test_json_carries_findings_with_their_place() -> None:
    found = Finding("SM903", Severity.WARNING, "dates without a zone", Location("a.csv"), None, "at", 3)
    about = Printout(HOSTILE.head(0), "values", {"as_of": AS_OF}, lambda sight: iter(()), (found,))
    document = json.loads(FORMATS["json"].write(about))
    assert document["values"] == []
    assert document["findings"][0]["severity"] == "warning"
    assert document["findings"][0]["location"] == {"file": "a.csv", "line": 0, "column": 0}
    assert document["findings"][0]["rows"] == 3


def test_markdown_is_the_same_table(golden: Golden) -> None:
    text = FORMATS["markdown"].write(printout(acme())).decode()
    golden(text, "scorecard.md")
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\\\)\|", line)) for line in table}) == 1
    assert "| MRR | $496.9k | ▲ +3.0% |" in text


def test_a_hostile_name_stays_text_in_markdown() -> None:
    nasty = subject("x", "<script>|**A**_b_", ADOPTION, COUNT, "up", "Product")
    text = FORMATS["markdown"].write(
        printout(Answer("Acme", frame(series("x", [1.0, 2.0])), (nasty,), CALENDAR, AS_OF))
    )
    assert r"\<script\>\|\*\*A\*\*\_b\_" in text.decode()


def test_the_ending_chooses_the_format() -> None:
    assert of_suffix(".CSV") == "csv"
    assert of_suffix(".parquet") == "parquet"
    assert of_suffix(".xlsx") is None
    endings = [suffix for each in FORMATS.values() for suffix in each.suffixes]
    assert len(endings) == len(set(endings))


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "values.csv"
    place(target, b"old")
    place(target, b"new")
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]
    with pytest.raises(InputError) as caught:
        place(tmp_path / "nowhere" / "values.csv", b"new")
    assert caught.value.exit_code == 2
    assert "make the folder" in str(caught.value.findings[0].hint)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError):
        place(tmp_path / "folder.csv", b"new")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder.csv", "values.csv"]


def test_findings_say_where_how_bad_what_and_what_to_do() -> None:
    found = [
        Finding(
            "SM011", Severity.ERROR, "unknown key `grian`", Location("metrics.yaml", 3, 5), "did you mean `grain`?"
        ),
        Finding("SM903", Severity.WARNING, "time cannot be read", Location("orders.csv"), None, "at", 1),
    ]
    assert [line.plain for line in findings.lines(found)] == [
        "metrics.yaml:3:5: error SM011 unknown key `grian`; did you mean `grain`?",
        "orders.csv, column at: warning SM903 time cannot be read",
        "1 error, 1 warning",
    ]


def test_what_stands_in_a_file_does_not_steer_the_terminal() -> None:
    stream = io.StringIO()
    said = [Text("ws-\x1b[31m7"), Text("a\tb\x9bc"), Text("ünï ┆ ▲")]
    assert lines_text(said, console(stream, "never", 80)).splitlines() == [
        "ws-\ufffd[31m7",
        "a\ufffdb\ufffdc",
        "ünï ┆ ▲",
    ]
