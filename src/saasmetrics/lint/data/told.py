"""What a rule over rows found: how many rows, and some of their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from saasmetrics.finding import counted
from saasmetrics.lint.rule import Told

KEY = "key"
"""The column of found rows that names one of them to a person."""


def of_sources(found: pl.DataFrame, says: Callable[[str, int, int], str], hint: str) -> Iterator[Told]:
    """One finding for each source of the rows that were found; `says` is given its name, their number, that of keys.

    Columns: `source`, `key`, and `rows` where a row stands for several.
    """
    for (source,), rows in found.sort("source", KEY, nulls_last=True).group_by("source", maintain_order=True):
        keys = rows[KEY].drop_nulls().unique(maintain_order=True)
        number = int(rows["rows"].sum()) if "rows" in rows.columns else rows.height
        name = str(source)
        message = says(name, number, len(keys))
        yield Told(f"source.{name}", ("sources", name), message, hint, rows=number, keys=tuple(keys.cast(pl.String)))


def some_of(source: str, number: int, noun: str, one: str, many: str) -> str:
    """So many of a source, with the verb that follows: one row lies, two lie."""
    return f"{counted(number, noun)} of `{source}` {one if number == 1 else many}"
