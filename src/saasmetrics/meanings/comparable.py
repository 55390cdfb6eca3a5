"""Comparable: whether a metric under two meanings is told in the same unit, of the same periods."""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.metric import Metric
from saasmetrics.period import Grain

Told = tuple[Metric, Definitions]
"""A metric and the definitions that it is one of."""


def otherwise(was: Told, now: Told) -> str | None:
    """How a metric is told now and was told before, where that cannot be held against each other."""
    for (words, before), (_, after) in zip(_terms(*was), _terms(*now), strict=True):
        if before != after:
            return f"it is told {words} {after} now, and was told {words} {before}"
    return None


def _terms(metric: Metric, its: Definitions) -> Iterator[tuple[str, str]]:
    settings = its.settings
    yield "by", metric.grain.value
    yield "in", settings.currency or "no currency" if metric.unit == "currency" else metric.unit
    yield "by weeks from", str(settings.week_start) if metric.grain is Grain.WEEK else ""
    yield "by years from", str(settings.fiscal_year_start) if metric.grain in (Grain.QUARTER, Grain.YEAR) else ""
