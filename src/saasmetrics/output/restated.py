"""Past numbers that are told otherwise now: by why, the heaviest reason first, with the accounts behind each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from rich.text import Text

from saasmetrics.finding import Finding, Severity
from saasmetrics.output.change import change, plus
from saasmetrics.output.findings import TONES
from saasmetrics.output.number import MINUS, count, rate
from saasmetrics.output.printout import Printout, Sight
from saasmetrics.output.sheet import Block, Column, Line, Note, Row, Sheet, text
from saasmetrics.output.subject import Subject

FEW, SCREEN = 5, 40
"""Accounts shown of a number, and numbers shown of a reason on a terminal."""


@dataclass(frozen=True)
class Group:
    """What numbers of one reason have in common: code, title, weight."""

    word: str
    code: str
    title: str
    severity: Severity


@dataclass(frozen=True)
class Restated:
    """Restated numbers and what is needed to print them.

    `subjects` by metric, cut and stat; `labels` of periods by grain and first day; `ends` are the two editions held
    against each other, as number and last day.
    """

    title: str
    rows: pl.DataFrame
    accounts: pl.DataFrame
    subjects: Mapping[tuple[str, str | None, str | None], Subject]
    labels: Mapping[tuple[str, Any], str]
    ends: tuple[tuple[int, str], tuple[int, str]]
    groups: Sequence[Group]
    told: int
    tolerance: float
    findings: tuple[Finding, ...] = ()


def printout(restated: Restated) -> Printout:
    """The restatement as rows and as a page."""
    (first, since), (last, until) = restated.ends
    about = {
        "against": {"edition": first, "as_of": since},
        "edition": {"edition": last, "as_of": until},
        "accounts": restated.accounts.to_dicts(),
    }
    return Printout(restated.rows, "restated", about, lambda sight: page(restated, sight), restated.findings)


def page(restated: Restated, sight: Sight) -> Iterator[Block]:
    """Head, a table for each reason, what was to be expected last."""
    (first, since), (last, until) = restated.ends
    yield Note(text(("saasmetrics history --restated", "strong"), ("  ", ""), (restated.title, "muted")))
    if first == last:
        yield Note(Text(f"edition {last}, as of {until}: there is no other to hold it against", "muted"), hang=2)
        return
    against = f"edition {last}, as of {until}, against edition {first}, as of {since}"
    yield Note(Text(against, "muted"), hang=2)
    whole = restated.rows.filter(pl.col("segment").is_null())
    yield Line()
    if restated.rows.is_empty():
        yield Note(text(("nothing changed", "good"), f": all {restated.told:,} numbers are told as they were"), hang=2)
        return
    for group in restated.groups:
        rows = whole.filter((pl.col("verdict") == group.word) & pl.col("severity").is_not_null())
        if rows.height:
            title = text((group.code, TONES[group.severity]), " ", (group.title, "strong"))
            yield from _table(restated, rows, title, sight)
            yield Line()
    expected = whole.filter(pl.col("severity").is_null())
    if expected.height:
        within = rate(restated.tolerance, 1)
        title = text(("as expected", "strong"), (f": in sources that still settle, or by {within} at most", "muted"))
        yield from _table(restated, expected, title, sight)
        yield Line()
    yield from _last(restated, whole)


def _last(restated: Restated, whole: pl.DataFrame) -> Iterator[Block]:
    changed = f"{whole.height:,} of {restated.told:,} numbers changed"
    if parts := restated.rows.height - whole.height:
        changed += f", and {parts:,} parts of splits: -o restated.csv writes them all"
    yield Note(Text(changed, "muted"), hang=2)


def _table(restated: Restated, rows: pl.DataFrame, title: Text, sight: Sight) -> Iterator[Block]:
    """The numbers of one reason, and below each the accounts that made it another."""
    shown = rows.head(SCREEN) if sight.bounded else rows
    columns = (
        Column(least=30, flex=True),
        Column(least=8),
        Column("told", "right", 9),
        Column("now", "right", 9),
        Column("Δ", least=9),
        Column("edition", least=7),
    )
    lines: list[Row | Line] = []
    for alike in shown.partition_by("reason", maintain_order=True):
        lines.append(Line(Text(f"  {alike['reason'][0]}", "muted")))
        for row in alike.iter_rows(named=True):
            lines.append(_row(restated, row))
            lines.extend(_accounts(restated, row))
    yield Note(title)
    yield Sheet(columns, tuple(lines))
    if (left := rows.height - shown.height) > 0:
        yield Note(Text(f"{left:,} more: -o restated.csv writes them all", "muted"), hang=2)


def _row(restated: Restated, row: Mapping[str, Any]) -> Row:
    subject = restated.subjects[row["metric"], row["cut"], row["stat"]]
    return Row(
        (
            Text(f"  {subject.short_name}"),
            Text(restated.labels[row["grain"], row["period"]]),
            _value(subject, row["said"]),
            _value(subject, told_now(row), "value"),
            Text(moved(subject, row["said"], told_now(row))),
            Text(row["changed_in"].replace(",", ", "), "muted"),
        )
    )


def told_now(row: Mapping[str, Any]) -> float | None:
    """What a number is told as now; of one that is told as at first again, what it was in between."""
    found: float | None = row["says"] if row["says"] != row["said"] else row["between"]
    return found


def _accounts(restated: Restated, row: Mapping[str, Any]) -> Iterator[Row]:
    mine = restated.accounts.filter(
        *[pl.col(name).eq_missing(pl.lit(row[name])) for name in ("metric", "cut", "grain", "period")]
    )
    subject = restated.subjects[row["metric"], row["cut"], row["stat"]]
    for each in mine.head(FEW).iter_rows(named=True):
        then, later = (_of_account(subject, each, when) for when in ("then", "now"))
        difference = "" if each["difference"] is None else _part(subject, each["difference"])
        cells = (Text(f"    {each['account']}", "muted"), Text(), then, later, Text(difference, "muted"))
        yield Row(cells)
    if mine.height > FEW:
        yield Row((Text(f"    {mine.height - FEW:,} more accounts", "muted"),))


def _value(subject: Subject, value: float | None, style: str = "") -> Text:
    return Text("—" if value is None else subject.number.text(value), style if value is not None else "muted")


def moved(subject: Subject, before: float | None, now: float | None) -> str:
    """The change of one number: as everywhere, nothing where one of the two is missing."""
    if before is None or now is None:
        return ""
    found = change(subject.number, now, before, 0.0)
    return f"{found.arrow} {found.text}"


def _of_account(subject: Subject, each: Mapping[str, Any], when: str) -> Text:
    above, below = each[f"numerator_{when}"], each[f"denominator_{when}"]
    if below is None:
        return Text(subject.number.text(above) if subject.how == "sum" else count(above), "muted")
    return Text(f"{count(above)} / {count(below)}", "muted")


def _part(subject: Subject, difference: float) -> str:
    if subject.number.kind in ("rate", "small_rate"):
        said = plus(rate(difference, subject.number.decimals).replace("%", " pp"))
    else:
        said = plus(subject.number.text(difference))
    return said if said.startswith(("+", MINUS)) else f" {said}"
