"""A published metric counts arrivals with no outcome beside it.

Flags: a metric of the file that is made of sign-ups, logins, sessions, page views or messages sent and of nothing else.
Why: it can only be looked at; what would be done when it falls depends on an outcome that it does not hold.
Example: `metrics: {logins: {event: user_logged_in}}`.
Fix: put an outcome under it as the other side of a ratio, or keep it as `level: operational` with an `action`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rows import is_sign_up, is_vanity, leaves_under
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    definitions = reading.definitions
    for metric in reading.own:
        nodes = reading.under(metric)
        rows = [each for each in leaves_under(definitions, nodes) if each.form]
        watched = metric.level == "operational" and metric.action
        if not rows or watched or not metric.publish:
            continue
        if all(is_sign_up(definitions, each) or (each.event is not None and is_vanity(each.event)) for each in rows):
            message = f"`{metric.id}` counts arrivals, and no outcome beside them"
            hint = "divide an outcome by it, or set level: operational and an action"
            yield Told(about(metric), reading.spot(metric), message, hint)


RULE = Rule("SM104", "vanity-metric", Severity.WARNING, __doc__, _check)
