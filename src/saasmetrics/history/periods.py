"""The past of one number: of every period what was said first, what is said last, and why they differ."""

from __future__ import annotations

import polars as pl

from saasmetrics.history.edition import Schema, is_said
from saasmetrics.history.restated import RESTATED, Past

TOLD: Schema = {
    **{name: RESTATED[name] for name in ("metric", "cut", "stat", "grain", "period")},
    "first": pl.Float64,
    "first_edition": pl.Int64,
    "first_as_of": pl.Datetime("us", "UTC"),
    "first_version": pl.Int64,
    "last": pl.Float64,
    "last_edition": pl.Int64,
    "last_as_of": pl.Datetime("us", "UTC"),
    "last_version": pl.Int64,
    "difference": pl.Float64,
    "relative": pl.Float64,
    "editions": pl.Int64,
    **{name: RESTATED[name] for name in ("verdict", "verdicts", "code", "severity", "reason", "changed_in")},
}
"""Grain: a complete period of one number at the total. `editions` counts those that told it."""

_NUMBER = ["metric", "cut", "stat", "grain", "period"]


def periods(past: Past, metric: str, cut: str | None, stat: str | None) -> pl.DataFrame:
    """Every complete period that was told of one number. Columns: `TOLD`."""
    as_of = {each.number: each.as_of for each in past.editions}
    rows = past.told(
        is_said()
        & (pl.col("metric") == metric)
        & pl.col("cut").eq_missing(pl.lit(cut, dtype=pl.String))
        & pl.col("segment").is_null()
    )
    if stat is not None:
        rows = rows.filter(pl.col("stat").eq_missing(stat) | pl.col("stat").is_null())
    ends = rows.group_by(_NUMBER, maintain_order=True).agg(
        first=pl.col("value").first(),
        first_edition=pl.col("edition").first(),
        first_version=pl.col("version").first(),
        last=pl.col("value").last(),
        last_edition=pl.col("edition").last(),
        last_version=pl.col("version").last(),
        editions=pl.len().cast(pl.Int64),
    )
    changed = past.restated.filter(pl.col("segment").is_null()).select(
        *_NUMBER, "verdict", "verdicts", "code", "severity", "reason", "changed_in"
    )
    told = ends.join(changed, on=_NUMBER, how="left", nulls_equal=True)
    moments = RESTATED["said_as_of"]
    told = told.with_columns(
        first_as_of=pl.col("first_edition").replace_strict(as_of, return_dtype=moments),
        last_as_of=pl.col("last_edition").replace_strict(as_of, return_dtype=moments),
        difference=pl.col("last") - pl.col("first"),
    ).with_columns(relative=pl.when(pl.col("first") != 0).then(pl.col("difference") / pl.col("first").abs()))
    return told.select([pl.col(name).cast(dtype) for name, dtype in TOLD.items()]).sort("period")
