"""Adoption of a feature is measured by looking at it.

Flags: a feature whose uses are events that end in `_viewed`, `_clicked`, `_opened` or `_shown`, or page views.
Why: a look costs nothing; a screen that is on the way to another is adopted by everybody.
Example: `features: {reports: {event: report_viewed}}`.
Fix: name the event that says something was done with it, or make it a tier of its workflow.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rows import events, is_look
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    for name, block in reading.definitions.features.items():
        looks = sorted(event for event in events(reading.definitions, block.rows) if is_look(event))
        if looks:
            message = f"the feature `{name}` is adopted by a look: `{looks[0]}`"
            hint = "name the event that says something was done with it"
            yield Told(f"feature.{name}", ("features", name), message, hint)


RULE = Rule("SM113", "clicks-as-adoption", Severity.WARNING, __doc__, _check)
