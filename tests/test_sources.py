"""Export files become canonical tables and logs, and every row that cannot be used is told."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports import faults, opened, rows, told, usable
from saasmetrics.finding import InputError, Severity
from saasmetrics.sources.broken import broken_files_told

DATA = os.environ.get("SAASMETRICS_TEST_DATA")

ACCOUNTS = "accounts: {path: orgs.csv, columns: {account: id, created: signed}}"
SUBSCRIPTIONS = """
subscriptions:
  path: subs.csv
  columns: {id: sub, account: org, start: from, end: to, mrr: amount, currency: cur}
"""
CONTENT = 'id,signed,note\nb,2026-01-02,ünï\na,2026-01-01,"x, y"\n'


def _write(path: Path, text: str, encoding: str = "utf-8") -> None:
    path.write_bytes(text.encode(encoding))


def test_a_date_is_the_start_of_that_day_where_reports_are_made(tmp_path: Path) -> None:
    _write(tmp_path / "orgs.csv", CONTENT)
    sources = opened(tmp_path, ACCOUNTS, timezone="America/New_York")
    # midnight in New York in winter is 05:00 UTC
    expected = [("a", datetime(2026, 1, 1, 5, tzinfo=UTC), "x, y"), ("b", datetime(2026, 1, 2, 5, tzinfo=UTC), "ünï")]
    assert usable(sources, "accounts", "account", "created", "note") == expected
    assert rows(sources, "accounts").columns == [
        "account", "created", "id", "signed", "note", "source", "_fault", "_seen",
    ]  # fmt: skip


def _clock(*times: datetime | None) -> pl.Series:
    """Times without a zone."""
    return pl.Series(times, dtype=pl.Datetime("us", "UTC")).dt.replace_time_zone(None)


def _zip(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("orgs.csv", content)
    return out.getvalue()


def _zst(content: bytes) -> bytes:
    return pa.Codec("zstd").compress(content, asbytes=True)  # type: ignore[no-any-return]  # PyArrow is untyped


@pytest.mark.parametrize(
    ("name", "content", "note"),
    [
        ("orgs.csv.gz", gzip.compress(CONTENT.encode()), None),
        ("orgs.csv.zst", _zst(CONTENT.encode()), None),
        ("orgs.csv.zip", _zip(CONTENT.encode()), None),
        ("orgs.csv", CONTENT.encode("utf-8-sig"), None),
        ("orgs.csv", CONTENT.encode("utf-16"), "UTF-16"),
        ("orgs.csv", CONTENT.encode("cp1252"), "Windows-1252"),
        ("orgs.csv", CONTENT.replace("\n", "\r\n").encode(), None),
        ("orgs.csv", CONTENT.replace("\n", "\r").encode(), None),
        ("orgs.csv", CONTENT.replace('"x, y"', "x@ y").replace(",", ";").replace("@", ",").encode(), None),
        ("orgs.tsv", CONTENT.replace('"x, y"', "x@ y").replace(",", "\t").replace("@", ",").encode(), None),
        ("orgs.csv", b'Report of orgs\n"January 1, 2026"\n\n' + CONTENT.encode(), None),
        ("orgs.csv", CONTENT.replace("id,signed", "ID,Signed").encode(), None),
    ],
    ids=["gz", "zst", "zip", "bom", "utf-16", "cp1252", "crlf", "cr", "semicolons", "tabs", "titles", "capitals"],
)
def test_ways_of_writing_one_table_give_the_same_rows(tmp_path: Path, name: str, content: bytes, note: str) -> None:
    (tmp_path / name).write_bytes(content)
    sources = opened(tmp_path, ACCOUNTS.replace("orgs.csv", name))
    found = usable(sources, "accounts", "account", "created", "note")
    assert found == [("a", datetime(2026, 1, 1, tzinfo=UTC), "x, y"), ("b", datetime(2026, 1, 2, tzinfo=UTC), "ünï")]
    notes = {finding.code: finding.message for finding in sources.findings}
    titles = {"SM936": "2 lines before the column names skipped"} if content.startswith(b"Report") else {}
    assert notes == titles | ({"SM920": f"read as {note}"} if note else {})


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_columns_aligned_with_blanks_are_read_where_no_separator_knows_the_header(tmp_path: Path, end: str) -> None:
    lines = ["Report of  orgs", "", "  id     signed  note", "   b 2026-01-02   ünï", "   a 2026-01-01     x", ""]
    (tmp_path / "orgs.txt").write_text(end.join(lines), encoding="utf-8", newline="")
    sources = opened(tmp_path, ACCOUNTS.replace("orgs.csv", "orgs.txt"))
    found = usable(sources, "accounts", "account", "created", "note")
    assert found == [("a", datetime(2026, 1, 1, tzinfo=UTC), "x"), ("b", datetime(2026, 1, 2, tzinfo=UTC), "ünï")]
    assert [finding.message for finding in sources.findings] == ["1 line before the column names skipped"]


OBJECTS = '{"id":"b","signed":"2026-01-02","note":"ünï"}\n\n{"id":"a","signed":"2026-01-01","note":"x, y"}\n'
LIST = "[" + ",".join(OBJECTS.split("\n\n")) + "]"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("orgs.jsonl", OBJECTS.encode()),
        ("orgs.json", OBJECTS.encode()),
        ("orgs.ndjson.gz", gzip.compress(OBJECTS.encode())),
        ("orgs.jsonl.zst", _zst(OBJECTS.encode())),
        ("orgs.jsonl.zip", _zip(OBJECTS.encode())),
        ("orgs.jsonl", OBJECTS.encode("utf-8-sig")),
        ("orgs.jsonl", OBJECTS.encode("utf-16")),
        ("orgs.json", LIST.encode()),
        ("orgs.json", LIST.encode("utf-8-sig")),
        ("orgs.json.gz", gzip.compress(LIST.encode())),
    ],
    ids=["lines", "lines-json", "gz", "zst", "zip", "bom", "utf-16", "list", "list-bom", "list-gz"],
)
def test_ways_of_writing_objects_give_the_same_rows(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    sources = opened(tmp_path, ACCOUNTS.replace("orgs.csv", name))
    found = usable(sources, "accounts", "account", "created", "note")
    assert found == [("a", datetime(2026, 1, 1, tzinfo=UTC), "x, y"), ("b", datetime(2026, 1, 2, tzinfo=UTC), "ünï")]
    assert sources.findings == ()


def _subscriptions() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "sub": ["s3", "s1", "s2"],
            "org": ["b", "a", "a"],
            "from": [date(2026, 1, 5), date(2026, 1, 1), date(2026, 2, 1)],
            "to": [None, date(2026, 2, 1), None],
            "amount": [10.5, 100.0, 120.0],
            "cur": ["eur", "USD", None],
            "trial": [False, True, None],
        }
    )


EXPECTED = [
    ("s1", "a", date(2026, 1, 1), date(2026, 2, 1), 100.0, "USD", 1.0),
    ("s2", "a", date(2026, 2, 1), None, 120.0, None, 1.0),
    ("s3", "b", date(2026, 1, 5), None, 10.5, "EUR", 1.1),
]
MADE = ("id", "account", "start", "end", "mrr", "currency", "rate")
RATES = "fx: {rows: [{currency: EUR, rate: 1.1}]}\n"


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl", "json"])
def test_formats_agree(tmp_path: Path, form: str) -> None:
    table = _subscriptions()
    path = tmp_path / f"subs.{form}"
    writers: dict[str, Any] = {
        "csv": table.write_csv, "parquet": table.write_parquet, "jsonl": table.write_ndjson, "json": table.write_json,
    }  # fmt: skip
    writers[form](path)
    sources = opened(tmp_path, RATES + SUBSCRIPTIONS.replace("subs.csv", path.name), currency="USD")
    assert usable(sources, "subscriptions", *MADE) == EXPECTED
    assert told(sources) == {}
    kept = opened(
        tmp_path, RATES + SUBSCRIPTIONS.replace("subs.csv", path.name) + "  filter: trial IS DISTINCT FROM TRUE\n"
    )
    assert [row[0] for row in usable(kept, "subscriptions", "id")] == ["s2", "s3"]


def test_split_and_shuffled_files_give_the_same_rows(tmp_path: Path) -> None:
    table = _subscriptions()
    table[[2, 0]].write_csv(tmp_path / "subs_2.csv")
    table[[1]].select(reversed(table.columns)).write_parquet(tmp_path / "subs_1.parquet")
    sources = opened(tmp_path, RATES + SUBSCRIPTIONS.replace("subs.csv", "'subs_*.*'"), currency="USD")
    assert usable(sources, "subscriptions", *MADE) == EXPECTED
    whole = rows(sources, "subscriptions").select(MADE)
    table.write_csv(tmp_path / "subs.csv")
    assert whole.equals(rows(opened(tmp_path, RATES + SUBSCRIPTIONS, currency="USD"), "subscriptions").select(MADE))


BROKEN = """sub,org,from,to,amount,cur
s1,a,2026-01-01,,100,USD
s2,,2026-01-01,,100,USD
s3,a,2026-13-01,,100,USD
s4,a,2026-01-01,soon,100,USD
s5,a,2026-01-01,,much,USD
s6,a,2026-01-01,,,USD
s7,a,2026-03-01,2026-02-01,100,USD
s8,a,2026-03-01,2026-03-01,100,USD
s9,a,2026-01-01,,100,GBP
s10,a,2026-01-01,,1,000,USD
s1,a,2026-01-01,,100,USD
s8,a,2026-03-01,2026-03-01,200,USD

