"""Impact: whom incidents hit, and what they cost."""

from __future__ import annotations

from typing import Literal

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.outages import Outages
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.scope import Scope
from saasmetrics.frames.ledger import FLOAT, Ledger, Part, Shape, Side
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.period import Periods

WEEK = 604_800
"""Seconds of a week."""


class Impact(MetricType):
    """Accounts that incidents reached, and successes that were lost to them.

    Grain: an entry is an account (effect `accounts`), or an account and an incident (effect `lost`).
    Formula: accounts: those with an attempt of the workflow while an incident that hit it lasted, each once a period;
    lost: mean number of successes in the same local hours of the `baseline` weeks before, less the successes while it
    lasted.
    Edges: the period is that in which the incident began. Only weeks count that the data holds; without any, nothing
    is said to be lost. More successes than usual are a loss below zero. Incidents that overlap are counted each.
    Unit: accounts; successes.
    Source: the comparison with the same hours before is ours, since attempts that nobody made are damage too.
    """

    type: Literal["impact"] = "impact"
    workflow: str
    baseline: Duration = Duration(4, "w")

    def shape(self, scope: Scope) -> Shape:
        """A sum in two effects; a shortened address counts accounts, each once."""
        part = Part("effect", frozenset({"accounts"}), "separate", ("accounts", "lost"))
        return Shape(
            how="sum",
            time="flow",
            parts=(part,),
            scale=1.0 / FLOAT,
            collapse=(("account", "entity"), ()),
            segment_at="period_end",
            entity="incident",
            payload=frozenset({"at", "until"}),
        )

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """Who tried while it lasted, and who did less than usual."""
        weeks = max(1, round(self.baseline.rough_seconds / WEEK))
        rows = given.made(Outages(self.workflow, weeks)).with_columns(period=periods.of(pl.col("_day")))
        rows = rows.filter(periods.holds(pl.col("period")))
        last = periods.frame().select("period", segment_at=pl.col("period_end").dt.offset_by("-1d"))
        rows = rows.join(last, on="period")
        keys = ["period", "account", "segment_at"]
        reached = rows.filter(pl.col("tried") > 0).group_by(keys).agg(pl.col("at").min(), pl.col("until").min())
        reached = reached.with_columns(
            entity=pl.lit(None, dtype=pl.String), effect=pl.lit("accounts"), amount=pl.lit(FLOAT, dtype=pl.Int64)
        )
        usual = pl.col("before") / pl.col("known")
        lost = rows.filter(pl.col("known") > 0).select(
            *keys,
            "at",
            "until",
            entity=pl.concat_str("incident", pl.lit(f" {self.workflow}")),
            effect=pl.lit("lost"),
            amount=((usual - pl.col("done")) * FLOAT).round().cast(pl.Int64),
        )
        entries = pl.concat([reached, lost], how="diagonal_relaxed")
        return Ledger(self.shape(given.scope), Side(entries))
