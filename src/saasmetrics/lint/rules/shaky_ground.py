"""Adoption is judged while the product is failing.

Flags: a published number of failures, waiting or incidents that is worse in its newest judged period than its natural
limits allow, where numbers of adoption are published; nine periods are needed.
Why: people did not lose interest, they could not get it done; what adoption says of that week is about the failure.
Example: completion falls while saves fail three times as often as in any week before.
Fix: read adoption of that period as measured on an unstable product, and act on the failures first.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.address import Address
from saasmetrics.finding import Severity
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.quality import tells_quality
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.series import limits, series


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    if not any(metric.family == "adoption" for metric in reading.published):
        return
    for metric in reading.published:
        if metric.pointers or metric.family == "adoption" or not tells_quality(reading, metric):
            continue
        seen = series(reading, evidence, Address(metric.id)).tail(reading.definitions.settings.baseline + 1)
        scatter = limits(seen["value"].head(seen.height - 1)) if seen.height else None
        if scatter is None:
            continue
        last = seen["value"][-1]
        if last > scatter.high if metric.direction == "down" else last < scatter.low:
            message = (
                f"`{metric.id}` left its natural limits in the period of {seen['period'][-1]}, and adoption is judged"
            )
            hint = "read adoption of that period as measured on an unstable product"
            yield Told(about(metric), reading.spot(metric), message, hint)


RULE = Rule("SM705", "shaky-ground", Severity.WARNING, __doc__, check_values=_check)
