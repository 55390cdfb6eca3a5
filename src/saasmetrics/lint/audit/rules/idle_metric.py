"""A published metric that nothing uses.

Flags: a published metric that no target, no view of the file, no north star and no other published metric names, as
an input or among its drivers; those that a bundle brings are told together.
Why: a number that is only there has no reader; every number takes some of the attention that the others need.
Example: `metrics: {reopen_rate: {}}` in a file whose views and targets never name `reopen_rate`.
Fix: set a target, show it in a view, or take it out of the published set.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.metric import Metric
from saasmetrics.document import Path
from saasmetrics.finding import Severity
from saasmetrics.lint.audit.record import Audited
from saasmetrics.lint.reading import about
from saasmetrics.lint.rule import Rule, Told


def _check(audited: Audited) -> Iterator[Told]:
    reading, used = audited.reading, audited.used()
    idle: dict[Path, list[Metric]] = {}
    for metric in reading.published:
        if metric.id not in used and not metric.points_to and not metric.pointers:
            idle.setdefault(reading.spot(metric), []).append(metric)
    for path, metrics in idle.items():
        names = ", ".join(f"`{metric.id}`" for metric in metrics)
        hint = "set a target, show it in a view, or publish it no more"
        bundle = reading.definitions.publish[int(path[1])] if path[0] == "publish" else ""
        message = f"no target and no view uses {names}{f' of the bundle {bundle}' if bundle else ''}"
        yield Told(f"publish.{bundle}" if bundle else about(metrics[0]), path, message, hint)


RULE = Rule("SM961", "idle-metric", Severity.NOTE, __doc__, check_audit=_check)
