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


def parents(accounts: pl.LazyFrame, links: pl.LazyFrame | None) -> pl.LazyFrame:
    """Where every id ends when accounts count as the topmost of their chain. Columns: `alias`, `account`.

    Edges: an alias leads to its account first; of several rows of an account the last says its parent; accounts whose
    chain goes round in a circle stay what they are.
    """
    usable = accounts.filter(pl.col("_fault").is_null() & pl.col("parent").is_not_null())
    order = ["account", "valid_from"] if "valid_from" in accounts.collect_schema() else ["account"]
    rows = usable.sort(*order, "parent", nulls_last=False).unique("account", keep="last", maintain_order=True)
    known = rows.filter(pl.col("account") != pl.col("parent")).select(alias="account", account="parent")
    if links is not None:
        known = pl.concat([links.select("alias", "account"), known.join(links, on="alias", how="anti")])
    return known.map_batches(_ended, predicate_pushdown=False, projection_pushdown=False, slice_pushdown=False)


def topmost(accounts: pl.LazyFrame, links: pl.LazyFrame) -> pl.LazyFrame:
    """Accounts that are their own root, or whose root has no row of its own. Grain: a row of `accounts`, as it was."""
    own = accounts.join(links.select(account="alias"), on="account", how="anti", maintain_order="left")
    rest = accounts.join(links.select(account="alias", _root="account"), on="account", maintain_order="left")
    orphans = rest.join(own.select(_root="account"), on="_root", how="anti", maintain_order="left").drop("_root")
    return pl.concat([own, orphans], how="vertical_relaxed")
