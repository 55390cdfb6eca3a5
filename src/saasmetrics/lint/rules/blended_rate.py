"""A rate is only told for all accounts together.

Flags: a published rate, average, duration or retention that no segment splits, although one could; once for the file
where no segment is declared at all.
Why: a rate that stands still hides a segment that falls and another that grew. A change of the mix looks like progress.
Example: `metrics: {nrr: {segments: []}}`.
Fix: name plan, size, channel or role in `settings.segments`, or under the metric's own `segments`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.metric import Metric
from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.splitting import splitting

_TYPES = ("ratio", "conversion", "duration", "retention", "net_retention")
_FORMULAS = frozenset({"ltv", "ltv_cac", "cac_payback"})


def _check(reading: Reading) -> Iterator[Told]:
    definitions = reading.definitions
    blended = [metric for metric in reading.published if _is_rate(metric)]
    if not definitions.segments:
        if blended:
            message = f"{len(blended)} rates are told for all accounts together, `{blended[0].id}` the first of them"
            hint = "declare segments: plan, size or channel, and name them in settings.segments"
            yield Told("segments", reading.spot(blended[0]), message, hint)
        return
    for metric in blended:
        if splitting(reading, metric, metric.segments):
            continue
        able = splitting(reading, metric, definitions.segments)
        if able:
            message = f"`{metric.id}` is a rate, and no segment splits it"
            path = reading.written(metric, "segments")
            yield Told(about(metric), path, message, f"name {' or '.join(able)} under its segments")


def _is_rate(metric: Metric) -> bool:
    if metric.type == "simple":
        agg = metric.variants[0].spec.agg
        return agg in ("average", "median") or agg.startswith("p")
    return metric.type in _TYPES or metric.id in _FORMULAS


RULE = Rule("SM401", "blended-rate", Severity.WARNING, __doc__, _check)
