"""Which numbers of a period rest on rows of a bounded stretch of time, so that later ones leave them as they are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.metric import Metric
from saasmetrics.definitions.scalars import Duration as Length
from saasmetrics.definitions.scope import Scope
from saasmetrics.definitions.selection import Milestone, Selection
from saasmetrics.expression import parse
from saasmetrics.frames.canonical import ROLES
from saasmetrics.ledgers.active import Active
from saasmetrics.ledgers.conversion import Conversion
from saasmetrics.ledgers.derived import Derived
from saasmetrics.ledgers.duration import Duration
from saasmetrics.ledgers.ratio import Ratio
from saasmetrics.ledgers.simple import Simple

_TABLES = frozenset({"tickets"})
"""Tables whose rows are read by their own time alone."""


@dataclass(frozen=True)
class Stretch:
    """Which days the number of a period rests on: `before` its first and `after` its last.

    Rows of other days cannot change it, and neither can the as-of, once it is later than all of these. A run counts
    with all its rows: what touches one touches the days of all of them.
    """

    before: int = 0
    after: int = 0

    def wider(self, other: Stretch) -> Stretch:
        """Both together."""
        return Stretch(max(self.before, other.before), max(self.after, other.after))


def stretch(definitions: Definitions, metric: Metric, segments: Iterable[str]) -> Stretch | None:
    """The stretch of a metric, split or narrowed by some segments; None where it may rest on all there is.

    Edges: what is not known to be bounded is not. A segment must be of accounts, and not read the as-of.
    """
    if not all(_still(definitions, segment) for segment in segments):
        return None
    if metric.points_to is not None:
        metric = definitions.metrics[definitions.number(metric.points_to).metric]
    if metric.missing:
        return Stretch()
    found = [_of(variant.spec, definitions.scope(metric.id)) for variant in metric.variants]
    return _all(found)


def _all(found: Iterable[Stretch | None]) -> Stretch | None:
    whole = Stretch()
    for each in found:
        if each is None:
            return None
        whole = whole.wider(each)
    return whole


def _still(definitions: Definitions, segment: str) -> bool:
    about = definitions.segments[segment]
    texts = [*about.expr.values(), *(text for text in about.buckets.values() if text != "else")]
    return set(about.expr) == {"accounts"} and _timeless(*texts)


def _of(spec: Any, scope: Scope) -> Stretch | None:
    match spec:
        case Simple():
            return _simple(spec, scope)
        case Ratio():
            return _inputs([spec.numerator, spec.denominator], scope)
        case Derived():
            return None if spec.by_last_month else _inputs(spec.inputs().values(), scope)
        case Conversion():
            return _conversion(spec, scope)
        case Duration():
            return _duration(spec, scope)
        case Active():
            return _active(spec, scope)
        case _:
            return None


def _inputs(inputs: Iterable[Input], scope: Scope) -> Stretch | None:
    found = []
    for each in inputs:
        wanted = scope.input(each)
        if wanted.offset is not None or wanted.segments:
            return None
        found.append(stretch(scope.definitions, scope.definitions.metrics[wanted.address.metric], ()))
    return _all(found)


def _simple(spec: Simple, scope: Scope) -> Stretch | None:
    selection = spec.selection(scope)
    by_value = spec.by_row and all(ROLES[selector.role].log for selector in selection.selectors)
    alone = not (spec.window or spec.last_per or spec.last_of or spec.touching or spec.spread)
    if not alone or (spec.by_row and (not by_value or spec.agg == "count_distinct")):
        return None
    return Stretch() if _plain(selection) and _timeless(spec.expr, spec.cut) else None


def _conversion(spec: Conversion, scope: Scope) -> Stretch | None:
    steps = [*([spec.entry] if spec.entry else []), *spec.steps.values()]
    others = spec.exclude or spec.unless or spec.once
    if spec.entity != "run" or others or not all(_by_run(scope.select(rows), scope) for rows in steps):
        return None
    return Stretch(after=_days(spec.within))


def _duration(spec: Duration, scope: Scope) -> Stretch | None:
    ends = (scope.select(spec.from_), scope.select(spec.to))
    if spec.entity != "run" or not all(_by_run(rows, scope) for rows in ends):
        return None
    return Stretch(after=_days(spec.longest))


def _active(spec: Active, scope: Scope) -> Stretch | None:
    if spec.measure not in ("count", "share"):
        return None
    active = scope.definitions.active
    rules = [active.account, active.user, *([spec.rule] if spec.rule else [])]
    feature = scope.definitions.features.get(spec.rule.feature or "") if spec.rule else None
    texts = (spec.cut, feature.eligible if feature else None)
    if not all(_plain(scope.select(rule)) for rule in rules) or not _timeless(*texts):
        return None
    return Stretch(before=0 if isinstance(spec.window, str) else _days(spec.window))


def _by_run(selection: Selection, scope: Scope) -> bool:
    """Whether rows are those of workflows whose runs have ids: others are matched by time, one after the other."""
    workflows = scope.definitions.workflows
    return _plain(selection) and all(
        selector.workflow is not None and selector.run is not None and workflows[selector.workflow].run is not None
        for selector in selection.selectors
    )


def _plain(selection: Selection) -> bool:
    """Whether rows are chosen one by one, each for what it says and when."""
    for part in selection.parts:
        if isinstance(part, Milestone) or (isinstance(part, Selection) and not _plain(part)):
            return False
    return all(
        (ROLES[selector.role].log or selector.role in _TABLES) and _timeless(selector.filter)
        for selector in selection.selectors
    )


def _timeless(*texts: str | None) -> bool:
    """Whether SQL does not ask what time it is."""
    return not any(parse(text).clock for text in texts if text)


def _days(length: Length | None) -> int:
    """Days that are at least as long."""
    return 0 if length is None else math.ceil(length.rough_seconds / 86_400 * 1.05) + 3
