"""Events come from accounts that the source of accounts does not have.

Flags: a share of rows whose account is known that fell by two points or more, the last four complete weeks against the
twelve before.
Why: such rows belong to no segment and to no customer, and every number by account misses them.
Example: an export of accounts that stopped a month ago, while new accounts are at work.
Fix: export the accounts again, or map the column of events that holds their id.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.tracking.tracked import Tracked

LATE, EARLY, LOSS = 4, 12, 0.02


def _check(tracked: Tracked) -> Iterator[Told]:
    definitions, weeks = tracked.reading.definitions, tracked.weekly["week"]
    source = next((name for name, each in definitions.sources.items() if each.role == "accounts"), None)
    if source is None or len(weeks) < LATE + EARLY:
        return
    was, is_ = (_known(tracked, span) for span in (weeks.tail(LATE + EARLY).head(EARLY), weeks.tail(LATE)))
    if was is not None and is_ is not None and was - is_ >= LOSS:
        reaches = "; it reaches all that is counted by account"
        message = f"{is_:.1%} of the events come from accounts of `{source}`, {was:.1%} before{reaches}"
        yield Told(f"source.{source}", ("sources", source), message, "export the accounts again, or map their id")


def _known(tracked: Tracked, weeks: pl.Series) -> float | None:
    """The share of rows whose account is known."""
    rows = tracked.seen.weeks.filter(pl.col("week").is_in(weeks.implode()))
    total = int(rows["rows"].sum() or 0)
    return int(rows["known"].sum() or 0) / total if total else None


RULE = Rule("SM988", "join-loss", Severity.WARNING, __doc__, check_tracking=_check)
