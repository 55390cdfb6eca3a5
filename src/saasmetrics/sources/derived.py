"""Columns made of a file's own before anything is mapped, by a preset: vectorized, and in the order of the rows.

| word | makes |
|---|---|
| `json` | the value at a path in a column of JSON: `properties.time` |
| `path` | the value at a JSONPath, `by`, in a column of JSON: `$[?(@.name=='Resolved')].at` |
| `join` | the texts of several columns, `by` a sign; of one name, all columns that repeat it |
| `fill` | the last value above, where the cell is empty: a heading over its rows |
| `header` | the one column whose name fits a pattern: `Amount spent (*)` |
| `header_text` | what the star stands for in that name: a currency |
| `plain` | a number as `1,234.50`, `$5` or `(5.00)` written plainly, where the point stands before decimals |
| `month`, `next_month` | the first day of a month that is written as `2024-03`, or as one of its days; of the next |
| `salesforce` | ids of 18 characters, made of 15 where they are so long |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import polars as pl

from saasmetrics.finding import Finding, Location, Severity
from saasmetrics.sources.naming import named
from saasmetrics.sources.origin import json_value
from saasmetrics.sources.presets import Derived, Preset
from saasmetrics.sources.scan import Raw

_STAR = "*"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHORT_ID = r"^[a0][0-9A-Za-z]{14}$"


def is_pattern(name: str) -> bool:
    """Whether a name stands for all that fit it."""
    return _STAR in name


def matching(pattern: str, names: Collection[str]) -> list[str]:
    """The names that fit a pattern with one star, whatever the case."""
    head, _, tail = pattern.casefold().partition(_STAR)
    return [
        name
        for name in names
        if (low := name.casefold()).startswith(head) and low.endswith(tail) and len(low) > len(head + tail)
    ]


def with_derived(rows: Raw, known: Preset, file: str) -> Raw:
    """A file's rows with the columns that its preset makes of them.

    Edges: a column is left out where the file lacks what it is made of. A pattern that several columns fit is told,
    and the file cannot be used.
    """
    for made in known.derived:
        if made.how.startswith("header"):
            found = matching(made.of, list(rows.schema))
            if len(found) > 1:
                message = f"{' and '.join(f'`{name}`' for name in found)}: one column is expected"
                hint = "export one currency, or map the column yourself"
                fault = Finding("SM928", Severity.ERROR, message, Location(file), hint)
                return replace(rows, findings=(*rows.findings, fault))
        value = _MADE[made.how](made, rows.schema)
        if value is not None:
            rows = _added(rows, made.name, value)
    return rows


def _added(rows: Raw, name: str, value: pl.Expr) -> Raw:
    schema = {**rows.schema, name: pl.String()}
    sample = rows.sample
    if set(value.meta.root_names()) <= set(sample.columns):
        sample = sample.with_columns(value.alias(name))
    return replace(rows, rows=rows.rows.with_columns(value.alias(name)), schema=schema, sample=sample)


Schema = Mapping[str, pl.DataType]


def _text(name: str, schema: Schema) -> pl.Expr | None:
    column = named(name, schema)
    return None if column is None else pl.col(column).cast(pl.String)


def _json(made: Derived, schema: Schema) -> pl.Expr | None:
    if named(made.of.split(".")[0], schema) is None:
        return None
    return json_value(made.of, schema).cast(pl.String)


def _path(made: Derived, schema: Schema) -> pl.Expr | None:
    value = _text(made.of, schema)
    return None if value is None else value.str.json_path_match(made.by)


def _month(made: Derived, schema: Schema) -> pl.Expr | None:
    value = _text(made.of, schema)
    if value is None:
        return None
    first = pl.concat_str([value.str.slice(0, 7), pl.lit("-01")]).str.to_date("%Y-%m-%d", strict=False)
    return (first.dt.offset_by("1mo") if made.how == "next_month" else first).dt.to_string("%Y-%m-%d")


def _join(made: Derived, schema: Schema) -> pl.Expr | None:
    """Of `a, b` those two columns, all of them needed; of `Labels` that column and `Labels 2`, `Labels 3`."""
    parts = [part.strip() for part in made.of.split(",")]
    if len(parts) > 1:
        columns = [named(part, schema) for part in parts]
        if None in columns:
            return None
    else:
        numbered = re.compile(re.escape(made.of) + r"( \d+)?", re.IGNORECASE)
        columns = [name for name in schema if numbered.fullmatch(name)]
    if not columns:
        return None
    joined = pl.concat_str(
        [pl.col(str(name)).cast(pl.String) for name in columns], separator=made.by, ignore_nulls=True
    )
    return pl.when(joined.str.len_bytes() > 0).then(joined)


def _fill(made: Derived, schema: Schema) -> pl.Expr | None:
    value = _text(made.of, schema)
    return None if value is None else value.forward_fill()


def _header(made: Derived, schema: Schema) -> pl.Expr | None:
    found = matching(made.of, list(schema))
    return pl.col(found[0]).cast(pl.String) if found else None


def _header_text(made: Derived, schema: Schema) -> pl.Expr | None:
    found = matching(made.of, list(schema))
    if not found:
        return None
    head, _, tail = made.of.partition(_STAR)
    return pl.lit(found[0][len(head) : len(found[0]) - len(tail)])


def _salesforce(made: Derived, schema: Schema) -> pl.Expr | None:
    value = _text(made.of, schema)
    if value is None:
        return None
    long = pl.concat_str([value, *(_check(value, part) for part in range(3))])
    return pl.when(value.str.contains(_SHORT_ID)).then(long).otherwise(value)


def _check(value: pl.Expr, part: int) -> pl.Expr:
    """The sign that says which of five characters are capitals. Source: Salesforce, on ids of 15 and 18 characters."""
    capitals = [
        value.str.slice(5 * part + place, 1).str.contains("[A-Z]").cast(pl.Int64) * 2**place for place in range(5)
    ]
    return pl.sum_horizontal(capitals).replace_strict(
        list(range(32)), list(_LETTERS), default="", return_dtype=pl.String
    )


def _plain(made: Derived, schema: Schema) -> pl.Expr | None:
    value = _text(made.of, schema)
    if value is None:
        return None
    return value.str.replace(r"^\((.+)\)$", "-$1").str.replace_all(r"[,\s'\p{Sc}]", "")


_MADE: Mapping[str, Callable[[Derived, Schema], pl.Expr | None]] = {
    "json": _json,
    "path": _path,
    "join": _join,
    "fill": _fill,
    "header": _header,
    "header_text": _header_text,
    "plain": _plain,
    "month": _month,
    "next_month": _month,
    "salesforce": _salesforce,
}
WORDS: Sequence[str] = tuple(_MADE)
