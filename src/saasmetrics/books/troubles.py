"""Troubles: what went wrong for accounts around a workflow, as its logs, tickets and surveys tell it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.happenings import bare
from saasmetrics.facts.request import Narrow

PLAIN = "failed"
"""The reason of a failure where the workflow names no column for it."""


@dataclass(frozen=True)
class Troubles:
    """Failures of a workflow, tickets and survey answers with a reason.

    Grain: a row of one of them. Columns: `account`, `at` (UTC), `kind` (failure, ticket, survey), `trouble` (String:
    the kind, a space, and the reason).
    Edges: tickets are those of the workflow where the file maps one, else all; rows without a reason or an account are
    left out, as are sources that the file does not have. They only say why, so how far they reach decides nothing.
    """

    workflow: str
    lends = True

    def make(self, given: Given) -> pl.LazyFrame:
        """What there is of the three, united."""
        scope = given.scope
        text = pl.lit(None, dtype=pl.String)
        parts = [given.table("accounts").select("account", at="created", reason=text, kind=text).head(0)]
        block = scope.definitions.workflows[self.workflow]
        if block.failure is not None:
            wanted = (block.reason,) if block.reason else ()
            rows = given.fact(Narrow(bare(scope.runs(self.workflow, "failure").selectors), wanted))
            reason = pl.col(block.reason).cast(pl.String) if block.reason else pl.lit(PLAIN)
            parts.append(rows.select("account", "at", reason=reason, kind=pl.lit("failure")))
        if scope.has_role("tickets"):
            rows = given.table("tickets")
            if scope.has_column("tickets", "workflow"):
                rows = rows.filter(pl.col("workflow") == self.workflow)
            parts.append(rows.select("account", "at", reason=pl.col("category"), kind=pl.lit("ticket")))
        if scope.has_role("surveys"):
            rows = given.table("surveys")
            parts.append(rows.select("account", "at", reason=pl.col("reason"), kind=pl.lit("survey")))
        rows = pl.concat(parts, how="vertical_relaxed").filter(
            pl.col("reason").is_not_null() & pl.col("account").is_not_null() & (pl.col("at") < given.as_of)
        )
        trouble = pl.concat_str("kind", "reason", separator=" ")
        return rows.select("account", "at", "kind", trouble=trouble)
