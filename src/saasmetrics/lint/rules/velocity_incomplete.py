"""The velocity of the pipeline is told without what it is made of.

Flags: a published `pipeline_velocity` where open deals, their size, the win rate and the cycle are not all published.
Why: when it falls, one of four things happened, and each has another owner.
Example: `metrics: {pipeline_velocity: {}}`.
Fix: publish `pipeline_value`, `average_deal_size`, `win_rate` and `sales_cycle` beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told

_INPUTS = ("pipeline_value", "average_deal_size", "win_rate", "sales_cycle")


def _check(reading: Reading) -> Iterator[Told]:
    metric = next((m for m in reading.published if m.id == "pipeline_velocity"), None)
    lacking = [name for name in _INPUTS if name not in reading.names]
    if metric is not None and lacking:
        message = f"`pipeline_velocity` is published without {', '.join(lacking)}"
        yield Told(about(metric), reading.spot(metric), message, "publish them beside it")


RULE = Rule("SM612", "velocity-incomplete", Severity.WARNING, __doc__, _check)
