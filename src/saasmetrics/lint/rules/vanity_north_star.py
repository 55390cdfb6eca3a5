"""The North Star counts arrivals, not value.

Flags: a North Star made of sign-ups, logins, sessions, page views or messages sent.
Why: such a number rises with advertising and reminders while nobody gets any work done.
Example: `workflows: {visits: {success: page_viewed}}` and `north_star: workflow_successes.visits`.
Fix: count the successes of a core workflow, or the value that they carry.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, star_spot
from saasmetrics.lint.rows import is_sign_up, is_vanity, leaves_in
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    definitions = reading.definitions
    for product, star in reading.stars.items():
        for rows in leaves_in(definitions, reading.specs(reading.star(product))):
            if is_sign_up(definitions, rows) or (rows.event is not None and is_vanity(rows.event)):
                counted = f"`{rows.event}`" if rows.event else "sign-ups"
                message = f"the North Star `{star}` counts {counted}: somebody came, nothing was done"
                hint = "name the successes of a core workflow, or their value"
                yield Told(f"metric.{star}", star_spot(product), message, hint, value=True)
                break


RULE = Rule("SM103", "vanity-north-star", Severity.ERROR, __doc__, _check)
