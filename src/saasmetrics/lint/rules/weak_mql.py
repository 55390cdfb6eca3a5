"""Sales takes fewer than a quarter of the leads that marketing calls qualified.

Flags: an `mql_to_sql_rate` under 25 % over the last three judged periods together.
Why: the two mean different things by the word, and the number of qualified leads tells nothing then.
Example: 120 qualified leads, 18 accepted.
Fix: agree with sales what qualified means, and count again from there.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.address import Address
from saasmetrics.finding import Severity
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.series import series

FLOOR, PERIODS = 0.25, 3
_NAME = "mql_to_sql_rate"


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    rates = series(reading, evidence, Address(_NAME)).tail(PERIODS)
    below = float(rates["denominator"].sum() or 0)
    share = float(rates["numerator"].sum() or 0) / below if below else 1.0
    if rates.height == PERIODS and share < FLOOR:
        metric = reading.definitions.metrics[_NAME]
        message = f"sales took {share:.0%} of the qualified leads"
        yield Told(about(metric), reading.spot(metric), message, "agree with sales what qualified means")


RULE = Rule("SM607", "weak-mql", Severity.WARNING, __doc__, check_values=_check)
