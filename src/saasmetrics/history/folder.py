"""Editions as folders: written whole under a temporary name, then renamed, never touched again."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import polars as pl

from saasmetrics.finding import Finding, InputError, Location, Severity
from saasmetrics.history.edition import (
    ENTRIES,
    FILES,
    HEAD,
    SAID,
    SCHEMA,
    SOURCES,
    Account,
    Edition,
    Schema,
    shaped,
)
from saasmetrics.period import Calendar

LOCK = ".lock"
_UNFINISHED = ".unfinished-"
_TABLES: Mapping[str, Schema] = dict(zip(FILES, (SAID, ENTRIES, SOURCES), strict=True))


def editions(folder: Path) -> tuple[Edition, ...]:
    """All editions of a folder by their number; each file held against the digest that was published with it.

    Edges: names that are no number are not ours; a folder without a head cannot come from a publishing that was cut
    off, since it got its name last: it is told as broken. Raises: InputError (exit 3) for editions of a later layout.
    """
    if not folder.is_dir():
        return ()
    found = [_edition(int(path.name), path) for path in folder.iterdir() if path.is_dir() and path.name.isdigit()]
    ordered = sorted(found, key=lambda edition: edition.number)
    return tuple(_chained(ordered))


def by_time(found: Sequence[Edition], calendar: Calendar) -> list[Edition]:
    """Editions that can be read, in the order of the day that they knew last; those of one day as they were said."""
    whole = [edition for edition in found if not {HEAD, FILES[0]} & set(edition.broken)]
    return sorted(whole, key=lambda edition: (last_day(edition, calendar), edition.number))


def last_day(edition: Edition, calendar: Calendar) -> date:
    """The last local day of which an edition knew anything."""
    return calendar.local_day(edition.as_of - timedelta(microseconds=1))


def read(edition: Edition, file: str) -> pl.DataFrame:
    """One table of an edition as it lies there; of a broken one, nothing."""
    if file in edition.broken or HEAD in edition.broken:
        return pl.DataFrame(schema=_TABLES[file])
    return shaped(pl.read_parquet(edition.folder / file), _TABLES[file])


def place(folder: Path, number: int, account: Account, previous: Edition | None, whole: bool) -> Edition:
    """Write one edition: files, their digests, the folder's name last, each of them on the disk before the next.

    Raises: FileExistsError when the number is taken; OSError when it cannot be written, with nothing left behind.
    """
    scratch = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder))
    target = folder / f"{number:04d}"
    try:
        for name, rows in zip(FILES, (account.values, account.entries, account.sources), strict=True):
            shaped(rows, _TABLES[name]).write_parquet(scratch / name, compression="zstd")
            _settle(scratch / name)
        head = {
            "schema": SCHEMA,
            "edition": number,
            "as_of": account.as_of.isoformat(),
            "whole": whole,
            "tool": account.tool,
            "files": {name: _digest(scratch / name) for name in FILES},
            "previous": None if previous is None else previous.digest,
        }
        (scratch / HEAD).write_text(json.dumps(head, indent=2) + "\n", encoding="utf-8")
        _settle(scratch / HEAD)
        _settle(scratch)
        scratch.chmod(0o755)  # a scratch folder is for its owner alone
        if target.exists():  # an empty folder would be replaced
            raise FileExistsError(str(target))
        scratch.rename(target)
        _settle(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return _edition(number, target)


def sweep(folder: Path) -> int:
    """Remove what publishings that were cut off left behind; how many. Only for who holds the lock."""
    left = [path for path in folder.iterdir() if path.name.startswith(_UNFINISHED)]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return len(left)


def alterations(found: Sequence[Edition]) -> list[Finding]:
    """An error for every file that is not what was published."""
    findings = []
    for edition in found:
        for name in edition.altered:
            message = f"edition {edition.number} was altered after it was published"
            findings.append(_altered(message, edition.folder / name))
        for name in edition.broken:
            message = f"edition {edition.number} cannot be read: it is broken or gone"
            findings.append(_altered(message, edition.folder / name))
    return findings


def gaps(found: Sequence[Edition]) -> list[Finding]:
    """An error for every edition that is missing between all others."""
    findings = []
    numbers = {edition.number for edition in found}
    for number in sorted(set(range(1, max(numbers, default=0))) - numbers):
        message = f"edition {number} is gone, and later ones are there"
        findings.append(_altered(message, found[0].folder.parent / f"{number:04d}"))
    return findings


def _altered(message: str, path: Path) -> Finding:
    hint = "bring it back from a backup or version control"
    return Finding("SM934", Severity.ERROR, message, Location(str(path)), hint)


def _edition(number: int, path: Path) -> Edition:
    head = _head(path)
    if head is None:
        return Edition(number, datetime.min.replace(tzinfo=UTC), path, False, "", "", None, broken=(HEAD,))
    if head["schema"] > SCHEMA:
        message = f"edition {number} was published by a later version of saasmetrics"
        raise InputError([Finding("SM935", Severity.ERROR, message, Location(str(path)), "use that version")], 3)
    altered: list[str] = []
    broken: list[str] = []
    for name, digest in head["files"].items():
        if not (path / name).is_file():
            broken.append(name)
        elif _digest(path / name) != digest:
            (altered if _is_readable(path / name) else broken).append(name)
    as_of = datetime.fromisoformat(head["as_of"])
    return Edition(
        number,
        as_of,
        path,
        head["whole"],
        head["tool"],
        _digest(path / HEAD),
        head["previous"],
        tuple(altered),
        tuple(broken),
    )


def _head(path: Path) -> dict[str, Any] | None:
    try:
        head = json.loads((path / HEAD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    needed = {"schema", "as_of", "whole", "tool", "files", "previous"}
    return head if isinstance(head, dict) and needed <= head.keys() else None


def _chained(found: Sequence[Edition]) -> list[Edition]:
    """Each edition names the digest of the head before it, so that a head cannot be altered unseen either."""
    named = {edition.number - 1: edition.previous for edition in found if edition.previous}
    return [
        replace(edition, altered=(*edition.altered, HEAD))
        if edition.digest and named.get(edition.number, edition.digest) != edition.digest
        else edition
        for edition in found
    ]


def _is_readable(path: Path) -> bool:
    try:
        rows = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError):
        return False
    return set(_TABLES[path.name]) <= set(rows.columns)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, sha256).hexdigest()


def _settle(path: Path) -> None:
    """Have the disk hold what was written, before anything rests on it."""
    if os.name == "nt" and path.is_dir():
        return  # folders cannot be opened there
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
