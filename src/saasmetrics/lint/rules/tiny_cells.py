"""A segment cuts rates into pieces too small to be read.

Flags: a segment by which rates are split so that the middle cell, in the newest judged period, has fewer entries than
the rate's `min_sample`; told once for the segment, with the rates.
Why: most of the table is then empty, or would have to be; what is left of it is chance.
Example: retention by industry, with six industries and forty accounts.
Fix: gather values in `buckets`, split by another segment, or judge by a longer period.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.frames.values import LOW_N, OK
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told

SHOWN = 3
"""So many rates are named."""


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    needed = [(metric.id, metric.min_sample) for metric in reading.published]
    floors = pl.DataFrame(needed, {"metric": pl.String, "floor": pl.Int64}, orient="row")
    cells = evidence.values.filter(
        pl.col("segment").is_in(list(reading.definitions.segments)),
        pl.col("status").is_in([OK, LOW_N]),
        pl.col("denominator").is_not_null(),
        pl.col("cut").is_null(),
    )
    number = ["metric", "segment", "stat", "grain"]
    middle = (
        cells.filter(pl.col("period") == pl.col("period").max().over(number))
        .group_by(number)
        .agg(middle=pl.col("entries").median())
        .join(floors, on="metric")
        .filter(pl.col("middle") < pl.col("floor"))
        .sort("segment", "metric", "stat", "grain")
    )
    for (segment,), rates in middle.group_by("segment", maintain_order=True):
        names = [f"`{row['metric']}` {row['middle']:g} of {row['floor']}" for row in rates.iter_rows(named=True)]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        message = f"by {segment} the middle cell is too small to be read: {', '.join(names[:SHOWN])}{more}"
        path = ("segments", str(segment))
        yield Told(f"segment.{segment}", path, message, "make fewer buckets, or take a longer grain")


RULE = Rule("SM405", "tiny-cells", Severity.NOTE, __doc__, check_values=_check)
