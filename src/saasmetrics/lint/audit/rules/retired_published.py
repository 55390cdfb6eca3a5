"""A retired metric is published still.

Flags: a metric with `status: retired` that the file publishes, and whatever of targets, views and published metrics
names it.
Why: who reads it cannot see that nobody answers for it any more.
Example: `nps: {status: retired}` in a file that publishes the bundle it is in.
Fix: `publish: false` beside its status, and take it out of what names it.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.audit.record import Audited
from saasmetrics.lint.reading import about
from saasmetrics.lint.rule import Rule, Told


def _check(audited: Audited) -> Iterator[Told]:
    reading = audited.reading
    used = audited.used()
    for name in dict.fromkeys(address.metric for address in reading.definitions.published()):
        metric = reading.definitions.metrics[name]
        if metric.status == "retired":
            more = ", and something rests on it or shows it" if name in used else ""
            message = f"`{name}` is retired and published still{more}"
            yield Told(about(metric), reading.written(metric, "status"), message, "add publish: false")


RULE = Rule("SM965", "retired-published", Severity.WARNING, __doc__, check_audit=_check)
