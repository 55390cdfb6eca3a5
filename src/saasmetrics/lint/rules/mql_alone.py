"""Qualified leads are counted, and not what became of them.

Flags: an own count of leads at `mql`, or of events of that name, where neither `mql_to_sql_rate` nor `lead_funnel` is
published.
Why: marketing can qualify as many as it likes; sales says what they were worth.
Example: `metrics: {mqls: {source: leads, at: mql}}`.
Fix: publish `mql_to_sql_rate` beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rows import leaves_in
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    if reading.names & {"mql_to_sql_rate", "lead_funnel"}:
        return
    for metric in reading.own:
        if metric.type != "simple" or not metric.publish:
            continue
        leaves = list(leaves_in(reading.definitions, reading.spec(metric)))
        if any(leaf.at == "mql" or "mql" in (leaf.event or "").split("_") for leaf in leaves):
            message = f"`{metric.id}` counts qualified leads, and nothing says how many sales took"
            yield Told(about(metric), reading.spot(metric), message, "publish mql_to_sql_rate beside it")


RULE = Rule("SM606", "mql-alone", Severity.ERROR, __doc__, _check)
