"""Publishing: the published set computed, and appended as an edition."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.load import load
from saasmetrics.engine.accounted import REVENUE, accounted
from saasmetrics.engine.ask import Ask, wishes
from saasmetrics.engine.resting import resting
from saasmetrics.engine.run import Wish
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.history.content import LogContent, Span, lines
from saasmetrics.history.edition import KEY, Account
from saasmetrics.history.publish import Published, told
from saasmetrics.history.publish import publish as append
from saasmetrics.ledgers.derived import Derived
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lock.fingerprint import fingerprints, segment_marks, split, split_mark
from saasmetrics.lock.overlapping import overlaps
from saasmetrics.lock.reading import lock_path, read_lock
from saasmetrics.meanings.answer import last_day, with_before
from saasmetrics.meanings.beside import Beside, besides
from saasmetrics.meanings.beside import told as told_beside
from saasmetrics.meanings.in_force import InForce
from saasmetrics.meanings.passes import under_meanings
from saasmetrics.pipeline import Made, Result, caching_of
from saasmetrics.recall.standing import folder_of

if TYPE_CHECKING:
    from saasmetrics.engine.read import Progress


def publish(
    path: Path,
    ask: Ask,
    *,
    data_root: Path | None = None,
    cache: Path | None = None,
    no_cache: bool = False,
    progress: Progress | None = None,
    tool: str = "",
) -> tuple[Result, Published]:
    """Compute the published set and append what it says as an edition; the same said again appends nothing.

    An edition holds every metric undivided and by its segments, and the accounts behind the numbers that matter.
    Raises: InputError, exit 2 for a question that is a part of the published set, and as `compute`.
    """
    _refuse_parts(ask)
    definitions = load(path, REGISTRY, data_root=data_root)
    _, whole = wishes(definitions, ask)
    further = _splits(definitions, ask)
    asked: list[Wish] = []
    before = besides(InForce(definitions), [*whole, *further], asked) if overlaps(path) else []
    done = under_meanings(definitions, ask, asked, caching_of(cache, no_cache), progress, beside=further, content=True)
    result, made = done.result, done.made
    on = [each for each in before if each.is_on(last_day(result))]
    values = pl.concat([made.done.values, *made.beside]).unique(KEY, keep="first", maintain_order=True).sort(KEY)
    numbers = told(
        pl.concat([values, *told_beside(on, done.others)]).sort(KEY),
        marks(definitions, values) | {(each.name, each.segment): _mark(definitions, each) for each in on},
        versions(definitions) | {(each.name, each.version.full): each.version.number for each in on},
        resting(definitions, made.sources, [*whole, *further]) | _rested(made, on),
        _bounded(definitions, values["metric"].unique()) | _bounded_before(on),
    )
    account = Account(
        result.as_of,
        numbers,
        accounted(definitions, made.done, result.addresses),
        _sources(definitions, made),
        tool,
    )
    settings = definitions.settings.published
    shown = [each for each in on if not each.wish.by or each.wish.by in ask.by]
    published = append(folder_of(definitions), account, hashed=settings.accounts == "hashed")
    return with_before(result, shown, told_beside(shown, done.others)), published


def _mark(definitions: Definitions, each: Beside) -> str:
    """The fingerprint of a version before; of a split of it, by the segments as they are now."""
    if not each.wish.by:
        return each.version.full
    return split_mark(each.version.full, segment_marks(definitions, each.wish.by))


def _rested(made: Made, found: Sequence[Beside]) -> dict[tuple[str, str | None], frozenset[str]]:
    """The sources of versions before."""
    rested: dict[tuple[str, str | None], frozenset[str]] = {}
    for each in found:
        if each.under.meaning is not None:
            names = resting(each.under.meaning, made.sources, [each.under])
            rested |= {(each.name, segment): sources for (_, segment), sources in names.items()}
    return rested


def _bounded_before(found: Sequence[Beside]) -> set[str]:
    return {
        each.name
        for each in found
        if each.under.meaning is not None and _bounded(each.under.meaning, [each.under.metric])
    }


def marks(definitions: Definitions, values: pl.DataFrame) -> dict[tuple[str, str | None], str]:
    """The fingerprint of every metric undivided, and of it split by each segment that the values are split by."""
    found: dict[tuple[str, str | None], str] = {(name, None): mark for name, mark in fingerprints(definitions).items()}
    for segment in values["segment"].unique().drop_nulls():
        found |= {(name, segment): mark for name, mark in split(definitions, tuple(segment.split(","))).items()}
    return found


def _bounded(definitions: Definitions, metrics: Iterable[str]) -> set[str]:
    """Metrics that read balances and nothing else: a row that begins after a period is no part of it."""

    def bounded(name: str) -> bool:
        metric = definitions.metrics[name]
        if metric.points_to is not None:
            return bounded(definitions.number(metric.points_to).metric)
        if not metric.variants or not isinstance(metric.variants[0].spec, Derived):
            return metric.type in REVENUE
        scope = definitions.scope(name)
        return all(bounded(scope.input(each).address.metric) for each in metric.variants[0].spec.inputs().values())

    return {name for name in metrics if bounded(name)}


def versions(definitions: Definitions) -> dict[tuple[str, str], int]:
    """The number of every version of a metric that the lock knows, by the metric and its fingerprint."""
    lock = read_lock(lock_path(definitions.path))
    found: dict[tuple[str, str], int] = {}
    for entry in lock.entries.values() if lock is not None else ():
        for version in (*entry.past, *((entry.version,) if entry.version is not None else ())):
            found[entry.node.name, version.full] = version.number
    return found


def _refuse_parts(ask: Ask) -> None:
    """An edition holds the published set as a whole, by each metric's own grain."""
    given = {
        "METRIC": ask.metrics,
        "--where": ask.where,
        "--grain": ask.grain,
        "--from": ask.since,
        "--to": ask.until,
        "--view": ask.view,
        "--all": ask.everything,
    }
    if named := [flag for flag, value in given.items() if value]:
        message = f"--publish takes the published set as a whole, without {', '.join(named)}"
        hint = "`publish` in the definitions says what is published"
        raise InputError([Finding("SM020", Severity.ERROR, message, hint=hint)])


def _splits(definitions: Definitions, ask: Ask) -> list[Wish]:
    """The published numbers by the segments that their metrics name, as far as they are not asked for anyway."""
    _, whole = wishes(definitions, replace(ask, by=()))
    return [
        Wish(wish.metric, wish.addresses, wish.grain, (segment,), {})
        for wish in whole
        for segment in definitions.metrics[wish.metric].segments
        if (segment,) not in ask.by and segment in definitions.segments
    ]


def _sources(definitions: Definitions, made: Made) -> pl.DataFrame:
    done = made.done
    spans = {
        name: Span(definitions.sources[name].role, read.used, read.first, read.last)
        for name, read in done.read.sources.items()
    }
    mentioned = json.dumps(definitions.written.data, default=str, ensure_ascii=False)
    tables = dict(done.read.store.tables)
    if done.read.aliases is not None:
        tables["aliases"] = done.read.aliases
    logs = {
        name: LogContent(each.rows, each.columns, tuple(made.sources.logs[name].columns))
        for name, each in done.contents.items()
    }
    return lines(spans, tables, logs, definitions.settings.calendar, mentioned)
