"""The past of one number: what was said first of every period, what is said last; and the editions themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl
from rich.text import Text

from saasmetrics.finding import Finding, counted
from saasmetrics.output.number import whole
from saasmetrics.output.printout import Printout, Sight
from saasmetrics.output.restated import moved
from saasmetrics.output.sheet import Block, Column, Line, Note, Row, Sheet, text
from saasmetrics.output.subject import Subject


@dataclass(frozen=True)
class Edit:
    """What a version changed, from what and to what; empty where there was, or is, none."""

    what: str
    old: str
    new: str


@dataclass(frozen=True)
class Version:
    """A version of a definition with its edits; null where nothing is kept of the one before."""

    number: int
    since: str | None = None
    reason: str | None = None
    by: str | None = None
    edits: tuple[Edit, ...] | None = None


@dataclass(frozen=True)
class Told:
    """One number over its versions, the latest first, and its editions.

    `labels` of periods by first day; `days` the last day of each edition.
    """

    title: str
    subject: Subject
    rows: pl.DataFrame
    labels: Mapping[Any, str]
    days: Mapping[int, str]
    findings: tuple[Finding, ...] = ()
    versions: tuple[Version, ...] = ()


def printout(told: Told) -> Printout:
    """The past as rows and as a page."""
    about = {"address": told.subject.address, "versions": [asdict(each) for each in told.versions]}
    return Printout(told.rows, "periods", about, lambda sight: page(told, sight), told.findings)


def page(told: Told, sight: Sight) -> Iterator[Block]:
    """Its versions, then a line per period, then when each of the editions was."""
    del sight
    yield Note(text(("saasmetrics history", "strong"), ("  ", ""), (told.title, "muted")))
    times = f"told in {counted(len(told.days), 'edition')}" if told.days else "not published yet"
    yield Note(text((told.subject.name, "section"), (f"  {times}", "muted")), hang=2)
    for version in told.versions:
        yield from _accepted(version)
    if told.rows.is_empty():
        return
    yield from [Line()] if told.versions else []
    grain = str(told.rows["grain"][0]).capitalize()
    columns = (
        Column(grain, least=10),
        Column("first told", "right", 10),
        Column("in", "right", 3),
        Column("last told", "right", 10),
        Column("in", "right", 3),
        Column("Δ", least=11),
        Column("why"),
    )
    yield Sheet(columns, tuple(_row(told, row) for row in told.rows.iter_rows(named=True)))
    yield Line()
    yield Note(Text(", ".join(_days(told)), "muted"), hang=2)


def _accepted(version: Version) -> Iterator[Note]:
    """A version, why it was accepted and by whom, and what it changed."""
    since = f"  since {version.since}" if version.since else "  for all periods" if version.edits is not None else ""
    why = f"  {version.reason}" if version.reason else ""
    by = f" ({version.by})" if version.by else ""
    yield Note(text((f"  v{version.number}", "value"), (since, "muted"), why, (by, "muted")), hang=6)
    for edit in version.edits or ():
        yield Note(text((f"      {edit.what}  ", "muted"), f"{edit.old or '-'} → {edit.new or '-'}"), hang=8)


def _days(told: Told) -> Iterator[str]:
    """When the editions were that the lines name."""
    columns = (told.rows[name].cast(str).drop_nulls() for name in ("first_edition", "last_edition", "changed_in"))
    named = {int(number) for column in columns for text_ in column for number in text_.split(",")}
    for place, (number, day) in enumerate((n, day) for n, day in told.days.items() if n in named):
        yield f"edition {number} is as of {day}" if not place else f"{number} of {day}"


def _row(told: Told, row: Mapping[str, Any]) -> Row:
    changed = row["verdict"] is not None
    first, last = ("—" if row[name] is None else told.subject.number.text(row[name]) for name in ("first", "last"))
    return Row(
        (
            Text(told.labels[row["period"]]),
            Text(first),
            Text(f"{row['first_edition']}", "muted"),
            Text(last, "value" if changed else "muted"),
            Text(f"{row['last_edition']}", "muted"),
            Text(moved(told.subject, row["first"], row["last"]) if changed else ""),
            _why(row),
        )
    )


def _why(row: Mapping[str, Any]) -> Text:
    if row["verdict"] is None:
        return Text()
    style = {"error": "bad", "warning": "warn"}.get(row["severity"] or "", "muted")
    expected = " as expected" if row["severity"] is None else ""
    version = ""
    if row["first_version"] != row["last_version"]:
        version = f", {_version(row['first_version'])} → {_version(row['last_version'])}"
    numbers = row["changed_in"].replace(",", ", ")
    return text((f"{row['verdicts'].replace(',', ', ')}{expected}", style), (f" in {numbers}{version}", "muted"))


def _version(number: int | None) -> str:
    return "unlocked" if number is None else f"v{number}"


@dataclass(frozen=True)
class Listed:
    """All editions. `days` is the last day of each."""

    title: str
    rows: pl.DataFrame
    days: Mapping[int, str]
    folder: str
    words: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


def listing(listed: Listed) -> Printout:
    """The editions as rows and as a page."""
    return Printout(listed.rows, "editions", {}, lambda sight: _listing(listed, sight), listed.findings)


def _listing(listed: Listed, sight: Sight) -> Iterator[Block]:
    del sight
    yield Note(text(("saasmetrics history", "strong"), ("  ", ""), (listed.title, "muted")))
    yield Note(Text(f"{counted(listed.rows.height, 'edition')} in {listed.folder}", "muted"), hang=2)
    yield Line()
    columns = (
        Column("edition", "right"),
        Column("as of", least=10),
        Column("numbers", "right"),
        Column("changed", "right"),
        Column("why"),
    )
    yield Sheet(columns, tuple(_edition(listed, row) for row in listed.rows.iter_rows(named=True)), gap=2)
    yield Line()
    yield Note(Text("changed: told otherwise by the edition before; --restated says which and why", "muted"), hang=2)


def _edition(listed: Listed, row: Mapping[str, Any]) -> Row:
    why = ", ".join(f"{row[word]:,} {word}" for word in listed.words if row[word])
    altered = text(("altered", "bad"), ", " if why else "") if row["altered"] else Text()
    changed = Text(whole(row["changed"]) if row["changed"] else "")
    return Row(
        (
            Text(str(row["edition"])),
            Text(listed.days[row["edition"]]),
            Text(whole(row["numbers"])),
            changed,
            text(altered, (why, "muted")),
        )
    )
