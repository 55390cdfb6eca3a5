"""A segment cuts a rate into pieces too small to be read.

Flags: a rate of which the middle cell of a segment, in its newest judged period, has fewer entries than `min_sample`.
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
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told


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
        .sort(number)
    )
    for row in middle.iter_rows(named=True):
        metric = reading.definitions.metrics[row["metric"]]
        message = (
            f"by {row['segment']} the middle cell of `{metric.id}` has {row['middle']:g} entries, "
            f"{row['floor']} are needed"
        )
        yield Told(about(metric), reading.spot(metric), message, "make fewer buckets, or take a longer grain")


RULE = Rule("SM405", "tiny-cells", Severity.NOTE, __doc__, check_values=_check)
