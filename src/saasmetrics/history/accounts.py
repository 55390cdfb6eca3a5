"""The accounts behind a difference: what each of them was in the number told then, and is in the one told now."""

from __future__ import annotations

import polars as pl

from saasmetrics.frames.ledger import UNATTRIBUTED

BEHIND = {
    "account": pl.String,
    "numerator_then": pl.Float64,
    "numerator_now": pl.Float64,
    "denominator_then": pl.Float64,
    "denominator_now": pl.Float64,
    "difference": pl.Float64,
}
"""Grain: an account that is not in a number as it was. `difference` is its part of the change, and the parts add up to
it; null where a number has no parts by account. Denominators are null for sums."""


def behind(before: pl.DataFrame, now: pl.DataFrame, number: dict[str, object]) -> pl.DataFrame:
    """The entries of one number in two states, held against each other; the largest difference first.

    `number` names it by metric, cut, grain and period. Formula: sums: now less then; ratios, with R the value then: (n1
    - R d1) / D1 - (n0 - R d0) / D0.
    """
    then, told = _by_account(before, number), _by_account(now, number)
    both = then.join(told, on="account", how="full", coalesce=True, suffix="_now").with_columns(
        pl.col("numerator", "denominator", "numerator_now", "denominator_now").fill_null(0.0)
    )
    how = {*_how(before, number), *_how(now, number)}
    same = (pl.col("numerator") == pl.col("numerator_now")) & (pl.col("denominator") == pl.col("denominator_now"))
    rows = both.with_columns(difference=_difference(both, how)).filter(~same)
    is_ratio = bool((both["denominator"] != 0).any() or (both["denominator_now"] != 0).any())
    size = pl.coalesce("difference", pl.col("numerator_now") - pl.col("numerator")).abs()
    return (
        rows.sort(size, "account", descending=[True, False])
        .select(
            account="account",
            numerator_then="numerator",
            numerator_now="numerator_now",
            denominator_then=pl.col("denominator") if is_ratio else pl.lit(None),
            denominator_now=pl.col("denominator_now") if is_ratio else pl.lit(None),
            difference="difference",
        )
        .select([pl.col(name).cast(dtype) for name, dtype in BEHIND.items()])
    )


def _difference(both: pl.DataFrame, how: set[str]) -> pl.Expr:
    change = pl.col("numerator_now") - pl.col("numerator")
    if how == {"sum"}:
        return change
    wholes = [float(both[name].sum()) for name in ("denominator", "denominator_now")]
    if how != {"ratio"} or not all(wholes):
        return pl.lit(None, dtype=pl.Float64)
    rate = float(both["numerator"].sum()) / wholes[0]
    was = (pl.col("numerator") - rate * pl.col("denominator")) / wholes[0]
    return (pl.col("numerator_now") - rate * pl.col("denominator_now")) / wholes[1] - was


def _chosen(entries: pl.DataFrame, number: dict[str, object]) -> pl.DataFrame:
    return entries.filter(*[pl.col(name).eq_missing(pl.lit(number[name])) for name in ("metric", "cut", "grain", "period")])


def _how(entries: pl.DataFrame, number: dict[str, object]) -> list[str]:
    return _chosen(entries, number)["how"].unique().to_list()


def _by_account(entries: pl.DataFrame, number: dict[str, object]) -> pl.DataFrame:
    """Grain: account. Columns: `account`, `numerator`, `denominator`, in the metric's units."""
    scale = pl.col("scale")
    # A unit that is a part of one is divided by: a twelfth of something has no exact form.
    value = pl.when(scale < 1).then(pl.col("amount") / (1 / scale).round()).otherwise(pl.col("amount") * scale)
    sides = [value.filter(pl.col("side") == side).sum().alias(side) for side in ("numerator", "denominator")]
    rows = _chosen(entries, number).with_columns(pl.col("account").fill_null(UNATTRIBUTED))
    return rows.group_by("account").agg(sides)
