"""Use by people is never told by their role.

Flags: published metrics of users, where none of them is split by a segment of users and neither `role_engagement` nor
`role_gap` is published.
Why: a tool that one role loves and another avoids looks half adopted, which is neither of the two.
Example: `metrics: {wau: {}}` with no segment of `users`.
Fix: declare `segments: {role: {expr: {users: role}}}` and name it under the metric's `segments`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    if reading.names & {"role_engagement", "role_gap"}:
        return
    definitions = reading.definitions
    people = {name for name, block in definitions.segments.items() if "users" in block.expr}
    metrics = [m for m in reading.published if m.type == "active" and reading.spec(m).entity != "account"]
    split = any(people & set(metric.segments) for metric in (*metrics, *definitions.governed.values()))
    for metric in metrics if not split else ():
        hint = "declare segments: {role: {expr: {users: role}}}, and name it under its segments"
        yield Told(about(metric), reading.spot(metric), f"`{metric.id}` is never told by role", hint)


RULE = Rule("SM210", "no-role-view", Severity.NOTE, __doc__, _check)
