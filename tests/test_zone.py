"""Local days by table are those that converting each instant gives, around every change of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from saasmetrics.period import Calendar, Grain
from saasmetrics.zone import days_of

INSTANT = pl.Datetime("us", "UTC")


@pytest.mark.parametrize(
    "zone",
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia"],
)
def test_days_of_a_zone(zone: str) -> None:
    begin = datetime(2009, 1, 1, tzinfo=UTC)
    instants = [begin + timedelta(minutes=7 * number, microseconds=number) for number in range(0, 1_200_000, 3)]
    at = pl.Series("at", instants, dtype=INSTANT)
    days = days_of(zone)(at)
    assert days.equals(at.dt.convert_time_zone(zone).dt.date())
    calendar = Calendar(zone, 6)
    cells = pl.DataFrame({"at": at, "day": days}).select(
        by_at=calendar.cell_of_expr(pl.col("at")), by_day=calendar.cell_expr(pl.col("day"))
    )
    assert cells["by_at"].equals(cells["by_day"])
    for number in range(0, len(instants), 9_973):
        assert days[number] == instants[number].astimezone(ZoneInfo(zone)).date()


def test_null_and_far_away() -> None:
    at = pl.Series("at", [None, datetime(2026, 6, 1, 23, 30, tzinfo=UTC), None], dtype=INSTANT)
    assert days_of("Europe/Berlin")(at).to_list() == [None, date(2026, 6, 2), None]
    assert days_of("Europe/Berlin")(at.slice(0, 1)).to_list() == [None]
    instants = [datetime(1893, 3, 31, 23, 10, tzinfo=UTC), datetime(2026, 6, 1, 23, 30, tzinfo=UTC)]
    old = pl.Series("at", instants, dtype=INSTANT)
    assert days_of("Europe/Berlin")(old).to_list() == [date(1893, 4, 1), date(2026, 6, 2)]
    assert days_of("Europe/Berlin")(old.clear()).to_list() == []


@pytest.mark.parametrize("week_start", range(7))
@pytest.mark.parametrize("grain", list(Grain))
def test_floors_of_a_column_are_those_of_its_days(week_start: int, grain: Grain) -> None:
    calendar = Calendar("UTC", week_start, 4)
    days = [date(1969, 11, 1) + timedelta(days=number) for number in range(1_000)]
    days += [date(2023, 12, 1) + timedelta(days=number) for number in range(500)]
    rows = pl.DataFrame({"day": days})
    found = rows.select(floor=calendar.floor_expr(pl.col("day"), grain), cell=calendar.cell_expr(pl.col("day")))
    assert found["floor"].to_list() == [calendar.floor(day, grain) for day in days]
    assert found["cell"].to_list() == [calendar.cell(day) for day in days]
