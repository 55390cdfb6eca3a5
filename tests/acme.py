"""A small company typed by hand: every state of a value, every kind of number, nothing computed by the tool."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from saasmetrics.frames.values import VALUES, value_types
from saasmetrics.output.answer import Answer
from saasmetrics.output.number import Number
from saasmetrics.output.subject import Subject, Verdict
from saasmetrics.period import Calendar, Grain

AS_OF = datetime(2026, 11, 21, 6, tzinfo=UTC)
CALENDAR = Calendar()
MONTHS = CALENDAR.span(date(2025, 11, 1), date(2026, 11, 1), Grain.MONTH)
"""Twelve complete months and November, in progress."""

Cell = float | None | tuple[float | None, str]


def series(metric: str, cells: list[Cell], *, n: int | None = None, **fixed: Any) -> list[dict[str, Any]]:
    """One row per month; a bare number is `ok`, a pair says its status; the last month is partial unless it says."""
    rows = []
    for month, cell in zip(MONTHS[-len(cells) :], cells, strict=True):
        default = "partial" if month == MONTHS[-1] else "ok"
        value, status = cell if isinstance(cell, tuple) else (cell, default)
        rows.append(
            {
                **dict.fromkeys(VALUES),
                "metric": metric,
                "grain": "month",
                "period": month,
                "value": value,
                "status": status,
                "accounts": n,
                "entries": n,
                "as_of": AS_OF,
                **fixed,
            }
        )
    return rows


def frame(*groups: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows as a values frame."""
    return pl.DataFrame([row for group in groups for row in group], schema=value_types())


USD = Number("money", "currency", "USD")
COUNT, RATE, SMALL = Number("count", "count"), Number("rate", "ratio"), Number("small_rate", "ratio")
DAYS, MS, PER_100, MONTHS_LONG = (
    Number("duration", "days"),
    Number("latency", "ms"),
    Number("ratio", "count"),
    Number("months", "months"),
)
VALUE, ADOPTION, MONEY, QUALITY = "Value Delivery", "Adoption", "Retention & Revenue", "Quality"


def subject(metric: str, name: str, section: str, number: Number, direction: str, owner: str, **more: Any) -> Subject:
    """A subject of monthly grain; the short name is the name; rates are ratios, a stat makes a quantile."""
    more.setdefault("how", "quantile" if "stat" in more else "ratio" if number in (RATE, SMALL, PER_100) else "sum")
    short = more.pop("short", name)
    return Subject(
        metric, name, section, number, Grain.MONTH, short_label=short, direction=direction, owner=owner, **more
    )


