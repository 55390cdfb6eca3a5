"""What the rows of a table are worth telling: faults, repeats, rows of no length, with their counts.

SM901 no file matches a path · SM902 a path leaves its folder · SM903 a format that is not read · SM904 a file that
cannot be read · SM905 rows of one id that differ · SM906 lines with more or fewer cells than the header · SM907 a
quotation mark that is never closed · SM908 a column that the file lacks · SM909 SQL that does not fit the columns ·
SM910 nothing in a needed column · SM911 a cell that cannot be read · SM912 a value the column does not know · SM913 end
before start · SM914 a currency without a rate · SM915 rows that repeat an id · SM916 days and months in unknown order ·
SM917 thousands or decimals, unknown · SM918 aliases in a circle · SM919 rows that start and end on one day · SM920
another encoding than UTF-8 · SM921 column names that repeat · SM922 midnights that are days · SM923 rows that
are no records · SM924 ids in scientific notation · SM925 no reporting currency · SM926 times of an export in a zone it does not name
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from saasmetrics.finding import Finding, Location, Severity
from saasmetrics.frames.canonical import ROLES
from saasmetrics.sources.faults import PAIRS


@dataclass(frozen=True)
class Told:
    """How one rule is told: `text` takes the column."""

    code: str
    severity: Severity
    text: str
    hint: str | None = None


_TOLD: Mapping[str, Told] = {
    "no record": Told("SM923", Severity.NOTE, "totals, footers and deleted rows left out"),
    "ragged": Told(
        "SM906", Severity.ERROR, "more cells than the header", "put cells that hold the separator in quotation marks"
    ),
    "blank line": Told("SM910", Severity.NOTE, "nothing in any needed column"),
    "missing": Told("SM910", Severity.ERROR, "no `{}`"),
    "unreadable": Told("SM911", Severity.ERROR, "`{}` cannot be read as {}"),
    "unknown": Told("SM912", Severity.ERROR, "`{}` is none of {}", "name the values in the column's map"),
    "end before start": Told("SM913", Severity.ERROR, "`{}` lies before its start"),
    "unknown currency": Told("SM914", Severity.ERROR, "no rate for the currency", "add it to the source `fx`"),
    "alias cycle": Told("SM918", Severity.ERROR, "aliases that lead back to themselves", "keep one direction"),
    "repeat": Told("SM915", Severity.NOTE, "rows with an id that was there already, left out"),
}
_NOUNS = {
    "time": "a time",
    "day": "a date",
    "money": "an amount",
    "number": "a number",
    "count": "a whole number",
    "flag": "yes or no",
}
_EXAMPLES = 3


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
    column = column or (PAIRS[role][1] if rule == "end before start" else "")
    known = ROLES[role].columns.get(column)
    noun = (", ".join(known.choices) or _NOUNS.get(known.kind, "text")) if known else ""
    message = told.text.format(column, noun)
    if examples:
        message += f": {', '.join(f'`{example}`' for example in examples)}"
    return Finding(
        told.code,
        told.severity,
        f"{message} ({rows:,} rows)".replace("(1 rows)", "(1 row)"),
        Location(place),
        told.hint,
        column or None,
        rows,
    )


def _examples(rows: pl.DataFrame) -> tuple[str, ...]:
    cells = rows["_seen"].drop_nulls() if "_seen" in rows.columns else pl.Series([], dtype=pl.String)
    counts = cells.to_frame("cell").group_by("cell").agg(pl.len()).sort(["len", "cell"], descending=[True, False])
    return tuple(counts["cell"].head(_EXAMPLES))


def _differing(role: str, rows: pl.DataFrame, places: Mapping[str, str]) -> Iterator[Finding]:
    from saasmetrics.sources.table import key_of

    key = key_of(role)
    repeated = rows.filter(pl.col("_fault") == "repeat")
    if not key or repeated.is_empty():
        return
    content = [name for name in ROLES[role].columns if name in rows.columns and name not in key]
    same = rows.filter(pl.col("_fault").is_null() | (pl.col("_fault") == "repeat")).join(
        repeated.select(key).unique(), on=key
    )
    counts = same.group_by(key).agg(contents=pl.struct(content).n_unique(), source=pl.col("source").min())
    for source, ids in (
        counts.filter(pl.col("contents") > 1).group_by("source").agg(pl.len()).sort("source").iter_rows()
    ):
        message = f"{ids:,} ids stand on several rows that differ; the first by content is used"
        yield Finding("SM905", Severity.WARNING, message, Location(places.get(source, source)), None, key[0], ids)


def _zero_length(role: str, rows: pl.DataFrame, places: Mapping[str, str]) -> Iterator[Finding]:
    if role != "subscriptions" or "end" not in rows.columns:
        return
    empty = rows.filter(pl.col("_fault").is_null() & (pl.col("start") == pl.col("end")))
    for source, count in empty.group_by("source").agg(pl.len()).sort("source").iter_rows():
        message = f"{count:,} rows end on the day they start: they are live on no day"
        yield Finding("SM919", Severity.NOTE, message, Location(places.get(source, source)), None, "end", count)
