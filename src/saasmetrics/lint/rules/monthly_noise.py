"""A number of marketing is judged on one or two periods.

Flags: a published metric of acquisition, or of the team marketing, with fewer than three judged periods.
Why: leads take weeks to become anything; of two months one is the other way round by chance.
Example: a lead funnel over the first two months of its export.
Fix: set `grain: quarter`, or wait for the third period.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from saasmetrics.finding import Severity, counted
from saasmetrics.frames.values import OK
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told

PERIODS = 3


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    marketing = {m.id: m for m in reading.published if m.family == "acquisition" or "marketing" in m.team}
    totals = evidence.values.filter(pl.col("metric").is_in(list(marketing)), pl.col("segment").is_null())
    judged = (
        totals.group_by("metric")
        .agg(periods=pl.col("period").filter(pl.col("status") == OK).n_unique())
        .filter(pl.col("periods") < PERIODS, pl.col("periods") > 0)
        .sort("metric")
    )
    for name, periods in judged.iter_rows():
        metric = marketing[name]
        message = f"`{name}` is judged on {counted(periods, 'period')}"
        yield Told(about(metric), reading.spot(metric), message, "set grain: quarter, or wait for the third")


RULE = Rule("SM611", "monthly-noise", Severity.NOTE, __doc__, check_values=_check)
