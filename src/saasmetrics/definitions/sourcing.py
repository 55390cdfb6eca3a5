"""Sources in their normal form: preset merged in, role filled, paths kept inside the folder, columns sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from saasmetrics.definitions.blocks import ColumnSource, Source
from saasmetrics.definitions.faults import validate
from saasmetrics.definitions.model import near
from saasmetrics.definitions.written import Written
from saasmetrics.document import Path as NodePath
from saasmetrics.document import read
from saasmetrics.finding import Finding, Severity
from saasmetrics.frames.canonical import ROLES, Role

PRESETS = Path(__file__).parent.parent / "sources" / "presets"


@cache
def _written(name: str) -> Mapping[str, Any]:
    """What stands in the file of a preset."""
    data: Any = read((PRESETS / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml").data
    return dict(data)


def _preset(name: str) -> Mapping[str, Any]:
    """What a preset would say in `sources`."""
    source: Mapping[str, Any] = _written(name)["source"]
    return source


@cache
def _presets() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in PRESETS.glob("*.yaml")))


def sources(written: Written, data_root: Path | None) -> dict[str, Source]:
    """All sources of the files, in their normal form; faulty ones are left out with their findings."""
    blocks = written.data.get("sources")
    if blocks is None:
        message = "`sources` is missing"
        written.fault("SM007", message, written.at(()), "name the files: sources: {events: {path: events.csv}}")
        return {}
    if not isinstance(blocks, dict):
        message, hint = "sources: expected a mapping of names", "write sources: {name: ...}"
        written.fault("SM005", message, written.at(("sources",)), hint)
        return {}
    read_: dict[str, Source] = {}
    for name, block in blocks.items():
        path: NodePath = ("sources", name)
        merged = _with_preset(block, path, written)
        source = None if merged is None else validate(Source, merged, path, written)
        if source is not None and (role := _role(name, source, path, written)):
            base = data_root or written.folder(path)
            read_[name] = source.model_copy(update={"role": role, "base": base})
            _paths(read_[name], path, written, data_root)
            _beside(read_[name], path, written, data_root)
            _columns(read_[name], block, path, written)
    return read_


def _with_preset(block: Any, path: NodePath, written: Written) -> Any:
    """The keys of a source laid over those of its preset, column by column."""
    name = block.get("preset") if isinstance(block, dict) else None
    if not isinstance(name, str):
        return block
    if name not in _presets():
        vendor = name.partition(".")[0]
        same = [other for other in _presets() if other.partition(".")[0] == vendor]
        others = f"of {vendor} there are {', '.join(same)}" if same else "map the columns yourself"
        hint = near(name, _presets()) or others
        place = written.at((*path, "preset"))
        written.fault("SM003", f"{'.'.join(map(str, path))}.preset: there is no preset `{name}`", place, hint)
        return None
    packed = _preset(name)
    merged = {**packed, **block}
    if isinstance(block.get("columns", {}), dict):
        merged["columns"] = {**packed.get("columns", {}), **block.get("columns", {})}
    return merged


def _role(name: str, source: Source, path: NodePath, written: Written) -> str | None:
    role = source.role or name
    if role not in ROLES and (written.knows((*path, "role")) or written.knows((*path, "preset"))):
        return None
    if role not in ROLES:
        hint = near(name, ROLES) or f"write role: one of {', '.join(ROLES)}"
        written.fault("SM007", f"sources.{name}: its role is not said", written.key_at(path), hint)
        return None
    if name in ROLES and role != name:
        message = f"source `{name}` carries the name of a role, and is {role}"
        written.fault("SM012", message, written.key_at(path), "give it another name")
    if source.ignore_events and role != "events":
        place = written.key_at((*path, "ignore_events"))
        written.fault("SM008", f"sources.{name}: `ignore_events` does nothing to {role}", place, "remove it")
    return role


def _paths(source: Source, path: NodePath, written: Written, data_root: Path | None) -> None:
    """Every path lies in the folder of the definitions, or in the data root."""
    _within(source.base, source.path, (*path, "path"), written, data_root)


def _beside(source: Source, path: NodePath, written: Written, data_root: Path | None) -> None:
    """The tables beside are those that the preset reads, and lie where every file lies."""
    tables = dict.fromkeys(_tables(_written(source.preset))) if source.preset else {}
    for name, paths in source.beside.items():
        spot = (*path, "beside", name)
        if source.preset and name not in tables:
            known = f"it reads {', '.join(tables)}" if tables else "it reads none"
            message = f"{'.'.join(map(str, spot))}: {source.preset} reads no table `{name}`"
            written.fault("SM003", message, written.key_at(spot), near(name, tables) or known)
        _within(source.base, paths, spot, written, data_root)


def _tables(written: Mapping[str, Any]) -> Iterator[str]:
    for name, table in written.get("beside", {}).items():
        yield table.get("table", name)
        yield from _tables(table)


def _within(base: Path, paths: tuple[str, ...], path: NodePath, written: Written, data_root: Path | None) -> None:
    for number, text in enumerate(paths):
        fixed = Path(*[step for step in Path(text).parts if not any(sign in step for sign in "*?[")])
        if not _inside(base / fixed, written, data_root):
            spot = (*path, number) if written.knows((*path, number)) else path
            message = f"{'.'.join(map(str, path))}: `{text}` lies outside the folder of the definitions"
            written.fault("SM011", message, written.at(spot), "move it inside, or name its folder with --data-root")


def published(folder: str, written: Written) -> None:
    """Published editions are kept in the folder of the definitions or below."""
    if written.knows(("settings", "published")) and not _inside(written.root / folder, written, None):
        nested: NodePath = ("settings", "published", "path")
        spot = nested if written.knows(nested) else nested[:-1]
        message = f"settings.published: `{folder}` lies outside the folder of the definitions"
        written.fault("SM011", message, written.at(spot), "name a folder inside")


def _inside(path: Path, written: Written, data_root: Path | None) -> bool:
    allowed = [folder.resolve() for folder in (written.root, data_root) if folder is not None]
    return any(path.resolve().is_relative_to(folder) for folder in allowed)


def _columns(source: Source, block: Mapping[str, Any], path: NodePath, written: Written) -> None:
    role = ROLES[source.role]
    own = block.get("columns", {})
    for name, column in source.columns.items():
        if name in own:
            _column(name, column, role, source.role, (*path, "columns", name), written)
    if source.rows is not None:
        _inline(source, role, path, written)


def _column(name: str, column: ColumnSource, role: Role, called: str, path: NodePath, written: Written) -> None:
    canonical = role.columns.get(name)
    if canonical is None:
        missing = [other for other in role.columns if other not in written.data["sources"][path[1]].get("columns", {})]
        if hint := near(name, missing):
            message = f"`{name}` is not a column of {called}: it is kept under its own name"
            written.findings.append(Finding("SM013", Severity.WARNING, message, written.key_at(path), hint))
        return
    if column.unit is not None and canonical.kind != "money":
        message = f"`unit: {column.unit}` does nothing to {name}: it is no money"
        written.fault("SM008", message, written.key_at((*path, "unit")), "remove it")
    for key, value in (column.map or {}).items():
        if canonical.choices and isinstance(value, str) and value not in canonical.choices:
            hint = near(value, canonical.choices) or f"one of {', '.join(canonical.choices)}"
            message = f"`{value}` is no {name} of {called}"
            written.fault("SM005", message, written.at((*path, "map", key)), hint)
    if canonical.choices and isinstance(column.default, str) and column.default not in canonical.choices:
        hint = near(column.default, canonical.choices) or f"one of {', '.join(canonical.choices)}"
        message = f"`{column.default}` is no {name} of {called}"
        written.fault("SM005", message, written.at((*path, "default")), hint)


def _inline(source: Source, role: Role, path: NodePath, written: Written) -> None:
    """Inline rows hold every needed column."""
    there = set(source.columns) | {key for row in source.rows or () for key in row}
    for name, column in role.columns.items():
        if column.needed and name not in there and source.rows:
            message = f"{'.'.join(map(str, path))}.rows: the column `{name}` is missing"
            written.fault("SM007", message, written.at((*path, "rows")), f"{source.role} needs it")
