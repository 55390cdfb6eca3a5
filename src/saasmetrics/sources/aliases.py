"""Merged accounts: every id becomes the account it was merged into, for all history."""

from __future__ import annotations

import polars as pl

_DOUBLINGS = 5
"""Each doubles the length of chains that are followed: up to 32 merges in a row."""


def roots(aliases: pl.LazyFrame) -> pl.LazyFrame:
    """The account behind each alias at the end of its chain. Columns: `alias`, `account`. Edges: none in a circle."""
    links = aliases.filter(pl.col("_fault").is_null()).select("alias", "account")
    # In one step of the plan: joined to itself lazily, the table would be read again for every link of a chain.
    return links.map_batches(_ended, predicate_pushdown=False, projection_pushdown=False, slice_pushdown=False)


def _ended(links: pl.DataFrame) -> pl.DataFrame:
    for _ in range(_DOUBLINGS):
        further = links.select(account="alias", root="account")
        joined = links.join(further, on="account", how="left")
        links = joined.select("alias", account=pl.coalesce("root", "account"))
    return links.join(links.select(account="alias"), on="account", how="anti")


def judged(aliases: pl.LazyFrame) -> pl.LazyFrame:
    """Marks the rows whose alias has no end: it leads into a circle."""
    known = roots(aliases).select("alias", ends=pl.lit(value=True))
    rows = aliases.join(known, on="alias", how="left", maintain_order="left")
    endless = pl.col("_fault").is_null() & pl.col("ends").is_null()
    return rows.with_columns(_fault=pl.when(endless).then(pl.lit("alias cycle")).otherwise("_fault")).drop("ends")


def merged(rows: pl.LazyFrame, links: pl.LazyFrame) -> pl.LazyFrame:
    """Rows with the root in place of an alias in `account` and `parent`."""
    for column in ("account", "parent"):
        if column in rows.collect_schema():
            root = links.select(pl.col("alias").alias(column), root="account")
            rows = rows.join(root, on=column, how="left", maintain_order="left")
            rows = rows.with_columns(pl.coalesce("root", column).alias(column)).drop("root")
    return rows
