"""What people ask for, and which values of which metrics that comes down to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.model import near
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.period import Grain

if TYPE_CHECKING:
    from saasmetrics.engine.run import Wish

TEAMS = ("customer_success", "product", "sales", "executive", "marketing")
LEVELS = ("north_star", "core", "supporting", "operational")
STAGES = ("early", "growth", "mature")
BUNDLES = ("weekly", "revenue", "acquisition", "adoption", "quality", "all")


@dataclass(frozen=True)
class Ask:
    """A question: which numbers, split and narrowed how, over which periods, as of when.

    `by` holds one tuple per breakdown; segments of one tuple are crossed. Without `metrics` and `everything` it is the
    published set, or that of a view.
    """

    metrics: tuple[str, ...] = ()
    by: tuple[tuple[str, ...], ...] = ()
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    grain: Grain | None = None
    periods: int | None = None
    since: date | None = None
    until: date | None = None
    as_of: date | datetime | None = None
    everything: bool = False
    view: str | None = None


def wishes(definitions: Definitions, ask: Ask) -> tuple[tuple[Address, ...], tuple[Wish, ...]]:
    """The addresses asked for, in print order, and the values they need.

    Raises: InputError (exit 2) with everything in the question that names nothing.
    """
    findings: list[Finding] = []
    addresses = _addresses(definitions, ask, findings)
    for segment in dict.fromkeys([*(name for group in ask.by for name in group), *ask.where]):
        if segment not in definitions.segments:
            hint = near(segment, definitions.segments) or f"segments: {', '.join(definitions.segments) or 'none'}"
            findings.append(Finding("SM003", Severity.ERROR, f"there is no segment `{segment}`", None, hint))
    if ask.periods is not None and ask.periods < 1:
        findings.append(Finding("SM005", Severity.ERROR, "--periods counts from 1"))
    if ask.since and ask.until and ask.until < ask.since:
        findings.append(Finding("SM005", Severity.ERROR, "--to lies before --from"))
    if findings:
        raise InputError(findings)
    return tuple(addresses), tuple(_wishes(definitions, ask, addresses))


def _addresses(definitions: Definitions, ask: Ask, findings: list[Finding]) -> list[Address]:
    if ask.everything:
        return [address for metric in _visible(definitions) for address in definitions.expand(metric)]
    if not ask.metrics:
        return list(definitions.published() if ask.view is None else _viewed(definitions, ask.view, findings))
    found: dict[Address, None] = {}
    for pattern in ask.metrics:
        try:
            found.update(dict.fromkeys(definitions.expand(pattern)))
        except InputError as error:
            findings.extend(error.findings)
    return list(found)


def _visible(definitions: Definitions) -> list[str]:
    return [name for name, metric in definitions.metrics.items() if "#" not in name and metric.publish]


def of_view(definitions: Definitions, ask: Ask) -> Ask:
    """The question with what a view of the file says about splits, filters, grain and periods, where it says nothing.

    Edges: teams, levels, stages and bundles are views without such wishes of their own.
    """
    view = definitions.views.get(ask.view or "")
    if view is None:
        return ask
    return replace(
        ask,
        by=ask.by or tuple((segment,) for segment in view.by),
        where=ask.where or {segment: tuple(values) for segment, values in view.where.items()},
        grain=ask.grain or (Grain(view.grain) if view.grain else None),
        periods=ask.periods or view.periods,
    )


def _viewed(definitions: Definitions, name: str, findings: list[Finding]) -> Sequence[Address]:
    """The addresses of a view: one of the file's, a team, a level, a stage or a bundle."""
    view = definitions.views.get(name)
    if view is None:
        found = [metric for metric in _visible(definitions) if _is_in(definitions, metric, name)]
        if not found:
            known = [*definitions.views, *TEAMS, *definitions.settings.teams, *LEVELS, *STAGES, *BUNDLES]
            hint = near(name, known) or f"views: {', '.join(dict.fromkeys(known))}"
            if name in known:
                findings.append(Finding("SM003", Severity.ERROR, f"the view `{name}` has no metric"))
            else:
                findings.append(Finding("SM003", Severity.ERROR, f"there is no view `{name}`", None, hint))
        return [address for metric in found for address in definitions.expand(metric)]
    addresses: dict[Address, None] = {}
    for line in view.show:
        if line.address is not None:
            addresses.update(dict.fromkeys(definitions.expand(line.address)))
            continue
        words = [word for word in (line.team, line.level, line.stage, line.bundle) if word]
        for metric in _visible(definitions):
            if all(_is_in(definitions, metric, word) for word in words):
                addresses.update(dict.fromkeys(definitions.expand(metric)))
    return list(addresses)


def _is_in(definitions: Definitions, metric: str, word: str) -> bool:
    """Whether a metric belongs to a team, a level, a stage or a bundle of that name."""
    about = definitions.metrics[metric]
    if word in BUNDLES:
        return metric in definitions.bundle(word)
    return word in about.team or word == about.level or word in about.stage


def _wishes(definitions: Definitions, ask: Ask, addresses: Sequence[Address]) -> list[Wish]:
    from saasmetrics.engine.run import Wish  # with all that computes, which a question without sense never needs

    grouped: dict[str, list[Address]] = {}
    for address in addresses:
        grouped.setdefault(address.metric, []).append(address)
    out: list[Wish] = []
    for name, group in grouped.items():
        metric = definitions.metrics[name]
        grain = ask.grain or _grain(definitions, name)
        out.extend(Wish(metric.id, tuple(group), grain, by, dict(ask.where)) for by in ((), *ask.by))
    return out


def _grain(definitions: Definitions, name: str) -> Grain:
    metric = definitions.metrics[name]
    if metric.points_to:
        metric = definitions.metrics[metric.points_to.split(".")[0]]
    return Grain(metric.grain)
