"""A metric leads to no workflow, and to nothing else that the company steers by.

Flags: an own metric whose rows belong to no workflow, feature, journey, activation, rule of active or score, and are
neither money, leads and deals, quality of service nor support.
Why: what it counts is done for no job that accounts come to do, so that nobody can say whether more of it is better.
Example: `metrics: {colours: {event: theme_changed}}`.
Fix: give the event its place in a workflow's tiers or a feature, or drop the metric.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rows import events, leaves_under
from saasmetrics.lint.rule import Rule, Told

_KINDS = frozenset({"workflow", "feature", "active", "score", "tiers", "milestone"})
_ROLES = frozenset(
    {
        "subscriptions", "invoices", "opportunities", "spend", "costs", "quotas", "leads", "stages", "touches",
        "requests", "incidents", "tickets", "surveys", "market",
    }
)  # fmt: skip


def _check(reading: Reading) -> Iterator[Told]:
    definitions = reading.definitions
    blocks = (definitions.workflows, definitions.features, definitions.journeys, definitions.activation)
    known = events(definitions, (*blocks, definitions.active, definitions.products, definitions.scores))
    for metric in reading.own:
        nodes = reading.under(metric)
        named = {rows.event for rows in leaves_under(definitions, nodes)}
        if {kind for kind, _ in nodes} & _KINDS or reading.roles(metric) & _ROLES or named & known:
            continue
        if any(kind == "metric" and name in definitions.metrics and definitions.metrics[name].catalogue
               for kind, name in nodes):  # fmt: skip
            continue
        message = f"`{metric.id}` leads to no workflow, feature, money or support"
        hint = "give its rows a place in a workflow's tiers or a feature, or drop it"
        yield Told(about(metric), reading.spot(metric), message, hint)


RULE = Rule("SM105", "no-workflow", Severity.ERROR, __doc__, _check)
