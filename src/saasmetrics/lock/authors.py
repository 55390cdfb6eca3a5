"""Authors: who wrote a changed line last, as git has it, so that nobody accepts what is their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from saasmetrics.finding import Change, Finding, InputError, Location, Severity


def check_author(by: str | None, changes: Iterable[Change], definitions: Path) -> None:
    """Make sure that whoever accepts changes wrote none of their lines.

    Edges: a line that is not committed yet is whose git would commit it; of what is gone, whoever changed the
    definitions last. Names are held against the author's name, address, and what stands before its @, in any case.
    Raises: InputError (exit 2) for an author, and where git cannot tell who it is.
    """
    if by is None:
        raise InputError([_refused("--verify-author without --by", None, "say who accepts it: --by NAME")])
    for change in changes:
        place = change.location or Location(str(definitions))
        name, mail = _author_of(place) if place.line and Path(place.file).suffix == ".yaml" else _last_of(definitions)
        if by.casefold() in {name.casefold(), mail.casefold(), mail.partition("@")[0].casefold()}:
            message = f"{change.object}: {name} wrote this line last and cannot accept it"
            raise InputError([_refused(message, change.location, "have somebody else lock it")])


def _author_of(place: Location) -> tuple[str, str]:
    said = _git(Path(place.file), "blame", "--porcelain", f"-L{place.line},{place.line}", "--")
    if said.startswith("0" * 40):
        return _parted(_git(Path(place.file), "var", "GIT_AUTHOR_IDENT", named=False).rpartition(">")[0])
    lines = dict(line.split(" ", 1) for line in said.splitlines() if line.startswith("author"))
    return lines["author"], lines["author-mail"].strip("<>")


def _last_of(path: Path) -> tuple[str, str]:
    if _git(path, "status", "--porcelain", "--"):
        return _parted(_git(path, "var", "GIT_AUTHOR_IDENT", named=False).rpartition(">")[0])
    return _parted(_git(path, "log", "-1", "--format=%an <%ae", "--"))


def _parted(text: str) -> tuple[str, str]:
    name, _, mail = text.strip().partition(" <")
    return name, mail


def _git(path: Path, *words: str, named: bool = True) -> str:
    """What git says of a file. Raises: InputError (exit 2) where it says nothing."""
    command = ["git", *words, *([path.name] if named else [])]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            cwd=path.parent,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        hint = "lock from the repository that the file is committed in, or leave out --verify-author"
        raise InputError([_refused("git cannot tell who wrote this", Location(str(path)), hint)]) from None
    return done.stdout


def _refused(message: str, place: Location | None, hint: str) -> Finding:
    return Finding("SM020", Severity.ERROR, message, place, hint)
