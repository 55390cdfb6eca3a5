"""The accounts behind numbers: the shape in which they are worked out, and remembered."""

from __future__ import annotations

import polars as pl

ACCOUNTED: dict[str, pl.DataType | type[pl.DataType]] = {
    "metric": pl.String,
    "cut": pl.String,
    "grain": pl.String,
    "period": pl.Date,
    "side": pl.String,
    "account": pl.String,
    "amount": pl.Int64,
    "weight": pl.Int64,
    "scale": pl.Float64,
    "how": pl.String,
}
"""Grain: metric, cut, grain, period, side, account (null: nobody's). `amount` is in fixed-point units of which each is
worth `scale`. `how`: `sum` (amounts of an account are its part of the value), `ratio` (of both sides), `other`."""
