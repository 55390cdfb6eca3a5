"""Amounts are missing on one side of a rate, as zeros.

Flags: opportunities of which nine in ten of those that were lost have the amount 0, and not half of those that were
won.
Why: a win rate by amount divides what was won by what was won and lost: it is 100 % when nothing lost has an amount.
Example: a CRM that takes the amount away when a deal is lost.
Fix: export the amount that a deal had while it was open, or count deals and not amounts.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.frames.observed import Observed
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told

_MOST, _HALF, _FEW = 0.9, 0.5, 5


def _check(_reading: Reading, seen: Observed) -> Iterator[Told]:
    rows = seen.tables.get("opportunities")
    if rows is None or "status" not in rows.columns:
        return
    zero = pl.col("amount").fill_null(0) == 0
    for (source,), part in rows.sort("source").group_by("source", maintain_order=True):
        lost, won = (part.filter(pl.col("status") == status) for status in ("lost", "won"))
        empty = lost.filter(zero)
        if lost.height < _FEW or not won.height or empty.height < _MOST * lost.height:
            continue
        if won.filter(zero).height < _HALF * won.height:
            lots = f"{empty.height:,} of {lost.height:,} lost opportunities of `{source}`"
            message = f"{lots} have the amount 0: a win rate by amount says nothing"
            keys = tuple(empty["opportunity"].cast(pl.String).sort())
            hint = "export the amount that they had while open, or count deals"
            yield Told(f"source.{source}", ("sources", str(source)), message, hint, rows=empty.height, keys=keys)


RULE = Rule("SM958", "zero-amounts", Severity.WARNING, __doc__, check_rows=_check)
