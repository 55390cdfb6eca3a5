"""The sources of a definition file, opened: one table per role, one log per source of events or requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.settings import Settings
from saasmetrics.definitions.sources import Source
from saasmetrics.finding import Finding
from saasmetrics.frames.canonical import ROLES
from saasmetrics.sources import aliases
from saasmetrics.sources.alike import alike
from saasmetrics.sources.currency import constant_rates, priced
from saasmetrics.sources.entry import Entry, enter
from saasmetrics.sources.files import DataFile
from saasmetrics.sources.log import Log
from saasmetrics.sources.repeats import once, superseded
from saasmetrics.sources.table import MONEY, Table, stacked


@dataclass(frozen=True)
class Sources:
    """All rows there are.

    `tables` by role, `logs` by source name. `aliases` (columns `alias`, `account`) leads every merged id to its
    account, and by policy every account to the topmost of its parents; tables have it applied, logs have not. `missing`
    says, by role, why a declared role has no rows. `files` are the files that are read, by source; inline rows have
    none. `torn` are files that break somewhere, up to there: their rows are never used, only told.
    """

    tables: Mapping[str, Table]
    logs: Mapping[str, Log]
    findings: tuple[Finding, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    aliases: pl.LazyFrame | None = None
    files: Mapping[str, tuple[DataFile, ...]] = field(default_factory=dict)
    torn: tuple[Table, ...] = ()
    types: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By source and canonical column, the type that the first of its files has for it; text has none."""


def open_sources(definitions: Definitions, *, wanted: frozenset[str] | None = None) -> Sources:
    """Find, look at and map the files of all sources, reading no more than headers and samples.

    `wanted` are roles or names of sources; `aliases` and `fx` are always opened, since all other roles need them.
    Edges: what is wrong with a source is a finding, and the source is left out; nothing is raised.
    """
    always = {"aliases", "fx"}
    chosen = {
        name: source
        for name, source in definitions.sources.items()
        if wanted is None or source.role in always or {name, source.role} & wanted
    }
    roots = tuple(folder for folder in (definitions.path.parent, definitions.data_root) if folder is not None)
    entries = {
        name: enter(name, source, definitions.settings, roots, definitions.place("sources", name, "path"))
        for name, source in chosen.items()
    }
    usable = {name: entry for name, entry in entries.items() if entry.how is not None}
    logs = {
        name: Log(name, chosen[name].role, tuple(entry.raw), entry.how, alike(entry.raw))
        for name, entry in usable.items()
        if ROLES[chosen[name].role].log and entry.how is not None
    }
    frames = _frames({name: entry for name, entry in usable.items() if name not in logs}, chosen)
    links = _links(frames, definitions.policies.account == "root")
    tables = _tables(frames, definitions.settings, {name: entry.place for name, entry in usable.items()}, links)
    roles = {source.role for name, source in chosen.items() if name in usable}
    missing = {
        source.role: f"source `{name}` cannot be used: {entries[name].findings[0].message}"
        for name, source in chosen.items()
        if source.role not in roles
    }
    findings = tuple(finding for entry in entries.values() for finding in entry.findings)
    files = {name: (*entry.raw, *entry.beside) if chosen[name].path else () for name, entry in entries.items()}
    torn = tuple(
        Table(chosen[name].role, rows.with_columns(source=pl.lit(name)), {name: file.name})
        for name, entry in entries.items()
        for file, rows in entry.torn.items()
    )
    types = {name: _types(entry) for name, entry in usable.items()}
    return Sources(tables, logs, findings, missing, links, files, torn, types)


def _types(entry: Entry) -> dict[str, str]:
    """Types of the file's columns that canonical ones are taken from as they are."""
    raw = next(iter(entry.raw.values()), None)
    if raw is None or entry.how is None or raw.textual:
        return {}
    origins = [(name, origin.source.column) for name, origin in entry.how.origins.items() if origin.as_it_is]
    return {name: str(raw.schema[column]) for name, column in origins if column is not None and column in raw.schema}


def _frames(entries: Mapping[str, Entry], chosen: Mapping[str, Source]) -> dict[str, pl.LazyFrame]:
    parts: dict[str, list[tuple[str, pl.LazyFrame]]] = {}
    for name, entry in entries.items():
        rows = [(name, entry.how.conform(raw.rows)) for raw in entry.raw.values()] if entry.how else []
        role = chosen[name].role
        if entry.newest and entry.how:
            rows = [(name, superseded(role, stacked(role, rows).drop("source"), entry.newest, entry.how.calendar))]
        parts.setdefault(role, []).extend(rows)
    return {role: stacked(role, rows) for role, rows in parts.items()}


def _links(frames: dict[str, pl.LazyFrame], to_root: bool) -> pl.LazyFrame | None:
    """Where every id that is not its own account leads: merged ones, and with policy `account: root` children."""
    links = None
    if "aliases" in frames:
        frames["aliases"] = aliases.judged(once("aliases", frames["aliases"]))
        links = aliases.roots(frames["aliases"])
    if to_root and "accounts" in frames and "parent" in frames["accounts"].collect_schema():
        links = aliases.parents(frames["accounts"], links)
        frames["accounts"] = aliases.topmost(frames["accounts"], links)
    return links


def _tables(
    frames: dict[str, pl.LazyFrame], settings: Settings, places: Mapping[str, str], links: pl.LazyFrame | None
) -> dict[str, Table]:
    rates = None
    if "fx" in frames:
        frames["fx"] = once("fx", frames["fx"])
        rates = constant_rates(frames["fx"])
    for role, rows in frames.items():
        if role in ("aliases", "fx"):
            continue
        merged = aliases.merged(rows, links) if links is not None else rows
        money = priced(merged, settings.currency, rates) if role in MONEY else merged
        frames[role] = once(role, money)
    return {role: Table(role, _last(rows), places) for role, rows in frames.items()}


def _last(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Source and fault stand last."""
    marks = ("source", "_fault", "_seen")
    return rows.select(*(name for name in rows.collect_schema() if name not in marks), *marks)
