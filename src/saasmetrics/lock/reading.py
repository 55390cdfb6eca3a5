"""The lock read back from its text, or why it cannot be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from saasmetrics.finding import Finding, InputError, Location, Severity
from saasmetrics.lock.blocks import calendar
from saasmetrics.lock.entry import Entry, Lock, Version
from saasmetrics.lock.lines import UnreadableError, read_lines
from saasmetrics.lock.node import CANON, KINDS, Node
from saasmetrics.lock.overlapping import NAME
from saasmetrics.lock.plain import Plain, number
from saasmetrics.lock.writing import VALUES

_MARKERS = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( .*)?$", re.MULTILINE)
_RECIPE = (
    "take either side of every conflict, then run saasmetrics lock for what it still asks: reasons that were given on "
    "both branches stand in entries of their own"
)


def lock_path(definitions: Path) -> Path:
    """The lock of a definition file: beside it."""
    return definitions.parent / NAME


def read_lock(path: Path) -> Lock | None:
    """The lock at a path; null where there is none.

    Raises: InputError (exit 2) for a lock in the middle of a merge, one of a newer tool, or one that is no lock.
    """
    try:
        said = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([_fault("SM940", f"the lock cannot be read: {error}", Location(str(path)))]) from None
    return parsed(said, str(path))


def parsed(said: str, file: str) -> Lock:
    """The lock that a text says. Raises: as `read_lock`."""
    if marker := _MARKERS.search(said):
        place = Location(file, said.count("\n", 0, marker.start()) + 1, 1)
        raise InputError([_fault("SM940", "the lock is in the middle of a merge", place, _RECIPE)])
    try:
        data, lines = read_lines(said)
    except UnreadableError as error:
        place = Location(file, error.line, 1)
        raise InputError([_fault("SM940", f"the lock cannot be read: {error.why}", place, _WHOLE)]) from None
    return _lock(data, lambda *path: Location(file, lines.get(path, 1), 1))


_WHOLE = "take it from version control again, or remove it and lock anew"


def _lock(data: Mapping[str, Any], at: Callable[..., Location]) -> Lock:
    canon = data.get("canon")
    if data.get("lock") != 1 or not isinstance(canon, int) or canon > CANON:
        message = f"the lock says lock: {data.get('lock')}, canon: {canon}; this tool reads lock: 1, canon: {CANON}"
        raise InputError([_fault("SM940", message, at(), "use the version of the tool that wrote it")])
    for key in data:
        if key not in (*KINDS, "lock", "canon", "accepted"):
            raise InputError([_fault("SM940", f"`{key}` is no part of a lock", at(key), _WHOLE)])
    entries: dict[str, Entry] = {}
    try:
        for kind in KINDS:
            for name, block in (data.get(kind) or {}).items():
                entry = _entry(kind, name, block, at(kind, name))
                entries[entry.node.id] = entry
        entries["setting.calendar"] = Entry(calendar(), place=at("setting"))
        accepted = {rule: tuple(map(str, objects)) for rule, objects in (data.get("accepted") or {}).items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError([_fault("SM940", f"this is no lock: {error}", at(), _WHOLE)]) from None
    return Lock(entries, accepted, canon)


def _entry(kind: str, name: str, block: Any, place: Location) -> Entry:
    if kind in VALUES:
        return Entry(Node(kind, name, {"value": _plain(block)}), place=place)
    node = Node(
        kind,
        name,
        _facts(block.get("means")),
        tuple(map(str, block.get("needs", ()))),
        tuple(map(str, block.get("headline", ()))),
        tuple(map(str, block.get("each", ()))),
        _facts(block.get("about")),
    )
    own, full, meta = (str(block.get(key, "")) for key in ("own", "full", "meta"))
    version = _version({**block, "full": full}) if "version" in block else None
    past = tuple(_version(each) for each in block.get("past", ()))
    return Entry(node, own, full, meta, version, block.get("overlap"), past, place)


def _version(block: Mapping[str, Any]) -> Version:
    texts = {key: None if block.get(key) is None else str(block[key]) for key in ("since", "reason", "by", "because")}
    return Version(int(block["version"]), str(block["full"]), **texts)


def _facts(block: Any) -> dict[str, Plain]:
    return {key: _plain(value) for key, value in (block or {}).items()}


def _plain(value: Any) -> Plain:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return number(value) if isinstance(value, float) else value


def _fault(code: str, message: str, place: Location | None, hint: str | None = None) -> Finding:
    return Finding(code, Severity.ERROR, message, place, hint)


def edited(lock: Lock) -> Iterator[Finding]:
    """Entries whose facts do not make the fingerprint beside them: somebody wrote in the lock by hand."""
    for id_, entry in lock.entries.items():
        if lock.canon == CANON and entry.node.facts and entry.own and entry.own != entry.node.own:
            kind, name, *key = id_.split(".")
            about = f"{kind}.{name}" if kind == "workflow" and key else id_
            message = f"{about}: what the lock says it means is not what was accepted; it was edited by hand"
            yield Finding("SM948", Severity.ERROR, message, entry.place, _WHOLE, object=about)
