"""The company steers by what is already over.

Flags: a North Star whose timing is lagging; core metrics of which none is leading.
Why: revenue and churn tell the result of work done months ago; nothing that is done this week can move them.
Example: `north_star: mrr`.
Fix: steer by the successes that revenue comes from, and keep revenue as a core metric beside them.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, star_spot
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    for product, star in reading.stars.items():
        if reading.definitions.about(reading.star(product)).timing == "lagging":
            message = f"the North Star `{star}` is lagging: it tells what is over"
            hint = "name the successes of the workflow that it comes from"
            yield Told(f"metric.{star}", star_spot(product), message, hint, value=True)
    core = [metric for metric in reading.answered if metric.level in ("core", "north_star")]
    if core and all(metric.timing == "lagging" for metric in core):
        message = f"no core metric is leading: {', '.join(sorted({metric.id for metric in core}))}"
        yield Told("core", reading.spot(core[0]), message, "add one that moves first, such as waa or completion_rate")


RULE = Rule("SM306", "lagging-only", Severity.WARNING, __doc__, _check)
