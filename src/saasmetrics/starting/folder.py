"""The exports of a folder: every file looked at, those of one kind together, with the names of the sources to be."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from saasmetrics.definitions.settings import Settings
from saasmetrics.engine.examine import Examined, examined
from saasmetrics.finding import InputError
from saasmetrics.sources.files import data_file
from saasmetrics.sources.look import look

_DEEP = 3
_PAYMENTS = ("stripe.payments", "stripe.elt_charges")


@dataclass(frozen=True)
class Kind:
    """Files that are exports of one kind: the source they become. `beside` says why it is only written as a comment."""

    name: str
    role: str
    preset: str | None
    files: tuple[Examined, ...]
    found: tuple[str, ...]
    beside: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """Where the files are: few by their names, many of one folder and ending by a pattern."""
        places = {(str(Path(name).parent), "".join(Path(name).suffixes)) for name in self.found}
        if len(self.found) > _DEEP and len(places) == 1:
            where, ending = places.pop()
            return (f"*{ending}" if where == "." else f"{where}/*{ending}",)
        return self.found

    @property
    def zoned(self) -> bool:
        """Whether its times are in a zone that the files do not name."""
        known = self.files[0].look.known
        return known is not None and known.zone == "account"

    @property
    def tables(self) -> dict[str, tuple[str, ...]]:
        """The files that they are read with, by the names of the tables."""
        found: dict[str, dict[str, None]] = {}
        for path, each in zip(self.found, self.files, strict=True):
            for table, names in each.look.tables.items():
                found.setdefault(table, {}).update(
                    dict.fromkeys((Path(path).parent / name).as_posix() for name in names)
                )
        return {table: tuple(names) for table, names in found.items()}

    def counts(self, column: str) -> Counter[str]:
        """How many rows have each value of a column."""
        found: Counter[str] = Counter()
        for each in self.files:
            found.update(dict(each.values.get(column, ())))
        return found


@dataclass(frozen=True)
class Exports:
    """What there is in a folder: kinds in the order of their roles, and why other files are none."""

    kinds: tuple[Kind, ...]
    others: tuple[tuple[str, str], ...]

    def of(self, role: str) -> tuple[Kind, ...]:
        """The sources to be of a role."""
        return tuple(kind for kind in self.kinds if kind.role == role and not kind.beside)


def exports(folder: Path, progress: Callable[[str, int, int], None] | None = None) -> Exports:
    """Look at every file of a folder that may be an export, three folders deep.

    Raises: nothing for a file that cannot be read; it is among the others, with the reason.
    """
    found: dict[tuple[str, str | None], list[tuple[str, Examined]]] = {}
    others: list[tuple[str, str]] = []
    paths = list(_files(folder))
    for number, path in enumerate(paths):
        if progress is not None:
            progress("looking at files", number, len(paths))
        name = path.relative_to(folder).as_posix()
        try:
            file = examined(look(path, Settings()))
        except InputError as error:
            others.append((name, str(error.findings[0].message)))
            continue
        if reason := _unread(file):
            others.append((name, reason))
        else:
            known = file.look.known
            found.setdefault((file.role, known.name if known else None), []).append((name, file))
    used = {name for files in found.values() for path, file in files for name in _read_with(path, file)}
    return Exports(tuple(_kinds(found)), tuple((name, why) for name, why in others if name not in used))


def _read_with(path: str, file: Examined) -> Iterator[str]:
    """The files that a file is read with."""
    for names in file.look.tables.values():
        yield from ((Path(path).parent / _unescaped(name)).as_posix() for name in names)


def _files(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        here = Path(where)
        deep = len(here.relative_to(folder).parts)
        folders[:] = sorted(name for name in folders if name[0] not in "._" and deep < _DEEP)
        for name in sorted(names):
            if name[0] != "." and data_file(here / name, name) is not None:
                yield here / name


def _unread(file: Examined) -> str:
    """Why a file is no source; empty where it is one."""
    seen = file.look
    if seen.source is None:
        if seen.matches:
            return f"either {' or '.join(match.name for match in seen.matches)}: write which as preset"
        return f"{seen.beside.name} holds {seen.beside.why}" if seen.beside else "no export that a preset knows"
    if seen.entry is None or seen.entry.how is None:
        return str(seen.entry.findings[0].message) if seen.entry and seen.entry.findings else "cannot be read"
    return "" if file.usable else "none of its rows can be used"


def _kinds(found: dict[tuple[str, str | None], list[tuple[str, Examined]]]) -> Iterator[Kind]:
    often = Counter(role for role, _ in found)
    billed = any(role == "invoices" and name not in _PAYMENTS for role, name in found)
    lines: dict[str, set[str]] = {}
    for (role, _), files in found.items():
        lines.setdefault(role, set()).update(each for path, file in files for each in _read_with(path, file))
    for (role, name), files in found.items():
        called = role if often[role] == 1 else _called(role, name)
        paid = billed and name in _PAYMENTS
        beside = "payments of the invoices that are there: read as well, they would count twice" if paid else ""
        if {path for path, _ in files} & lines.get(role, set()):
            beside = "they are read line by line: read as well, they would count twice"
        yield Kind(called, role, name, tuple(file for _, file in files), tuple(path for path, _ in files), beside)


def _called(role: str, preset: str | None) -> str:
    return role if preset is None else preset.replace(".", "_").replace("elt_", "")


def _unescaped(pattern: str) -> str:
    """A file's name, of a pattern that stands for it alone."""
    return re.sub(r"\[(.)\]", r"\1", pattern)
