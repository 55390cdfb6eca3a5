"""Maturity: which tries count while their window is still open."""

from __future__ import annotations

from typing import Literal

import polars as pl

Choice = Literal["exclude", "dropped", "converters"]


def settled(mature: pl.Expr, there: pl.Expr, choice: Choice) -> pl.Expr:
    """Whether a try counts: mature ones, all (`dropped`), or mature ones and those that got there (`converters`)."""
    if choice == "dropped":
        return pl.lit(True)
    return mature | there.fill_null(False) if choice == "converters" else mature
