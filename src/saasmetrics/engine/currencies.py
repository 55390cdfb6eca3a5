"""Which currencies the rows of each source are in."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from saasmetrics.sources.open import Sources


def currencies(sources: Sources) -> Mapping[str, frozenset[str]]:
    """By source, the currencies that its rows name, also those without a rate; sources that name none are left out."""
    sound = pl.col("_fault").is_null() | (pl.col("_fault") == "unknown currency")
    asked = [
        table.frame.filter(sound, pl.col("currency").is_not_null())
        .select("source", pl.col("currency").cast(pl.String).str.to_uppercase())
        .unique()
        for role, table in sources.tables.items()
        if role != "fx" and "currency" in table.frame.collect_schema()
    ]
    found: dict[str, set[str]] = {}
    for frame in pl.collect_all(asked):
        for source, currency in frame.iter_rows():
            found.setdefault(str(source), set()).add(currency)
    return {source: frozenset(names) for source, names in sorted(found.items())}
