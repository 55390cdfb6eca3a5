"""Currencies: their minor units, and what one is worth in the currency of the settings."""

from __future__ import annotations

import polars as pl

WITHOUT_MINOR = (
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
)
"""Currencies whose amounts have no decimals. Source: ISO 4217, list one."""
THREE_DECIMALS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
"""Currencies of a thousand minor units. Source: ISO 4217, list one."""


def decimals(currency: str | None) -> int:
    """Decimals of a currency's amounts; two where it is not known."""
    return 0 if currency in WITHOUT_MINOR else 3 if currency in THREE_DECIMALS else 2


def constant_rates(fx: pl.LazyFrame) -> pl.LazyFrame:
    """One rate per currency: the row without a date, else the latest. Columns: `currency`, `rate`."""
    usable = fx.filter(pl.col("_fault").is_null())
    order = ["at", "rate"] if "at" in fx.collect_schema() else ["rate"]
    return usable.sort(order, nulls_last=True).group_by("currency", maintain_order=True).agg(pl.col("rate").last())


def priced(rows: pl.LazyFrame, currency: str | None, rates: pl.LazyFrame | None) -> pl.LazyFrame:
    """Adds `rate`: units of the settings' currency for one of the row's; a row without a rate is at fault.

    Edges: a row without a currency is in the settings' one. Where the settings name none and there are no rates, rows
    of one single currency are taken as they are; rows of several are all at fault, since they may not be added;
    rows that are left out for another fault have no say in that.
    """
    if "currency" not in rows.collect_schema():
        return rows.with_columns(rate=pl.lit(1.0))
    own = pl.col("currency").is_null()
    if currency is not None:
        own |= pl.col("currency") == currency
    elif rates is None:
        own |= pl.when(pl.col("_fault").is_null()).then("currency").drop_nulls().n_unique() == 1
    if rates is None:
        rows = rows.with_columns(rate=pl.when(own).then(1.0))
    else:
        rows = rows.join(rates, on="currency", how="left", maintain_order="left")
        rows = rows.with_columns(rate=pl.when(own).then(1.0).otherwise("rate"))
    lost = pl.col("_fault").is_null() & pl.col("rate").is_null()
    return rows.with_columns(
        _fault=pl.when(lost).then(pl.lit("unknown currency")).otherwise("_fault"),
        _seen=pl.when(lost).then("currency").otherwise("_seen"),
    )
