"""Of many accounts it is not known to which segment they belong.

Flags: a segment in which more than a tenth of the accounts are `(unknown)`, in the newest period of the number that has
most accounts.
Why: what is unknown is seldom like the rest; it is where the export is old, or the form was not filled in.
Example: `segments: {industry: {}}` over an export in which every third account has none.
Fix: map the column, give it a default in its source, or repair the export.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.frames.ledger import UNKNOWN
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told

SHARE = 0.1


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    cells = evidence.values.filter(
        pl.col("segment").is_in(list(reading.definitions.segments)), pl.col("cut").is_null(), pl.col("accounts") > 0
    )
    number = ["segment", "metric", "stat", "grain"]
    newest = cells.filter(pl.col("period") == pl.col("period").max().over(number))
    shares = (
        newest.group_by(number)
        .agg(
            accounts=pl.col("accounts").sum(),
            unknown=pl.col("accounts").filter(pl.col("segment_value") == UNKNOWN).sum(),
        )
        .sort(pl.col("accounts"), "metric", descending=[True, False])
        .group_by("segment", maintain_order=True)
        .first()
        .filter(pl.col("unknown") > SHARE * pl.col("accounts"))
        .sort("segment")
    )
    for row in shares.iter_rows(named=True):
        share = row["unknown"] / row["accounts"]
        message = f"the segment `{row['segment']}` is unknown for {share:.0%} of the accounts of `{row['metric']}`"
        path = ("segments", row["segment"])
        yield Told(f"segment.{row['segment']}", path, message, "map the column, or give it a default in its source")


RULE = Rule("SM404", "unknown-heavy", Severity.WARNING, __doc__, check_values=_check)
