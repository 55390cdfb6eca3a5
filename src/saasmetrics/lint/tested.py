"""Which scores were held against what came of them: those that a metric with an outcome begins with."""

from __future__ import annotations

from typing import Any

import polars as pl

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.dependencies import of_rows
from saasmetrics.frames.values import OK


def tested(definitions: Definitions, values: pl.DataFrame) -> frozenset[str]:
    """Names of scores of which some value tells what became of accounts with them.

    Edges: that is the lift of a score's signals, and a conversion or a retention that begins when an account qualifies;
    without a value nothing has been held against anything.
    """
    told = values.filter(pl.col("status") == OK, pl.col("value").is_not_null())["metric"].unique().to_list()
    metrics = (definitions.metrics[name] for name in told if name in definitions.metrics)
    specs = [(metric.type, variant.spec) for metric in metrics for variant in metric.variants]
    return frozenset(name for type_, spec in specs for name in _begins(type_, spec) if name in definitions.scores)


def _begins(type_: str, spec: Any) -> list[str]:
    """The scores, and other milestones, that what a metric tells begins with."""
    if type_ == "lift":
        return [spec.score]
    if type_ == "conversion":
        first = spec.entry if spec.entry is not None else next(iter(spec.steps.values()))
        return [name for kind, name in of_rows((first,)) if kind == "milestone"]
    if type_ == "retention":
        return [name for kind, name in of_rows((spec.cohort,)) if kind == "milestone"]
    return []
