"""Which segments can split a metric, arithmetic followed into its inputs."""

from __future__ import annotations

from collections.abc import Iterable

from saasmetrics.definitions.answering import refusal
from saasmetrics.definitions.metric import Metric
from saasmetrics.lint.reading import Reading


def splitting(reading: Reading, metric: Metric, segments: Iterable[str]) -> tuple[str, ...]:
    """Those segments by which the metric can be told."""
    return tuple(segment for segment in segments if _splits(reading, reading.whole(metric), segment))


def _splits(reading: Reading, metric: Metric, segment: str) -> bool:
    definitions = reading.definitions
    if segment not in definitions.segments:
        return False
    if metric.type != "derived":
        return refusal(definitions, metric, segment) is None
    scope = definitions.scope(metric.id)
    wanted = [scope.input(given) for variant in metric.variants for given in variant.spec.inputs().values()]
    divided = [each for each in wanted if not each.total]
    return bool(divided) and all(
        _splits(reading, definitions.metrics[each.address.metric], segment) for each in divided
    )
