"""What the audit cannot say, because it is not recorded.

Flags: a file of which nothing was published, or too little for a comparison: fewer than four editions that tell a new
period of a metric, fewer than eight periods before those, or fewer than twelve periods of any two metrics.
Why: a question that nobody could answer must not read as one that was answered well.
Example: the second week of a company's editions.
Fix: publish an edition at each review: `saasmetrics compute --publish`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.lint.audit.record import Audited
from saasmetrics.lint.audit.rules.near_duplicate import PERIODS
from saasmetrics.lint.audit.rules.quiet_metric import REVIEWS, reviews
from saasmetrics.lint.rule import Rule, Told

_BEFORE = 8


def _check(audited: Audited) -> Iterator[Told]:
    hint = "saasmetrics compute --publish at each review"
    if not audited.record.editions:
        message = "nothing was published: whether reviews are overdue, metrics alike or quiet is not recorded"
        yield Told("record", ("settings",), message, hint)
        return
    told = list(audited.headlines())
    short = [metric.id for metric, rows in told if not _is_enough(reviews(rows))]
    if short:
        message = f"whether {_some(short)} moved in {REVIEWS} reviews is not recorded: too few editions or periods"
        yield Told("record.reviews", ("settings",), message, hint)
    young = [metric.id for metric, _ in told if audited.latest(metric).height < PERIODS]
    if young:
        message = f"whether anything goes with {_some(young)} is not recorded: fewer than {PERIODS} periods"
        yield Told("record.periods", ("settings",), message, hint)
    known = {metric.id for metric, _ in told}
    unknown = [metric.id for metric in audited.reading.published if metric.id not in known]
    if unknown:
        yield Told("record.metrics", ("settings",), f"no edition tells a complete period of {_some(unknown)}", hint)


def _is_enough(told: list[tuple[date, pl.DataFrame]]) -> bool:
    return len(told) == REVIEWS and all(said.height > _BEFORE for _, said in told)


def _some(names: list[str]) -> str:
    return f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}"


RULE = Rule("SM960", "unrecorded", Severity.NOTE, __doc__, check_audit=_check)
