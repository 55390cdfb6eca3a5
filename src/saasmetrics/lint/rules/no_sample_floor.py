"""A rate is told however few entries it has.

Flags: a published rate with `min_sample` 0 or 1, of whose judged periods the middle one has fewer than twenty entries.
Why: one account more is ten points then, and the chart shows which account happened to come.
Example: `metrics: {win_rate: {min_sample: 0}}` at a company with six deals a month.
Fix: set `min_sample: 20`, or a longer `grain` in which there are as many.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.frames.values import OK
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told

FEW = 20


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    bare = {metric.id: metric for metric in reading.published if metric.min_sample <= 1}
    middle = (
        evidence.values.filter(
            pl.col("metric").is_in(list(bare)),
            pl.col("segment").is_null(),
            pl.col("cut").is_null(),
            pl.col("status") == OK,
            pl.col("denominator").is_not_null(),
        )
        .group_by("metric")
        .agg(middle=pl.col("entries").median())
        .filter(pl.col("middle") < FEW)
        .sort("metric")
    )
    for name, entries in middle.iter_rows():
        message = f"`{name}` is told from {bare[name].min_sample} entries on, and has {entries:g}"
        path = reading.written(bare[name], "min_sample")
        yield Told(about(bare[name]), path, message, f"set min_sample: {FEW}, or a longer grain")


RULE = Rule("SM504", "no-sample-floor", Severity.NOTE, __doc__, check_values=_check)
