"""A metric counts attempts, not outcomes.

Flags: a count of a workflow's attempts, or of events that end in `_started`, `_clicked`, `_viewed` or `_opened`; a
workflow whose success, or a North Star, is one.
Why: attempts rise when the product fails, since people try again.
Example: `metrics: {invoices: {event: invoice_started}}`.
Fix: count the success. As the lower side of a ratio, or the first step of a conversion, attempts are where they belong.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.metric import Metric
from saasmetrics.definitions.rows import Rows
from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about, star_spot
from saasmetrics.lint.rows import events, is_attempt, leaves_in
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    definitions, attempts = reading.definitions, _attempts(reading)
    for name, block in definitions.workflows.items():
        for event in sorted(events(definitions, block.success)):
            if is_attempt(event):
                message = f"the success of the workflow `{name}` is `{event}`, which is a beginning"
                path = ("workflows", name, "success")
                yield Told(f"workflow.{name}", path, message, "name the event that says it is done")
    for metric in reading.own:
        if metric.type == "simple" and (counted := _counted(reading, metric, attempts)):
            outcome = f": count `{attempts[counted]}`" if attempts.get(counted) else ""
            message = f"`{metric.id}` counts `{counted}`, an attempt"
            yield Told(about(metric), reading.spot(metric), message, f"count what came of it{outcome}")
    for product, star in reading.stars.items():
        address = reading.star(product)
        attempted = any(getattr(rows, "outcome", "") == "attempt" for rows in reading.specs(address))
        if attempted and definitions.metrics[address.metric].catalogue:
            hint = f"write {star.replace('attempts', 'successes')}"
            message = f"the North Star `{star}` counts attempts"
            yield Told(f"metric.{star}", star_spot(product), message, hint, value=True)


def _attempts(reading: Reading) -> dict[str, str]:
    """Events that begin a run, with one that ends it well; less those that are an outcome elsewhere."""
    definitions = reading.definitions
    attempts: dict[str, str] = {}
    outcomes: set[str] = set()
    for block in definitions.workflows.values():
        ends = sorted(events(definitions, block.success))
        outcomes |= {*ends}
        attempts |= dict.fromkeys(sorted(events(definitions, block.attempt)), ends[0] if ends else "")
    return {event: end for event, end in attempts.items() if event not in outcomes}


def _counted(reading: Reading, metric: Metric, attempts: dict[str, str]) -> str:
    """The attempt that a count consists of."""
    for variant in metric.variants:
        if variant.spec.workflow is not None and variant.spec.outcome == "attempt":
            return str(next(iter(_events(reading, variant.spec)), variant.spec.workflow))
        for event in _events(reading, variant.spec):
            if event in attempts or is_attempt(event):
                return event
    return ""


def _events(reading: Reading, rows: Rows) -> list[str]:
    return sorted({leaf.event for leaf in leaves_in(reading.definitions, rows) if leaf.event})


RULE = Rule("SM106", "attempts-not-outcomes", Severity.ERROR, __doc__, _check)
