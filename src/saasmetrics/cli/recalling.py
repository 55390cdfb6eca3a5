"""From what was remembered to what is printed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from saasmetrics.definitions.address import Address, split
from saasmetrics.finding import Finding, InputError, counted
from saasmetrics.history.verdict import BY_WORD, VERDICTS
from saasmetrics.output.answer import last_day
from saasmetrics.output.number import Number
from saasmetrics.output.restated import Group, Restated, told_now
from saasmetrics.output.subject import OWN, Subject
from saasmetrics.output.subjects import subject
from saasmetrics.output.told import Edit, Listed, Told, Version
from saasmetrics.period import Grain
from saasmetrics.recall.standing import folder_of

if TYPE_CHECKING:
    from saasmetrics.definitions.definitions import Definitions
    from saasmetrics.history.publish import Published
    from saasmetrics.lock.story import Chapter
    from saasmetrics.recall.memory import Memory, Restatement
    from saasmetrics.recall.memory import Told as Past


def published(done: Published) -> str:
    """What became of a publishing, in a sentence."""
    edition = done.edition
    if not done.is_new:
        return f"Nothing to publish: edition {edition.number} says the same of the same data"
    lines = f"{counted(done.entries, 'line')} of accounts"
    return f"Published edition {edition.number}: {done.numbers:,} numbers, {lines}, in {edition.folder}"


def restated(result: Restatement) -> Restated:
    """Restated numbers, called and labelled."""
    definitions, past = result.memory.definitions, result.memory.past
    numbers = result.rows.select("metric", "cut", "stat", "grain").unique(maintain_order=True)
    subjects = {row[:3]: _subject(definitions, *row) for row in numbers.iter_rows()}
    rows = _in_print_order(definitions, result.rows)
    found = Restated(
        title=definitions.product,
        rows=rows,
        accounts=result.accounts,
        subjects=subjects,
        labels=_labels(definitions, rows),
        ends=(_end(definitions, past.editions[0]), _end(definitions, past.editions[-1])),
        groups=tuple(Group(each.word, each.code, each.title, each.severity) for each in VERDICTS),
        told=result.told,
        tolerance=definitions.settings.tolerance,
        findings=(*result.memory.altered, *_findings(definitions, rows, subjects)),
    )
    return found


def told(result: Past) -> Told:
    """One number over its editions."""
    definitions, memory = result.definitions, result.memory
    address = result.address
    known = definitions.metrics.get(address.metric)
    grain = result.rows["grain"][0] if result.rows.height else known.grain.value if known else "week"
    return Told(
        title=definitions.product,
        subject=_subject(definitions, address.metric, ".".join(address.cut) or None, address.stat, grain),
        rows=result.rows,
        labels={period: label for (_, period), label in _labels(definitions, result.rows).items()},
        days=_days(memory) if memory is not None else {},
        findings=memory.altered if memory is not None else (),
        versions=tuple(_version(chapter) for chapter in result.story),
    )


def _version(chapter: Chapter) -> Version:
    version = chapter.version
    edits = None
    if chapter.edits is not None:
        edits = tuple(Edit(edit.what, edit.old, edit.new) for edit in chapter.edits)
    return Version(version.number, version.since, version.reason, version.by, edits)


def listed(memory: Memory, rows: pl.DataFrame) -> Listed:
    """All editions."""
    definitions = memory.definitions
    words = tuple(each.word for each in VERDICTS)
    return Listed(definitions.product, rows, _days(memory), str(folder_of(definitions)), words, memory.altered)


def _days(memory: Memory) -> dict[int, str]:
    return {each.number: _end(memory.definitions, each)[1] for each in memory.past.editions}


def _end(definitions: Definitions, edition: Any) -> tuple[int, str]:
    return edition.number, last_day(definitions.settings.calendar, edition.as_of)


def _labels(definitions: Definitions, rows: pl.DataFrame) -> dict[tuple[str, Any], str]:
    calendar = definitions.settings.calendar
    periods = rows.select("grain", "period").unique()
    return {(grain, period): calendar.label(period, Grain(grain)) for grain, period in periods.iter_rows()}


def _subject(definitions: Definitions, metric: str, cut: str | None, stat: str | None, grain: str) -> Subject:
    """What a number is called; one of a metric that is no more is called by its address."""
    address = Address(metric, tuple(split(cut)) if cut else (), stat)
    of, at, number = metric.partition("@")
    try:
        own = subject(definitions, definitions.address(replace(address, metric=of).text))
        mark = f" @{number}" if at else ""
        return replace(own, metric=metric, label=own.label + mark, short_label=(own.short_label or own.label) + mark)
    except InputError:
        return Subject(metric, metric, OWN, Number("ratio"), Grain(grain), cut=cut, stat=stat, path=address.cut)


def _in_print_order(definitions: Definitions, rows: pl.DataFrame) -> pl.DataFrame:
    """As the published set is printed; metrics that are no more last."""
    order = {name: place for place, name in enumerate(definitions.metrics)}
    place = pl.col("metric").replace_strict(order, default=len(order), return_dtype=pl.Int64)
    keys = [place, "metric", "cut", "stat", pl.col("segment").is_not_null(), "segment", "segment_value", "period"]
    return rows.sort(keys, nulls_last=False)


def _findings(definitions: Definitions, rows: pl.DataFrame, subjects: dict[Any, Subject]) -> list[Finding]:
    """One for each number and reason: the period that moved most, and how many others did."""
    found = []
    weighty = rows.filter(pl.col("severity").is_not_null() & pl.col("segment").is_null())
    for (metric, cut, stat, word), periods in weighty.group_by(
        ["metric", "cut", "stat", "verdict"], maintain_order=True
    ):
        named = subjects[metric, cut, stat]
        verdict = BY_WORD[str(word)]
        most = periods.sort(pl.col("difference").abs(), descending=True, nulls_last=True).row(0, named=True)
        label = definitions.settings.calendar.label(most["period"], Grain(most["grain"]))
        was, is_ = (
            "nothing" if value is None else named.number.text(value) for value in (most["said"], told_now(most))
        )
        others = f"; and {periods.height - 1} more" if periods.height > 1 else ""
        verb = "is" if most["says"] != most["said"] else "for a while"
        message = f"`{named.address}` of {label} was told as {was} and {verb} {is_}: {most['reason']}{others}"
        found.append(Finding(verdict.code, verdict.severity, message))
    return sorted(found, key=lambda finding: -finding.severity)
