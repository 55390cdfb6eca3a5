"""One file, looked at when nobody has said what it is: which export, how sure, and the source that would read it."""

from __future__ import annotations

import glob
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.settings import Settings
from saasmetrics.definitions.sources import Source
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.frames.canonical import ROLES
from saasmetrics.sources.entry import Entry, enter
from saasmetrics.sources.faults import EITHER
from saasmetrics.sources.files import DataFile, data_file, find_files
from saasmetrics.sources.marks import EXTRA
from saasmetrics.sources.presets import Preset, preset, preset_names
from saasmetrics.sources.recognise import Beside, Match, beside, foremost, header_words, names_of, recognised
from saasmetrics.sources.scan import Raw, scan

_FEW = 3


@dataclass(frozen=True)
class Look:
    """What a file is.

    `matches` are the presets that it is likeliest to be an export of, `near` less likely ones; `known` is the one that
    reads it, by choice or because there is one only. `tables` are files of the same folder that it is read with, by
    what the preset calls them, `wanted` such tables that were not found. Without a preset `source` has the role whose
    columns the file has under their own names, if any. `entry` is None where nothing says how to read it; `beside` may
    say why. `named` is the name of the source that definitions have for it, `written` what they say there.
    """

    file: DataFile
    raw: Raw
    columns: tuple[str, ...]
    matches: tuple[Match, ...]
    near: tuple[Match, ...]
    known: Preset | None
    source: Source | None
    entry: Entry | None
    beside: Beside | None
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wanted: tuple[str, ...] = ()
    named: str = ""
    written: str = ""

    @property
    def own(self) -> tuple[str, ...]:
        """The file's columns, as they are spelled there."""
        return tuple(name for name in self.raw.schema if name != EXTRA)


def look(path: Path, settings: Settings, *, chosen: str | None = None, timezone: str | None = None) -> Look:
    """Look at a file; `chosen` is the preset to read it by.

    Raises: InputError, exit 2 for a preset that there is not, 3 for a file that cannot be read at all.
    """
    if chosen is not None and chosen not in preset_names():
        hint = f"there are {', '.join(name for name in preset_names() if name.split('.')[0] == chosen.split('.')[0])}"
        raise _refused(f"there is no preset `{chosen}`", None if hint.endswith("are ") else hint, 2)
    file = data_file(path, path.name) if path.is_file() else None
    if file is None:
        if not path.is_file():
            raise _refused(f"there is no file {path}", None, 3)
        raise _refused(f"`{path.suffix or path.name}` is not a format that is read", _READ, 3)
    raw = scan(file, (), header_words())
    columns = names_of(raw)
    near = recognised(columns)
    matches = foremost(near)
    name = chosen or (matches[0].name if len(matches) == 1 else None)
    known = preset(name) if name else None
    tables = tables_in(path, known, columns) if known else {}
    source = _source(path, known, None if known else _own_role(path, columns), timezone, tables)
    entry = enter(path.stem, source, settings, (path.parent,)) if source else None
    aside = beside(columns) if known is None else None
    wanted = tuple(name for name in (known.tables if known else ()) if name not in tables)
    return Look(file, raw, columns, matches, near[len(matches) :], known, source, entry, aside, tables, wanted)


def looks_of(definitions: Definitions, name: str) -> tuple[Look, ...]:
    """A look at each file of a source that definitions have, read as they say.

    Raises: InputError (exit 3) where it has no file that can be read; for rows in the definitions there is nothing to
    look at (exit 2).
    """
    source = definitions.sources[name]
    if source.rows is not None:
        raise _refused(f"the rows of `{name}` stand in the definitions", f"saasmetrics explain {name}", 2)
    roots = tuple(folder for folder in (definitions.path.parent, definitions.data_root) if folder is not None)
    files, findings = find_files(name, source, roots, definitions.place("sources", name, "path"))
    if not files:
        raise InputError(findings, 3)
    return tuple(_declared(definitions, name, source, file, roots) for file in files)


def _declared(definitions: Definitions, name: str, source: Source, file: DataFile, roots: Sequence[Path]) -> Look:
    known = preset(source.preset) if source.preset else None
    raw = scan(file, (), {*header_words(), *ROLES[source.role].columns})
    columns = names_of(raw)
    matches = tuple(match for match in recognised(columns) if known and match.name == known.name)
    own = source.model_copy(update={"path": (glob.escape(file.path.relative_to(source.base.resolve()).as_posix()),)})
    entry = enter(name, own, definitions.settings, roots)
    wanted = tuple(table for table in (known.tables if known else ()) if table not in source.beside)
    written = definitions.written.source(("sources", name))
    return Look(file, raw, columns, matches, (), known, own, entry, None, dict(source.beside), wanted, name, written)


def tables_in(path: Path, known: Preset, own: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Files beside a file that are the tables its preset reads with it, by their columns.

    Edges: a file that more tables could be is the one whose columns it has more of; that of the export itself is none.
    """
    asked = {name: by for name, by in known.tables.items() if not {*by} <= {*own}}
    found: dict[str, list[str]] = {}
    for other in sorted(path.parent.iterdir()) if asked else ():
        file = data_file(other, other.name) if other.is_file() and other != path else None
        try:
            names = {name.casefold() for name in columns_in(file)} if file else set()
        except InputError:
            continue
        fits = [name for name, by in asked.items() if all(column.casefold() in names for column in by)]
        if fits:
            found.setdefault(max(fits, key=lambda name: len(asked[name])), []).append(glob.escape(other.name))
    return {name: tuple(paths) for name, paths in found.items()}


def columns_in(file: DataFile) -> tuple[str, ...]:
    """The columns of a file, as far as they tell what it is."""
    return names_of(scan(file, (), header_words(), sampled=False))


_READ = "CSV, Parquet, JSON and JSON lines are, also as .gz, .zst or .zip"


def _refused(message: str, hint: str | None, code: int) -> InputError:
    return InputError([Finding("SM903" if code == 3 else "SM020", Severity.ERROR, message, hint=hint)], code)


def _source(
    path: Path, known: Preset | None, role: str | None, timezone: str | None, tables: Mapping[str, tuple[str, ...]]
) -> Source | None:
    """The source that reads a file, as `sources` would say it."""
    if known is None and role is None:
        return None
    says: Mapping[str, Any] = known.source if known else {"role": role}
    zone = {"timezone": timezone} if timezone else {}
    named = {"preset": known.name} if known else {}
    here = {"path": glob.escape(path.name), "base": path.parent.resolve()}
    with_ = {"beside": tables} if tables else {}
    return Source.model_validate({**says, **named, **here, **zone, **with_})


def _own_role(path: Path, columns: Collection[str]) -> str | None:
    """The role that a file has the columns of: the one it is called after, else the one it has most of.

    Edges: fewer than three columns say nothing by themselves.
    """
    names = {name.casefold() for name in columns}
    there = {
        role: sum(column in names for column in known.columns) for role, known in ROLES.items() if _fits(role, names)
    }
    if path.name.split(".")[0] in there:
        return path.name.split(".")[0]
    best = max(there.values(), default=0)
    likely = [role for role, count in there.items() if count == best]
    return likely[0] if best >= _FEW and len(likely) == 1 else None


def _fits(role: str, names: Collection[str]) -> bool:
    needed = all(name in names for name, column in ROLES[role].columns.items() if column.needed)
    return needed and (role not in EITHER or any(name in names for name in EITHER[role]))
