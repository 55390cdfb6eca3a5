"""A stock is added up over time.

Flags: a formula that adds the same stock at several dates.
Why: revenue that recurs, or open tickets, are there at a date; three months of them are not three times as much.
Example: `metrics: {quarter: {expr: now + before, input_metrics: {now: mrr, before: {metric: mrr, offset: 1mo}}}}`.
Fix: read it at the end of the period, or add up what moved it. A `cumulative` over a stock is refused when it is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.arithmetic import inputs, shares
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    metrics = reading.definitions.metrics
    for metric in reading.own:
        if metric.type != "derived":
            continue
        terms, given = shares(reading.spec(metric).expr), inputs(reading, metric)
        added = [given[name].address for name, factor in (terms or {}).items() if name in given and factor > 0]
        stocks = Counter(address.text for address in added if metrics[address.metric].type == "stock")
        for stock, times in stocks.items():
            if times > 1:
                message = f"`{metric.id}` adds `{stock}` up over time, which is there at a date"
                hint = "read it at the period's end, or add up its movements"
                yield Told(about(metric), reading.written(metric, "expr"), message, hint)


RULE = Rule("SM502", "stock-summed", Severity.ERROR, __doc__, _check)
