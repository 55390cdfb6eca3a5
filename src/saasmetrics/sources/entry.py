"""One source on its way in: its files found and looked at, its columns checked against what is asked of them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import polars as pl

from saasmetrics.definitions.settings import Settings
from saasmetrics.definitions.sources import ColumnSource, Source
from saasmetrics.expression import ExpressionError, parse
from saasmetrics.finding import Finding, InputError, Location, Severity
from saasmetrics.frames.canonical import ROLES
from saasmetrics.sources.conform import Conform
from saasmetrics.sources.faults import EITHER
from saasmetrics.sources.files import DataFile, find_files
from saasmetrics.sources.loose import columns_of, named
from saasmetrics.sources.marks import EXTRA
from saasmetrics.sources.presets import Preset, preset
from saasmetrics.sources.reading import readings
from saasmetrics.sources.scan import NULLS, Raw, inline, scan


@dataclass(frozen=True)
class Entry:
    """A source, looked at. `how` is None when it cannot be used; the findings then say why."""

    place: str
    raw: Mapping[DataFile, Raw]
    how: Conform | None
    findings: tuple[Finding, ...]


def enter(name: str, source: Source, settings: Settings) -> Entry:
    """Look at one source."""
    known = preset(source.preset) if source.preset else None
    raw, findings = _raws(name, source, known)
    place = name if not source.path else next(iter(raw)).name if len(raw) == 1 else ", ".join(source.path)
    names = tuple(dict.fromkeys(column for rows in raw.values() for column in rows.schema if column != EXTRA))
    how = Conform(source, settings.calendar, settings.currency, names, *((known.drop, known.elapsed) if known else ()))
    sound = {}
    for file, rows in raw.items():
        faults = _column_faults(how, rows, file.name, known)
        findings.extend(faults)
        if not any(fault.severity is Severity.ERROR for fault in faults):
            sound[file] = rows
    if not sound:
        return Entry(place, {}, None, tuple(sorted(findings, key=lambda finding: -finding.severity)))
    if known and known.zone == "account" and source.timezone is None:
        message = f"`{name}`: the export does not name the time zone of its times; read as UTC"
        findings.append(Finding("SM926", Severity.WARNING, message, Location(place), "set timezone on the source"))
    reads, told = readings(how, [rows.sample for rows in sound.values()], Location(place))
    return Entry(place, sound, replace(how, readings=reads), (*findings, *told))


def _raws(name: str, source: Source, known: Preset | None) -> tuple[dict[DataFile, Raw], list[Finding]]:
    if source.rows is not None:
        file = DataFile(source.base, "json", 0, f"rows of `{name}`")
        return {file: inline(source.rows)}, []
    files, faults = find_files(name, source)
    findings, raw = list(faults), {}
    likely = {*ROLES[source.role].columns, *(known.signature if known else ())}
    nulls = (*NULLS, *(known.nulls if known else ()))
    for file in files:
        try:
            rows = scan(file, _declared(source), likely, nulls)
        except InputError as error:
            findings.extend(error.findings)
            continue
        findings.extend(rows.findings)
        if all(finding.severity is not Severity.ERROR for finding in rows.findings):
            raw[file] = _renamed(rows, known) if known else rows
    return raw, findings


def _declared(source: Source) -> set[str]:
    """Columns of the files that the source names."""
    names: set[str] = set()
    for column in source.columns.values():
        written = column.json_path.split(".")[0] if column.json_path else column.column
        names.update(parse(column.expr).columns if column.expr is not None else [written] if written else [])
    return names


def _renamed(rows: Raw, known: Preset) -> Raw:
    """Columns under the name the preset knows them by, beside their own."""
    names = {}
    for name, others in known.aliases.items():
        found = [column for column in (named(other, rows.schema) for other in others) if column]
        if named(name, rows.schema) is None and found:
            names[name] = pl.col(found[0])
    if not names:
        return rows
    schema = rows.schema | {name: pl.String() for name in names}
    return replace(rows, rows=rows.rows.with_columns(**names), schema=schema, sample=rows.sample.with_columns(**names))


def _column_faults(how: Conform, rows: Raw, file: str, known: Preset | None) -> list[Finding]:
    """Columns that a file lacks, and SQL that does not fit those it has."""
    names = [name for name in rows.schema if name != EXTRA]
    optional = _optional(how, known) if known else frozenset()
    findings = []
    for name, origin in how.origins.items():
        lost = [column for column in origin.reads(names) if column not in names]
        if lost and (origin.column.needed or (origin.declared and name not in optional)):
            findings.append(_lost(lost[0], name, names, file))
    if how.source.filter is not None:
        lost = [column for column in columns_of(how.source.filter, names) if column not in names]
        findings.extend(_lost(column, "the filter", names, file) for column in lost)
    findings.extend(_lost(name, name, names, file) for name in how.needed if name not in how.origins)
    either = EITHER.get(how.source.role)
    if either and not any(name in how.origins for name in either):
        findings.append(_lost(either[0], f"{either[0]} or {either[1]}", names, file))
    return findings or _sql_faults(how, rows, file)


def _optional(how: Conform, known: Preset) -> frozenset[str]:
    """Columns that the preset maps where an export has them, as long as the source does not map them itself."""
    mapped = {name: ColumnSource.model_validate(column) for name, column in known.source["columns"].items()}
    return frozenset(name for name, column in mapped.items() if how.source.columns.get(name) == column)


def _lost(column: str, wanted: str, names: Collection[str], file: str) -> Finding:
    message = f"there is no column `{column}`" + ("" if wanted == column else f" (for {wanted})")
    lower = {name.casefold(): name for name in names}
    near = [lower[name] for name in difflib.get_close_matches(column.casefold(), lower, 3, 0.6)]
    hint = f"did you mean {' or '.join(near)}?" if near else f"the file has {', '.join(list(names)[:12])}"
    return Finding("SM908", Severity.ERROR, message, Location(file), hint, column)


def _sql_faults(how: Conform, rows: Raw, file: str) -> list[Finding]:
    try:
        how.conform(pl.LazyFrame(schema=rows.schema))
    except ExpressionError as error:
        message = f"SQL of the source does not fit the file: {error.message}"
        return [Finding("SM909", Severity.ERROR, message, Location(file), error.hint)]
    return []
