"""A target asks for a pace that was never seen.

Flags: a target to reach whose remaining way is longer than the best that the number ever made in as many periods.
Why: what was never done before will not be done because it was written down; people stop looking at such a target.
Example: 55 % by the end of the year, from 40 %, where no quarter ever brought more than two points.
Fix: set a nearer value or a later day, or split it and say what will be different.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from saasmetrics.definitions.blocks import Target
from saasmetrics.finding import Severity
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.series import series, told
from saasmetrics.lint.targets import named
from saasmetrics.period import Grain


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    definitions = reading.definitions
    for number, target in enumerate(definitions.targets):
        if target.reach is None or target.by is None:
            continue
        address = definitions.pointed(definitions.number(target.metric))
        seen = series(reading, evidence, address, target.where)
        unit = definitions.about(address).unit
        if seen.height < 3 or target.reach.convert(unit).holds(seen["value"][-1]):
            continue
        way = target.reach.convert(unit).bound - seen["value"][-1]
        left = _periods(reading, seen["period"][-1], Grain(seen["grain"][0]), target)
        steps = min(left, seen.height - 1)
        if steps < 1:
            continue
        needed, best = abs(way) * steps / left, _best(seen["value"], steps, 1 if way > 0 else -1)
        if needed > best:
            message = (
                f"the target of `{target.metric}` needs {told(needed / steps, unit)} a period, "
                f"the best {steps} periods brought {told(max(best, 0) / steps, unit)}"
            )
            yield Told(named(target), ("targets", number), message, "set a nearer value or a later day, or split it")


def _periods(reading: Reading, last: date, grain: Grain, target: Target) -> int:
    """Whole periods from the end of the last one to the day that is due, at least one."""
    calendar, number = reading.definitions.settings.calendar, 0
    end = calendar.end(last, grain)
    while target.by is not None and (end := calendar.end(end, grain)) - timedelta(days=1) <= target.by:
        number += 1
    return max(number, 1)


def _best(values: pl.Series, steps: int, way: int) -> float:
    """The longest way in the wanted direction over as many steps."""
    best = ((values - values.shift(steps)) * way).max()
    return best if isinstance(best, float) else 0.0


RULE = Rule("SM322", "out-of-reach", Severity.NOTE, __doc__, check_values=_check)
