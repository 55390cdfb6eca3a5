"""A segment has more values than anybody can read.

Flags: a segment with more than 25 values in the numbers that were computed.
Why: among fifty lines something always moved; and most hold too few accounts to say anything.
Example: `segments: {city: {}}`.
Fix: gather values in `buckets`, the few that matter by name and the rest as `else`.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told

MANY = 25


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    wide = (
        evidence.values.filter(pl.col("segment").is_in(list(reading.definitions.segments)))
        .group_by("segment")
        .agg(values=pl.col("segment_value").n_unique())
        .filter(pl.col("values") > MANY)
        .sort("segment")
    )
    for segment, values in wide.iter_rows():
        message = f"the segment `{segment}` has {values} values"
        hint = "gather them in buckets, the rest as else"
        yield Told(f"segment.{segment}", ("segments", segment), message, hint)


RULE = Rule("SM403", "wide-segment", Severity.WARNING, __doc__, check_values=_check)
