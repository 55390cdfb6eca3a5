"""Revenue is credited to channels by more than one rule.

Flags: published metrics of attributed revenue whose models differ.
Why: each rule favours other channels; side by side every channel can show a chart in which it won.
Example: `policies: {attribution: w}` and `metrics: {by_first: {type: attribution, amount: {...}, model: first}}`.
Fix: choose one under `policies.attribution`; keep another with `publish: false`, to compare with before money is moved.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    credited = [metric for metric in reading.published if metric.type == "attribution"]
    models = [str(reading.spec(metric).model or metric.policies.attribution) for metric in credited]
    for metric, model in zip(credited, models, strict=True):
        if model != models[0]:
            message = f"`{metric.id}` credits by `{model}`, `{credited[0].id}` by `{models[0]}`"
            path = reading.written(metric, "model")
            yield Told(about(metric), path, message, "choose one, or set publish: false on the other")


RULE = Rule("SM608", "mixed-attribution", Severity.WARNING, __doc__, _check)
