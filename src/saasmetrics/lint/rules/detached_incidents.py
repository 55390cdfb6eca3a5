"""Incidents do not say which workflow they hit.

Flags: a source of incidents that maps its columns and has no `workflow` among them.
Why: an hour without the login page and an hour without the help pages are one incident each; what was lost differs.
Example: `incidents: {path: incidents.csv, columns: {at: started_at, ended: resolved_at}}`.
Fix: map the column that says what was affected as `workflow`; several are split by `;`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    for name, source in reading.definitions.sources.items():
        rows = source.rows or ()
        silent = bool(source.columns) or (bool(rows) and not any("workflow" in row for row in rows))
        if source.role == "incidents" and silent and "workflow" not in source.columns:
            message = f"incidents of `{name}` do not say which workflow they hit"
            yield Told(f"source.{name}", ("sources", name), message, "map a column as `workflow`")


RULE = Rule("SM702", "detached-incidents", Severity.WARNING, __doc__, _check)
