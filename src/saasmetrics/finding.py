"""What the tool tells a user: a finding knows its place, its weight and a hint."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How much a finding weighs; ordered, so that a threshold can be asked for."""

    NOTE = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True, order=True)
class Location:
    """A place in a file. Lines and columns count from 1; 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


class Meant(str):
    """A hint that leaves no choice: `old`, which stands where the finding does, has to be `new`.

    Edges: with `whole` the quotes around `old` go as well.
    """

    old: str
    new: str
    whole: bool

    def __new__(cls, hint: str, old: str, new: str, *, whole: bool = False) -> Meant:
        """A hint with what it asks for."""
        meant = super().__new__(cls, hint)
        meant.old, meant.new, meant.whole = old, new, whole
        return meant


def counted(number: int, noun: str) -> str:
    """`1 row`, `1,200 rows`."""
    return f"{number:,} {noun}" + "s" * (number != 1)


@dataclass(frozen=True)
class Finding:
    """One message to a user.

    Edges: a fault in a definition has `location` with line and column; a fault in data has `location` with the
    file, the data `column` by name, and `rows`, the number of rows it concerns. `code` is stable and never reused.
    `object` names what a finding is about, where it is about one thing: `metric.activation_rate`; with the code it
    says that two findings are the same, wherever they stand.
    """

    code: str
    severity: Severity
    message: str
    location: Location | None = None
    hint: str | None = None
    column: str | None = None
    rows: int | None = None
    object: str = ""

    @property
    def id(self) -> str:
        """The same for the same finding, also where lines have moved: of its code, its object, and its field."""
        about = self.object or f"{self.location.file if self.location else ''} {self.message}"
        said = "\n".join((self.code, about, getattr(self, "field", "")))
        return hashlib.sha256(said.encode(errors="surrogatepass")).hexdigest()[:16]

    def __str__(self) -> str:
        place = f"{self.location} " if self.location else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{place}{self.code} {self.message}{hint}"


@dataclass(frozen=True)
class Flip:
    """A target that some periods meet under one meaning and miss under the other.

    `met` and `missed` are the first days of the periods in which that is news; `said` tells it in words.
    """

    target: str
    said: str
    met: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Impact:
    """One number as it was accepted against the same number as it is written, over the same rows.

    Unit: `median` and `largest` are differences, written less accepted, in the metric's raw unit, the shares of what
    was accepted. Edges: `period` is the first day of that with the largest difference, the latest of several; `periods`
    are those that have a number on both sides, `moved` those of them that differ. Without any, `why` says so; `said`
    tells all of it in words.
    """

    address: str
    said: str
    grain: str = ""
    periods: int = 0
    moved: int = 0
    median: float | None = None
    median_share: float | None = None
    largest: float | None = None
    largest_share: float | None = None
    period: str = ""
    before: float | None = None
    after: float | None = None
    flips: tuple[Flip, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Change(Finding):
    """A difference between what is written and what was accepted.

    Edges: `class_` is label, governance, goalpost, additive, semantic, inherited or breaking; `field` is the fact that
    changed, `old` and `new` its value, empty where there was, or is, none; `direction` says narrows, widens or moves;
    `reaches` are the ids of what rests on it, `impact` what it does to numbers, where data was read.
    """

    class_: str = ""
    field: str = ""
    old: str = ""
    new: str = ""
    direction: str = ""
    reaches: tuple[str, ...] = ()
    impact: tuple[Impact, ...] = ()


class InputError(Exception):
    """What the user gave cannot be worked with: carries every finding, and the exit code it calls for.

    Edges: exit code 2 is a bad invocation or unreadable definitions, 3 is data missing or unusable.
    """

    def __init__(self, findings: Iterable[Finding], exit_code: int = 2) -> None:
        self.findings = tuple(findings)
        self.exit_code = exit_code
        super().__init__("\n".join(str(finding) for finding in self.findings))
