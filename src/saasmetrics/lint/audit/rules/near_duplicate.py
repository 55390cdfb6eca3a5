"""Two published metrics say nearly the same.

Flags: two published metrics of one grain whose values in the latest edition, and whose changes from period to period,
are both correlated by more than 0.98 or less than -0.98 over twelve periods or more, while neither is computed from the
other nor both from a third.
Why: two names for one movement are read as two reasons for it, and are argued about twice.
Example: weekly active accounts beside the number of accounts with a success, in a product with one workflow.
Fix: keep the one that somebody can act on, and publish the other no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import polars as pl

from saasmetrics.definitions.metric import Metric
from saasmetrics.finding import Severity
from saasmetrics.lint.audit.record import Audited
from saasmetrics.lint.reading import about
from saasmetrics.lint.rule import Rule, Told

ALIKE, PERIODS = 0.98, 12


def _check(audited: Audited) -> Iterator[Told]:
    lines = [(metric, audited.latest(metric).select("period", "value")) for metric, _ in audited.headlines()]
    for (one, ones), (other, others) in combinations(lines, 2):
        if one.grain is other.grain and not _is_tied(audited, one, other):
            both = ones.join(others, on="period", suffix="_other").drop_nulls().sort("period")
            alike = _alike(both)
            if alike is not None:
                message = f"`{other.id}` goes with `{one.id}`: correlated by {alike:.3f} over {both.height} periods"
                hint = "keep the one that somebody can act on"
                yield Told(f"{about(other)}~{one.id}", audited.reading.spot(other), message, hint)


def _is_tied(audited: Audited, one: Metric, other: Metric) -> bool:
    """Whether arithmetic ties two metrics: one rests on the other, or both on a third."""
    under = [{name for kind, name in audited.reading.under(each) if kind == "metric"} for each in (one, other)]
    return bool(under[0] & under[1])


def _alike(both: pl.DataFrame) -> float | None:
    """How values are correlated, where they and their changes are nearly one; null otherwise."""
    if both.height < PERIODS:
        return None
    value, other = pl.col("value"), pl.col("value_other")
    levels, changes = both.select(pl.corr(value, other), pl.corr(value.diff(), other.diff()).alias("changes")).row(0)
    close = all(isinstance(each, float) and abs(each) > ALIKE for each in (levels, changes))
    return levels if close and levels * changes > 0 else None


RULE = Rule("SM962", "near-duplicate", Severity.WARNING, __doc__, check_audit=_check)
