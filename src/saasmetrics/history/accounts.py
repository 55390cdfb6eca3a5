"""The accounts behind a difference: what each of them was in a number as it was told, and is as it is told now."""

from __future__ import annotations

import polars as pl

from saasmetrics.frames.ledger import UNATTRIBUTED
from saasmetrics.history.edition import Schema

NUMBER = ("metric", "cut", "grain", "period")

BEHIND: Schema = {
    "metric": pl.String,
    "cut": pl.String,
    "grain": pl.String,
    "period": pl.Date,
    "account": pl.String,
    "numerator_then": pl.Float64,
    "numerator_now": pl.Float64,
    "denominator_then": pl.Float64,
    "denominator_now": pl.Float64,
    "difference": pl.Float64,
}
"""Grain: a number, an account that is not in it as it was. `difference` is its part of the change, and the parts add up
to it; null where a number has no parts by account. Denominators are null for sums."""


def behind(before: pl.DataFrame, now: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """The entries of some numbers in two states, held against each other; the largest difference first.

    `numbers` has the columns of `NUMBER`. Formula: sums: now less then; ratios, with R the value then and D the whole
    denominator now: (n1 - n0 - R (d1 - d0)) / D, so that an account that is as it was has no part.
    """
    then, told = _by_account(before, numbers), _by_account(now, numbers)
    both = then.join(told, on=[*NUMBER, "account"], how="full", coalesce=True, suffix="_now", nulls_equal=True)
    both = both.with_columns(
        pl.col("numerator", "denominator", "numerator_now", "denominator_now").fill_null(0.0),
        how=pl.when(pl.coalesce("how", "how_now") == pl.coalesce("how_now", "how")).then(pl.coalesce("how", "how_now")),
    )
    was, is_ = pl.col("denominator").sum().over(NUMBER), pl.col("denominator_now").sum().over(NUMBER)
    ratio = (was != 0) | (is_ != 0)
    moved = (pl.col("numerator") != pl.col("numerator_now")) | (pl.col("denominator") != pl.col("denominator_now"))
    rows = both.select(
        *NUMBER,
        "account",
        moved=moved,
        numerator_then="numerator",
        numerator_now="numerator_now",
        denominator_then=pl.when(ratio).then("denominator"),
        denominator_now=pl.when(ratio).then("denominator_now"),
        difference=_difference(was, is_),
    ).filter("moved")
    size = pl.coalesce("difference", pl.col("numerator_now") - pl.col("numerator_then")).abs()
    rows = rows.with_columns(_size=size).sort(*NUMBER, "_size", "account", descending=[False] * 4 + [True, False])
    return rows.select([pl.col(name).cast(dtype) for name, dtype in BEHIND.items()])


def _difference(was: pl.Expr, is_: pl.Expr) -> pl.Expr:
    rate = pl.col("numerator").sum().over(NUMBER) / was
    above = pl.col("numerator_now") - pl.col("numerator")
    below = pl.col("denominator_now") - pl.col("denominator")
    return (
        pl.when(pl.col("how") == "sum")
        .then(above)
        .when((pl.col("how") == "ratio") & (was != 0) & (is_ != 0))
        .then((above - rate * below) / is_)
    )


def _by_account(entries: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """Grain: a number, an account. Columns: `numerator`, `denominator` in the metric's units, `how` it adds up."""
    scale = pl.col("scale")
    # A unit that is a part of one is divided by: a twelfth of something has no exact form.
    value = pl.when(scale < 1).then(pl.col("amount") / (1 / scale).round()).otherwise(pl.col("amount") * scale)
    sides = [value.filter(pl.col("side") == side).sum().alias(side) for side in ("numerator", "denominator")]
    rows = entries.join(numbers.select(NUMBER).unique(), on=NUMBER, how="semi", nulls_equal=True)
    rows = rows.with_columns(pl.col("account").fill_null(UNATTRIBUTED))
    return rows.group_by(*NUMBER, "account").agg(*sides, pl.col("how").first())
