"""The engine against the oracle: random companies, every metric type, cell by cell."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import company as companies
import questions
from oracle import Cell, Company, compute
from saasmetrics.period import Grain

pipeline = pytest.importorskip("saasmetrics.pipeline")

LATE = datetime(2026, 7, 1, tzinfo=UTC)
SPANS: dict[str, list[date]] = {
    "month": [date(2026, month, 1) for month in range(1, 7)],
    "week": [date.fromordinal(date(2026, 2, 2).toordinal() + 7 * n) for n in range(8)],
    "quarter": [date(2026, 1, 1), date(2026, 4, 1)],
    "day": [date.fromordinal(date(2026, 3, 26).toordinal() + n) for n in range(10)],
    "year": [date(2026, 1, 1)],
}

JUDGING_SILENCE = {name for name, metric in questions.METRICS.items() if "score" in metric or "pqa" in repr(metric)} | {
    name for name, _ in questions.CATALOGUE if "pqa" in name or name == "self_serve_rate"
}
"""Metrics that make something of nothing: no tickets are a good sign."""

Key = tuple[str, str | None, str | None, date, str | None]
"""Metric, cut, stat, period, segment value."""


def engine(path: Path, names: list[str], grain: str, as_of: datetime, by: str | None) -> pl.DataFrame:
    """Values of the metrics over the periods of a grain."""
    starts = SPANS[grain]
    ask = pipeline.Ask(
        metrics=tuple(names),
        by=(tuple(by.split(",")),) if by else (),
        grain=Grain(grain),
        since=starts[0],
        until=starts[-1],
        as_of=as_of,
    )
    values: pl.DataFrame = pipeline.compute(path, ask).values
    return values


def oracle(company: Company, name: str, grain: str, as_of: datetime, timezone: str, by: str | None) -> dict[Key, Cell]:
    """The same from the oracle."""
    definition = {**questions.METRICS, "back": questions.COHORTS.get(grain, questions.COHORTS["month"])}[name]
    answer = compute(
        company,
        questions.for_oracle(definition),
        grain=grain,
        periods=SPANS[grain],
        as_of=as_of,
        timezone=timezone,
        by=by,
    )
    return {(name, *key): cell for key, cell in answer.items()}


def empty(cell: Cell | None) -> bool:
    """Whether a cell says that there is nothing, which the engine may say by leaving it out."""
    return cell is None or (not cell.value and not cell.denominator and not cell.immature)


def close(ours: Any, theirs: Any) -> bool:
    if ours is None or theirs is None:
        return ours is None and theirs is None
    return math.isclose(float(ours), float(theirs), rel_tol=1e-6, abs_tol=1e-4)


def differences(
    values: pl.DataFrame, expected: Mapping[Key, Cell], only: frozenset[tuple[str, str | None]] | None = None
) -> list[str]:
    """Cells where the engine says something else than the oracle; `only` holds the addresses that are compared."""
    named = {"p0": "min", "p100": "max"}
    found: dict[Key, dict[str, Any]] = {
        (
            row["metric"],
            row["cut"] and row["cut"].strip('"'),
            named.get(row["stat"], row["stat"]),
            row["period"],
            row["segment_value"],
        ): row
        for row in values.iter_rows(named=True)
    }
    # A cut that only rows outside the periods asked for have is known to the oracle, which reads all of them.
    cuts = {key[:2] for key in found}
    out = []
    for key in sorted(set(found) | set(expected), key=str):
        if only is not None and (key[0], key[1]) not in only:
            continue
        row, cell = found.get(key), expected.get(key)
        if row is None or cell is None:
            unseen = row is None and cell is not None and key[:2] not in cuts and not cell.numerator
            if not (unseen or empty(cell) if row is None else row["value"] in (None, 0.0)):
                out.append(f"{key}: engine {row and row['value']}, oracle {cell}")
            continue
        if row["status"] == "no_input" and (not cell.numerator or key[0] in JUDGING_SILENCE):
            continue  # nothing was recorded yet, so nothing is known either
        same = close(row["value"], cell.value) and row["immature"] in (None, cell.immature)
        if cell.denominator is not None:
            same = same and close(row["numerator"], cell.numerator) and close(row["denominator"], cell.denominator)
        if not same:
            shown = {name: row[name] for name in ("value", "numerator", "denominator", "immature", "status")}
            out.append(f"{key}: engine {shown}, oracle {cell}")
    return out


def misfits(lines: pl.DataFrame, cells: Mapping[Key, Cell]) -> list[str]:
    """Lines of overlap that are not what the oracle's total lacks of the sum of its parts."""
    out = []
    for row in lines.iter_rows(named=True):
        address = (row["cut"] and row["cut"].strip('"'), row["stat"], row["period"])
        same = [(key, cell) for key, cell in cells.items() if key[1:4] == address]
        number = "numerator" if row["value"] is None else "value"  # a ratio has an overlap on each side
        total = sum(float(getattr(cell, number) or 0) for key, cell in same if key[4] is None)
        parts = sum(float(getattr(cell, number) or 0) for key, cell in same if key[4] is not None)
        if not close(row[number], total - parts):
            out.append(f"{row['period']}: engine {row[number]}, oracle {total - parts}")
    return out


