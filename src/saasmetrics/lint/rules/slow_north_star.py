"""The North Star stands still in most weeks.

Flags: a North Star that changed in fewer than half of the weeks that can be judged; eight changes are needed.
Why: a number that moves once a month cannot tell a team on Friday whether this week was a good one.
Example: contracts signed, at a company that signs two a month.
Fix: choose an outcome that happens more often and leads there, and keep this one as a core metric.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading, star_spot
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.series import series

WEEKS = 8


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    for product, star in reading.stars.items():
        changes = series(reading, evidence, reading.star(product), grain="week")["value"].diff().drop_nulls()
        moved = int((changes != 0).sum())
        if len(changes) >= WEEKS and moved * 2 < len(changes):
            message = f"the North Star `{star}` moved in {moved} of {len(changes)} weeks"
            hint = "choose an outcome that happens more often"
            yield Told(f"metric.{star}", star_spot(product), message, hint, value=True)


RULE = Rule("SM111", "slow-north-star", Severity.WARNING, __doc__, check_values=_check)
