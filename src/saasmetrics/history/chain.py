"""Tables that are kept as changes: what differs from before, and everything put together again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl


def changes(
    before: pl.DataFrame, now: pl.DataFrame, key: Sequence[str], value: str, domain: pl.DataFrame
) -> pl.DataFrame:
    """Rows that are new or different, and those that are gone, with a `value` that says so: null, or 0 for counts.

    Only what lies in the `domain` (some columns of the key) can be gone: what is no longer asked for is left as it was.
    """
    fresh = now.join(before, on=list(now.columns), how="anti", nulls_equal=True)
    there = before.join(domain, on=domain.columns, how="semi", nulls_equal=True)
    lost = there.join(now, on=list(key), how="anti", nulls_equal=True)
    return pl.concat([fresh, lost.with_columns(_gone(lost, value))])


def folded(tables: Iterable[pl.DataFrame], key: Sequence[str], value: str) -> pl.DataFrame:
    """The tables of all editions up to one, in their order, as what stood with the last."""
    rows = pl.concat(list(tables))
    rows = rows.unique(list(key), keep="last", maintain_order=True)
    return rows.filter(~pl.col(value).eq_missing(_gone_value(rows, value))).sort(list(key), nulls_last=True)


def _gone(rows: pl.DataFrame, value: str) -> pl.Expr:
    return _gone_value(rows, value).alias(value)


def _gone_value(rows: pl.DataFrame, value: str) -> pl.Expr:
    return pl.lit(0 if value == "rows" else None, dtype=rows.schema[value])
