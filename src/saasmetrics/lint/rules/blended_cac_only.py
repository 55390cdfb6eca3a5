"""The cost of an account is not told apart by paid and organic.

Flags: a published `cac`, or what rests on it, without both `paid_cac` and `organic_cac`.
Why: accounts that came on their own make paid ones look cheap, while they cost the salaries that brought them.
Example: `metrics: {cac: {}}`.
Fix: publish `paid_cac` and `organic_cac` beside it, and name `policies.paid_channels`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told

_BOTH = ("paid_cac", "organic_cac")


def _check(reading: Reading) -> Iterator[Told]:
    lacking = [name for name in _BOTH if name not in reading.names]
    metric = next((m for m in reading.published if m.id in ("cac", "ltv_cac")), None)
    if metric is not None and lacking:
        message = f"`{metric.id}` is published without {' and '.join(lacking)}"
        unable = [name for name in lacking if reading.definitions.metrics[name].missing]
        hint = "name policies.paid_channels, and publish them" if unable else "publish them beside it"
        yield Told(about(metric), reading.spot(metric), message, hint)


RULE = Rule("SM602", "blended-cac-only", Severity.WARNING, __doc__, _check)
