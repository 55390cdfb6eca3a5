"""A target is nearer than the number scatters by itself.

Flags: a target to reach that lies inside the natural limits of the periods that can be judged; eight are needed.
Why: chance will meet it, and miss it again, with nobody having done anything.
Example: 42 % by December, for a rate that goes between 38 % and 45 % from week to week.
Fix: choose a step beyond the limits, or hold a longer period against it.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.series import limits, series, told
from saasmetrics.lint.targets import named


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    definitions = reading.definitions
    for number, target in enumerate(definitions.targets):
        if target.reach is None:
            continue
        address = definitions.pointed(definitions.number(target.metric))
        seen = series(reading, evidence, address, target.where).tail(definitions.settings.baseline)
        scatter, unit = limits(seen["value"]), definitions.about(address).unit
        goal = target.reach.convert(unit)
        if scatter is None or goal.holds(seen["value"][-1]) or target.reach.op == "band":
            continue
        start = seen["value"][-1] if target.from_ is None else target.from_.convert(unit)
        if abs(goal.bound - start) < scatter.half:
            message = (
                f"the target of `{target.metric}` is {told(abs(goal.bound - start), unit)} away, "
                f"it scatters by {told(scatter.half, unit)} by itself"
            )
            yield Told(named(target), ("targets", number), message, "choose a step beyond that, or a longer period")


RULE = Rule("SM324", "target-inside-noise", Severity.WARNING, __doc__, check_values=_check)
