"""Quotation marks of a CSV file: whether they mean anything, and where they are wrong.

A mark that a cell begins with opens it; one in the middle of a cell (`19" screen`) is a letter like any other.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

import numpy as np

from saasmetrics.finding import Finding, Location, Severity
from saasmetrics.sources import packed
from saasmetrics.sources.files import DataFile

_OPENINGS = (b',"', b'\n"', b';"', b'\t"', b'|"', b'\r"')
_BOM = b"\xef\xbb\xbf"
_OPEN, _AFTER = "unexpected end of data", "expected after"
_TOLD = {
    _OPEN: ("a quotation mark is opened and never closed", "double quotation marks inside cells"),
    _AFTER: ("text follows the quotation mark that closes a cell", "double quotation marks inside cells"),
    "": ("a quotation mark stands inside a cell that is not in quotation marks", "put the cell in quotation marks"),
}


@dataclass
class Marks:
    """What the bytes of a file say about its quotation marks, chunk by chunk.

    `odd` says that their number is; `meant` that a cell may begin with one. Where none does, all are letters.
    """

    odd: bool = False
    meant: bool = False
    _last: bytes = b"\n"

    def see(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        count = _number_of(b'"', chunk)
        if count and not self.meant:
            seen = self._last + chunk.removeprefix(_BOM)
            self.meant = any(opening in seen for opening in _OPENINGS)
        self.odd ^= bool(count % 2)
        self._last = chunk[-1:]


def _number_of(sign: bytes, chunk: bytes) -> int:
    """How often a character stands in a chunk; where it does not, at the speed of a search."""
    return int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == sign[0])) if sign in chunk else 0


def unclosed(file: DataFile, encoding: str, separator: str) -> Finding | None:
    """The cell that is opened by a mark which nothing closes, at the line where its record begins."""
    with file.path.open(encoding=encoding, errors="replace", newline="") as stream:
        return next(_strict(stream, file, separator), None)


def stray(file: DataFile, encoding: str, separator: str) -> Finding | None:
    """The first mark of a file that a strict reader stumbles over."""
    cell = rf'(?:"(?:[^"]|"")*"|[^"\r\n{re.escape(separator)}]*)'
    sound = re.compile(rf"{cell}(?:{re.escape(separator)}{cell})*\r?\n?")
    with packed.opened(file) as stream:
        lines = _Lines(each for line in stream for each in _ended(line.decode(encoding, "replace")))
        start = 1
        try:
            for _ in csv.reader(lines, delimiter=separator, strict=True):
                record = lines.taken()
                if '"' in record and not sound.fullmatch(record):
                    return _finding(file, "", start)
                start = lines.number + 1
        except csv.Error as error:
            return next((_finding(file, kind, start) for kind in (_OPEN, _AFTER) if kind in str(error)), None)
    return None


def _ended(text: str) -> list[str]:
    """The lines of a text that may end in a carriage return alone, as the reader of rows has them."""
    return re.findall(r"[^\n]*\n|[^\n]+", text.replace("\r\n", "\n").replace("\r", "\n"))


class _Lines:
    """Lines on their way to a reader, kept until the record that they make is taken."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines, self.kept, self.number = lines, list[str](), 0

    def __iter__(self) -> Iterator[str]:
        for line in self.lines:
            self.number += 1
            self.kept.append(line)
            yield line

    def taken(self) -> str:
        """The lines since this was asked last."""
        kept, self.kept = "".join(self.kept), []
        return kept


def _strict(stream: TextIO, file: DataFile, separator: str) -> Iterator[Finding]:
    reader, line = csv.reader(stream, delimiter=separator, strict=True), 1
    try:
        for _ in reader:
            line = reader.line_num + 1
    except csv.Error as error:
        for kind in (_OPEN, _AFTER):
            if kind in str(error):
                yield _finding(file, kind, line)


def _finding(file: DataFile, kind: str, line: int) -> Finding:
    message, hint = _TOLD[kind]
    return Finding("SM907", Severity.ERROR, message, Location(file.name, line), hint)
