"""One source on its way in: its files found and looked at, its columns checked against what is asked of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from saasmetrics.definitions.settings import Settings
from saasmetrics.definitions.sources import Source
from saasmetrics.expression import parse
from saasmetrics.finding import Finding, InputError, Location, Severity
from saasmetrics.frames.canonical import ROLES
from saasmetrics.sources.companions import Tables, companions, joined, lacking
from saasmetrics.sources.conform import Conform
from saasmetrics.sources.derived import is_pattern, with_derived
from saasmetrics.sources.files import DataFile, find_files
from saasmetrics.sources.fit import column_faults
from saasmetrics.sources.marks import EXTRA
from saasmetrics.sources.naming import named
from saasmetrics.sources.presets import Preset, preset
from saasmetrics.sources.reading import readings
from saasmetrics.sources.scan import NULLS, Raw, inline, scan

_SAMPLED = 8
_NONE: Tables = {}


@dataclass(frozen=True)
class Entry:
    """A source, looked at. `how` is None when it cannot be used; the findings then say why.

    `torn` are judged rows of files that break somewhere, up to there: they are never used, only told. Of several rows
    of an id the one counts that is last by `newest`, if that is a column. `beside` are files that were read with them.
    """

    place: str
    raw: Mapping[DataFile, Raw]
    how: Conform | None
    findings: tuple[Finding, ...]
    torn: Mapping[DataFile, pl.LazyFrame] = field(default_factory=dict)
    newest: str = ""
    beside: tuple[DataFile, ...] = ()


def enter(
    name: str, source: Source, settings: Settings, roots: Sequence[Path] = (), at: Location | None = None
) -> Entry:
    """Look at one source.

    `roots` are the folders that files may lie in (the source's own); `at` is where the definitions name its files.
    """
    known = preset(source.preset) if source.preset else None
    beside: tuple[DataFile, ...] = ()
    if source.rows is not None:
        raw: dict[DataFile, Raw] = {DataFile(source.base, "json", 0, f"rows of `{name}`"): inline(source.rows)}
        findings: list[Finding] = []
    else:
        files, faults = find_files(name, source, roots, at)
        tables, lost = companions(name, source, known, roots, at) if known else (_NONE, [])
        raw, findings = _raws(files, source, known, tables, settings)
        findings = [*faults, *lost, *findings]
        beside = tuple(dict.fromkeys(file for each in tables.values() for file in each))
    place = name if not source.path else next(iter(raw)).name if len(raw) == 1 else ", ".join(source.path)
    broken = {file for file, rows in raw.items() if _breaks(rows)}
    names = tuple(dict.fromkeys(column for rows in raw.values() for column in rows.schema if column != EXTRA))
    beyond = (known.drop, known.elapsed, known.order) if known else ()
    how = Conform(source, settings.calendar, settings.currency, names, *beyond)
    sound = _sound(how, raw, known, findings)
    reads, told = readings(how, [rows.sample for rows in sound.values()], Location(place))
    how = replace(how, readings=reads)
    torn = {file: how.conform(rows.rows) for file, rows in sound.items() if file in broken}
    sound = {file: rows for file, rows in sound.items() if file not in broken}
    if not sound:
        findings = [*findings, *told]
        told = tuple(sorted(findings, key=lambda finding: -finding.severity))
        return Entry(place, {}, None, told, torn, beside=beside)
    if known and known.zone == "account" and source.timezone is None:
        message = f"`{name}`: the export does not name the time zone of its times; read as UTC"
        findings.append(Finding("SM926", Severity.WARNING, message, Location(place), "set timezone on the source"))
    if known and known.evidence == "M":
        message = f"`{name}`: preset {known.name} has not been held against a real export; {known.verify}"
        findings.append(Finding("SM929", Severity.NOTE, message, Location(place)))
    return Entry(place, sound, how, (*findings, *told), torn, known.newest if known else "", beside)


def _raws(
    files: Sequence[DataFile],
    source: Source,
    known: Preset | None,
    tables: Tables,
    settings: Settings,
) -> tuple[dict[DataFile, Raw], list[Finding]]:
    findings: list[Finding] = []
    raw: dict[DataFile, Raw] = {}
    likely = {*ROLES[source.role].columns, *(words_of(known) if known else ())}
    nulls = (*NULLS, *(known.nulls if known else ()))
    sampled = set(_spread(files))
    for file in files:
        try:
            rows = scan(
                file, _declared(source), likely, nulls, sampled=file in sampled, footers=bool(known and known.drop)
            )
        except InputError as error:
            findings.extend(error.findings)
            continue
        if known and (lost := lacking(known, rows, tables, file.name)):
            findings.extend(lost)
            continue
        rows = prepared(rows, known, file.name, tables, settings) if known else rows
        findings.extend(rows.findings)
        raw[file] = rows
    return raw, findings


def _breaks(rows: Raw) -> bool:
    """Whether a file can be read up to some line only."""
    return any(finding.severity is Severity.ERROR for finding in rows.findings)


def _spread(files: Sequence[DataFile]) -> Sequence[DataFile]:
    """The files whose cells are looked at: all of a few, some of many, the first and the last among them."""
    if len(files) <= _SAMPLED:
        return files
    return [files[number * (len(files) - 1) // (_SAMPLED - 1)] for number in range(_SAMPLED)]


def _sound(
    how: Conform, raw: Mapping[DataFile, Raw], known: Preset | None, findings: list[Finding]
) -> dict[DataFile, Raw]:
    """The files that have what is asked of them; the faults of the others are added to the findings."""
    sound: dict[DataFile, Raw] = {}
    fits: set[tuple[tuple[str, str], ...]] = set()
    for file, rows in raw.items():
        columns = tuple((name, str(dtype)) for name, dtype in rows.schema.items())
        faults = () if columns in fits else column_faults(how, rows, file.name, known)
        if faults:
            if any(fault.column is None for fault in faults):  # another file altogether: no more is said of it
                findings[:] = [each for each in findings if each.severity is Severity.ERROR or _file(each) != file.name]
            findings.extend(faults)
        else:
            fits.add(columns)
            sound[file] = rows
    return sound


def _file(finding: Finding) -> str | None:
    return finding.location.file if finding.location else None


def _declared(source: Source) -> set[str]:
    """Columns of the files that the source names."""
    names: set[str] = set()
    for column in source.columns.values():
        written = column.json_path.split(".")[0] if column.json_path else column.column
        names.update(parse(column.expr).columns if column.expr is not None else [written] if written else [])
    return names


def words_of(known: Preset) -> frozenset[str]:
    """The names that a header of the export is found by."""
    own = (part for part in known.signature if not is_pattern(part) and "." not in part)
    return frozenset((*own, *known.aliases, *(name for others in known.aliases.values() for name in others)))


def prepared(rows: Raw, known: Preset, file: str, tables: Tables, settings: Settings) -> Raw:
    """A file's rows with the columns of its preset: those of other names, of tables beside, those made of others."""
    return with_derived(joined(_renamed(rows, known), known, tables, settings), known, file)


def _renamed(rows: Raw, known: Preset) -> Raw:
    """Columns under the name the preset knows them by, beside their own."""
    names = {}
    for name, others in known.aliases.items():
        found = [column for column in (named(other, rows.schema) for other in others) if column]
        if named(name, rows.schema) is None and found:
            names[name] = found[0]
    if not names:
        return rows
    copied = rows.rows.with_columns(pl.col(theirs).alias(name) for name, theirs in names.items())
    schema = rows.schema | {name: rows.schema[theirs] for name, theirs in names.items()}
    seen = [pl.col(theirs).alias(name) for name, theirs in names.items() if theirs in rows.sample.columns]
    return replace(rows, rows=copied, schema=schema, sample=rows.sample.with_columns(seen))
