"""Editions held against each other: what is told otherwise now, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.load import load
from saasmetrics.definitions.model import near
from saasmetrics.engine.values import cut_text, headline
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.history.accounts import BEHIND, behind
from saasmetrics.history.edition import Edition
from saasmetrics.history.folder import alterations, by_time, editions, gaps
from saasmetrics.history.listed import listed as editions_listed
from saasmetrics.history.periods import TOLD, periods
from saasmetrics.history.restated import Past, Rules
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lock.entry import Lock
from saasmetrics.lock.history import closings
from saasmetrics.lock.reading import lock_path, read_lock
from saasmetrics.lock.story import Chapter, story
from saasmetrics.recall.standing import folder_of, known_first, moment_of, nothing_yet, standing


@dataclass(frozen=True)
class Memory:
    """Editions held against each other: the past, everything altered in the folder, and whose it is."""

    definitions: Definitions
    past: Past
    every: tuple[Edition, ...]
    altered: tuple[Finding, ...]
    metrics: tuple[str, ...] = ()


def remember(
    path: Path, *, against: str | None = None, metrics: Sequence[str] = (), data_root: Path | None = None
) -> Memory:
    """The editions from the one that stood at `against` (a day, or the number of an edition) to the latest.

    Without it, from the first. Raises: InputError, exit 3 where nothing was published by then.
    """
    definitions = load(path, REGISTRY, data_root=data_root)
    found = editions(folder_of(definitions))
    ordered = by_time(found, definitions.settings.calendar)
    if not ordered:
        raise nothing_yet(definitions, found)
    first = _from(definitions, found, against) if against is not None else ordered[0]
    settings = definitions.settings
    settle = {name: each.settle for name, each in definitions.sources.items() if each.settle}
    rules = Rules(settings.calendar, settle, settings.settle, settings.tolerance, _reasons(definitions))
    chosen = ordered[ordered.index(first) :]
    return Memory(definitions, Past(found, chosen, rules), found, (*alterations(found), *gaps(found)), tuple(metrics))


def _reasons(definitions: Definitions) -> dict[tuple[str, int], str]:
    """Why every version was accepted, and by whom, as far as the lock says it."""
    lock = read_lock(lock_path(definitions.path))
    versions = [
        (entry.node.name, version)
        for entry in (lock.entries.values() if lock is not None else ())
        for version in (*entry.past, *((entry.version,) if entry.version is not None else ()))
    ]
    return {
        (metric, version.number): f"{version.reason} ({version.by})" if version.by else version.reason
        for metric, version in versions
        if version.reason
    }


def _from(definitions: Definitions, found: Sequence[Edition], against: str) -> Edition:
    if against.isdigit():
        chosen = [
            edition for edition in by_time(found, definitions.settings.calendar) if edition.number == int(against)
        ]
        if not chosen:
            message = f"there is no edition {against}"
            raise InputError([Finding("SM935", Severity.ERROR, message, hint=known_first(definitions, found))], 3)
        return chosen[0]
    return standing(definitions, found, moment_of(definitions, date.fromisoformat(against)))[-1]


@dataclass(frozen=True)
class Restatement:
    """Past numbers that are told otherwise now: one line each, the accounts behind them, and what to say of it."""

    memory: Memory
    rows: pl.DataFrame
    accounts: pl.DataFrame
    told: int
    """How many numbers both ends of the comparison told."""


def restated(
    path: Path, *, against: str | None = None, metrics: Sequence[str] = (), data_root: Path | None = None
) -> Restatement:
    """Numbers that were told since `against` and are others now, with why, and whose entries differ.

    Raises: as `remember`; InputError (exit 2) for a metric that no edition holds.
    """
    memory = remember(path, against=against, metrics=metrics, data_root=data_root)
    past = memory.past
    rows = past.restated
    if metrics:
        chosen = [_told_as(memory, text) for text in metrics]
        rows = rows.filter(
            pl.any_horizontal(
                (pl.col("metric") == metric) & (pl.lit(cut is None) | pl.col("cut").eq_missing(cut))
                for metric, cut in chosen
            )
        )
    told = past.numbers
    return Restatement(memory, rows, _behind(past, rows), told)


def _behind(past: Past, rows: pl.DataFrame) -> pl.DataFrame:
    by_number = {edition.number: edition for edition in past.editions}
    found = [pl.DataFrame(schema=BEHIND)]
    whole = rows.filter(pl.col("segment").is_null())
    for (first, last), numbers in whole.group_by(["said_edition", "says_edition"], maintain_order=True):
        before, now = (past.standing.entries(by_number[int(str(number))]) for number in (first, last))
        found.append(behind(before, now, numbers))
    return pl.concat(found)


def _told_as(memory: Memory, text: str) -> tuple[str, str | None]:
    """Metric and cut of an address, also of a metric that is no more. Raises: InputError (exit 2)."""
    metric, _, cut = text.partition(".")
    known = memory.past.metrics
    if metric not in known:
        hint = near(metric, known) or f"published are {', '.join(known)}"
        raise InputError([Finding("SM003", Severity.ERROR, f"no edition holds `{metric}`", hint=hint)])
    if not cut:
        return metric, None
    address = memory.definitions.address(text) if metric in memory.definitions.metrics else Address(metric, (cut,))
    return metric, cut_text(address.cut)


@dataclass(frozen=True)
class Told:
    """The past of one number: its versions, the latest first, and by period what was told.

    Edges: without `memory` nothing was published yet, and there are no rows.
    """

    definitions: Definitions
    memory: Memory | None
    address: Address
    rows: pl.DataFrame
    story: tuple[Chapter, ...] = ()


def told_of(path: Path, text: str, *, against: str | None = None, data_root: Path | None = None) -> Told:
    """Every complete period of a number: what was said first, what is said last; and the versions of its definition.

    Edges: of a number that is locked and was not published yet, the versions alone. Raises: as `restated`.
    """
    definitions = load(path, REGISTRY, data_root=data_root)
    lock = read_lock(lock_path(path)) or Lock()
    chapters = story(lock, closings(path), text.partition(".")[0])
    if chapters and against is None and not editions(folder_of(definitions)):
        return Told(definitions, None, definitions.number(text), pl.DataFrame(schema=TOLD), chapters)
    memory = remember(path, against=against, metrics=(text,), data_root=data_root)
    metric, cut = _told_as(memory, text)
    known = metric in memory.definitions.metrics
    address = memory.definitions.number(text) if known else Address(metric, (cut,) if cut else ())
    stat = headline(memory.definitions, address) if known else None
    rows = periods(memory.past, metric, cut_text(address.cut), stat)
    if rows.is_empty():
        message = f"no edition tells `{address.text}` of a complete period"
        raise InputError([Finding("SM935", Severity.ERROR, message)], 3)
    return Told(memory.definitions, memory, address, rows, chapters)


def listed(path: Path, *, against: str | None = None, data_root: Path | None = None) -> tuple[Memory, pl.DataFrame]:
    """All editions, with what each told and what it told otherwise than the one before. Columns: `LISTED`."""
    memory = remember(path, against=against, data_root=data_root)
    return memory, editions_listed(memory.past)
