"""Passes: which meanings are computed in one pass with the definitions there are, and which read rows of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from saasmetrics.definitions.blocks import Source
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.engine.ask import Ask
from saasmetrics.engine.run import Wish
from saasmetrics.engine.run import compute as run
from saasmetrics.finding import InputError
from saasmetrics.frames.values import empty
from saasmetrics.lock.blocks import SETTINGS
from saasmetrics.pipeline import Made, Result, answered, instant
from saasmetrics.sources.open import open_sources

if TYPE_CHECKING:
    from saasmetrics.engine.read import Progress
    from saasmetrics.facts.cache import Caching


def reads_same_rows(one: Definitions, now: Definitions) -> bool:
    """Whether what some definitions read is a part of what the present ones read.

    Edges: the sources of every role that they name are the same, and so is whatever changes rows as they are read: the
    calendar, the reporting currency, rates, merged ids, and whether accounts are those of their parents.
    """
    if any(getattr(one.settings, name) != getattr(now.settings, name) for name in SETTINGS):
        return False
    roles = {source.role for source in one.sources.values()} | {"aliases"}
    own = {name: source for name, source in one.sources.items() if source.role in roles}
    theirs = {name: source for name, source in now.sources.items() if source.role in roles}
    same = own.keys() == theirs.keys() and all(_says(own[name]) == _says(theirs[name]) for name in own)
    return same and one.policies.account == now.policies.account


def _says(source: Source) -> dict[str, Any]:
    """What a source says of its rows; where its preset has been taken in, the preset's name says nothing more."""
    return source.model_dump(include={"role", "columns", "filter", "rows", "timezone", "date_format"})


@dataclass(frozen=True)
class Other:
    """Values under another meaning; without any, why."""

    values: pl.DataFrame
    why: str | None = None


@dataclass(frozen=True)
class Answered:
    """The answer to a question, and the values of each wish under another meaning."""

    result: Result
    made: Made
    others: tuple[Other, ...]


def under_meanings(
    definitions: Definitions,
    ask: Ask,
    wishes: Sequence[Wish],
    caching: Caching,
    progress: Progress | None,
    *,
    beside: Sequence[Wish] = (),
    content: bool = False,
) -> Answered:
    """Answer a question, and wishes under other meanings with it; in the same pass where they read the same rows.

    Edges: a meaning that reads other rows has a pass of its own; where none of its sources can be used, its values say
    so. `beside` are computed along under the definitions there are: `made.beside` are theirs.
    Raises: as `pipeline.answered`.
    """
    together = [wish.meaning is None or reads_same_rows(wish.meaning, definitions) for wish in wishes]
    along = [wish for wish, is_along in zip(wishes, together, strict=True) if is_along]
    result, made = answered(definitions, ask, caching, progress, beside=[*beside, *along], content=content)
    shared = (Other(values) for values in made.beside[len(beside) :])
    rest = [wish for wish, is_along in zip(wishes, together, strict=True) if not is_along]
    alone = iter(_alone(rest, result.ask, definitions, caching))
    others = tuple(next(shared) if is_along else next(alone) for is_along in together)
    return Answered(result, replace(made, beside=made.beside[: len(beside)]), others)


def _alone(wishes: Sequence[Wish], ask: Ask, now: Definitions, caching: Caching) -> list[Other]:
    """A pass for each meaning, with its own reading of the files."""
    found: dict[int, list[Other]] = {}
    for meaning in {id(wish.meaning): wish.meaning for wish in wishes}.values():
        if meaning is not None:
            own = [replace(wish, meaning=None) for wish in wishes if wish.meaning is meaning]
            found[id(meaning)] = _pass(meaning, own, ask, now, caching)
    places = {key: iter(values) for key, values in found.items()}
    return [next(places[id(wish.meaning)]) for wish in wishes]


def _pass(meaning: Definitions, wishes: Sequence[Wish], ask: Ask, now: Definitions, caching: Caching) -> list[Other]:
    as_of = instant(now.settings.calendar, ask.as_of)
    sources = open_sources(meaning)
    try:
        done = run(
            meaning,
            sources,
            (),
            beside=wishes,
            as_of=as_of,
            count=ask.periods,
            since=ask.since,
            until=ask.until,
            caching=caching,
        )
    except InputError as error:
        why = next(iter((*sources.missing.values(), error.findings[0].message)))
        return [Other(empty(), why) for _ in wishes]
    return [Other(values) for values in done.beside]
