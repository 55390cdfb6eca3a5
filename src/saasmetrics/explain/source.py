"""A source explained, and what it is made of: its role, its preset, a column."""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.sources import ColumnSource, Source
from saasmetrics.explain import words
from saasmetrics.explain.notation import flow, plain
from saasmetrics.explain.resting import role_readers, spot
from saasmetrics.frames.canonical import ROLES, Column
from saasmetrics.output.explanation import Explanation, Facts, Section, Table
from saasmetrics.sources.files import find_files
from saasmetrics.sources.presets import EVIDENCE, Preset, preset


def source_page(definitions: Definitions, name: str) -> Explanation:
    """Where a source's rows come from and what becomes of its columns."""
    source = definitions.sources[name]
    told = Facts(tuple((key, said) for key, said in _told(definitions, name, source) if said))
    sections = [Section("", (words.role(source.role), told))]
    if mapped := tuple(_mapped(source)):
        rest = "The file's other columns keep their own names."
        sections.append(Section("Columns", (Table(("column", "needed", "comes from"), mapped), rest)))
    return Explanation(name, "source", "", tuple(sections))


def _told(definitions: Definitions, name: str, source: Source) -> Iterator[tuple[str, str]]:
    settings = definitions.settings
    yield "role", source.role
    yield "defined", spot(definitions, "sources", name)
    yield "files", _files(name, source)
    yield "preset", source.preset or ""
    yield "filter", source.filter or ""
    yield "zone", source.timezone or f"{settings.timezone}, by the settings"
    yield "dates", source.date_format or ""
    yield "partition", source.partition or ""
    yield "ignores", ", ".join(source.ignore_events)
    yield "settles", f"late rows are expected for {(source.settle or settings.settle).text}"
    others = [other for other, its in definitions.sources.items() if its.role == source.role and other != name]
    yield "stacked", f"with {', '.join(others)}, which have the same role" if others else ""
    yield "read by", ", ".join(role_readers(definitions, source.role)) or "no metric of this file"


def _files(name: str, source: Source) -> str:
    if source.rows is not None:
        return f"none: {len(source.rows)} rows are written in the file"
    files, findings = find_files(name, source)
    size = sum(file.size for file in files)
    formats = ", ".join(sorted({file.format for file in files}))
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    weight = f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.1f} kB"
    found = f"{count}, {formats}, {weight}" if files else "no file"
    wrong = "".join(f"; {finding.message}" for finding in findings)
    return f"{', '.join(source.path)}: {found}{wrong}"


def _mapped(source: Source) -> Iterator[tuple[str, str, str]]:
    """Columns that the source maps, the needed ones that it takes by their own name, and those it adds."""
    role = ROLES[source.role]
    for name, column in role.columns.items():
        if name in source.columns:
            yield name, "yes" if column.needed else "", _origin(source.columns[name])
        elif column.needed:
            yield name, "yes", f"the column {name} of the file"
    for name, origin in source.columns.items():
        if name not in role.columns:
            yield name, "added", _origin(origin)


def _origin(column: ColumnSource) -> str:
    parts = []
    if column.column is not None:
        parts.append(column.column)
    if column.expr is not None:
        parts.append(f"SQL {column.expr}")
    if column.json_path is not None:
        parts.append(f"JSON {column.json_path}")
    if column.map:
        parts.append(f"map {flow(plain(column.map))}")
    if column.default is not None:
        parts.append(f"{'else' if parts else 'always'} {flow(column.default)}")
    if column.unit is not None:
        parts.append("in millionths" if column.unit == "micro" else "in hundredths")
    return "; ".join(parts)


def role_page(definitions: Definitions, name: str) -> Explanation:
    """What the rows of a role are, and its columns."""
    role = ROLES[name]
    sources = [source for source, its in definitions.sources.items() if its.role == name]
    told = [
        ("sources", ", ".join(sources) or "none in this file"),
        ("dated by", role.at or "nothing: its rows hold always"),
        ("read by", ", ".join(role_readers(definitions, name)) or "no metric of this file"),
    ]
    columns = tuple(
        (column, _kind(shape), "yes" if shape.needed else "", words.column(name, column))
        for column, shape in role.columns.items()
    )
    table = Table(("column", "kind", "needed", "holds"), columns)
    passages = (words.role(name), Facts(tuple(told)))
    return Explanation(name, "role", "", (Section("", passages), Section("Columns", (table,))))


def _kind(column: Column) -> str:
    return {"choice": "word", "flag": "true or false"}.get(column.kind, column.kind)


def column_page(definitions: Definitions, name: str) -> Explanation:
    """What a column of a role, or of a source, holds and where it comes from."""
    owner, _, column = name.partition(".")
    source = definitions.sources.get(owner)
    role = source.role if source else owner
    shape = ROLES[role].columns.get(column)
    told: list[tuple[str, str]] = [("role", role)]
    if shape is not None:
        told += [("kind", _kind(shape) + (", needed" if shape.needed else ""))]
        told += [("values", ", ".join(shape.choices))] if shape.choices else []
    for other, its in definitions.sources.items():
        if its.role == role and (source is None or other == owner):
            told.append((f"in {other}", _comes_from(its, column)))
    says = words.column(role, column) if shape else "A column that the source adds under its own name"
    return Explanation(name, "column", "", (Section("", (f"{says}.", Facts(tuple(told)))),))


def _comes_from(source: Source, column: str) -> str:
    if column in source.columns:
        return _origin(source.columns[column])
    return f"the column {column} of the file, where it has one"


def preset_page(definitions: Definitions, name: str) -> Explanation:
    """What a preset knows of a vendor's export."""
    known = preset(name)
    source = known.source
    role = str(source["role"])
    using = [each for each, its in definitions.sources.items() if its.preset == name]
    told = [
        ("role", f"{role}: {words.role(role)}"),
        ("known by", ", ".join(known.signature)),
        ("zone", "the zone of the vendor's account: say it with `timezone`" if known.zone == "account" else "UTC"),
        ("leaves out", "; ".join(f"{reason}: {sql}" for reason, sql in known.drop.items())),
        ("newest by", known.newest),
        ("makes", "; ".join(f"{made.name} ({made.how} {made.of})" for made in known.derived)),
        ("empty are", ", ".join(f"`{text}`" for text in known.nulls)),
        ("beside it", "; ".join(_tables(known))),
        ("known from", EVIDENCE[known.evidence]),
        ("used by", ", ".join(using) or "no source of this file"),
    ]
    facts = Facts(tuple((key, said) for key, said in told if said))
    columns = [(column, _origin_of(origin)) for column, origin in source.get("columns", {}).items()]
    columns += [(column, f"{how.after} and the time in {how.column}") for column, how in known.elapsed.items()]
    sections = [
        Section("", (*filter(None, (known.note, known.verify and f"Check: {known.verify}")), facts)),
        Section("Columns", (Table(("column", "comes from"), tuple(columns)),)),
    ]
    if known.aliases:
        names = tuple((column, ", ".join(others)) for column, others in known.aliases.items())
        sections.append(Section("Other names", (Table(("column of the file", "also called"), names),)))
    return Explanation(name, "preset", "", tuple(sections))


def _tables(known: Preset) -> Iterator[str]:
    """Tables that an export is read with, each with the columns that tell it."""
    needed = {each.table for each in known.companions.values() if each.needed}
    for name, by in known.tables.items():
        yield f"{name}{', which it needs' if name in needed else ''} ({', '.join(by)})"


def _origin_of(written: object) -> str:
    return _origin(ColumnSource.model_validate(written))
