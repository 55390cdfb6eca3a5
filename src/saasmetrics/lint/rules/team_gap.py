"""A team has no number at the pace at which it looks.

Flags: a team of `settings.teams` that no published metric names under `team`, or of whose metrics none is reviewed as
often as the team's `grain` says.
Why: a team that has to wait a month for its numbers finds others, somewhere else.
Example: `settings: {teams: {support: {grain: day}}}` and no metric with `team: [support]`.
Fix: give the team a metric, an operational one where it looks every day, or set the grain at which it does look.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.period import Grain

_DAYS = {"daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92, "yearly": 366}
_GRAINS = {Grain.DAY: 1, Grain.WEEK: 7, Grain.MONTH: 31, Grain.QUARTER: 92, Grain.YEAR: 366}


def _check(reading: Reading) -> Iterator[Told]:
    definitions = reading.definitions
    for name, team in definitions.settings.teams.items():
        path = ("settings", "teams", name)
        if not definitions.written.knows(path) or team.grain is None:
            continue
        paces = [_DAYS[metric.review] for metric in reading.answered if name in metric.team]
        if not paces:
            message, hint = f"the team `{name}` has no metric", f"name it: team: [{name}]"
        elif min(paces) > _GRAINS[team.grain]:
            message = f"no metric of the team `{name}` is reviewed every {team.grain.value}"
            hint = "set review on one of them, or the grain at which the team looks"
        else:
            continue
        yield Told(f"team.{name}", path, message, hint)


RULE = Rule("SM311", "team-gap", Severity.NOTE, __doc__, _check)
