"""Reading: what plans ask for is read once, tables into memory, logs into facts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.engine.store import Reach, Store, empty, moment_reach, reach, usable, whole
from saasmetrics.facts.cache import Cache, Caching
from saasmetrics.facts.reduce import reduce as reduce_logs
from saasmetrics.facts.request import Request
from saasmetrics.facts.result import Read as LogRead
from saasmetrics.facts.sparing import Sparing
from saasmetrics.finding import Finding, Severity
from saasmetrics.frames.canonical import ROLES
from saasmetrics.sources.broken import broken_files_told
from saasmetrics.sources.open import Sources

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class SourceRead:
    """What was read of one source: rows in the files, rows used, first and last moment, its files."""

    rows: int
    used: int
    first: datetime | None
    last: datetime | None
    files: tuple[str, ...]


@dataclass(frozen=True)
class Read:
    """Everything read: the store, what was read of every source, and what was wrong with it."""

    store: Store
    sources: Mapping[str, SourceRead]
    reaches: Mapping[str, Reach]
    """By role."""
    findings: tuple[Finding, ...]
    cache: Cache | None = None
    aliases: pl.DataFrame | None = None
    """The rows that lead ids to accounts; all tables have them applied."""
    usable: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    """By role that was read, the rows of its table that count, as its sources have them."""
    seals: Mapping[str, int] | None = None
    parcels: Mapping[str, list[str]] = field(default_factory=dict)
    """Of what stands in the cache for all logs, and for which files, as in `Facts`."""


def blank(sources: Sources) -> Store:
    """A store with the right columns and no rows, for drawing up plans."""
    tables = {role: empty(role) for role, known in ROLES.items() if not known.log}
    for role, table in sources.tables.items():
        rows = pl.DataFrame(schema=table.frame.collect_schema()).drop("_fault", "_seen", strict=False)
        tables[role] = whole(rows, role)
    return Store(tables, _log_columns(sources), missing=frozenset(sources.missing))


def torn(sources: Sources) -> list[Finding]:
    """What is wrong with files that break somewhere, in the rows before that."""
    with broken_files_told(file for files in sources.files.values() for file in files):
        frames = pl.collect_all([table.frame for table in sources.torn])
    return [finding for table, rows in zip(sources.torn, frames, strict=True) for finding in table.checks(rows)]


def _log_columns(sources: Sources) -> dict[str, dict[str, pl.DataType]]:
    columns: dict[str, dict[str, pl.DataType]] = {}
    for log in sources.logs.values():
        columns.setdefault(log.role, {}).update(log.columns)
    return columns


def read(
    definitions: Definitions,
    sources: Sources,
    roles: Collection[str],
    requests: Mapping[Request, Collection[str]],
    as_of: datetime | None,
    caching: Caching,
    progress: Progress | None = None,
    sparing: Sparing | None = None,
) -> Read:
    """Collect the tables of these roles and fill these requests, of runs with the columns named.

    Of what a cache has, that which `sparing` does not need is left out.
    """
    calendar = definitions.settings.calendar
    wanted = [role for role in sources.tables if role in {*roles, "accounts", "users", "aliases"}]
    frames = dict(zip(wanted, pl.collect_all([sources.tables[role].frame for role in wanted]), strict=True))
    findings = [finding for role in wanted for finding in sources.tables[role].checks(frames[role])]
    sound = {role: usable(rows) for role, rows in frames.items()}
    accounts = _ids(sound, "account")
    created = sound["accounts"].select("account", "created") if "accounts" in sound else _no_accounts()
    aliases = None
    if sources.aliases is not None:
        aliases = sources.aliases.collect()
    logs = {file for log in sources.logs.values() for file in log.files} if requests else set()
    cache = caching.cache(sum(file.size for file in logs))
    facts = reduce_logs(
        sources.logs,
        requests,
        calendar=calendar,
        accounts=accounts,
        users=_ids(sound, "user"),
        created=created,
        aliases=aliases,
        reads=requests,
        as_of=as_of,
        cache=cache,
        progress=progress,
        sparing=sparing,
    )
    findings += facts.findings
    known = definitions.workflows
    findings += [
        _runless(definitions, name, rows) for name, rows in sorted(facts.runless.items()) if rows and name in known
    ]
    for name, log_read in facts.reads.items():
        findings += sources.logs[name].fault_findings(log_read.faults)
        findings += sources.logs[name].unread_findings(log_read.unread)
    tables = {role: empty(role) for role, known in ROLES.items() if not known.log}
    # Merges are done by now, and an id in the middle of a chain is no account.
    tables |= {role: whole(rows, role) for role, rows in sound.items() if role != "aliases"}
    tables = {role: _coded(rows, facts.account, facts.user) for role, rows in tables.items()}
    reaches = {role: found for role, rows in sound.items() if (found := reach(rows, role, calendar))}
    for name, log_read in facts.reads.items():
        if log_read.first and log_read.last:
            role = sources.logs[name].role
            reaches[role] = moment_reach(log_read.first, log_read.last, calendar).wider(reaches.get(role))
    store = Store(
        tables,
        _log_columns(sources),
        facts.frames,
        {role: found.first for role, found in reaches.items()},
        frozenset(sources.missing),
    )
    told = _told(definitions, sources, frames, sound, facts.reads)
    lent = sound.get("aliases")
    return Read(store, told, reaches, tuple(findings), cache, lent, sound, facts.seals, facts.files)


def _runless(definitions: Definitions, workflow: str, rows: int) -> Finding:
    run = definitions.workflows[workflow].run
    message = f"rows of the workflow `{workflow}` without `{run}`: they are no runs, and count only as activity"
    return Finding("SM973", Severity.WARNING, message, definitions.place("workflows", workflow, "run"), rows=rows)


def _ids(tables: Mapping[str, pl.DataFrame], name: str) -> pl.Series:
    found = [rows[name].cast(pl.String) for role, rows in tables.items() if name in rows.columns and _is_id(role, name)]
    if not found:
        return pl.Series(name, [], dtype=pl.String)
    return pl.concat(found).drop_nulls().unique().sort()


def _is_id(role: str, name: str) -> bool:
    column = ROLES[role].columns.get(name)
    return column is not None and column.kind == "id"


def _no_accounts() -> pl.DataFrame:
    return pl.DataFrame(schema={"account": pl.String, "created": pl.Datetime("us", "UTC")})


def _coded(rows: pl.DataFrame, account: pl.Enum, user: pl.Enum) -> pl.DataFrame:
    casts = {name: dtype for name, dtype in (("account", account), ("user", user)) if name in rows.columns}
    return rows.with_columns(pl.col(name).cast(pl.String).cast(dtype) for name, dtype in casts.items())


def _told(
    definitions: Definitions,
    sources: Sources,
    frames: Mapping[str, pl.DataFrame],
    sound: Mapping[str, pl.DataFrame],
    reads: Mapping[str, LogRead],
) -> dict[str, SourceRead]:
    told: dict[str, SourceRead] = {}
    for role, rows in frames.items():
        for name in rows["source"].unique().sort():
            used = sound[role].filter(pl.col("source") == name)
            span = reach(used, role, definitions.settings.calendar)
            count = rows.filter(pl.col("source") == name).height
            told[name] = SourceRead(
                count,
                used.height,
                span.first if span else None,
                span.last if span else None,
                tuple(str(file.path) for file in sources.files.get(name, ())),
            )
    for name, found in reads.items():
        files = tuple(str(file.path) for file in sources.files.get(name, ()))
        told[name] = SourceRead(found.rows, found.used, found.first, found.last, files)
    return told
