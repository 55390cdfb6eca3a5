"""What exports are like before anybody has looked at them: each trap is read as it is meant, or told in a sentence."""

from __future__ import annotations

import gzip
import io
import json
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from exports import faults, opened, rows, told, usable
from saasmetrics.definitions.settings import Settings
from saasmetrics.sources.files import DataFile
from saasmetrics.sources.look import look
from saasmetrics.sources.presets import headerless
from saasmetrics.sources.quotes import stray

sys.path.insert(0, str(Path(__file__).parent / "fuzz"))
import loading
import reading

ACCOUNTS = "accounts: {{path: {}, columns: {{account: Id, created: Created}}}}"


def _read(folder: Path, name: str, content: bytes, block: str = ACCOUNTS) -> list[tuple[str, datetime]]:
    (folder / name).write_bytes(content)
    return usable(opened(folder, block.format(name)), "accounts", "account", "created")


DAY = datetime(2026, 1, 5, 10, tzinfo=UTC)
SOUND = "Id,Created\na,2026-01-05 10:00\n"

WRITTEN = {
    "a mark before UTF-8": SOUND.encode("utf-8-sig"),
    "UTF-16 and tabs": SOUND.replace(",", "\t").encode("utf-16"),
    "UTF-16, the large end first": b"\xfe\xff" + SOUND.replace(",", "\t").encode("utf-16-be"),
    "Windows-1252": SOUND.replace("\na,", "\nä,").encode("cp1252"),
    "semicolons": SOUND.replace(",", ";").encode(),
    "bars": SOUND.replace(",", "|").encode(),
    "returns only": SOUND.replace("\n", "\r").encode(),
    "returns and feeds": SOUND.replace("\n", "\r\n").encode(),
    "titles before the names": ("Report\nJan 1 - Jan 31\n\n" + SOUND).encode(),
    "names in another case": SOUND.replace("Id,Created", "ID,CREATED").encode(),
    "more columns, in another order": b"x,Created,y,Id\n1,2026-01-05 10:00,2,a\n",
    "blanks around names": SOUND.replace("Id,Created", " Id , Created ").encode(),
    "everything in quotation marks": b'"Id","Created"\n"a","2026-01-05 10:00"\n',
    "epoch seconds": b"Id,Created\na,1767607200\n",
    "epoch milliseconds": b"Id,Created\na,1767607200000\n",
    "an offset": b"Id,Created\na,2026-01-05T11:00:00.000+0100\n",
    "a month in words": b"Id,Created\na,05/Jan/26 10:00 AM\n",
    "a month in words, in full": b'Id,Created\na,"January 5, 2026 10:00"\n',
    "day first, proved": b"Id,Created\na,05/01/2026 10:00\n,13/01/2026 10:00\n",
    "month first, proved": b"Id,Created\na,01/05/2026 10:00\n,01/13/2026 10:00\n",
    "blank lines": SOUND.replace("\n", "\n\n").encode(),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_however_a_table_is_written_it_says_the_same(tmp_path: Path, name: str) -> None:
    wanted = "ä" if name == "Windows-1252" else "a"
    assert _read(tmp_path, "t.csv", WRITTEN[name]) == [(wanted, DAY)]


def _zip(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return stream.getvalue()


LINE = b'{"Id": "a", "Created": "2026-01-05T10:00:00Z"}'
OTHER = b'{"Id": "b", "Created": "2026-01-05T10:00:00Z"}'

PACKED = {
    "lines": ("t.json", LINE + b"\n" + OTHER),
    "a list": ("t.json", b"[" + LINE + b",\n" + OTHER + b"]"),
    "a list in an envelope": ("t.json", b'{"page": {"id": 1}, "rows":\n[' + LINE + b"," + OTHER + b'], "tags": []}'),
    "a list in an envelope on one line": ("t.json", b'{"more": false, "rows": [' + LINE + b"," + OTHER + b"]}"),
    "the envelope's longest list is not it": (
        "t.json",
        b'{"notes": [{"x": 1}, {"x": 2}, {"x": 3}], "rows": [' + LINE + b"," + OTHER + b"]}",
    ),
    "zipped": ("t.jsonl.zip", _zip(t__jsonl=LINE + b"\n" + OTHER)),
    "zipped without saying what": ("t.zip", _zip(t__json=LINE + b"\n" + OTHER)),
    "several packed files in one": ("t.zip", _zip(a__json__gz=gzip.compress(LINE), b__json__gz=gzip.compress(OTHER))),
    "zipped CSV": ("t.zip", _zip(t__csv=b"Id,Created\na,2026-01-05 10:00\nb,2026-01-05 10:00\n")),
}


@pytest.mark.parametrize("name", PACKED)
def test_however_rows_are_packed_they_are_the_same(tmp_path: Path, name: str) -> None:
    file, content = PACKED[name]
    assert _read(tmp_path, file, content) == [("a", DAY), ("b", DAY)]


def test_an_archive_of_different_tables_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv.zip").write_bytes(_zip(a__csv=b"Id,Created\n", b__csv=b"Id,Created\n"))
    found = opened(tmp_path, ACCOUNTS.format("t.csv.zip")).findings
    assert [(each.code, each.message) for each in found] == [("SM904", "holds 2 files, one is expected")]


def test_titles_totals_and_footers_are_counted_by_what_they_are(tmp_path: Path) -> None:
    """Two lines of title, one total, and one row that a spreadsheet left empty."""
    text = "Campaign report\nMarch\nDay,Campaign,Campaign ID,Currency code,Cost\n"
    text += "2025-03-01,A,1,USD,5\n,,,,\nTotal: Account,,,USD,5\n"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    sources = opened(tmp_path, "spend: {path: t.csv, preset: google_ads.campaigns}")
    assert told(sources)["SM936"].message == "2 lines before the column names skipped"
    found = told(sources, "spend")
    assert (found["SM923"].message, found["SM923"].rows) == ("totals left out (1 row)", 1)
    assert found["SM910"].rows == 1


def test_two_currencies_in_the_names_of_columns_are_refused(tmp_path: Path) -> None:
    text = "Campaign name,Day,Amount spent (EUR),Amount spent (USD),Impressions,Reporting starts,Reporting ends\n"
    (tmp_path / "t.csv").write_text(f"{text}A,2025-03-01,1,2,3,2025-03-01,2025-03-01\n", encoding="utf-8")
    found = told(opened(tmp_path, "spend: {path: t.csv, preset: meta_ads.campaigns}"))
    assert found["SM928"].message == "`Amount spent (EUR)` and `Amount spent (USD)`: one column is expected"


def test_without_a_day_a_period_is_not_spread(tmp_path: Path) -> None:
    text = "Campaign name,Amount spent (EUR),Impressions,Reporting starts,Reporting ends\nA,1,3,2025-03-01,2025-03-31\n"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    found = told(opened(tmp_path, "spend: {path: t.csv, preset: meta_ads.campaigns}"))
    assert (found["SM908"].column, found["SM908"].message) == ("Day", "there is no column `Day` (for at)")


@pytest.mark.parametrize(
    ("days", "first", "note"),
    [
        (["3/04/2026", "4/04/2026"], "2026-04-03", 1),
        (["3/04/2026", "13/04/2026"], "2026-04-03", 0),
        (["3/04/2026", "4/13/2026"], "2026-03-04", 0),
    ],
    ids=["as the vendor writes", "as is proved", "proved against the vendor"],
)
def test_days_are_read_as_the_vendor_writes_them_unless_a_value_proves_more(
    tmp_path: Path, days: list[str], first: str, note: int
) -> None:
    head = "ContactName,InvoiceNumber,InvoiceDate,DueDate,Total,TaxTotal,LineAmount,AccountCode,Type,Status\n"
    lines = [f"A,I-{n},{day},,10,0,10,200,Sales invoice,Paid\n" for n, day in enumerate(days)]
    (tmp_path / "t.csv").write_text(head + "".join(lines), encoding="utf-8")
    sources = opened(tmp_path, "invoices: {path: t.csv, preset: xero.invoices}")
    assert str(rows(sources, "invoices").sort("id")["at"][0])[:10] == first
    assert sum(each.code == "SM916" for each in sources.findings) == note


def test_names_of_other_years_and_languages_are_aliases(tmp_path: Path) -> None:
    """The preset knows `Created date (UTC)`, once `Created`; a name in no list is told with its neighbours."""
    head = "id,Amount,Amount Refunded,Currency,Status,Captured,Customer ID,"
    (tmp_path / "old.csv").write_text(f"{head}Created\nch_1,5.00,0,usd,Paid,true,cus_1,2014-01-05 10:00\n", "utf-8")
    (tmp_path / "odd.csv").write_text(
        f"{head}Creado (UTC)\nch_1,5.00,0,usd,Paid,true,cus_1,2014-01-05 10:00\n", "utf-8"
    )
    old = opened(tmp_path, "invoices: {path: old.csv, preset: stripe.payments}")
    assert usable(old, "invoices", "id", "amount") == [("ch_1", 5.0)]
    odd = told(opened(tmp_path, "invoices: {path: odd.csv, preset: stripe.payments}"))["SM908"]
    assert odd.message == "there is no column `Created date (UTC)` (for at)"
    assert odd.hint == "did you mean Creado (UTC)?"


def test_columns_that_repeat_are_all_kept(tmp_path: Path) -> None:
    head = "Summary,Issue key,Issue id,Issue Type,Status,Project key,Created,Resolved,Labels,Labels,Labels\n"
    lines = "x,S-1,1,Bug,Open,S,2026-01-05 10:00,,bug,,vip\ny,S-2,2,Bug,Open,S,2026-01-05 10:00,,,,\n"
    (tmp_path / "t.csv").write_text(head + lines, encoding="utf-8")
    sources = opened(tmp_path, "tickets: {path: t.csv, preset: jira.issues, timezone: UTC}")
    assert usable(sources, "tickets", "id", "labels") == [("S-1", "bug|vip"), ("S-2", None)]
    assert told(sources)["SM921"].message == "column names repeat; the later ones are numbered"


def test_ids_that_a_spreadsheet_rounded_are_told(tmp_path: Path) -> None:
    text = "id,account,at,amount\n1,3.7E+11,2026-01-05,5\n"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    found = told(opened(tmp_path, "invoices: {path: t.csv}"))["SM924"]
    assert found.message == "`account` holds `3.7E+11`: a spreadsheet has rounded ids to scientific notation"


SHORT = {
    "0065g000002rnPb": "0065g000002rnPbAAI",
    "0015g00000vrGWm": "0015g00000vrGWmAAM",
    "0011G00000tLWKn": "0011G00000tLWKnQAO",
    "00Q1G00000nDnM5": "00Q1G00000nDnM5UAK",
    "0065g000002rnPbAAI": "0065g000002rnPbAAI",
    "Ardent Foods Inc": "Ardent Foods Inc",
}


def test_ids_of_fifteen_characters_become_eighteen(tmp_path: Path) -> None:
    """Longer ones and names stay. The pairs are ids as the vendor prints both."""
    head = "OpportunityId,Field,OldValue,NewValue,CreatedDate\n"
    lines = [f"{short},StageName,A,B,2026-01-05T10:00:0{n}.000+0000\n" for n, short in enumerate(SHORT)]
    (tmp_path / "t.csv").write_text(head + "".join(lines), encoding="utf-8")
    sources = opened(tmp_path, "stages: {path: t.csv, preset: salesforce.field_history}")
    assert rows(sources, "stages").sort("at")["opportunity"].to_list() == list(SHORT.values())


@pytest.mark.parametrize(
    ("currency", "amount"), [("usd", 12.34), ("jpy", 1234.0), ("kwd", 1.234), ("krw", 1234.0), ("bhd", 1.234)]
)
def test_minor_units_are_those_of_the_currency(tmp_path: Path, currency: str, amount: float) -> None:
    head = "id,amount_due,amount_paid,amount_remaining,billing_reason,created,currency,customer_id,status,"
    head += "subtotal,tax,total\n"
    line = f"in_1,1,1,0,x,2026-01-05 10:00:00,{currency},cus_1,paid,1234,0,1234\n"
    (tmp_path / "t.csv").write_text(head + line, encoding="utf-8")
    sources = opened(tmp_path, "invoices: {path: t.csv, preset: stripe.elt_invoices}")
    assert usable(sources, "invoices", "amount") == [(pytest.approx(amount),)]


def test_of_several_versions_the_last_counts_over_all_files(tmp_path: Path) -> None:
    """i1 is paid in the second file, at ten past nine; 9:5 is written without a zero, so that texts would mislead."""
    head = "id,account_id,collection_method,created_at,updated_at,currency,number,origin,state,subtotal,total,tax,"
    head += "refundable_amount\n"
    line = "{},a1,automatic,2026-01-05 08:00:00,{},USD,1,purchase,{},5,5,0,\n"
    first = line.format("i1", "2026-01-05 9:05:00", "pending") + line.format("i2", "2026-01-05 9:05:00", "paid")
    (tmp_path / "a.csv").write_text(head + first, encoding="utf-8")
    (tmp_path / "b.csv").write_text(head + line.format("i1", "2026-01-05 10:10:00", "paid"), encoding="utf-8")
    sources = opened(tmp_path, "invoices: {path: '*.csv', preset: recurly.elt_invoices}")
    assert usable(sources, "invoices", "id", "status") == [("i1", "paid"), ("i2", "paid")]
    assert faults(sources, "invoices", "status") == {"pending": "no record:older versions"}


def test_of_several_clocks_the_corrected_one_is_the_time(tmp_path: Path) -> None:
    event = {
        "event_type": "x", "event_time": "2026-01-05 10:00:00.000000",
        "client_event_time": "2026-01-05 13:00:00.000000",
        "server_upload_time": "2026-01-06 10:00:00.000000", "amplitude_id": 5, "uuid": "u", "groups": {"org": ["a"]},
    }  # fmt: skip
    (tmp_path / "t.json").write_text(json.dumps(event), encoding="utf-8")
    log = opened(tmp_path, "events: {path: t.json, preset: amplitude.events}").logs["events"]
    made = log.scan(log.files[0], tuple(log.columns)).select("at", "known_at", "account", "user").collect()
    assert made.rows() == [(DAY, datetime(2026, 1, 6, 10, tzinfo=UTC), "a", "5")]


def test_nothing_is_written_in_many_ways(tmp_path: Path) -> None:
    head = (
        "Ticket ID,Status,Priority,Agent,Group,Created time,Resolved time,Closed time,Last update time,Company Name\n"
    )
    for cell in ("", "-", "--", " --", "NULL", "null", "N/A", "#N/A", "\\N", "NaN", "No Company"):
        line = f"1,Open,Low,Jo,No Group,2026-01-05 10:00:00,{cell},{cell},2026-01-05 10:00:00,{cell}\n"
        (tmp_path / "t.csv").write_text(head + line, encoding="utf-8")
        sources = opened(tmp_path, "tickets: {path: t.csv, preset: freshdesk.tickets, timezone: UTC}")
        assert usable(sources, "tickets", "resolved", "account") == [(None, None)], cell


def test_a_tie_is_told_and_never_guessed(tmp_path: Path) -> None:
    """A table that has every column of two presets of the same length of signature."""
    from saasmetrics.sources.presets import preset

    first, second = preset("mixpanel.elt_events").signature, preset("recurly.elt_subscriptions").signature
    longer = (*second, *first)[: len(second) + len(first)]
    (tmp_path / "t.csv").write_text(",".join(dict.fromkeys(longer)) + "\n", encoding="utf-8")
    seen = look(tmp_path / "t.csv", Settings())
    assert [match.name for match in seen.matches] == ["recurly.elt_subscriptions"], "the longer signature says more"
    equal = [*preset("quickbooks.journal").signature, *preset("quickbooks.general_ledger").signature]
    (tmp_path / "t.csv").write_text(",".join(dict.fromkeys(equal)) + "\n", encoding="utf-8")
    tied = look(tmp_path / "t.csv", Settings())
    assert [match.name for match in tied.matches] == ["quickbooks.general_ledger", "quickbooks.journal"]
    assert tied.source is None


def test_a_preset_reads_parquet_as_it_reads_csv(tmp_path: Path) -> None:
    table = pl.DataFrame({"id": ["s1"], "plan_oid": ["p"], "plan_currency": ["usd"], "plan_amount": [4900]})
    table = table.with_columns(plan_interval=pl.lit("month"), plan_interval_count=1, customer_oid=pl.lit("c1"))
    table = table.with_columns(subscription_oid=pl.lit("s1"), subscription_started_at=pl.lit("2026-01-05"))
    table.write_parquet(tmp_path / "t.parquet")
    assert look(tmp_path / "t.parquet", Settings()).known == look(_csv(table, tmp_path), Settings()).known
    for name in ("t.parquet", "t.csv"):
        sources = opened(tmp_path, f"subscriptions: {{path: {name}, preset: baremetrics.subscriptions}}")
        assert usable(sources, "subscriptions", "id", "price", "interval") == [("s1", 49.0, "month")]


def _csv(table: pl.DataFrame, folder: Path) -> Path:
    table.write_csv(folder / "t.csv")
    return folder / "t.csv"


@pytest.mark.parametrize("fuzzer", [reading, loading], ids=["reading", "loading"])
def test_files_broken_at_random_are_read_or_refused(tmp_path: Path, fuzzer: ModuleType) -> None:
    """A dozen of what `python tests/fuzz/reading.py`, or `loading.py`, draws without end."""
    for number in range(12):
        assert fuzzer.tried(number, tmp_path) == "", number


def test_lines_without_a_header_are_known_by_their_number_of_cells(tmp_path: Path) -> None:
    """Enriched events: 131 cells with tabs between, of which the first line is a row already."""
    columns = headerless(131)
    assert len(set(columns)) == 131
    says = {
        "app_id": "web", "platform": "web", "collector_tstamp": "2026-01-05 10:00:00.000", "event": "unstruct",
        "event_name": "invoice_posted", "event_id": "e1", "domain_userid": "d1",
        "derived_tstamp": "2026-01-05 09:59:58.500",
        "contexts": '{"data":[{"data":{"account_id":"acme"}}]}',
    }  # fmt: skip
    lines = ["\t".join({**says, "event_id": each}.get(name, "") for name in columns) for each in ("e1", "e2")]
    (tmp_path / "events.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    block = """
    events: {path: events.tsv, preset: snowplow.events, columns: {account: {json: contexts.data.0.data.account_id}}}
    """
    log = opened(tmp_path, block).logs["events"]
    made = log.scan(log.files[0], ("event", "at", "account", "user", "id")).collect()
    assert made["_fault"].null_count() == 2
    assert made["id"].to_list() == ["e1", "e2"]
    assert made.row(0)[:4] == ("invoice_posted", datetime(2026, 1, 5, 9, 59, 58, 500_000, UTC), "acme", "d1")
    seen = look(tmp_path / "events.tsv", Settings())
    assert seen.known is not None
    assert seen.known.name == "snowplow.events"


@pytest.mark.parametrize("cell", [" 2026-01-05 10:00", "2026-01-05 10:00 ", "\t2026-01-05T10:00:00Z ", " 1767607200"])
def test_blanks_around_a_time_mean_nothing(tmp_path: Path, cell: str) -> None:
    assert _read(tmp_path, "t.csv", f"Id,Created\na,{cell}\nb,2026-01-05 10:00\n".encode()) == [("a", DAY), ("b", DAY)]
    assert _read(tmp_path, "t.csv", f"Id,Created\na,2026-01-05 10:00\nb,{cell}\n".encode()) == [("a", DAY), ("b", DAY)]


def test_blanks_around_days_hide_no_proof_of_their_order(tmp_path: Path) -> None:
    content = b"Id,Created\na, 05/01/2026 10:00\nb, 13/01/2026 10:00 \n"
    assert _read(tmp_path, "t.csv", content) == [("a", DAY), ("b", datetime(2026, 1, 13, 10, tzinfo=UTC))]


def test_a_mark_out_of_place_is_told_where_lines_end_in_carriage_returns_too(tmp_path: Path) -> None:
    """Found by breaking exports at random: the reader of rows failed, and nothing said where."""
    (tmp_path / "t.csv").write_bytes(b'Id,Created\ra,2026-01-05 10:00\rb"c,"2026"x\r"d,2026-01-05 10:00\r')
    found = stray(DataFile(tmp_path / "t.csv", "csv", 60, "t.csv"), "utf-8", ",")
    assert found is not None
    assert (found.code, str(found.location)) == ("SM907", "t.csv:3")