s11,a
"""


def test_each_fault_is_named_and_counted(tmp_path: Path) -> None:
    _write(tmp_path / "subs.csv", BROKEN)
    sources = opened(tmp_path, RATES + SUBSCRIPTIONS, currency="USD")
    assert usable(sources, "subscriptions", "id", "mrr") == [("s1", 100.0), ("s8", 100.0)]
    assert faults(sources, "subscriptions", "id") == {
        "s2": "missing:account", "s3": "unreadable:start", "s4": "unreadable:end", "s5": "unreadable:mrr",
        "s6": "missing:mrr", "s7": "end before start", "s9": "unknown currency", "s10": "ragged",
        "s1": "repeat", "s8": "repeat", "s11": "missing:start", None: "blank line",
    }  # fmt: skip
    ragged = told(sources)["SM906"]
    assert (ragged.location and ragged.location.line, ragged.rows) == (11, 2)
    assert "7 cells where the header has 6" in ragged.message
    findings = told(sources, "subscriptions")
    assert findings["SM914"].message == "no rate for the currency (1 row): `GBP`"
    assert findings["SM911"].severity is Severity.ERROR
    assert findings["SM905"].message.startswith("1 id on several rows that differ")
    assert findings["SM919"].rows == 1
    assert all(finding.location and finding.location.file == "subs.csv" for finding in findings.values())


def test_a_missing_column_names_the_near_ones_and_leaves_the_source_out(tmp_path: Path) -> None:
    _write(tmp_path / "orgs.csv", "org_id,signed\na,2026-01-01\n")
    sources = opened(tmp_path, ACCOUNTS.replace("account: id", "account: orgid"))
    assert "accounts" not in sources.tables
    assert "no column `orgid`" in sources.missing["accounts"]
    finding = told(sources)["SM908"]
    assert (finding.column, finding.hint) == ("orgid", "did you mean org_id?")
    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("block", "code"),
    [
        ("accounts: {path: nothing.csv}", "SM901"),
        ("accounts: {path: '../*.csv'}", "SM902"),
        ("accounts: {path: orgs.xlsx}", "SM903"),
        ("accounts: {path: torn.csv.gz}", "SM904"),
        ("accounts: {path: torn.parquet}", "SM904"),
        ("accounts: {path: torn.jsonl}", "SM904"),
        ("accounts: {path: torn.json}", "SM904"),
        ("accounts: {path: deep.json}", "SM904"),
        ("accounts: {path: words.json}", "SM904"),
        ("accounts: {path: latin.json}", "SM904"),
        ("accounts: {path: latin.jsonl}", "SM904"),
        ("accounts: {path: torn.zip}", "SM903"),
        ("accounts: {path: two.csv.zip}", "SM904"),
        ("accounts: {path: open.csv}", "SM907"),
        ("accounts: {path: orgs.csv, filter: 'plann = 1', columns: {account: id, created: signed}}", "SM908"),
        ("accounts: {path: orgs.csv, filter: 'LOWER(7) = id', columns: {account: id, created: signed}}", "SM909"),
    ],
)
def test_what_cannot_be_read_is_a_finding(tmp_path: Path, block: str, code: str) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    for path in (tmp_path / "orgs.csv", folder / "orgs.csv", folder / "orgs.xlsx"):
        _write(path, CONTENT)
    (folder / "torn.csv.gz").write_bytes(gzip.compress(CONTENT.encode() * 99)[:-30])
    (folder / "torn.parquet").write_bytes(b"PAR1 and no more")
    _write(folder / "torn.jsonl", '{"account": "a", "created": "2026-01-01"}\n{"account": \n')
    _write(folder / "torn.json", '[{"account": "a"},\n{"account"]')
    _write(folder / "deep.json", "[" * 100_000)
    _write(folder / "latin.json", '[{"account": "é"}]', "cp1252")
    _write(folder / "latin.jsonl", '{"account": "é"}', "cp1252")
    _write(folder / "words.json", '["a", "b"]')
    with zipfile.ZipFile(folder / "two.csv.zip", "w") as archive:
        archive.writestr("a.csv", CONTENT)
        archive.writestr("b.csv", CONTENT)
    _write(folder / "torn.zip", "no archive")
    _write(folder / "inch.csv", 'account,created,note\na,2026-01-01,19" screen\n')
    _write(folder / "open.csv", 'account,created\na,2026-01-01\nb,"2026-01-01\n')
    sources = opened(folder, block)
    finding = told(sources)[code]
    assert finding.severity is Severity.ERROR
    assert finding.location
    if code in ("SM901", "SM902"):
        assert str(finding.location) == "metrics.yaml:1:12"
    assert "accounts" not in sources.tables
    assert sources.missing["accounts"]
    assert opened(folder, "accounts: {path: inch.csv}").findings == ()


@pytest.mark.parametrize("name", ["orgs.jsonl", "orgs.csv.gz", "orgs.csv.zst"])
def test_a_file_that_breaks_far_in_is_named_with_its_line(tmp_path: Path, name: str) -> None:
    if name == "orgs.jsonl":
        good = b'{"id": "a", "signed": "2026-01-01"}\n'
        (tmp_path / name).write_bytes(good * 70_000 + b'{"id": \n' + good)
    else:
        content = b"id,signed,note\n" + b"a,2026-01-01,xxxxxx\n" * 69_999 + "é,2026-01-01,\n".encode("cp1252")
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else _zst(content))
    sources = opened(tmp_path, ACCOUNTS.replace("orgs.csv", name))
    assert sources.findings == ()
    with pytest.raises(InputError) as raised, broken_files_told(sources.files["accounts"]):
        rows(sources, "accounts")
    assert raised.value.exit_code == 3
    assert [str(finding.location) for finding in raised.value.findings] == [f"{name}:70001"]


def test_errors_that_no_file_explains_stay_what_they_are(tmp_path: Path) -> None:
    _write(tmp_path / "orgs.csv", CONTENT)
    sources = opened(tmp_path, ACCOUNTS)
    with pytest.raises(pl.exceptions.ColumnNotFoundError), broken_files_told(sources.files["accounts"]):
        sources.tables["accounts"].frame.select("nothing").collect()


def test_sources_of_one_role_stack_and_their_repeats_go(tmp_path: Path) -> None:
    _write(tmp_path / "a.csv", "nr,day,org,sum,paid\n1,2026-01-05,a,10,yes\n2,2026-01-06,a,20,no\n")
    pl.DataFrame(
        {
            "number": [2, 3],
            "at": _clock(datetime(2026, 1, 6, tzinfo=UTC), datetime(2026, 1, 7, 12, tzinfo=UTC)),
            "account": ["a", "b"],
            "sum": [20, 5],
        }
    ).write_parquet(tmp_path / "b.parquet")
    sources = opened(
        tmp_path,
        """
        old: {path: a.csv, role: invoices, columns: {id: nr, at: day, account: org, amount: sum}}
        new: {path: b.parquet, role: invoices, columns: {id: number, amount: sum}}
        """,
    )
    found = rows(sources, "invoices")
    assert found.select("id", "amount", "source", "_fault", "paid").rows() == [
        ("1", 10.0, "old", None, "yes"),
        ("2", 20.0, "old", None, "no"),
        ("2", 20.0, "new", "repeat", None),
        ("3", 5.0, "new", None, None),
    ]
    assert told(sources, "invoices")["SM915"].rows == 1


def test_merged_accounts_become_the_account_they_ended_in(tmp_path: Path) -> None:
    _write(tmp_path / "orgs.csv", "id,signed\na,2026-01-01\nd,2026-01-02\n")
    _write(
        tmp_path / "subs.csv", "sub,org,from,to,amount,cur\n" + "".join(f"s{x},{x},2026-01-01,,1,\n" for x in "abcdpq")
    )
    pairs = ", ".join(f"{{alias: {alias}, account: {account}}}" for alias, account in ("ab", "bc", "pq", "qp"))
    links = f"aliases: {{rows: [{pairs}]}}\n"
    sources = opened(tmp_path, links + ACCOUNTS + SUBSCRIPTIONS)
    assert usable(sources, "subscriptions", "id", "account") == [
        ("sa", "c"), ("sb", "c"), ("sc", "c"), ("sd", "d"), ("sp", "p"), ("sq", "q"),
    ]  # fmt: skip
    assert usable(sources, "accounts", "account") == [("c",), ("d",)]
    assert faults(sources, "aliases", "alias") == {"p": "alias cycle", "q": "alias cycle"}
    assert told(sources, "aliases")["SM918"].rows == 2
    assert sources.aliases is not None
    assert sorted(sources.aliases.collect().rows()) == [("a", "c"), ("b", "c")]


def test_accounts_have_one_row_each_unless_they_have_a_history(tmp_path: Path) -> None:
    _write(tmp_path / "orgs.csv", "id,signed,since\na,2026-01-01,2026-01-01\na,2026-01-01,2026-02-01\nb,2026-01-03,\n")
    plain = opened(tmp_path, ACCOUNTS)
    assert [row[0] for row in usable(plain, "accounts", "account")] == ["a", "b"]
    assert faults(plain, "accounts", "account") == {"a": "repeat"}
    history = opened(tmp_path, ACCOUNTS.replace("created: signed", "created: signed, valid_from: since"))
    assert usable(history, "accounts", "account", "valid_from") == [
        ("a", date(2026, 1, 1)), ("a", date(2026, 2, 1)), ("b", None),
    ]  # fmt: skip


def test_a_log_reads_only_what_is_asked(tmp_path: Path) -> None:
    table = pl.DataFrame(
        {
            "name": ["started", "posted", None, "posted", "posted"],
            "ts": _clock(*(datetime(2026, 1, day, 12, tzinfo=UTC) if day else None for day in (1, 2, 2, 0, 3))),
            "org": ["a", "a", "b", "b", ""],
            "who": ["u1", None, "u2", "u2", ""],
            "test": [False, None, False, False, False],
            "amount": [1.5, 2.5, 3.5, 4.5, 5.5],
        }
    )
    table.write_parquet(tmp_path / "log.parquet")
    table.write_csv(tmp_path / "log.csv")
    block = """
    events:
      path: log.parquet
      filter: test IS DISTINCT FROM TRUE
      columns: {event: name, at: ts, account: org, user: who}
    """
    log = opened(tmp_path, block).logs["events"]
    assert log.raw_columns(("user",)) == ("name", "ts", "org", "who", "test")
    assert log.columns["at"] == pl.Datetime("us", "UTC")
    assert log.columns["amount"] == pl.Float64
    assert not log.id
    found = log.scan(log.files[0], ("account", "at", "user")).collect()
    assert found.columns == ["at", "account", "user", "_fault"]
    assert found["_fault"].to_list() == [None, None, "missing:event", "missing:at", "missing:account"]
    assert found["user"].to_list() == ["u1", None, "u2", "u2", None]
    coded = table.with_columns(pl.col("name", "org", "who").cast(pl.Categorical))
    again = log.conform(coded.lazy(), ("account", "at", "user")).collect()
    assert again.with_columns(pl.col("account", "user").cast(pl.String)).equals(found)
    assert again["account"].dtype == pl.Categorical
    text = opened(tmp_path, block.replace("log.parquet", "log.csv")).logs["events"]
    assert text.scan(text.files[0], ("account", "at", "user")).collect().equals(found)
    assert text.key != log.key


def test_only_what_is_wanted_is_opened(tmp_path: Path) -> None:
    _write(tmp_path / "orgs.csv", CONTENT)
    sources = opened(tmp_path, RATES + ACCOUNTS + "\nusers: {path: gone.csv}", wanted=frozenset({"accounts"}))
    assert (sorted(sources.tables), sources.findings) == (["accounts", "fx"], ())


TEXTS = st.text("aé,;\"'\n\t|x0 \u2009€", min_size=1, max_size=6).map(lambda text: f"<{text}>")
ROW = st.fixed_dictionaries(
    {
        "org": st.sampled_from(["a", "b", "007", "Ünï"]),
        "signed": st.datetimes(datetime(2020, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001 - a clock time of the file
        "seats": st.none() | st.integers(-5, 10**12),
        "note": st.none() | TEXTS,
    }
)


@given(table=st.lists(ROW, min_size=1, max_size=12), cut=st.integers(0, 12), seed=st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_any_table_reads_alike_from_every_format_and_any_files(
    tmp_path_factory: pytest.TempPathFactory, table: list[dict[str, Any]], cut: int, seed: Random
) -> None:
    folder = tmp_path_factory.mktemp("exports")
    types: Any = {"org": pl.String, "signed": pl.Datetime("us"), "seats": pl.Int64, "note": pl.String}
    whole = pl.DataFrame([{**row, "nr": number} for number, row in enumerate(table)], schema={**types, "nr": pl.Int64})
    order = list(range(whole.height))
    seed.shuffle(order)
    whole.write_parquet(folder / "one.parquet")
    whole.write_ndjson(folder / "one.jsonl")
    whole.write_csv(folder / "one.csv")
    whole.write_csv(folder / "semi.csv", separator=";", line_terminator="\r\n", quote_style="non_numeric")
    for number, part in enumerate((order[:cut], order[cut:])):
        whole[part].write_csv(folder / f"part{number}.csv.gz", compression="gzip")
    found = []
    for path in ("one.parquet", "one.jsonl", "one.csv", "semi.csv", "part*"):
        block = f"""
        tickets:
          path: {path}
          timezone: America/New_York
          columns: {{id: nr, account: org, at: signed, category: note}}
        """
        sources = opened(folder, block, timezone="Asia/Kolkata")
        found.append(rows(sources, "tickets").select("id", "account", "at", "category", "_fault"))
    assert all(other.equals(found[0]) for other in found[1:])
    assert found[0]["_fault"].null_count() == len(table)


@pytest.mark.skipif(not DATA, reason="SAASMETRICS_TEST_DATA is not set")
def test_a_real_file_conforms(tmp_path: Path) -> None:
    folder = Path(str(DATA)) / "ravenstack"
    block = """
    subscriptions:
      path: ravenstack_subscriptions.csv
      filter: NOT is_trial
      columns: {id: subscription_id, account: account_id, start: start_date, end: end_date, mrr: mrr_amount}
    """
    sources = opened(folder, block)
    found = rows(sources, "subscriptions")
    query = f"""
        SELECT count(*), sum(mrr_amount), sum(seats), count(end_date), count(*) FILTER (start_date = end_date)
        FROM read_csv('{folder}/ravenstack_subscriptions.csv') WHERE NOT is_trial
    """
    total, mrr, seats, ended, empty = duckdb.connect().execute(query).fetchall()[0]
    assert found["_fault"].null_count() == found.height == total
    assert (found["mrr"].sum(), found["seats"].sum(), found["end"].count()) == (mrr, seats, ended)
    assert told(sources, "subscriptions")["SM919"].rows == empty
