"""Which incidents touch a core workflow."""

from __future__ import annotations

import polars as pl

from saasmetrics.books.given import Given


def touching_core(given: Given, incidents: pl.LazyFrame) -> pl.LazyFrame:
    """Rows whose `workflow` (several split by `;`) names a core workflow; all rows where the file maps no workflow."""
    if not given.scope.has_column("incidents", "workflow"):
        return incidents
    core = [name for name, workflow in given.scope.definitions.workflows.items() if workflow.core]
    named = pl.col("workflow").str.split(";").list.eval(pl.element().str.strip_chars())
    return incidents.filter(named.list.eval(pl.element().is_in(core)).list.any().fill_null(False))
