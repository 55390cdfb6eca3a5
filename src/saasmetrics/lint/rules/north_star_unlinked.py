"""Accounts that have much of the North Star do not stay longer.

Flags: in each of three cohorts or more, a rank correlation of nought or less between an account's North Star in its
first period and whether it was kept; cohorts of fewer than ten accounts, or in which all did the same, do not count.
Why: a number that says nothing about who stays measures activity, not value.
Example: invoices drafted, where those who draft most leave as often as the others.
Fix: try another outcome against the same cohorts, and talk to accounts that stayed with little of this one.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading, star_spot
from saasmetrics.lint.rule import Rule, Told

COHORTS, ACCOUNTS = 3, 10


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    if evidence.linked is None or "" not in reading.stars:
        return
    cohorts = (
        evidence.linked.group_by("cohort")
        .agg(
            accounts=pl.len(),
            tie=pl.corr(pl.col("amount").rank(), pl.col("kept").cast(pl.Int8).rank()),
        )
        .filter(pl.col("accounts") >= ACCOUNTS, pl.col("tie").is_not_nan())
        .sort("cohort")
        .tail(COHORTS)
    )
    if cohorts.height == COHORTS and (cohorts["tie"] <= 0).all():
        message = f"accounts with much of `{reading.stars['']}` were not kept more often, in {COHORTS} cohorts"
        hint = "hold another outcome against the same cohorts"
        yield Told(f"metric.{reading.stars['']}", star_spot(""), message, hint, value=True)


RULE = Rule("SM112", "north-star-unlinked", Severity.NOTE, __doc__, check_values=_check)