def check(
    company: Company, names: list[str], grain: str, as_of: datetime, timezone: str, by: str | None, **written: Any
) -> None:
    with TemporaryDirectory() as folder:
        metrics = {**questions.METRICS, "back": questions.COHORTS.get(grain, questions.COHORTS["month"])}
        path = companies.write(company, Path(folder), questions.needed(names, metrics), timezone, **written)
        values = engine(path, names, grain, as_of, by)
    wrong: list[str] = []
    for name in names:
        cells = values.filter(pl.col("metric") == name)
        for segment in {None, by}:
            of_segment = cells.filter(pl.col("segment").eq_missing(pl.lit(segment)))
            everything = oracle(company, name, grain, as_of, timezone, by)
            expected = {key: cell for key, cell in everything.items() if (key[4] is None) == (segment is None)}
            lines = of_segment.filter(pl.col("segment_value") == "(overlap)")
            wrong += [f"{name}: {line}" for line in misfits(lines, everything)]
            wrong += differences(of_segment.filter(pl.col("segment_value").ne_missing("(overlap)")), expected)
    assert not wrong, "\n" + "\n".join(wrong)


thorough = settings(
    max_examples=int(os.environ.get("SAASMETRICS_EXAMPLES", "4")),
    deadline=None,
    phases=[Phase.explicit, Phase.generate, *([] if "SAASMETRICS_AS_FOUND" in os.environ else [Phase.shrink])],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"])
moments = st.sampled_from([LATE, datetime(2026, 4, 15, 9, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)])

COHORT_TYPES = ("conversion", "duration", "retention")
OVERLAPPING = {"kinds", "active_persons", "kinds_of_year", "persons_of_2mo"}
"""Things that may lie in several values of a segment; the line that says so is held against the oracle apart."""
BY_SIZE = [
    name
    for name, metric in questions.METRICS.items()
    if metric["type"] in ("simple", "stock", "active", "conversion", "duration", "tiers", "cumulative", "sessions")
]
BY_PLAN = [
    name
    for name, metric in questions.METRICS.items()
    if metric["type"] in ("movement", "net_retention") and metric["of"] == "recurring"
]


@pytest.mark.parametrize("grain", ["month", "week"])
@given(company=companies.companies(), timezone=zones, as_of=moments)
@thorough
def test_totals(grain: str, company: Company, timezone: str, as_of: datetime) -> None:
    check(company, [*questions.METRICS, "back"], grain, as_of, timezone, None)


@given(company=companies.companies(), timezone=zones)
@thorough
def test_quarters(company: Company, timezone: str) -> None:
    check(company, [*questions.METRICS, "back"], "quarter", LATE, timezone, None)


@given(company=companies.companies(), timezone=zones)
@thorough
def test_by_an_attribute_of_accounts(company: Company, timezone: str) -> None:
    check(company, [name for name in BY_SIZE if name not in OVERLAPPING], "month", LATE, timezone, "size")


BY_ROLE = [
    *("uses", "uses_by_kind", "uses_or_invites", "amount_sum", "amount_average", "amount_median"),
    *("active_users", "active_daily", "active_28d", "inviting_users"),
]


@given(company=companies.companies(), timezone=zones)
@thorough
def test_by_a_role_that_users_have_several_of(company: Company, timezone: str) -> None:
    check(company, BY_ROLE, "month", LATE, timezone, "role")


def oracle_of_catalogue(company: Company, as_of: datetime, timezone: str, names: list[str]) -> dict[Key, Cell]:
    """Catalogue metrics under their addresses; of a ratio over ratios only the value can be held against another."""
    out: dict[Key, Cell] = {}
    for (name, part), metric in questions.CATALOGUE.items():
        if name not in names:
            continue
        answer = compute(
            company,
            questions.for_oracle(metric),
            grain="month",
            periods=SPANS["month"],
            as_of=as_of,
            timezone=timezone,
        )
        for (cut, stat, period, value), cell in answer.items():
            if (cut is None) != (metric["type"] == "tiers"):
                address = ".".join(each for each in (part, cut) if each) or None
                out[name, address, stat, period, value] = replace(cell, denominator=None)
            elif metric["type"] == "retention":
                out[name, part, stat, period, value] = replace(cell, denominator=None)
    return out


def of_catalogue(company: Company, as_of: datetime, timezone: str, names: list[str]) -> list[str]:
    """Cells of built-in metrics in which engine and oracle differ."""
    with TemporaryDirectory() as folder:
        path = companies.write(company, Path(folder), {}, timezone)
        values = engine(path, names, "month", as_of, None)
    expected = oracle_of_catalogue(company, as_of, timezone, names)
    return differences(values, expected, only=frozenset((key[0], key[1]) for key in expected))


@given(company=companies.companies(), timezone=zones, as_of=moments)
@thorough
def test_catalogue(company: Company, timezone: str, as_of: datetime) -> None:
    """The built-in metrics are what their names say."""
    wrong = of_catalogue(company, as_of, timezone, sorted({name for name, _ in questions.CATALOGUE}))
    assert not wrong, "\n" + "\n".join(wrong)


@given(company=companies.companies())
@thorough
def test_money_by_plan_with_transfers(company: Company) -> None:
    check(company, [*BY_PLAN, "recurring"], "month", LATE, "UTC", "plan")


@pytest.mark.parametrize("grain", ["month", "week", "quarter"])
@given(company=companies.companies())
@thorough
def test_flows_by_a_plan_that_changes(grain: str, company: Company) -> None:
    check(company, ["uses", "uses_by_kind", "amount_sum", "runs_done", "core_done"], grain, LATE, "UTC", "plan")


# --- by hand: what random companies found, kept small ----------------------------------------------------------------

ROLES: dict[str, list[dict[str, Any]]] = {
    "accounts": [
        {"account": name, "created": datetime(2026, 1, 1, tzinfo=UTC), "closed": None, "size": size}
        for name, size in (("A", "small"), ("B", "large"), ("C", None))
    ],
    "subscriptions": [],
    "tickets": [],
    "surveys": [],
    "requests": [],
    "fx": [{"currency": "USD", "rate": 0.8}],
}


def small(*events: str, **roles: list[dict[str, Any]]) -> Company:
    """A company of three accounts with these events: `name account 02-03T10:00` of 2026, and perhaps a user."""
    rows = []
    for written in events:
        event, account, at, *user = written.split()
        moment = datetime.fromisoformat(f"2026-{at}").replace(tzinfo=UTC)
        rows.append({"event": event, "at": moment, "account": account, "user": user[0] if user else None})
    return Company(
        {**ROLES, "events": [companies.FULL, *rows], **roles},
        questions.WORKFLOWS,
        questions.ACTIVATION,
        questions.ACTIVE,
        questions.scores_for_oracle(),
    )


def rows_of(
    company: Company, metric: dict[str, Any] | str, as_of: datetime = LATE, by: str | None = None
) -> dict[tuple[int, str | None, str | None], dict[str, Any]]:
    """Rows by month, cut and segment value of one metric, a definition or a catalogue id, where anything was found."""
    with TemporaryDirectory() as folder:
        metrics = {} if isinstance(metric, str) else {"own": metric}
        path = companies.write(company, Path(folder), metrics, "UTC")
        values = engine(path, [metric if isinstance(metric, str) else "own"], "month", as_of, by)
    rows = {(row["period"].month, row["cut"], row["segment_value"]): row for row in values.iter_rows(named=True)}
    return {key: row for key, row in rows.items() if row["value"] is not None or row["immature"]}


def february(rows: Mapping[Any, Mapping[str, Any]]) -> tuple[float, float]:
    """Numerator and denominator of the headline."""
    row = rows[2, None, None]
    return row["numerator"], row["denominator"]


def test_at_least_holds_for_the_usual_rule_too() -> None:
    company = small("done A 02-01T10:00", "done A 02-02T10:00", "done B 02-02T10:00")
    rows = rows_of(company, {"type": "active", "entity": "account", "at_least": 2})
    assert rows[2, None, None]["value"] == 1.0


def test_at_least_of_a_step_counts_from_the_entry() -> None:
    metric = {
        "type": "conversion",
        "within": "10d",
        "steps": {"one": {"event": "invite"}, "two": {"event": "use", "at_least": 2}},
    }
    once = ("use A 01-30T10:00", "invite A 02-01T10:00", "use A 02-02T10:00")
    assert february(rows_of(small(*once), metric)) == (0, 1)
    assert february(rows_of(small(*once, "use A 02-02T10:00"), metric)) == (1, 1)


def test_one_row_fills_one_step_even_at_one_moment() -> None:
    metric = {"type": "conversion", "steps": questions.STEPS, "within": "10d"}
    once = ("use A 02-01T10:00", "invite A 02-01T10:00")
    assert february(rows_of(small(*once), metric)) == (0, 1)
    assert february(rows_of(small(*once, "use A 02-01T10:00"), metric)) == (1, 1)


def test_a_user_of_two_accounts_walks_twice() -> None:
    company = small(
        "use A 02-01T10:00 u1", "use B 02-01T10:00 u1", "invite B 02-02T10:00 u1", "invite A 02-03T10:00 u2"
    )
    steps = {"a": {"event": "use"}, "b": {"event": "invite"}}
    metric = {"type": "conversion", "entity": "user", "within": "10d", "steps": steps}
    assert february(rows_of(company, metric)) == (1, 2)


def test_accounts_of_the_future_are_not_there_yet() -> None:
    days = {"Y": 10, "Z": 20}
    late = [
        {**ROLES["accounts"][0], "account": a, "created": datetime(2026, 4, d, tzinfo=UTC)} for a, d in days.items()
    ]
    company = small("use A 01-02T10:00", accounts=[*ROLES["accounts"], *late])
    rows = rows_of(company, questions.METRICS["activated_14d"], as_of=datetime(2026, 4, 15, tzinfo=UTC))
    assert rows[4, None, None]["immature"] == 1


def test_a_window_shorter_than_the_period_is_a_mean_over_days() -> None:
    rows = rows_of(small("use A 02-10T10:00 u1"), {"type": "active", "entity": "user", "window": "7d"})
    assert rows[2, None, None]["value"] == pytest.approx(7 / 28)


def test_what_lies_in_several_values_is_a_line_of_its_own() -> None:
    company = small("use A 02-01T10:00 u1", "use B 02-02T10:00 u1")
    rows = rows_of(company, {"type": "active", "entity": "person"}, by="size")
    found = {value: row["value"] for (month, _, value), row in rows.items() if month == 2 and row["value"]}
    assert found == {None: 1.0, "small": 1.0, "large": 1.0, "(overlap)": -1.0}


def test_a_step_of_several_rows_counts_them_from_the_entry() -> None:
    created = [{**row, "created": datetime(2026, 2, 1, tzinfo=UTC)} for row in ROLES["accounts"]]
    company = small("use B 01-30T10:00", "invite B 02-02T10:00", accounts=created)
    steps = {"start": {"milestone": "created"}, "both": {"all": [{"event": "use"}, {"event": "invite"}]}}
    assert february(rows_of(company, {"type": "conversion", "within": "30d", "steps": steps})) == (0, 3)


def test_workflow_frequency_divides_by_all_active_accounts() -> None:
    company = small("done A 02-01T10:00", "done A 02-02T10:00", "ok B 02-02T10:00")
    assert rows_of(company, "workflow_frequency")[2, "ordering", None]["value"] == 1.0
