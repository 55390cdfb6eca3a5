"""A metric moved no more than by itself, four times running, and nobody did anything.

Flags: a published metric without a target, whose newest period lay within the natural limits of those before it in each
of the last four editions that told a new one, while `notes.yaml` has nothing in that time.
Why: a number that is read every time and never asks for anything takes the place of one that would.
Example: a rate that has stood between 91 and 93 percent for a year.
Fix: read it less often, publish it no more, or set a target that asks for a change.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.lint.audit.record import Audited
from saasmetrics.lint.reading import about
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.series import limits

REVIEWS = 4


def reviews(rows: pl.DataFrame) -> list[tuple[date, pl.DataFrame]]:
    """The last editions that told a new period first, each with the period and with what it said of all; oldest first.

    `rows` are those of one number, by edition and period.
    """
    newest = rows.group_by("edition", maintain_order=True).agg(pl.col("period").max(), pl.col("day").first())
    first = newest.group_by("period", maintain_order=True).first().sort("period").tail(REVIEWS)
    told = first.select("period", "edition").iter_rows()
    return [(period, rows.filter(pl.col("edition") == edition)) for period, edition in told]


def _check(audited: Audited) -> Iterator[Told]:
    definitions = audited.reading.definitions
    aimed = {target.metric.partition(".")[0] for target in definitions.targets}
    for metric, rows in audited.headlines():
        told = reviews(rows)
        if metric.id in aimed or len(told) < REVIEWS or not all(_is_quiet(period, said) for period, said in told):
            continue
        first, last = told[0][0], max(audited.record.editions)
        if any(first <= note.date <= last for note in definitions.notes):
            continue
        message = f"`{metric.id}` was noise in {REVIEWS} reviews running, since {first}, and nothing was noted"
        yield Told(about(metric), audited.reading.spot(metric), message, "read it less often, or publish it no more")


def _is_quiet(period: date, said: pl.DataFrame) -> bool:
    before = said.filter(pl.col("period") < period)["value"]
    now = said.filter(pl.col("period") == period)["value"]
    usual = limits(before)
    return usual is not None and now.len() == 1 and usual.low <= now[0] <= usual.high


RULE = Rule("SM963", "quiet-metric", Severity.NOTE, __doc__, check_audit=_check)
