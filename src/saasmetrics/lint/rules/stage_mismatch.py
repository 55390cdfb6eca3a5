"""A core metric belongs to another stage of the company.

Flags: a metric that the file calls core, or the North Star, and whose `stage` leaves out `settings.stage`; lifetime
value and cost of acquisition at stage early; counts of sign-ups at stage mature.
Why: lifetime value before there are lives, or sign-ups when retention is what earns, steers by the wrong thing.
Example: `settings: {stage: early}` and `metrics: {ltv_cac: {level: core}}`.
Fix: `level: supporting`, or say under `stage` that it belongs here.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.metric import Metric
from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rows import is_sign_up, leaves_in
from saasmetrics.lint.rule import Rule, Told

_AFTER_FIT = frozenset(
    {"cac", "paid_cac", "organic_cac", "ltv", "ltv_cac", "cac_payback", "magic_number", "burn_multiple"}
)


def _check(reading: Reading) -> Iterator[Told]:
    stage = reading.definitions.settings.stage
    for metric in reading.answered:
        said = metric.level == "north_star" or reading.definitions.written.knows(("metrics", metric.id, "level"))
        if said and metric.level in ("core", "north_star") and not _fits(reading, metric, stage):
            message = f"the core metric `{metric.id}` belongs to another stage than {stage}"
            hint = f"set level: supporting, or stage: [{stage}] where it does belong here"
            yield Told(about(metric), reading.spot(metric), message, hint)


def _fits(reading: Reading, metric: Metric, stage: str) -> bool:
    if "stage" in metric.written or stage not in metric.stage:
        return stage in metric.stage
    if stage == "early":
        return metric.id.partition(".")[0] not in _AFTER_FIT
    if stage == "mature" and metric.type == "simple":
        rows = [leaf for variant in metric.variants for leaf in leaves_in(reading.definitions, variant.spec)]
        return not any(is_sign_up(reading.definitions, leaf) for leaf in rows)
    return True


RULE = Rule("SM309", "stage-mismatch", Severity.NOTE, __doc__, _check)
