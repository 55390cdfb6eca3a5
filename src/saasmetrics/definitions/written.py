"""The files of one definition read as one: their data, and where every node of it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saasmetrics.definitions.blocks import KEYS, LISTED, NAMED
from saasmetrics.definitions.model import near
from saasmetrics.document import Document, read
from saasmetrics.document import Path as NodePath
from saasmetrics.finding import Finding, InputError, Location, Severity


@dataclass
class Written:
    """Merged data of all files, and the way back to the file that each part came from."""

    root: Path
    data: dict[str, Any] = field(default_factory=dict)
    origins: dict[NodePath, tuple[Document, NodePath, Path]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def origin(self, path: NodePath) -> tuple[Document, NodePath, Path]:
        """Document, path in it, and folder of the file that a node came from."""
        for length in (2, 1, 0):
            if (found := self.origins.get(path[:length])) is not None and length <= len(path):
                document, start, folder = found
                return document, (*start, *path[length:]), folder
        raise KeyError(path)

    def at(self, path: NodePath) -> Location:
        """Place of a value."""
        document, inner, _ = self.origin(path)
        return document.at(inner)

    def key_at(self, path: NodePath) -> Location:
        """Place of a key."""
        document, inner, _ = self.origin(path)
        return document.key_at(inner)

    def inside(self, path: NodePath, offset: int) -> Location:
        """Place of a character of a text."""
        document, inner, _ = self.origin(path)
        return document.inside(inner, offset)

    def folder(self, path: NodePath) -> Path:
        """Folder of the file that says it."""
        return self.origin(path)[2]

    def source(self, path: NodePath) -> str:
        """The lines in which a key and its value are written."""
        document, inner, _ = self.origin(path)
        return document.source(inner)

    def knows(self, path: NodePath) -> bool:
        """Whether a node stands in the files."""
        document, inner, _ = self.origin(path)
        return inner in document.nodes

    def spoiled(self, path: NodePath) -> bool:
        """Whether the node, or one around it, was refused while reading."""
        document, inner, _ = self.origin(path)
        return any(inner[:length] in document.spoiled for length in range(1, len(inner) + 1))

    def spoils(self, path: NodePath) -> bool:
        """Whether something inside the node was refused while reading."""
        document, inner, _ = self.origin(path)
        return any(refused[: len(inner)] == inner for refused in document.spoiled)

    def fault(self, code: str, message: str, place: Location, hint: str | None = None) -> None:
        """Record an error."""
        finding = Finding(code, Severity.ERROR, message, place, hint)
        if finding not in self.findings:
            self.findings.append(finding)


def gather(path: Path, instead: Mapping[str, str] | None = None) -> Written:
    """Read a definition file and the files it includes, or the texts given `instead` of them, by name.

    Raises: InputError when the file cannot be read at all; other faults are in `findings`.
    """
    written = Written(path.parent)
    texts = instead or {}
    document = _open(path, str(path), texts)
    _add(written, document, path)
    if document.broken or not isinstance(document.data, dict):
        return written
    _version(written, document.data)
    for number, name in enumerate(_includes(written)):
        place = written.at(("include", number))
        included = _inside(written, name, place)
        if included is None:
            continue
        shown = str(path.parent / name)
        try:
            _add(written, _open(included, shown, texts), included)
        except InputError as error:
            written.fault("SM011", error.findings[0].message, place, "paths start from the folder of this file")
    return written


def _open(path: Path, shown: str, texts: Mapping[str, str]) -> Document:
    if shown in texts:
        return read(texts[shown], shown)
    place = Location(shown)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        fault = Finding(
            "SM011", Severity.ERROR, f"there is no file {shown}", place, "saasmetrics init writes a first one"
        )
        raise InputError([fault]) from None
    except IsADirectoryError:
        raise InputError([Finding("SM011", Severity.ERROR, f"{shown} is a folder", place)]) from None
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode().split("\n")
        place = Location(shown, len(before), len(before[-1]) + 1)
        raise InputError([Finding("SM000", Severity.ERROR, f"{shown} is not UTF-8 text", place)]) from None
    except OSError as error:
        raise InputError([Finding("SM011", Severity.ERROR, f"cannot read {shown}: {error.strerror}", place)]) from None
    return read(text, shown)


def _add(written: Written, document: Document, path: Path) -> None:
    first = not written.origins
    if first:
        written.origins[()] = (document, (), path.parent)
    written.findings.extend(document.findings)
    data = document.data
    if document.broken:
        return
    if not isinstance(data, dict):
        empty = "the file is empty" if data is None else "the file is not a mapping of keys"
        written.fault(
            "SM007" if data is None else "SM005", empty, Location(document.file, 1, 1), "begin with version: 1"
        )
        return
    for key, value in data.items():
        if key not in KEYS:
            hint = near(key, KEYS) or f"keys here: {', '.join(KEYS)}"
            written.fault("SM001", f"`{key}` is not a key of the file", document.key_at((key,)), hint)
        elif not first and key in ("version", "include"):
            message = f"`{key}` stands in the main file only"
            written.fault("SM008", message, document.key_at((key,)), "remove it")
        elif value is None:
            written.fault("SM005", f"{key}: there is nothing here", document.key_at((key,)), "leave the key out")
        else:
            _merge(written, document, path.parent, key, value)


def _merge(written: Written, document: Document, folder: Path, key: str, value: Any) -> None:
    data, origins = written.data, written.origins
    there = data.get(key)
    if (key in NAMED or key == "metrics") and isinstance(value, dict) and isinstance(there, dict | None):
        block = data.setdefault(key, {})
        origins.setdefault((key,), (document, (key,), folder))
        for name, entry in value.items():
            if name in block:
                other = written.key_at((key, name))
                place = document.key_at((key, name))
                written.fault("SM002", f"{key}.{name} is defined a second time", place, f"it is already in {other}")
            else:
                block[name] = entry
                origins[key, name] = (document, (key, name), folder)
    elif key in LISTED and isinstance(value, tuple) and isinstance(there, list | None):
        block = data.setdefault(key, [])
        origins.setdefault((key,), (document, (key,), folder))
        for number, entry in enumerate(value):
            origins[key, len(block)] = (document, (key, number), folder)
            block.append(entry)
    elif key in data:
        other = written.key_at((key,))
        message = f"`{key}` is given a second time"
        written.fault("SM002", message, document.key_at((key,)), f"it is already in {other}")
    else:
        data[key] = value
        origins[key,] = (document, (key,), folder)


def _version(written: Written, data: Mapping[str, Any]) -> None:
    document = written.origins[()][0]
    if "version" not in data:
        written.fault("SM007", "`version` is missing", Location(document.file, 1, 1), "begin with version: 1")
    elif data["version"] != 1 or isinstance(data["version"], bool):
        written.fault("SM005", f"version {data['version']} is not known", document.at(("version",)), "write version: 1")
    elif next(iter(data)) != "version":
        written.fault("SM008", "`version` is not the first key", document.key_at(("version",)), "move it to the top")


def _includes(written: Written) -> tuple[str, ...]:
    value = written.data.pop("include", ())
    if isinstance(value, tuple) and all(isinstance(name, str) for name in value):
        return value
    if "include" in {path[0] for path in written.origins if path}:
        written.fault("SM005", "include: expected a list of files", written.at(("include",)), "write [billing.yaml]")
    return ()


def _inside(written: Written, name: str, place: Location) -> Path | None:
    """The file of that name in the folder of the definitions or below; null, with a finding, for any other."""
    if "://" in name or any(sign in name for sign in "*?["):
        written.fault("SM011", f"`{name}` is not the name of one file", place, "name each file; no globs, no URLs")
        return None
    path = (written.root / name).resolve()
    if not path.is_relative_to(written.root.resolve()):
        written.fault("SM011", f"`{name}` lies outside the folder of the definitions", place, "move it inside")
        return None
    return path
