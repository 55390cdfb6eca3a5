"""Impact: what unlocked changes do to numbers; every metric that they reach under both meanings, over the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.metric import Metric
from saasmetrics.engine.ask import Ask, wishes
from saasmetrics.engine.run import Wish
from saasmetrics.finding import Impact
from saasmetrics.frames.values import NO_INPUT, empty
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lock.held import Held
from saasmetrics.lock.restored import Restored, restored
from saasmetrics.lock.restoring import targets_of
from saasmetrics.meanings.comparable import otherwise
from saasmetrics.meanings.effect import effects, paired
from saasmetrics.meanings.flips import Aim, Flipped, aims, flipped, of_number
from saasmetrics.meanings.passes import Other
from saasmetrics.meanings.reached import Reached, reached
from saasmetrics.meanings.saying import Saying

Where = Mapping[str, tuple[str, ...]]
ACCEPTED, WRITTEN = 0, 1
"""The two sides."""


@dataclass(frozen=True)
class Wished:
    """A wish for a metric on one side, by its present name; `where` is the part that a target is about."""

    metric: str
    side: int
    where: Where
    wish: Wish


@dataclass
class Both:
    """Both meanings of all that unlocked changes reach: what has to be computed for it, and what comes of it.

    `why` says by metric why its two meanings cannot be held against each other.
    """

    definitions: Definitions
    accepted: Restored
    reached: tuple[Reached, ...]
    aims: tuple[Aim, ...]
    wished: list[Wished] = field(default_factory=list)
    why: dict[str, str] = field(default_factory=dict)

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """What is computed; wishes for what was accepted carry its meaning."""
        return tuple(each.wish for each in self.wished)

    def told(self, others: Sequence[Other]) -> dict[str, tuple[Impact, ...]]:
        """The impact on every metric, by the first cause that reaches it; `others` are the values of `wishes`.

        Edges: how a target turns that has moved itself is told of that target.
        """
        answers = list(zip(self.wished, others, strict=True))
        unknown = {each.metric: why for each, other in answers if (why := _unknown(each, other))}
        whole = _paired(answers, {})
        numbers = effects(whole)
        out: dict[str, list[Impact]] = {}
        for each in self.reached:
            saying = Saying(self.definitions, self.accepted.definitions, each)
            why = self.why.get(each.name) or unknown.get(each.name)
            own = numbers.filter(pl.col("metric") == each.name)
            if why is not None:
                found = [saying.without(why, whole.filter(pl.col("metric") == each.name))]
                out.setdefault(each.causes[0], []).extend(found)
                continue
            flips = list(self._flips(each, answers, whole))
            for cause in each.causes:
                own_flips = [(aim, turn) for aim, turn in flips if each.cause_of(aim.id) == cause]
                if cause == each.causes[0]:
                    out.setdefault(cause, []).extend(saying.impacts(own, own_flips))
                elif own_flips:
                    out.setdefault(cause, []).extend(saying.of_targets(own, own_flips))
        return {cause: tuple(impacts) for cause, impacts in out.items()}

    def _flips(
        self, each: Reached, answers: Sequence[tuple[Wished, Other]], whole: pl.DataFrame
    ) -> Iterator[tuple[Aim, Flipped]]:
        for aim in self.aims:
            if aim.metric != each.name:
                continue
            rows = _paired(answers, aim.where, each.name) if aim.where else whole
            own = of_number(rows, self.definitions, self.definitions.number(aim.now.metric))
            yield aim, flipped(aim, own, (self._metric(each, ACCEPTED).unit, self._metric(each, WRITTEN).unit))

    def _metric(self, each: Reached, side: int) -> Metric:
        if side == ACCEPTED and self.accepted.definitions is not None and each.was is not None:
            return self.accepted.definitions.metrics[each.was]
        return self.definitions.metrics[each.name]


def both(definitions: Definitions, held: Held) -> Both | None:
    """Both meanings of what unlocked changes reach; null where they reach nothing that has a number."""
    if held.lock is None:
        return None
    found = reached(held.lock, held.compared)
    if not found:
        return None
    accepted = restored(held.lock.nodes, definitions, REGISTRY)
    renamed = {each.was: each.now for each in found if each.was and each.now}
    pairs = aims(targets_of(held.lock.nodes.values()), definitions.targets, renamed)
    made = Both(definitions, accepted, found, pairs)
    for each in found:
        why = _apart(each, definitions, accepted)
        if why is not None:
            made.why[each.name] = why
        wheres = [{}, *(dict(aim.where) for aim in pairs if aim.metric == each.name and aim.where)]
        for where in wheres if why is None else wheres[:1]:
            made.wished += _wished(each, where, definitions, accepted)
    return made


def _apart(each: Reached, definitions: Definitions, accepted: Restored) -> str | None:
    """Why two meanings of a metric cannot be held against each other, as far as the definitions say it."""
    if each.was in accepted.lost:
        return accepted.lost[each.was or ""]
    now = definitions.metrics.get(each.now or "")
    if now is None:
        return "it is gone"
    if now.missing:
        return f"it cannot be computed any more: {now.missing}"
    if accepted.definitions is None:
        return None
    before = accepted.definitions.metrics[each.was or ""]
    return otherwise((before, accepted.definitions), (now, definitions))


def _wished(each: Reached, where: Where, definitions: Definitions, accepted: Restored) -> Iterator[Wished]:
    """The wishes for both sides, as far as each has such a metric."""
    sides = ((ACCEPTED, each.was, accepted.definitions), (WRITTEN, each.now, definitions))
    for side, name, its in sides:
        if name is None or its is None or name not in its.metrics or its.metrics[name].missing:
            continue
        if side == ACCEPTED and name in accepted.lost:
            continue
        for wish in wishes(its, Ask((name,)))[1]:
            meaning = its if side == ACCEPTED else None
            yield Wished(each.name, side, where, replace(wish, where=where, meaning=meaning))


def _paired(answers: Sequence[tuple[Wished, Other]], where: Where, metric: str | None = None) -> pl.DataFrame:
    sides = []
    for side in (ACCEPTED, WRITTEN):
        own = [
            other.values.with_columns(metric=pl.lit(each.metric))
            for each, other in answers
            if each.side == side and dict(each.where) == dict(where) and metric in (None, each.metric)
        ]
        sides.append(pl.concat([empty(), *own]))
    return paired(sides[ACCEPTED], sides[WRITTEN])


def _unknown(each: Wished, other: Other) -> str | None:
    """Why one side has no number at all."""
    what = "what was accepted" if each.side == ACCEPTED else "what is written"
    if other.why is not None:
        return f"{what} cannot be computed: {other.why}"
    if other.values.height and (other.values["status"] == NO_INPUT).all():
        why: str = other.values["reason"].drop_nulls()[0]
        return f"{what} cannot be computed: {why}"
    return None
