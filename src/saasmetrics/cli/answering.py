"""From what the pipeline computed to what is printed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from saasmetrics.output.answer import Answer, Goal, last_day
from saasmetrics.output.entries import Opened
from saasmetrics.output.subjects import subject, subjects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from saasmetrics.output.subject import Subject
    from saasmetrics.pipeline import Along, LedgerResult, Result
    from saasmetrics.review.targets import Part


def answer(result: Result) -> Answer:
    """Values, subjects and calendar of one computation."""
    definitions, ask = result.definitions, result.ask
    return Answer(
        title=definitions.product,
        values=result.values,
        subjects=tuple(_subjects(result)),
        calendar=definitions.settings.calendar,
        as_of=result.as_of,
        findings=result.findings,
        by=tuple(",".join(segments) for segments in ask.by),
        grain=ask.grain,
        named=bool(ask.metrics),
        is_full=bool(ask.metrics) or ask.everything,
        where=_part(ask.where),
        goals=tuple(_goal(result, part) for part in result.parts),
        step_times=result.step_times,
        about=_versions(result),
    )


def _subjects(result: Result) -> Iterator[Subject]:
    """The addresses asked for, each with what its versions say; the versions before behind their metrics."""
    said: dict[str, list[tuple[int, str]]] = {}
    for (metric, number), version in result.versions.items():
        since = f" since {version.since}" if version.since else ""
        reason = f": {version.reason}" if version.reason else ""
        said.setdefault(metric, []).append((number, f"v{number}{since}{reason}"))
    found = subjects(result.definitions, result.addresses, result.values, result.verdicts)
    for place, each in enumerate(found):
        yield replace(each, versions=tuple(said.get(each.metric, ())))
        if place + 1 == len(found) or found[place + 1].metric != each.metric:
            yield from (_before(along, each) for along in result.along if along.beside == each.metric)


def _before(along: Along, beside: Subject) -> Subject:
    """The version before, called after its metric: `nrr@1`."""
    own = subject(along.definitions, along.address)
    mark = f" @{along.name.rpartition('@')[2]}"
    return replace(
        own,
        metric=along.name,
        label=own.label + mark,
        short_label=(own.short_label or own.label) + mark,
        before=along.beside,
        grain=beside.grain,
        star=False,
    )


def _versions(result: Result) -> dict[str, Any]:
    """Of every version: from when on, why, by whom."""
    rows = [
        {"metric": metric, "version": number, "since": version.since, "reason": version.reason, "by": version.by}
        for (metric, number), version in result.versions.items()
    ]
    return {"basis": "as_defined", "versions": rows} if rows else {}


def _part(where: Mapping[str, tuple[str, ...]]) -> str:
    return ", ".join(f"{segment} {' or '.join(values)}" for segment, values in where.items())


def _goal(result: Result, part: Part) -> Goal:
    found = subject(result.definitions, part.address, part.verdict)
    if part.value is None or part.period is None or part.grain is None:
        return Goal(found, _part(part.where))
    period = result.definitions.settings.calendar.label(part.period, part.grain)
    return Goal(found, _part(part.where), found.number.text(part.value), period)


def opened(result: LedgerResult, against: str | None) -> Opened:
    """One number and the entries behind it."""
    calendar = result.definitions.settings.calendar
    return Opened(
        title=result.definitions.product,
        subject=subject(result.definitions, result.address),
        period=calendar.label(*calendar.parse(result.period)),
        code=result.period,
        as_of=last_day(calendar, result.as_of),
        header=result.header,
        entries=result.entries,
        reduced=result.reduced,
        against=calendar.label(*calendar.parse(against)) if against else "",
    )


def sources(result: Result) -> tuple[str, ...]:
    """A line per source: how much was read, how much of it was used, and the time it spans; one for the cache."""
    lines = []
    for name, read in result.sources.items():
        span = f", {read.first:%Y-%m-%d} to {read.last:%Y-%m-%d}" if read.first and read.last else ""
        lines.append(f"{name}: {read.rows:,} rows, {read.used:,} used{span}")
    if result.cache is not None:
        cache = result.cache
        size = f"{cache.size / 1e6:,.0f} MB of at most {cache.limit / 1e6:,.0f} MB"
        lines.append(f"cache: {cache.used} parcels used, {cache.written} written; {size} in {cache.folder}")
    return tuple(lines)
