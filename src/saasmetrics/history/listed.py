"""The editions of a folder, a line each."""

from __future__ import annotations

import polars as pl

from saasmetrics.history.edition import Schema
from saasmetrics.history.restated import Past
from saasmetrics.history.verdict import VERDICTS

LISTED: Schema = {
    "edition": pl.Int64,
    "as_of": pl.Datetime("us", "UTC"),
    "numbers": pl.Int64,
    "changed": pl.Int64,
    **{each.word: pl.Int64 for each in VERDICTS},
    "altered": pl.Boolean,
    "tool": pl.String,
}
"""Grain: an edition, in the order of what they knew. `numbers` are those of complete periods at the total, `changed`
those that the edition before told otherwise, then the same by why."""


def listed(past: Past) -> pl.DataFrame:
    """Columns: `LISTED`."""
    steps = past.steps.filter(pl.col("segment").is_null())
    rows = []
    for edition in past.editions:
        changed = steps.filter(pl.col("edition") == edition.number)
        words = dict(changed.group_by("verdict").agg(pl.len()).iter_rows())
        rows.append(
            {
                "edition": edition.number,
                "as_of": edition.as_of,
                "numbers": past.counts[edition.number],
                "changed": changed.height,
                **{each.word: words.get(each.word, 0) for each in VERDICTS},
                "altered": bool(edition.altered or edition.broken),
                "tool": edition.tool,
            }
        )
    return pl.DataFrame(rows, schema=LISTED)
