"""Taken up: the modules and integrations that accounts have ever begun to use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.happenings import Happenings
from saasmetrics.books.milestones import Moment
from saasmetrics.definitions.rows import Rows


@dataclass(frozen=True)
class TakenUp:
    """When accounts took up what is counted.

    Grain: account, module or integration. Columns: `account`, `entity` (its name), `day` (Date).
    Formula: a module is taken up with the first success of any core workflow sold under its name; an integration with
    the row that makes its uses enough (`at_least`, policy `feature_uses`) on enough days (`on_days`, `feature_days`).
    Edges: what is taken up stays so, however quiet it gets.
    """

    what: Literal["modules", "integrations"]

    def make(self, given: Given) -> pl.LazyFrame:
        """One part for each module or integration."""
        parts = self._modules(given) if self.what == "modules" else self._integrations(given)
        taken = pl.concat(parts, how="diagonal_relaxed")
        return taken.group_by("account", "entity").agg(pl.col("day").min())

    def _modules(self, given: Given) -> list[pl.LazyFrame]:
        parts = []
        for name, workflow in given.scope.definitions.workflows.items():
            if workflow.core:
                first = given.made(Moment(given.scope.runs(name)))
                day = given.calendar.day_expr(pl.col("at"))
                parts.append(first.select("account", entity=pl.lit(workflow.module or name), day=day))
        return parts

    def _integrations(self, given: Given) -> list[pl.LazyFrame]:
        parts = []
        policies = given.scope.policies
        for name, feature in given.scope.definitions.features.items():
            if feature.kind != "integration":
                continue
            uses = feature.at_least if feature.at_least is not None else policies.feature_uses
            on_days = feature.on_days if feature.on_days is not None else policies.feature_days
            rows = given.made(Happenings(given.scope.select(Rows(feature=name)), (), grain="day"))
            rows = rows.filter(pl.col("account").is_not_null()).sort("account", "cell")
            so_far = pl.col("rows").cum_sum().over("account")
            days = pl.int_range(1, pl.len() + 1).over("account")
            enough = rows.filter((so_far >= uses) & (days >= on_days))
            first = enough.group_by("account").agg(pl.col("cell").min().alias("day"))
            parts.append(first.select("account", "day", entity=pl.lit(name)))
        return parts
