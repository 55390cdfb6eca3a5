"""Rates are averaged.

Flags: a formula that is the mean of two or more rates.
Why: a rate over ten accounts weighs as much as one over a thousand; the mean is the rate of no group of accounts.
Example: `metrics: {both: {expr: (completion + adoption) / 2}}` over two rates.
Fix: a `ratio` of the sums, or of `completion_rate` the number itself, which is pooled already.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.arithmetic import CONSTANT, inputs, shares
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told

_RATES = ("ratio", "conversion", "retention", "net_retention", "tiers")


def _check(reading: Reading) -> Iterator[Told]:
    metrics = reading.definitions.metrics
    for metric in reading.own:
        if metric.type != "derived":
            continue
        terms, given = shares(reading.spec(metric).expr), inputs(reading, metric)
        if terms is None or len(terms) < 2 or CONSTANT in terms or min(terms.values()) <= 0:
            continue
        rates = [name for name in terms if name in given and metrics[given[name].address.metric].type in _RATES]
        if len(rates) == len(terms) and abs(sum(terms.values()) - 1) < 1e-9:
            message = f"`{metric.id}` is the mean of the rates {' and '.join(rates)}"
            hint = "make it a ratio: the sum of the numerators over that of the denominators"
            yield Told(about(metric), reading.written(metric, "expr"), message, hint)


RULE = Rule("SM501", "average-of-ratios", Severity.ERROR, __doc__, _check)
