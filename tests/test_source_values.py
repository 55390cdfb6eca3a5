"""Cells become what their column means, or a fault; nothing is guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from exports import faults, opened, rows, told, usable
from saasmetrics.period import Calendar
from saasmetrics.sources.amounts import flags, mark_of, numbers, whole
from saasmetrics.sources.times import Clock, days, epoch, instants, order_of

BERLIN = Calendar("Europe/Berlin")


def _at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]  # year, month, day and so on


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-05", _at(2026, 1, 4, 23)),  # Berlin's day begins at 23:00 UTC in winter
        ("2026-07-05", _at(2026, 7, 4, 22)),
        ("20260105", _at(2026, 1, 4, 23)),
        ("2026/1/5", _at(2026, 1, 4, 23)),
        ("05.01.2026", _at(2026, 1, 4, 23)),
        ("2026-01-05T10:00:00Z", _at(2026, 1, 5, 10)),
        ("2026-01-05T10:00:00.25Z", _at(2026, 1, 5, 10, 0, 0, 250_000)),
        ("2026-01-05T10:00:00.123456Z", _at(2026, 1, 5, 10, 0, 0, 123_456)),
        ("2026-01-05T10:00:00+02:00", _at(2026, 1, 5, 8)),
        ("2026-01-05 10:00:00-0430", _at(2026, 1, 5, 14, 30)),
        ("2026-01-05 10:00:00+00", _at(2026, 1, 5, 10)),
        ("2026-01-05 10:00 UTC", _at(2026, 1, 5, 10)),
        ("2026-01-05 10:00", _at(2026, 1, 5, 15)),  # New York, five hours behind
        ("2026-01-05 10:00:30", _at(2026, 1, 5, 15, 0, 30)),
        ("2026-01-05 10:00:30.5", _at(2026, 1, 5, 15, 0, 30, 500_000)),
        ("2026-01-05 10:00:30,125", _at(2026, 1, 5, 15, 0, 30, 125_000)),
        ("2026-01-05 3:42 PM", _at(2026, 1, 5, 20, 42)),
        ("2026-03-08 02:30:00", _at(2026, 3, 8, 7, 30)),  # skipped in New York: an hour later
        ("2026-11-01 01:30:00", _at(2026, 11, 1, 5, 30)),  # comes twice: the first
        ("1767607200", _at(2026, 1, 5, 10)),
        ("1767607200123", _at(2026, 1, 5, 10, 0, 0, 123_000)),
        ("2026-13-05", None),
        ("2026-02-30", None),
        ("2026-01-05T25:00:00Z", None),
        ("2026-01-05T10:00:00Zulu", None),
        ("05/01/2026", None),  # which is the month?
        ("12345", None),
        ("tomorrow", None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_is_read_by_its_shape(text: str | None, expected: datetime | None) -> None:
    clock = Clock("America/New_York", BERLIN)
    alone = instants(pl.Series([text], dtype=pl.String), clock)
    assert alone.to_list() == [expected]
    # and the same among others, whatever the first one looks like
    for first in ("2026-01-01T00:00:00Z", "2026-01-01", "nonsense"):
        assert instants(pl.Series([first, text, first], dtype=pl.String), clock)[1] == expected


def test_a_day_is_never_shifted_and_a_time_falls_into_a_local_day() -> None:
    texts = pl.Series(["2026-01-05", "2026-01-05T22:59:59Z", "2026-01-05T23:00:00Z", "2026-01-05 18:00", "x", None])
    expected = [date(2026, 1, 5), date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 6), None, None]
    assert days(texts, Clock("America/New_York", BERLIN)).to_list() == expected


def test_midnights_of_a_column_of_days_stay_on_their_day(tmp_path: Path) -> None:
    midnights = pl.Series([_at(2026, 1, 5), _at(2026, 2, 1)]).dt.replace_time_zone(None)
    table = pl.DataFrame({"org": ["a", "b"], "from": midnights, "sum": [1, 2]})
    table.write_parquet(tmp_path / "subs.parquet")
    table.with_columns(pl.col("from").dt.strftime("%Y-%m-%d %H:%M:%S")).write_csv(tmp_path / "subs.csv")
    for name in ("subs.parquet", "subs.csv"):
        block = f"subscriptions: {{path: {name}, columns: {{account: org, start: from, mrr: sum}}}}"
        sources = opened(tmp_path, block, timezone="America/New_York")
        assert usable(sources, "subscriptions", "start") == [(date(2026, 1, 5),), (date(2026, 2, 1),)]
        assert told(sources)["SM922"].column == "start"


def test_a_time_among_midnights_keeps_its_hour() -> None:
    clock = Clock("UTC", Calendar("America/New_York"), midnights=True)
    found = instants(pl.Series(["2026-01-05 00:00:00", "2026-01-05 10:00:00"]), clock)
    assert found.to_list() == [_at(2026, 1, 5, 5), _at(2026, 1, 5, 10)]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["03/04/2026", "13/04/2026"], "day first"),
        (["03/04/2026", "04-13-2026 10:00"], "month first"),
        (["03/04/2026", "12/12/2026"], "ambiguous"),
        (["13/04/2026", "04/13/2026"], "mixed"),
        (["2026-04-13", None], None),
    ],
)
def test_the_order_of_day_and_month_is_proved_by_the_column(texts: list[str | None], expected: str | None) -> None:
    assert order_of(pl.Series(texts, dtype=pl.String)) == expected


@pytest.mark.parametrize(
    ("cells", "option", "expected"),
    [
        ("03/04/2026 13/04/2026", "", [date(2026, 4, 3), date(2026, 4, 13)]),
        ("03/04/2026 04/13/2026", "", [date(2026, 3, 4), date(2026, 4, 13)]),
        ("03/04/2026 05/06/2026", "", "SM916"),
        ("13/04/2026 04/13/2026", "", "SM916"),
        ("03/04/2026 05/06/2026", ", date_format: '%d/%m/%Y'", [date(2026, 4, 3), date(2026, 6, 5)]),
        ("3Apr26 2026-05-06", ", date_format: '%d%b%y'", [date(2026, 4, 3), date(2026, 5, 6)]),
    ],
)
def test_dates_with_slashes(tmp_path: Path, cells: str, option: str, expected: list[date] | str) -> None:
    lines = "".join(f"a,{cell},1\n" for cell in cells.split())
    (tmp_path / "spend.csv").write_text("channel,at,amount\n" + lines)
    sources = opened(tmp_path, f"spend: {{path: spend.csv{option}}}")
    if isinstance(expected, str):
        assert told(sources)[expected].column == "at"
        assert set(faults(sources, "spend", "_seen").values()) == {"unreadable:at"}
    else:
        assert [row[0] for row in usable(sources, "spend", "at")] == sorted(expected, key=repr)


def test_whole_numbers_are_seconds_or_finer_by_their_size() -> None:
    frame = pl.DataFrame({"n": [1767607200, 1767607200000, 1767607200000000, 1767607200000000000, 20260105]})
    assert frame.select(epoch(pl.col("n"))).to_series().to_list() == [*[_at(2026, 1, 5, 10)] * 4, None]


@pytest.mark.parametrize(
    ("texts", "mark", "expected"),
    [
        (["1234.5", "-3", "1e3", "x", None], "point", [1234.5, -3.0, 1000.0, None, None]),
        (["1,234.50", "2,000", "7"], "point", [1234.5, 2000.0, 7.0]),
        (["1,234,567"], "point", [1234567.0]),
        (["1.234,50", "2.000", "7", "12,5"], "comma", [1234.5, 2000.0, 7.0, 12.5]),
        (["1 234,56", "1\u202f234,56"], "comma", [1234.56, 1234.56]),
        (["$1,234.50", "€ 5.25", "(3.10)", "'-4.20", "5.00 €"], "point", [1234.5, 5.25, -3.1, -4.2, 5.0]),
        (["\u22125.5"], "point", [-5.5]),
        (["1,234", "5"], None, [None, 5.0]),
        (["1,234.5", "1.234,5"], "mixed", [None, None]),
        (["inf", "nan", "1,23,4.5", "12,34"], "comma", [None, None, None, 12.34]),
        (["1234,567", "1,2345"], "comma", [1234.567, 1.2345]),
    ],
)
def test_the_decimal_mark_is_proved_by_the_column(
    texts: list[str | None], mark: str | None, expected: list[float | None]
) -> None:
    column = pl.Series(texts, dtype=pl.String)
    found = mark_of(column)
    assert found == mark
    assert numbers(column, found).to_list() == expected


def test_counts_are_whole_and_flags_are_words() -> None:
    assert whole(pl.Series(["3", "4.0", "4.5", "x", None]), None).to_list() == [3, 4, None, None, None]
    words = pl.DataFrame({"w": ["TRUE", "f", "Yes", "0", "1", " no ", "maybe", None]})
    assert words.select(flags(pl.col("w"))).to_series().to_list() == [
        True, False, True, False, True, False, None, None,
    ]  # fmt: skip


def test_numbers_that_could_be_either_are_refused(tmp_path: Path) -> None:
    (tmp_path / "spend.csv").write_text('at,amount\n2026-01-01,"1,234"\n2026-01-02,5\n')
    sources = opened(tmp_path, "spend: {path: spend.csv}")
    assert told(sources)["SM917"].severity.name == "ERROR"
    assert faults(sources, "spend", "_seen") == {"1,234": "unreadable:amount"}


def test_cells_that_mean_nothing_are_null(tmp_path: Path) -> None:
    nothing = ["", "NULL", "null", "None", "NaN", "\\N", "N/A", "-", "--", " --", '""']
    (tmp_path / "spend.csv").write_text("at,amount,channel\n" + "".join(f"2026-01-01,1,{cell}\n" for cell in nothing))
    found = rows(opened(tmp_path, "spend: {path: spend.csv}"), "spend")
    assert found["channel"].null_count() == found.height == len(nothing)
    (tmp_path / "spend.csv").write_text("at,amount,channel\n2026-01-01,1,none\n2026-01-01,1,NA\n2026-01-01,1,0\n")
    assert usable(opened(tmp_path, "spend: {path: spend.csv}"), "spend", "channel") == [("0",), ("NA",), ("none",)]


def test_map_default_expr_and_constants(tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_text(
        "month,eur,group,tax\n2026-01-01,100,Hosting,19\n2026-02-01,50,Rent,\n2026-03-01,7,opex,1\n"
    )
    block = """
    costs:
      path: costs.csv
      columns:
        at: month
        amount: {expr: "eur - COALESCE(tax, 0)"}
        bucket: {column: group, map: {Hosting: cogs}, default: opex}
        currency: {default: eur}
        team: {column: group, map: {Hosting: platform}}
    """
    found = usable(opened(tmp_path, block, currency="EUR"), "costs", "at", "amount", "bucket", "currency", "team")
    assert found == [
        (date(2026, 1, 1), 81.0, "cogs", "EUR", "platform"),
        (date(2026, 2, 1), 50.0, "opex", "EUR", "Rent"),
        (date(2026, 3, 1), 6.0, "opex", "EUR", "opex"),
    ]


def test_a_column_reports_values_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_text("at,amount,bucket\n2026-01-01,1,COGS\n2026-01-02,2,rent\n2026-01-03,3,rent\n")
    sources = opened(tmp_path, "costs: {path: costs.csv}")
    assert usable(sources, "costs", "bucket") == [("cogs",)]
    assert told(sources, "costs")["SM912"].message == "`bucket` is none of cogs, opex (2 rows): `rent`"


def test_minor_units_follow_the_currency(tmp_path: Path) -> None:
    (tmp_path / "inv.csv").write_text(
        "org,day,cents,cur\na,2026-01-01,12345,usd\na,2026-01-02,12345,JPY\na,2026-01-03,12345,kwd\na,2026-01-04,12345,\n"
    )
    block = """
    fx: {rows: [{currency: USD, rate: 0.9}, {currency: JPY, rate: 0.006}, {currency: KWD, rate: 3}]}
    invoices:
      path: inv.csv
      columns: {account: org, at: day, amount: {column: cents, unit: minor}, currency: cur}
    """
    found = usable(opened(tmp_path, block, currency="EUR"), "invoices", "at", "amount", "currency", "rate")
    assert [row[1:] for row in found] == [
        (123.45, "USD", 0.9), (12345.0, "JPY", 0.006), (12.345, "KWD", 3.0), (123.45, None, 1.0),
    ]  # fmt: skip


def test_a_constant_rate_is_the_one_without_a_date_else_the_latest(tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_text("at,amount,currency\n2026-01-01,1,EUR\n2026-01-01,1,GBP\n2026-01-01,1,USD\n")
    block = """
    costs: {path: costs.csv}
    fx:
      rows:
        - {currency: eur, rate: 1.2, at: 2026-02-01}
        - {currency: EUR, rate: 1.1, at: 2026-01-01}
        - {currency: GBP, rate: 1.5, at: 2026-02-01}
        - {currency: GBP, rate: 1.4}
    """
    assert usable(opened(tmp_path, block, currency="USD"), "costs", "currency", "rate") == [
        ("EUR", 1.2), ("GBP", 1.4), ("USD", 1.0),
    ]  # fmt: skip


@pytest.mark.parametrize(("currencies", "usable_rows"), [(["USD", "USD"], 2), (["USD", "EUR"], 0)])
def test_without_a_reporting_currency_only_one_may_occur(
    tmp_path: Path, currencies: list[str], usable_rows: int
) -> None:
    lines = "".join(f"2026-01-01,1,{currency}\n" for currency in currencies)
    (tmp_path / "costs.csv").write_text("at,amount,currency\n" + lines)
    sources = opened(tmp_path, "costs: {path: costs.csv}")
    assert len(usable(sources, "costs", "rate")) == usable_rows


def test_values_inside_json_text_and_structs(tmp_path: Path) -> None:
    table = pl.DataFrame({"event": ["a", "b"], "time": [1767607200, 1767607201], "n": [7, 8]})
    props = [{"$groups": {"company": "acme"}, "tags": ["x", "y"]}, {"$groups": None, "tags": []}]
    table.with_columns(props=pl.Series(props)).write_parquet(tmp_path / "log.parquet")
    (tmp_path / "log.jsonl").write_text(
        '{"event":"a","time":1767607200,"n":7,"props":{"$groups":{"company":"acme"},"tags":["x","y"]}}\n'
        '{"event":"b","time":1767607201,"n":8,"props":{"$groups":null,"tags":[]}}\n'
    )
    for name in ("log.parquet", "log.jsonl"):
        block = f"""
        events:
          path: {name}
          columns: {{at: time, account: {{json: props.$groups.company}}, user: n, workflow: {{json: props.$groups.x}}}}
        """
        log = opened(tmp_path, block).logs["events"]
        found = log.scan(log.files[0], ("account", "at", "user", "workflow")).collect()
        assert found.rows() == [
            (_at(2026, 1, 5, 10), "acme", "7", None, None),
            (_at(2026, 1, 5, 10, 0, 1), None, "8", None, "missing:account"),
        ]


def test_ids_are_text_whatever_the_file_thinks(tmp_path: Path) -> None:
    pl.DataFrame({"account": [1.0, None, 3.0], "created": [date(2026, 1, 1)] * 3}).write_parquet(tmp_path / "o.parquet")
    assert usable(opened(tmp_path, "accounts: {path: o.parquet}"), "accounts", "account") == [("1",), ("3",)]
    (tmp_path / "o.csv").write_text("account,created\n007,2026-01-01\n3.7E+11,2026-01-01\n")
    sources = opened(tmp_path, "accounts: {path: o.csv}")
    assert usable(sources, "accounts", "account") == [("007",), ("3.7E+11",)]
    assert "3.7E+11" in told(sources)["SM924"].message


@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        ("amount > 9", ["10", "100"]),
        ("amount BETWEEN 9.5 AND 11", ["10"]),
        ("amount IN (9, 100)", ["100", "9"]),
        ("paid", ["10"]),
        ("NOT paid", ["9"]),
        ("paid IS DISTINCT FROM TRUE", ["100", "9"]),
        ("at >= DATE '2026-01-02' AND at < '2026-01-03'", ["10"]),
        ("channel = '7'", ["9"]),
        ("COALESCE(CHANNEL, 'none') <> '7'", ["10", "100"]),
        ("CASE WHEN channel = '7' THEN amount ELSE 0 END > 1", ["9"]),
    ],
)
def test_sql_reads_text_as_people_mean_it(tmp_path: Path, sql: str, kept: list[str]) -> None:
    (tmp_path / "spend.csv").write_text(
        "at,amount,channel,paid\n2026-01-01,9,7,no\n2026-01-02,10,,Yes\n2026-01-03,100,8,\n"
    )
    found = usable(opened(tmp_path, f'spend: {{path: spend.csv, filter: "{sql}"}}'), "spend", "amount")
    assert sorted(str(int(row[0])) for row in found) == kept
