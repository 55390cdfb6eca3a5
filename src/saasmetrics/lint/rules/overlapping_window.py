"""A rolling number is compared with one that holds the same days.

Flags: a formula over a number with a `window` and the same number `offset` by less than the window.
Why: of six months against the six months one month earlier, five are on both sides: the change is five parts noise.
Example: `expr: now / before - 1` with `before: {metric: mrr_6mo, offset: 1mo}`.
Fix: offset it by the whole window, or compare what the window is made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from saasmetrics.definitions.metric import Metric
from saasmetrics.definitions.scalars import Duration
from saasmetrics.finding import Severity
from saasmetrics.lint.arithmetic import inputs
from saasmetrics.lint.reading import Reading, about
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    for metric in reading.own:
        if metric.type != "derived":
            continue
        back: dict[str, list[Duration | None]] = {}
        for given in inputs(reading, metric).values():
            back.setdefault(given.address.text, []).append(given.offset)
        for text, offsets in back.items():
            window = _window(reading, reading.definitions.metrics[text.partition(".")[0]])
            lengths = sorted(offset.rough_seconds if offset else 0.0 for offset in offsets)
            apart = [later - earlier for earlier, later in pairwise(lengths)]
            if window is not None and any(0 < gap < window.rough_seconds for gap in apart):
                message = f"`{metric.id}` compares `{text}` with itself inside its own window of {window.text}"
                path = reading.written(metric, "input_metrics")
                yield Told(about(metric), path, message, f"offset it by {window.text}")


def _window(reading: Reading, metric: Metric) -> Duration | None:
    """How long the window of a number is; null for one that looks at its period."""
    window = getattr(reading.spec(metric), "window", None)
    return window if isinstance(window, Duration) else None


RULE = Rule("SM506", "overlapping-window", Severity.WARNING, __doc__, _check)
