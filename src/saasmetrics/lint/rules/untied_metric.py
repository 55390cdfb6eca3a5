"""A core metric has no tie to the North Star.

Flags: a published core metric that neither `drivers` nor arithmetic connect with the North Star, in whatever direction;
once for what bundles bring, and once for the file where nothing is connected with it at all.
Why: a number that neither moves the North Star nor follows from it is a second aim.
Example: `north_star: workflow_successes.invoicing` where no metric names `drivers`.
Fix: name what it moves, or is moved by, under `drivers`, or give it `level: supporting`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading, about, star_spot
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    if not reading.stars:
        return
    stars = {star.partition(".")[0] for star in reading.stars.values()}
    tied = _tied(reading, stars)
    core = [metric for metric in reading.published if metric.level == "core" and not metric.pointers]
    loose = [metric for metric in core if metric.id not in tied]
    if loose and len(loose) == len([metric for metric in core if metric.id not in stars]):
        product, star = next(iter(reading.stars.items()))
        message = f"no core metric is tied to the North Star: {', '.join(metric.id for metric in loose)}"
        hint = "name what drives it under `drivers`"
        yield Told(f"metric.{star}", star_spot(product), message, hint, value=True)
        return
    hint = "name what it drives, or what drives it, under `drivers`; or set level: supporting"
    named = [metric for metric in loose if reading.spot(metric)[0] != "publish"]
    for metric in named:
        message = f"the core metric `{metric.id}` is not tied to the North Star"
        yield Told(about(metric), reading.spot(metric), message, hint)
    others = [metric for metric in loose if metric not in named]
    if others:
        names = ", ".join(f"`{metric.id}`" for metric in others)
        message = f"of what bundles bring, {names} {'is' if len(others) == 1 else 'are'} not tied to the North Star"
        yield Told("publish", reading.spot(others[0]), message, hint)


def _tied(reading: Reading, stars: set[str]) -> set[str]:
    """Metrics that can be reached from the North Stars along drivers and arithmetic, both ways."""
    definitions = reading.definitions
    ties: dict[str, set[str]] = {}

    def tie(one: str, other: str) -> None:
        ties.setdefault(one, set()).add(other)
        ties.setdefault(other, set()).add(one)

    for metric in (*definitions.metrics.values(), *definitions.governed.values()):
        for driver in metric.drivers:
            tie(metric.id.partition(".")[0], definitions.pointed(definitions.address(driver)).metric)
    for metric in reading.published:
        for kind, name in reading.under(metric):
            if kind == "metric":
                tie(metric.id, name)
    reached, waiting = set(stars), list(stars)
    while waiting:
        new = ties.get(waiting.pop(), set()) - reached
        reached |= new
        waiting.extend(new)
    return reached


RULE = Rule("SM308", "untied-metric", Severity.NOTE, __doc__, _check)
