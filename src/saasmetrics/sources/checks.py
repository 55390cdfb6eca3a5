"""What the rows of a table are worth telling: faults, repeats, rows of no length, with their counts.

| code | says |
|---|---|
| SM901, SM902 | no file matches a path; a path leaves its folder |
| SM903, SM904 | a format that is not read; a file that cannot be read |
| SM905, SM915 | rows of one id that differ; rows that repeat an id |
| SM906, SM907 | a line with more or fewer cells than the header; a quotation mark out of place, or never closed |
| SM908, SM909 | a column that the file lacks; SQL that does not fit the columns |
| SM910, SM911, SM912 | nothing in a needed column; a cell that cannot be read; a value the column does not know |
| SM913, SM919 | an end before its start; an end on the day of its start |
| SM914 | a currency without a rate |
| SM916, SM917 | the order of day and month, the sign before decimals: not settled |
| SM918 | aliases in a circle |
| SM920, SM921 | another encoding than UTF-8; column names that repeat |
| SM922, SM926 | midnights read as days; times in a zone that an export does not name |
| SM923 | rows that are no records: totals, footers, deleted ones |
| SM924 | ids in scientific notation |
| SM925, SM927 | column names and no rows; zero bytes in a text |
| SM936 | lines before the column names |
| SM928, SM929 | several columns where one is expected; a preset that was never held against a real export |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from saasmetrics.finding import Finding, Location, Severity, counted
from saasmetrics.frames.canonical import ROLES
from saasmetrics.sources.faults import PAIRS
from saasmetrics.sources.repeats import differing, key_of


@dataclass(frozen=True)
class Told:
    """How one rule is told: `text` takes the column."""

    code: str
    severity: Severity
    text: str
    hint: str | None = None


_NEVER_SPLIT = "put cells that hold the separator in quotation marks"
_TOLD: Mapping[str, Told] = {
    "no record": Told("SM923", Severity.NOTE, "{} left out"),
    "ragged": Told("SM906", Severity.ERROR, "more cells than the header", _NEVER_SPLIT),
    "blank line": Told("SM910", Severity.NOTE, "nothing on the line"),
    "missing": Told("SM910", Severity.ERROR, "no `{}`"),
    "unreadable": Told("SM911", Severity.ERROR, "`{}` cannot be read as {}"),
    "unknown": Told("SM912", Severity.ERROR, "`{}` is none of {}", "name the values in the column's map"),
    "end before start": Told("SM913", Severity.ERROR, "`{}` lies before the start"),
    "unknown currency": Told("SM914", Severity.ERROR, "no rate for the currency", "add it to the source `fx`"),
    "alias cycle": Told("SM918", Severity.ERROR, "aliases that lead back to themselves", "keep one direction"),
    "repeat": Told("SM915", Severity.NOTE, "an id that was there already; left out"),
}
_NOUNS = {"time": "a time", "day": "a date", "money": "an amount", "number": "a number"}
_NOUNS |= {"count": "a whole number", "flag": "yes or no"}
_EXAMPLES = 3
_LONG = 40


def faults(role: str, rows: pl.DataFrame, places: Mapping[str, str]) -> tuple[Finding, ...]:
    """Findings on the rows of a role: one per source and rule, with the number of rows."""
    found = rows.filter(pl.col("_fault").is_not_null())
    counts = found.group_by("source", "_fault").agg(pl.len()).sort("source", "_fault")
    out = []
    for source, fault, count in counts.iter_rows():
        cells = found.filter((pl.col("source") == source) & (pl.col("_fault") == fault))
        out.append(fault_finding(role, fault, count, places.get(source, source), _examples(cells)))
    return (*out, *_differing(role, rows, places), *_zero_length(role, rows, places))


def fault_finding(role: str, fault: str, rows: int, place: str, examples: tuple[str, ...] = ()) -> Finding:
    """One fault of a number of rows of a file."""
    rule, _, column = fault.partition(":")
    told = _TOLD[rule]
    if rule == "no record":
        return Finding(
            told.code, told.severity, f"{told.text.format(column)} ({counted(rows, 'row')})", Location(place), rows=rows
        )
    column = column or (PAIRS[role][1] if rule == "end before start" else "")
    known = ROLES[role].columns.get(column)
    noun = (", ".join(known.choices) or _NOUNS.get(known.kind, "text")) if known else ""
    message = f"{told.text.format(column, noun)} ({counted(rows, 'row')})"
    if examples:
        message += f": {', '.join(f'`{example}`' for example in examples)}"
    return Finding(told.code, told.severity, message, Location(place), told.hint, column or None, rows)


def unread_finding(column: str, rows: int, place: str) -> Finding:
    """Cells that are no numbers where an expression reads one: their rows count, with nothing in that column."""
    message = f"`{column}` cannot be read as a number ({counted(rows, 'row')}): there it counts as empty"
    return Finding("SM911", Severity.WARNING, message, Location(place), None, column, rows)


def _examples(rows: pl.DataFrame) -> tuple[str, ...]:
    cells = rows["_seen"].drop_nulls() if "_seen" in rows.columns else pl.Series([], dtype=pl.String)
    counts = cells.to_frame("cell").group_by("cell").agg(pl.len()).sort(["len", "cell"], descending=[True, False])
    cells = counts["cell"].head(_EXAMPLES)
    return tuple(cell if len(cell) <= _LONG else f"{cell[: _LONG - 1]}…" for cell in cells)


def _differing(role: str, rows: pl.DataFrame, places: Mapping[str, str]) -> Iterator[Finding]:
    key = key_of(role)
    if not key:
        return
    for source, ids in differing(role, rows).group_by("source").agg(pl.len()).sort("source").iter_rows():
        message = f"{counted(ids, 'id')} on several rows that differ; the first by content is used"
        yield Finding(
            "SM905", Severity.WARNING, message, Location(places.get(source, source)), None, key_of(role)[0], ids
        )


def _zero_length(role: str, rows: pl.DataFrame, places: Mapping[str, str]) -> Iterator[Finding]:
    if role != "subscriptions" or "end" not in rows.columns:
        return
    empty = rows.filter(pl.col("_fault").is_null() & (pl.col("start") == pl.col("end")))
    for source, count in empty.group_by("source").agg(pl.len()).sort("source").iter_rows():
        message = f"{counted(count, 'row')} with the end on the day of the start, live on no day"
        yield Finding("SM919", Severity.NOTE, message, Location(places.get(source, source)), None, "end", count)
