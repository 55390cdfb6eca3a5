"""What became of the rows of the sources between two editions: added, changed, gone."""

from __future__ import annotations

import polars as pl

from saasmetrics.frames.canonical import ROLES
from saasmetrics.history.edition import Schema

MOVED: Schema = {
    "source": pl.String,
    "since": pl.Date,
    "added": pl.Int64,
    "edited": pl.Int64,
    "deleted": pl.Int64,
}
"""Grain: source, the first day that changes of a row concern (null: rows without a time). Counts of rows; of a log a
changed row is told only where as many rows are there as before, and counts one per day and bucket."""


def moved(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """The lines of two states of the sources, held against each other.

    Edges: a row of a table that got another date is one that changed, from the earlier date on; columns without a
    canonical name are compared where both editions looked at the same ones.
    """
    logs = [role for role, known in ROLES.items() if known.log]
    was, is_ = (_parts(lines) for lines in (before, now))
    same = _same_columns(before, now)
    both = was.join(is_, on=["source", "role", "period", "part"], how="full", coalesce=True, nulls_equal=True)
    both = both.join(same, on="source", how="left").with_columns(
        pl.col("rows", "rows_right").fill_null(0), pl.col("same").fill_null(False)
    )
    other = pl.col("digest").ne_missing(pl.col("digest_right"))
    beside = pl.col("same") & pl.col("extra").ne_missing(pl.col("extra_right"))
    changed = both.filter((pl.col("rows") != pl.col("rows_right")) | other | beside)
    of_log = pl.col("role").is_in(logs)
    units = pl.concat(
        [
            changed.filter(of_log).select("source", "rows", "rows_right", since="period"),
            changed.filter(~of_log)
            .group_by("source", "part")
            .agg(
                pl.col("rows", "rows_right").sum(),
                since=pl.when(pl.col("period").null_count() == 0).then(pl.col("period").min()),
            )
            .select("source", "rows", "rows_right", "since"),
        ]
    )
    more = pl.col("rows_right") - pl.col("rows")
    told = units.with_columns(
        added=more.clip(lower_bound=0),
        deleted=(-more).clip(lower_bound=0),
        edited=pl.when(more == 0).then(1).otherwise(0).cast(pl.Int64),
    )
    counts = told.group_by("source", "since").agg(pl.col("added", "edited", "deleted").sum())
    return counts.select([pl.col(name).cast(dtype) for name, dtype in MOVED.items()]).sort("source", "since")


def _parts(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.filter(pl.col("level") == "part").select("source", "role", "period", "part", "rows", "digest", "extra")


def _same_columns(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    heads = [lines.filter(pl.col("level") == "source").select("source", "columns") for lines in (before, now)]
    return heads[0].join(heads[1], on="source").select("source", same=pl.col("columns") == pl.col("columns_right"))