ROWS: list[tuple[Subject, list[dict[str, Any]]]] = [
    (
        subject(
            "workflow_successes",
            "Invoices posted & paid",
            VALUE,
            COUNT,
            "up",
            "Product",
            star=True,
            is_pointer=True,
            verdict=Verdict("on track", "≥ 52.4k"),
        ),
        series(
            "workflow_successes",
            [24800, 25300, 27100, 29900, 31800, 34600, 36900, 39200, 41500, 43100, 45300, 48200, 33100],
            n=412,
        ),
    ),
    (
        subject(
            "completion_rate",
            "Workflow completion rate",
            VALUE,
            RATE,
            "up",
            "Product",
            short="Workflow completion",
            verdict=Verdict("behind", "≥ 90.0%"),
        ),
        series(
            "completion_rate",
            [0.831, 0.838, 0.842, 0.851, 0.858, 0.862, 0.868, 0.873, 0.88, 0.883, 0.881, 0.874, 0.869],
            n=55166,
            denominator=55166.0,
        ),
    ),
    (
        subject(
            "time_to_value",
            "Time to value, median",
            VALUE,
            DAYS,
            "down",
            "Onboarding",
            stat="median",
            verdict=Verdict("on track", "≤ 3d"),
        ),
        series(
            "time_to_value",
            [5.2, 5.1, 5.1, 4.9, 4.6, 4.5, 4.4, 4.2, 4.1, 4.0, 3.8333, 3.375, 3.083],
            n=64,
            stat="median",
        ),
    ),
    (
        subject(
            "time_to_value",
            "Time to value, p90",
            VALUE,
            DAYS,
            "down",
            "Onboarding",
            stat="p90",
            verdict=Verdict("behind", "≤ 12d"),
        ),
        series(
            "time_to_value",
            [20.0, 19.5, 19.6, 18.2, 17.9, 17.2, 16.8, 16.1, 15.8, 15.3, 15.0917, 14.7917, 9.208],
            n=64,
            stat="p90",
        ),
    ),
    (
        subject(
            "activation_rate",
            "Activation rate, 14 d",
            ADOPTION,
            RATE,
            "up",
            "Onboarding",
            verdict=Verdict("on track", "≥ 60.0%"),
        ),
        series(
            "activation_rate",
            [0.41, 0.42, 0.44, 0.45, 0.47, 0.49, 0.5, 0.52, 0.53, 0.55, 0.56, 0.594, (0.32, "maturing")],
            n=64,
            denominator=64.0,
        ),
    ),
    (
        subject("waa", "Weekly active accounts", ADOPTION, COUNT, "up", "Product", verdict=Verdict("met", "≥ 385")),
        series("waa", [300, 306, 312, 318, 327, 335, 344, 352, 361, 370, 380, 388, 391], n=412),
    ),
    (
        subject(
            "tier_share",
            "Accounts at standard tier +",
            ADOPTION,
            RATE,
            "up",
            "Product",
            short="Accounts at standard+",
            verdict=Verdict("behind", "≥ 48.0%"),
        ),
        series(
            "tier_share",
            [0.35, 0.36, 0.37, 0.38, 0.39, 0.4, 0.41, 0.42, 0.43, 0.436, 0.441, 0.439, 0.438],
            n=388,
            denominator=388.0,
        ),
    ),
    (
        subject("mrr", "MRR", MONEY, USD, "up", "Finance", verdict=Verdict("on track", "≥ $520.0k")),
        series(
            "mrr",
            [351000, 362000, 375100, 388000, 402500, 415000, 428800, 441000, 455200, 468900, 482600, 496850, 501200],
            n=412,
        ),
    ),
    (
        subject(
            "nrr",
            "Net revenue retention, 12 m",
            MONEY,
            RATE,
            "up",
            "Finance",
            short="Net revenue retention",
            verdict=Verdict("behind", "≥ 110.0%"),
        ),
        series(
            "nrr",
            [1.04, 1.043, 1.048, 1.05, 1.055, 1.06, 1.062, 1.064, 1.066, 1.068, 1.0684, 1.0714, 1.071],
            n=341,
            denominator=402.0,
        ),
    ),
    (
        subject(
            "grr",
            "Gross revenue retention, 12 m",
            MONEY,
            RATE,
            "up",
            "Finance",
            short="Gross rev. retention",
            verdict=Verdict("behind", "≥ 92.0%"),
        ),
        series(
            "grr",
            [0.902, 0.903, 0.905, 0.908, 0.911, 0.914, 0.915, 0.916, 0.915, 0.913, 0.911, 0.908, 0.907],
            n=341,
            denominator=402.0,
        ),
    ),
    (
        subject(
            "logo_churn_rate", "Logo churn, month", MONEY, SMALL, "down", "CS", verdict=Verdict("behind", "≤ 1.00%")
        ),
        series(
            "logo_churn_rate",
            [0.0212, 0.0205, 0.022, 0.017, 0.0158, 0.0149, 0.0171, 0.0128, 0.0124, 0.0126, 0.0131, 0.0146, 0.0073],
            n=411,
            denominator=411.0,
        ),
    ),
    (
        subject("pqa_to_paid_rate", "PQA → paid conversion", MONEY, RATE, "up", "Sales", short="PQA → paid"),
        series(
            "pqa_to_paid_rate",
            [(None, "no_input")] * 4 + [0.18, 0.2, 0.22, 0.25, 0.19, 0.3, 0.31, (0.29, "low_n"), (None, "maturing")],
            n=7,
            denominator=7.0,
            reason="7 of 20 PQAs needed",
        ),
    ),
    (
        subject("cac_payback", "CAC payback", MONEY, MONTHS_LONG, "down", "Finance"),
        series("cac_payback", [(None, "no_input")] * 13, reason="source costs is not configured"),
    ),
    (
        subject(
            "save_failure_rate",
            "Save failure rate",
            QUALITY,
            SMALL,
            "down",
            "Platform",
            verdict=Verdict("behind", "≤ 0.70%"),
        ),
        series(
            "save_failure_rate",
            [0.0131, 0.0127, 0.0122, 0.011, 0.01, 0.0092, 0.0088, 0.0078, 0.0074, 0.0072, 0.0072, 0.0094, 0.0103],
            n=612004,
            denominator=612004.0,
        ),
    ),
    (
        subject(
            "load_time_p95",
            "p95 load time, core screens",
            QUALITY,
            MS,
            "down",
            "Platform",
            short="p95 load time",
            stat="p95",
            verdict=Verdict("met", "≤ 1.50s"),
        ),
        series(
            "load_time_p95",
            [2100, 2050, 1990, 1900, 1850, 1800, 1740, 1680, 1620, 1550, 1490, 1460, 1470],
            n=88402,
            stat="p95",
        ),
    ),
    (
        subject(
            "incident_count",
            "Incidents on core workflows",
            QUALITY,
            COUNT,
            "down",
            "Platform",
            short="Incidents, core",
            verdict=Verdict("met", "≤ 1"),
        ),
        series("incident_count", [4, 3, 3, 1, 3, 2, 1, 1, 2, 1, 2, 0, 0]),
    ),
    (
        subject(
            "tickets_per_100",
            "Tickets per 100 workflows",
            QUALITY,
            PER_100,
            "down",
            "CS",
            short="Tickets per 100",
            verdict=Verdict("on track", "≤ 6.0"),
        ),
        series(
            "tickets_per_100",
            [9.9, 9.8, 9.6, 9.2, 8.9, 8.4, 8.2, 7.9, 7.6, 7.2, 7.0, 6.84, 6.9],
            n=3297,
            denominator=48200.0,
        ),
    ),
]


def acme(**more: Any) -> Answer:
    """The scorecard of October 2026."""
    return Answer(
        "Acme Inc",
        frame(*(rows for _, rows in ROWS)),
        tuple(each for each, _ in ROWS),
        CALENDAR,
        AS_OF,
        **more,
    )
