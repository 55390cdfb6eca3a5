"""The total goes one way, and every segment the other.

Flags: a rate whose last two judged periods differ by a hundredth of it or more, where all values of a segment changed
in the opposite direction.
Why: only the mix of accounts moved. Whoever reads the total does the wrong thing in every segment.
Example: completion rises from 80 % to 82 % while it falls for small and for large accounts, since more are large.
Fix: report it by that segment, and split the change into rate and mix.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.frames.values import OK
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told

SLIGHT = 0.01
"""A change of less than this share of the value is none."""

_NUMBER = ["metric", "cut", "stat", "grain"]


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    crossed = pl.col("segment").str.contains(",").fill_null(False)
    rates = evidence.values.filter((pl.col("status") == OK) & pl.col("denominator").is_not_null() & ~crossed)
    last = (
        rates.filter(pl.col("segment").is_null())
        .sort("period")
        .group_by(_NUMBER, maintain_order=True)
        .agg(pl.col("period").tail(2), total=pl.col("value").diff().last(), now_total=pl.col("value").last())
        .filter(pl.col("period").list.len() == 2, pl.col("total") != 0)
        .filter(pl.col("total").abs() >= SLIGHT * pl.col("now_total").abs())
        .with_columns(before=pl.col("period").list.first(), now=pl.col("period").list.last())
        .drop("period")
    )
    segments = rates.filter(pl.col("segment").is_not_null()).join(last, on=_NUMBER, nulls_equal=True)
    segments = segments.filter(pl.col("period").is_between("before", "now"))
    cells = segments.group_by([*_NUMBER, "segment", "segment_value", "total", "now"], maintain_order=True).agg(
        now_=pl.col("value").filter(pl.col("period") == pl.col("now")).first(),
        before_=pl.col("value").filter(pl.col("period") == pl.col("before")).first(),
    )
    turned = (
        cells.with_columns(against=((pl.col("now_") - pl.col("before_")).sign() == -pl.col("total").sign()))
        .group_by([*_NUMBER, "segment", "total", "now"], maintain_order=True)
        .agg(values=pl.len(), against=pl.col("against").fill_null(False).all())
        .filter(pl.col("against"), pl.col("values") > 1)
        .sort(*_NUMBER, "segment")
    )
    for row in turned.iter_rows(named=True):
        name = ".".join(filter(None, (row["metric"], row["cut"], row["stat"])))
        metric = reading.definitions.metrics[row["metric"]]
        ways = ("rose", "fell") if row["total"] > 0 else ("fell", "rose")
        message = f"`{name}` {ways[0]} in the period of {row['now']}, and {ways[1]} in every {row['segment']}"
        yield Told(f"metric.{name}", reading.spot(metric), message, f"report it by {row['segment']}: the mix moved")


RULE = Rule("SM402", "hidden-paradox", Severity.WARNING, __doc__, check_values=_check)
