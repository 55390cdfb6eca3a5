"""The cost of an account holds advertising and nothing else.

Flags: `policies.cac_buckets` without salaries, tools or overhead; with numbers, three months in a row of which all the
spend is that of the bucket paid.
Why: the people who sell are most of what selling costs; without them every channel looks worth more money.
Example: `policies: {cac_buckets: [paid]}`.
Fix: add the rows of salaries, tools and overhead to the source `spend`, and leave the policy at its default.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.metric import Metric
from saasmetrics.finding import Severity
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.series import series

_FULL = ("salaries", "tools", "overhead")
_COSTS = frozenset({"acquisition_spend"})
MONTHS = 3


def _costly(reading: Reading) -> Metric | None:
    """The published metric that stands for what accounts cost."""
    found = {metric.id: metric for metric in reading.reading_of(_COSTS)}
    return found.get("cac") or next(iter(found.values()), None)


def _check(reading: Reading) -> Iterator[Told]:
    metric, buckets = _costly(reading), reading.definitions.policies.cac_buckets
    lacking = [bucket for bucket in _FULL if bucket not in buckets]
    if metric is not None and lacking:
        message = f"the cost of an account leaves out {', '.join(lacking)}"
        yield Told(about(metric), ("policies", "cac_buckets"), message, "name them, or remove the policy")


def _check_values(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    metric = _costly(reading)
    spend, paid = (series(reading, evidence, Address(name)) for name in ("acquisition_spend", "paid_spend"))
    both = spend.select("period", "value").join(paid.select("period", paid="value"), on="period").tail(MONTHS)
    only = both.height == MONTHS and (both["value"] == both["paid"]).all() and (both["value"] > 0).all()
    if metric is not None and only:
        message = f"all spend behind `{metric.id}` was advertising, for {MONTHS} months"
        yield Told(about(metric), reading.spot(metric), message, "add rows of salaries, tools and overhead to spend")


RULE = Rule("SM601", "ad-only-cac", Severity.ERROR, __doc__, _check, _check_values)
