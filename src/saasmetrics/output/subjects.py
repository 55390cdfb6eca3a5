"""Subjects out of definitions: how each address is called, written, judged and grouped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, get_args

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.goals import Target
from saasmetrics.definitions.metric import Metric
from saasmetrics.frames.ledger import How
from saasmetrics.output.number import Kind, Number
from saasmetrics.output.subject import FAMILIES, OWN, Subject, Verdict

TABLES = {"age": "cohort", "step": "funnel"}
"""Parts of a cut path whose values print side by side."""


class Judged(Protocol):
    """A verdict as the review gives it."""

    @property
    def word(self) -> str:
        """Met, on track, behind, missed, hold, not judged, no target."""
        ...

    @property
    def target(self) -> Target | None:
        """The target it was held against."""
        ...

    @property
    def reason(self) -> str | None:
        """Why it was not judged."""
        ...


def subjects(
    definitions: Definitions, addresses: Iterable[Address], verdicts: Mapping[str, Judged]
) -> tuple[Subject, ...]:
    """A subject per address, in their order."""
    return tuple(subject(definitions, address, verdicts.get(address.text)) for address in addresses)


def subject(definitions: Definitions, address: Address, judged: Judged | None = None) -> Subject:
    """What is known of an address before it has a number.

    Edges: a pointer (`north_star`) is called after what it points to, and marked with the star.
    """
    about = definitions.about(address)
    pointed = definitions.address(about.points_to) if about.points_to else address
    metric = definitions.about(pointed)
    number = _number(metric, definitions)
    path = _path(definitions, pointed)
    how, stat = _shape(definitions, pointed)
    kind, title = _table(definitions, metric, pointed)
    return Subject(
        metric=address.metric,
        name=", ".join([metric.label, *path]),
        short_name=", ".join([metric.short_name or metric.label, *path]),
        section=FAMILIES.get(metric.family, OWN),
        number=number,
        grain=metric.grain,
        how=how,
        cut=Address("", address.cut).text.removeprefix(".") or None,
        stat=stat,
        title=title,
        path=path[-1] if path else "",
        description=metric.description or "",
        kind=kind,
        part=_spec(metric, "part"),
        of=_spec(metric, "of"),
        direction=metric.direction,
        flat=metric.flat,
        owner=metric.owner or (metric.team[0] if metric.team else ""),
        star=definitions.north_star is not None and pointed == definitions.address(definitions.north_star),
        verdict=_verdict(number, judged),
    )


def _number(metric: Metric, definitions: Definitions) -> Number:
    kind: Kind = metric.format if metric.format in get_args(Kind) else "count"  # type: ignore[assignment]  # just tested
    return Number(kind, metric.unit, definitions.settings.currency if kind == "money" else None)


def _shape(definitions: Definitions, address: Address) -> tuple[How, str | None]:
    """How the values are reduced, and the stat as the values frame names it: also the first one has its name there.

    Edges: a metric that cannot be computed has no shape; nothing but its reason will be printed.
    """
    try:
        shape = definitions.shape(address.metric)
    except KeyError:
        return "sum", address.stat
    return shape.how, address.stat or (shape.stats[0] if shape.stats else None)


def _path(definitions: Definitions, address: Address) -> list[str]:
    """The cut in words, and the stat where the metric has several."""
    words = [part.replace("_", " ") for part in address.cut]
    stats = definitions.addressing.stats(address.metric)
    return [*words, address.stat or stats[0]] if stats else words


def _table(definitions: Definitions, metric: Metric, address: Address) -> tuple[str, str]:
    """The table that this address is a row or column of, and its title: the metric and the parts before the last."""
    if metric.type == "movement" and metric.variants:
        return ("" if metric.variants[0].spec.count else "movement"), metric.label
    parts = definitions.parts(metric.id)
    if not parts or len(address.cut) < len(parts):
        return "", metric.label
    before = [part.replace("_", " ") for part in address.cut[:-1]]
    return TABLES.get(parts[-1].column, ""), ", ".join([metric.label, *before])


def _spec(metric: Metric, key: str) -> str:
    """A key of a movement: its label, or the address of the balance it moves."""
    if metric.type != "movement" or not metric.variants:
        return ""
    value = getattr(metric.variants[0].spec, key, "")
    return value if isinstance(value, str) else str(getattr(value, "metric", "") or "")


def _verdict(number: Number, judged: Judged | None) -> Verdict:
    if judged is None:
        return Verdict()
    if judged.target is None:
        return Verdict(judged.word, "", judged.reason)
    wanted = judged.target.comparison.convert(number.unit)
    return Verdict(judged.word, number.comparison(wanted.op, wanted.low, wanted.high), judged.reason)
