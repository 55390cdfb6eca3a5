"""Files as nasty as they come: each gives its number or one clear finding, never a traceback.

Sound, the three subscriptions have 100.50 (until June), 200 and 300 a month: 600.50 in April. A row that cannot be used
takes its amount with it; the second is the one that is broken, so that 400.50 is left.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from saasmetrics.engine.ask import Ask
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.period import Grain
from saasmetrics.pipeline import Result, compute

HEADER = "id,account,start,end,mrr,currency\n"
SOUND = HEADER + "s1,a,2026-01-01,2026-06-01,100.50,EUR\ns2,b,2026-02-01,,200,EUR\ns3,c,2026-03-01,,300,EUR\n"


def _zip(**files: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.csv", content)
    return stream.getvalue()


HALF = r'{"id":"\ud800","account":"a","start":"2026-01-01","end":null,"mrr":5,"currency":"EUR"}'
LINE = '{"id":"s1","account":"a","start":"2026-01-01","end":null,"mrr":%s,"currency":"EUR"}\n'
COLUMNS = "{id: id, account: account, start: start, end: end, mrr: mrr, currency: currency}"


def _computed(folder: Path, name: str, content: bytes, as_of: date | None = date(2026, 4, 30)) -> Result:
    (folder / name).write_bytes(content)
    source = f"  subscriptions: {{path: {name}, columns: {COLUMNS}}}\n"
    head = "version: 1\nsettings: {currency: EUR, min_sample: 0}\nsources:\n"
    (folder / "metrics.yaml").write_text(head + source, encoding="utf-8")
    asked = Ask(("mrr",), grain=Grain("month"), as_of=as_of, since=date(2026, 4, 1) if as_of else None)
    return compute(folder / "metrics.yaml", asked)


def _loud(findings: tuple[Finding, ...]) -> list[str]:
    return [str(finding) for finding in findings if finding.severity is not Severity.NOTE]


def _second(old: str, new: str) -> bytes:
    return SOUND.replace(old, new).encode()


READ = {
    "an inch in one cell": (_second("s2,b", 's2,19" b'), 600.5, []),
    "inches in two cells": (SOUND.replace("s2,b", 's2,b"1').replace("s3,c", 's3,c"2').encode(), 600.5, []),
    "an inch among quoted cells": (SOUND.replace("s2,b", 's2,19" b').replace("s3,c", 's3,"c, d"').encode(), 600.5, []),
    "an inch beside a byte that is no letter": (
        SOUND.replace("s2,b", 's2,19?" b').replace("s3,c", 's3,"c, d"').encode().replace(b"?", b"\x81"),
        600.5,
        [],
    ),
    "blanks around cells": (SOUND.replace(",", " , ").encode(), 600.5, []),
    "zero bytes in a cell": (_second("s2,b", "s2,b\0b"), 600.5, ["SM927 holds zero bytes"]),
    "first row too long": (_second("100.50,EUR", "100.50,EUR,x,y"), 500.0, ["SM906 8 cells", "SM906 more cells"]),
    "a number of 400 digits": (_second("200", "1" + "0" * 400), 400.5, ["SM911 `mrr` cannot be read as an amount"]),
    "1e400": (_second("200", "1e400"), 400.5, ["SM911 `mrr` cannot be read as an amount (1 row): `1e400`"]),
    "25 nines": (_second("200", "9" * 25), 400.5, ["SM911 `mrr` cannot be read as an amount"]),
    "nine hundred trillions": (_second("200", "9" + "0" * 14), 400.5, ["SM911 `mrr` cannot be read as an amount"]),
    "year 0": (_second("2026-02-01", "0000-02-01"), 400.5, ["SM911 `start` cannot be read as a date"]),
    "year 1": (_second("2026-02-01", "0001-01-01"), 400.5, ["SM911 `start` cannot be read as a date"]),
    "a year below 0": (_second("2026-02-01", "-2026-02-01"), 400.5, ["SM911 `start` cannot be read as a date"]),
    "a start in 9999": (_second("2026-02-01", "9999-12-31"), 400.5, []),
    "an end in 9999": (_second("2026-02-01,", "2026-02-01,9999-12-31"), 600.5, []),
    "no rows at all": (HEADER.encode(), 0.0, []),
    "the names once more": (
        _second("s3,c", HEADER + "s3,c"),
        600.5,
        ["SM911 `start` cannot be read as a date (1 row)"],
    ),
    "a separator at every end": (SOUND.replace("\n", ",\n").encode(), 600.5, []),
    "a currency sign": (_second("200", "\u20ac200"), 600.5, []),
    "an apostrophe before a number": (_second("200", "'200"), 600.5, []),
    "29 February": (_second("2026-02-01", "2026-02-29"), 400.5, ["SM911 `start` cannot be read as a date"]),
    "month 13": (_second("2026-02-01", "2026-13-01"), 400.5, ["SM911 `start` cannot be read as a date"]),
    "a day as a spreadsheet counts": (
        _second("2026-02-01", "46054"),
        400.5,
        ["SM911 `start` cannot be read as a date"],
    ),
    "an end before the start": (_second("2026-02-01,", "2026-02-01,2026-01-01"), 400.5, ["SM913 `end` lies before"]),
    "a row twice": (f"{SOUND}s3,c,2026-03-01,,300,EUR\n".encode(), 600.5, []),
    "an id twice": (f"{SOUND}s3,c,2026-03-01,,900,EUR\n".encode(), 600.5, ["SM905 1 id on several rows that differ"]),
    "a currency without a rate": (_second("200,EUR", "200,XXX"), 400.5, ["SM914 no rate for the currency"]),
    "small letters": (SOUND.replace("EUR", "eur").encode(), 600.5, []),
    "a decimal comma": (SOUND.replace(",", ";").replace("100.50", "100,50").encode(), 600.5, []),
    "a comma and a point": (
        SOUND.replace(",", ";").replace("100.50", "100,50").replace("200", "200.25").encode(),
        500.25,
        ["SM917 `mrr` writes some numbers with a decimal point", "SM911 `mrr` cannot be read as an amount (1 row)"],
    ),
    "a sign that may be both": (_second("100.50", "100").replace(b"200", b'"1,000"'), 400.0, ["SM917", "SM911"]),
    "a million letters": (_second("s2,b", "s2," + "b" * 1_000_000), 600.5, []),
    "half a letter": (_second("s2,b", "s2,b\u00e4").replace("\u00e4".encode(), b"\xc3"), 600.5, []),
    "writing from right to left": (_second("s2,b", "s2,\u202eb"), 600.5, []),
    "a formula": (_second("s2,b", "s2,=1+1"), 600.5, []),
    "a row cut short": (_second(",2026-02-01,,200,EUR", ""), 400.5, ["subs.csv:3 SM906 2 cells", "SM910 no `start`"]),
    "infinite": (_second("200", "inf"), 400.5, ["SM911 `mrr` cannot be read as an amount (1 row): `inf`"]),
    "sixteen as a machine writes": (_second("200", "0x10"), 400.5, ["SM911 `mrr` cannot be read as an amount"]),
    "a share": (_second("200", "20%"), 400.5, ["SM911 `mrr` cannot be read as an amount (1 row): `20%`"]),
    "a number as code writes it": (_second("200", "2_00"), 400.5, ["SM911 `mrr` cannot be read as an amount"]),
    "other digits": (_second("200", "\u0662\u0660\u0660"), 400.5, ["SM911 `mrr` cannot be read as an amount"]),
    "three thousand columns": (
        "".join(f"{line}{',x' * 3000}\n" for line in SOUND.splitlines()).encode(),
        600.5,
        [],
    ),
}


@pytest.mark.parametrize("name", READ)
def test_what_can_be_read_is_and_the_rest_is_told(tmp_path: Path, name: str) -> None:
    content, value, told = READ[name]
    result = _computed(tmp_path, "subs.csv", content)
    assert result.values["value"].to_list() == [value]
    loud = _loud(result.findings)
    assert len(loud) == len(told), loud
    assert all(words in line for words, line in zip(told, loud, strict=True)), loud
    assert max(map(len, loud), default=0) < 200, "a cell of a mile is not printed whole"


REFUSED = {
    "nothing": ("subs.csv", b"", ["SM904 is empty"]),
    "empty lines": ("subs.csv", b"\n\n\n", ["SM904 is empty"]),
    "nothing, packed": ("subs.csv.gz", b"", ["SM904 is empty"]),
    "no objects": ("subs.jsonl", b"", ["SM904 is empty"]),
    "a page to sign in": ("subs.csv", b"<!DOCTYPE html><body>Sign in</body>\n", ["SM908 there is none of"]),
    "a picture": ("subs.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, ["SM908 there is none of"]),
    "zero bytes": ("subs.csv", b"\0" * 4096, ["SM908 there is none of"]),
    "UTF-16 without its mark": ("subs.csv", SOUND.encode("utf-16-le"), ["SM908 there is none of"]),
    "half a packed file": (
        "subs.csv.gz",
        gzip.compress("\n".join([HEADER, *(f"s{row},a{row},2026-01-01,,1," for row in range(9999))]).encode())[:9999],
        ["SM904 cannot be read"],
    ),
    "text after a closing mark": ("subs.csv", _second("s2,b", 's2,"b"x'), ["subs.csv:3 SM907 text follows"]),
    "half a character": ("subs.json", f"[{HALF}]".encode(), ["SM904 holds one half"]),
    "half a character in a line": ("subs.jsonl", HALF.encode(), ["SM904 holds one half"]),
    "not a number": ("subs.jsonl", (LINE % "NaN").encode(), ["subs.jsonl:1 SM904 holds a number that is none"]),
    "400 digits in JSON": ("subs.jsonl", (LINE % ("9" * 400)).encode(), ["SM904 holds a number that is none"]),
    "no usable row": ("subs.csv", f"{HEADER}s1,a,soon,,1,EUR\ns2,b,never,,1,EUR\n".encode(), ["SM911 `start` cannot"]),
    "a price times a quantity": (
        "subs.csv",
        b"id,account,start,end,mrr,currency,price,quantity,interval\ns1,a,2026-01-01,,,EUR,9999999999,999999999,month\n",
        ["SM975 a row's `mrr` is too large"],
    ),
    "an open cell, and faults before it": (
        "subs.csv",
        f'{HEADER}s1,a,2026-99-01,,1,EUR\ns2,b,2026-02-01,,abc,EUR\ns3,"c,2026-03-01,,1,EUR\ns4,d,,,1,EUR\n'.encode(),
        ["subs.csv:4 SM907 a quotation mark is opened", "SM911 `mrr` cannot", "SM911 `start` cannot"],
    ),
    "two marks of UTF-8": ("subs.csv", b"\xef\xbb\xbf" * 2 + SOUND.encode(), ["SM908 there is no column `id`"]),
    "no names": ("subs.csv", SOUND.removeprefix(HEADER).encode(), ["SM908 there is none of the columns"]),
    "a name with an umlaut": (
        "subs.csv", SOUND.replace("account", "\u00e4ccount").encode("cp1252"), ["SM908 there is no column `account`"],
    ),
    "a list of lists": ("subs.json", b"[[1,2],[3,4]]", ["SM904 is not a list of objects"]),
    "a number": ("subs.json", b"5", ["subs.json:1 SM904 is not an object"]),
    "a text": ("subs.json", b'"hello"', ["subs.json:1 SM904 is not an object"]),
    "a comma too many": ("subs.json", f"[{LINE % '5'},]".encode(), ["subs.json:2 SM904 is not JSON"]),
    "a hundred thousand brackets": ("subs.json", b"[" * 100_000, ["SM904 is nested too deeply"]),
    "a hundred thousand braces": ("subs.jsonl", b'{"a":' * 100_000, ["subs.jsonl:1 SM904 is nested too deeply"]),
    "an empty envelope": ("subs.json", b'{"rows": []}', ["SM908 there is none of the columns"]),
    "an answer that says no": ("subs.json", b'{"error": {"code": 401}}', ["SM908 there is none of the columns"]),
    "a list among lines": ("subs.jsonl", f"{LINE % '5'}[1,2]\n".encode(), ["subs.jsonl:2 SM904 is not an object"]),
    "a line cut off": ("subs.jsonl", f'{LINE % "5"}{{"id":"s2","acc'.encode(), ["subs.jsonl:2 SM904 is not JSON"]),
    "no Parquet": ("subs.parquet", SOUND.encode(), ["SM904 cannot be read as Parquet"]),
    "nothing in an archive": ("subs.csv.zip", _zip(), ["SM904 holds 0 files, one is expected"]),
    "two tables in an archive": ("subs.csv.zip", _zip(a=SOUND, b=SOUND), ["SM904 holds 2 files, one is expected"]),
    "no archive": ("subs.csv.zip", SOUND.encode(), ["SM904 cannot be read: File is not a zip file"]),
    "not packed by gzip": ("subs.csv.gz", SOUND.encode(), ["SM904 cannot be read: Not a gzipped file"]),
    "not packed by zstd": ("subs.csv.zst", SOUND.encode(), ["SM904 cannot be read: ZSTD"]),
    "a sheet": ("subs.xlsx", b"PK\x03\x04", ["SM903 `.xlsx` is not a format that is read"]),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_told_and_nothing_is_said(tmp_path: Path, name: str) -> None:
    file, content, told = REFUSED[name]
    with pytest.raises(InputError) as raised:
        _computed(tmp_path, file, content)
    assert raised.value.exit_code == 3
    loud = _loud(raised.value.findings)
    assert len(loud) == len(told), loud
    assert all(words in line for words, line in zip(told, loud, strict=True)), loud


@pytest.mark.parametrize("content", [HEADER, HEADER + "s1,a,soon,,1,EUR\n"], ids=["no rows", "no usable row"])
def test_without_any_day_there_is_no_as_of_to_invent(tmp_path: Path, content: str) -> None:
    with pytest.raises(InputError) as raised:
        _computed(tmp_path, "subs.csv", content.encode(), as_of=None)
    assert raised.value.exit_code == 3
    assert "SM978" in {finding.code for finding in raised.value.findings}


def test_a_torn_file_does_not_spoil_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "subs_1.csv").write_bytes(SOUND.encode())
    (tmp_path / "subs_2.csv").write_text(HEADER + 's4,d,2026-03-01,,9,EUR\ns5,d,soon,,9,EUR\ns6,"d,2026-03-01,,9,EUR\n')
    head = "version: 1\nsettings: {currency: EUR, min_sample: 0}\nsources:\n"
    source = f"  subscriptions: {{path: 'subs_*.csv', columns: {COLUMNS}}}\n"
    (tmp_path / "metrics.yaml").write_text(head + source, encoding="utf-8")
    result = compute(tmp_path / "metrics.yaml", Ask(("mrr",), as_of=date(2026, 4, 30), since=date(2026, 4, 1)))
    assert result.values["value"].to_list() == [600.5]
    assert [line.split(";")[0] for line in _loud(result.findings)] == [
        "subs_2.csv:4 SM907 a quotation mark is opened and never closed",
        "subs_2.csv SM911 `start` cannot be read as a date (1 row): `soon`",
    ]


@pytest.mark.parametrize("kept", [9_000, -20], ids=["far from the end", "near the end"])
def test_a_packed_log_that_is_cut_off_is_told_however_late_it_breaks(tmp_path: Path, kept: int) -> None:
    rows = [f"paid,2026-04-01T10:{row // 60 % 60:02d}:{row % 60:02d}Z,a{row}" for row in range(40_000)]
    content = gzip.compress("\n".join(["event,at,account", *rows]).encode())[:kept]
    (tmp_path / "events.csv.gz").write_bytes(content)
    text = "version: 1\nsources: {events: {path: events.csv.gz}}\nmetrics: {paid: {event: paid}}\n"
    (tmp_path / "metrics.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as raised:
        compute(tmp_path / "metrics.yaml", Ask(("paid",)))
    assert raised.value.exit_code == 3
    assert [finding.code for finding in raised.value.findings] == ["SM904"]


AT = datetime(2026, 4, 2, 22, 30, tzinfo=UTC)
ONE = {"event": ["paid"] * 3, "at": [AT] * 3, "org": [1, 2, None], "amount": [10, 20, 30], "kind": ["a"] * 3}
OTHER = {
    "event": ["paid"] * 3,
    "at": ["2026-04-03T00:00:00Z", "2026-05-01", "x"],
    "org": ["1", "b", "b"],
    "amount": ["1.5", "n.a.", "7"],
}
"""Accounts 1 and 2 have paid 10 and 20 on 3 April in Berlin, 1 has paid 1.5 that day, and b something on 1 May."""


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")], ids=["typed first", "texts first"])
@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_column_of_two_types_is_read_as_text(tmp_path: Path, order: tuple[str, str], kind: str) -> None:
    """A typed file beside one of texts: every column is one, however the files are called."""
    first, second = order
    pl.DataFrame(ONE).write_parquet(tmp_path / f"{first}.parquet")
    texts = pl.DataFrame(OTHER)
    texts.write_parquet(tmp_path / f"{second}.parquet") if kind == "parquet" else texts.write_csv(
        tmp_path / f"{second}.csv"
    )
    (tmp_path / "metrics.yaml").write_text(
        "version: 1\nsettings: {timezone: Europe/Berlin}\n"
        "sources: {events: {path: [a.*, b.*], columns: {account: org}}}\n"
        "metrics:\n  paid: {event: paid, agg: sum, expr: amount}\n  over: {event: paid, filter: amount > 15}\n"
        "  payers: {type: active, entity: account, rule: paid}\n  amounts: {event: paid, cut: amount}\n",
        encoding="utf-8",
    )
    asked = Ask(
        ("paid", "over", "payers", "amounts"), grain=Grain.MONTH, since=date(2026, 4, 1), until=date(2026, 5, 1),
        as_of=date(2026, 5, 31),
    )  # fmt: skip
    result = compute(tmp_path / "metrics.yaml", asked)
    found = {(row["metric"], row["cut"], row["period"].month): row["value"] for row in result.values.to_dicts()}
    whole = {key: value for key, value in found.items() if key[1] is None}
    expected = {("paid", None, 4): 31.5, ("over", None, 4): 1.0, ("payers", None, 4): 2.0, ("amounts", None, 4): 3.0}
    expected |= {("paid", None, 5): 0.0, ("over", None, 5): 0.0, ("payers", None, 5): 1.0, ("amounts", None, 5): 1.0}
    assert whole == expected
    assert found["amounts", "10", 4] == 1.0
    assert found["amounts", '"1.5"', 4] == 1.0
    assert any("`amount` cannot be read as a number (1 row)" in finding.message for finding in result.findings)
