"""Subjects out of definitions: how each address is called, written, judged and grouped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, get_args

import polars as pl

from saasmetrics.definitions.address import Address, split
from saasmetrics.definitions.answering import refusal
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.goals import Target
from saasmetrics.definitions.metric import Metric
from saasmetrics.frames.ledger import How, Part
from saasmetrics.frames.values import OK
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
    definitions: Definitions, addresses: Iterable[Address], values: pl.DataFrame, verdicts: Mapping[str, Judged]
) -> tuple[Subject, ...]:
    """A subject per address, in their order; where a part is `*`, one per cut that the values have."""
    spelled = [each for address in addresses for each in _spelled_out(address, values)]
    found = tuple(subject(definitions, address, verdicts.get(address.text)) for address in spelled)
    return (replace(found[0], splits=_splits(definitions, spelled[0])),) if len(found) == 1 else found


def _splits(definitions: Definitions, address: Address) -> tuple[str, ...]:
    pointer = definitions.metrics[address.metric].points_to
    pointed = definitions.address(pointer) if pointer else address
    metric, about = definitions.metrics[pointed.metric], definitions.about(pointed)
    return tuple(segment for segment in about.segments if refusal(definitions, metric, segment) is None)


def _spelled_out(address: Address, values: pl.DataFrame) -> Iterator[Address]:
    """The addresses that `*` stands for, the largest first by their latest complete value."""
    if "*" not in address.cut:
        yield address
        return
    own = values.filter(pl.col("metric") == address.metric).drop_nulls(["cut", "value"])
    latest = own.sort(pl.col("status") == OK, "period").group_by("cut").agg(pl.col("value").last())
    for cut in latest.sort("value", "cut", descending=[True, False])["cut"]:
        parts = split(cut)
        fits = len(parts) == len(address.cut)
        if fits and all(one in ("*", other) for one, other in zip(address.cut, parts, strict=True)):
            yield Address(address.metric, parts, address.stat)


def subject(definitions: Definitions, address: Address, judged: Judged | None = None) -> Subject:
    """What is known of an address before it has a number.

    Edges: a pointer (`north_star`) is called after what it points to, and marked with the star.
    """
    pointer = definitions.metrics[address.metric].points_to
    pointed = definitions.address(pointer) if pointer else address
    metric, general = definitions.about(pointed), definitions.metrics[pointed.metric]
    number = number_of(metric, definitions)
    parts = definitions.parts(pointed.metric)
    how, stat = _shape(definitions, pointed)
    stats = definitions.addressing.stats(pointed.metric)
    return Subject(
        metric=address.metric,
        label=general.label,
        section=FAMILIES.get(metric.family, OWN),
        number=number,
        grain=metric.grain,
        how=how,
        cut=Address("", address.cut).text.removeprefix(".") or None,
        stat=stat,
        short_label=general.short_name,
        own_name=metric.label if metric.label != general.label and metric.id == pointed.text else "",
        path=tuple(part.replace("_", " ") for part in pointed.cut),
        depth=len(parts),
        statistic=(pointed.stat or stats[0]) if stats else "",
        description=metric.description or "",
        kind=_kind(metric, parts),
        part=_spec(metric, "part"),
        of=_spec(metric, "of"),
        as_done=metric.policies.funnel_by == "period",
        direction=metric.direction,
        flat=metric.flat,
        owner=metric.owner or (metric.team[0] if metric.team else ""),
        star=definitions.north_star is not None and pointed == definitions.address(definitions.north_star),
        is_pointer=pointer is not None,
        is_named=(not address.cut and address.stat is None)
        or (judged is not None and judged.target is not None)
        or address.text in definitions.named,
        verdict=_verdict(number, judged),
    )


def number_of(metric: Metric, definitions: Definitions) -> Number:
    """How the values of a metric are written."""
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


def _kind(metric: Metric, parts: Sequence[Part]) -> str:
    """The table that the metric's addresses make side by side."""
    if metric.type == "movement" and metric.variants:
        return "" if metric.variants[0].spec.count else "movement"
    return TABLES.get(parts[-1].column, "") if parts else ""


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
