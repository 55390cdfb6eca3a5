"""New revenue grows, and churn with it.

Flags: three months in a row in which `new_mrr` rose and more was lost as `churned_mrr`, while `expansion_mrr` stayed
within a twentieth of what it was.
Why: sales fill what runs out below, which costs more every month and shows in growth only when it stops.
Example: new 10, 12, 14, 17; churned 4, 5, 7, 9; expansion 3 all along.
Fix: open the movements by channel and plan, and find what was sold to whom that did not stay.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.address import Address
from saasmetrics.finding import Severity
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.series import series

MONTHS, FLAT = 3, 0.05
_NAMES = ("new_mrr", "churned_mrr", "expansion_mrr")


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    new, churned, expanded = (
        series(reading, evidence, Address(name), grain="month").tail(MONTHS + 1)["value"] for name in _NAMES
    )
    if min(len(new), len(churned), len(expanded)) <= MONTHS:
        return
    rising, losing = (new.diff().drop_nulls() > 0).all(), (churned.diff().drop_nulls() < 0).all()
    if rising and losing and abs(expanded[-1] - expanded[0]) <= FLAT * abs(expanded[0]):
        metric = reading.definitions.metrics["churned_mrr"]
        message = f"for {MONTHS} months new revenue rose, more was lost, and accounts that stayed did not grow"
        yield Told(about(metric), reading.spot(metric), message, "open the movements by plan and channel")


RULE = Rule("SM610", "leaky-bucket", Severity.NOTE, __doc__, check_values=_check)
