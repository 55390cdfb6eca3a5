"""Effect: numbers under one meaning held against the same numbers under another, period by period."""

from __future__ import annotations

import polars as pl

from saasmetrics.frames.values import LOW_N, MATURING, OK, PARTIAL, UNDEFINED

SPAN = 12
"""So many past periods are looked at."""
OVER = (OK, LOW_N, UNDEFINED)
"""Statuses of periods that are over, also where they have no number."""
NUMBER = ["metric", "cut", "stat", "grain"]

_SAME = 1e-12
"""Differences smaller than this share are what summing in another order leaves."""


def paired(before: pl.DataFrame, after: pl.DataFrame, span: int = SPAN) -> pl.DataFrame:
    """The last periods of every number at the total, with its value on both sides.

    Grain: metric, cut, stat, grain, period. Columns: `before`, `after`, null where that side has no number; `moved`,
    `difference`, `share`. Edges: periods in progress are left out, and those whose windows are open on either side.
    """
    sides = [
        values.filter(pl.col("segment").is_null()).select(*NUMBER, "period", "status", pl.col("value").alias(name))
        for name, values in (("before", before), ("after", after))
    ]
    both = sides[0].join(sides[1], on=[*NUMBER, "period"], how="full", coalesce=True, nulls_equal=True)
    statuses = [pl.col("status"), pl.col("status_right")]
    is_open = pl.any_horizontal(status.is_in([PARTIAL, MATURING]).fill_null(False) for status in statuses)
    is_over = pl.any_horizontal(status.is_in(OVER).fill_null(False) for status in statuses)
    rows = both.filter(is_over & ~is_open).drop("status", "status_right")
    last = pl.col("period").rank("dense", descending=True).over(NUMBER) <= span
    difference = pl.col("after") - pl.col("before")
    moved = difference.abs() > _SAME * pl.max_horizontal(pl.col("before").abs(), pl.col("after").abs())
    return rows.filter(last).with_columns(
        moved=moved,
        difference=pl.when(moved).then(difference).otherwise(difference * 0),
        share=pl.when(pl.col("before") != 0).then(
            pl.when(moved).then(difference).otherwise(0) / pl.col("before").abs()
        ),
    )


def effects(rows: pl.DataFrame) -> pl.DataFrame:
    """What the difference comes to, of rows as `paired` has them.

    Grain: metric, cut, stat, grain. Columns: `periods` that have a number on both sides, `moved` of them; `median` and
    `median_share` over these; of the period with the largest difference, the latest of several, `period`, `largest`,
    `largest_share`, `before`, `after`; `gone` and `come` periods that have a number on one side only.
    """
    has = {name: pl.col(name).is_not_null() for name in ("before", "after")}
    both = has["before"] & has["after"]
    last = pl.col("period").sort_by(pl.col("difference").abs(), "period", nulls_last=False).last()
    counts = rows.group_by(NUMBER, maintain_order=True).agg(
        periods=both.sum(),
        moved=pl.col("moved").sum(),
        median=pl.col("difference").median(),
        median_share=pl.col("share").median(),
        period=last,
        gone=(has["before"] & ~has["after"]).sum(),
        come=(has["after"] & ~has["before"]).sum(),
    )
    at = rows.select(*NUMBER, "period", "before", "after", largest="difference", largest_share="share")
    return counts.join(at, on=[*NUMBER, "period"], how="left", nulls_equal=True, maintain_order="left")
