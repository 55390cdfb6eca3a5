"""How a CSV file is written: its encoding, the sign between its cells, where its header is; and some of its rows."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import polars as pl

from saasmetrics.finding import Finding, Location, Severity
from saasmetrics.sources import packed
from saasmetrics.sources.files import DataFile
from saasmetrics.sources.presets import headerless
from saasmetrics.sources.quotes import Marks, unclosed
from saasmetrics.sources.rows import begun, later, records

Encoding = Literal["utf-8", "utf-16", "cp1252"]

SEPARATORS = (",", ";", "\t", "|")
BLANKS = " "
"""Cells that any number of blanks stands between, as in columns aligned for the eye; looked for last."""
HEADER_LINES = 25
"""A header is looked for in this many records: exports may begin with title lines."""
SAMPLE, SLICE, SLICES = 2**19, 2**15, 24
_CHUNK = 2**20


@dataclass(frozen=True)
class Layout:
    """How one text file is written.

    `header` has the column names in order, repeated ones numbered (`Labels`, `Labels 2`); `skip` is the number of
    lines before the first row. `direct` says that the reader needs no help: UTF-8, ordinary line ends, not zipped.
    `quoted` says that quotation marks mean something, `mixed` that some do and some are letters of a cell.
    `sample` holds rows as text: the first half megabyte and slices from all over a larger file, or none. `sound` is the
    number of lines before a cell that is never closed.
    """

    encoding: Encoding
    separator: str
    header: tuple[str, ...]
    skip: int
    direct: bool
    sample: pl.DataFrame
    findings: tuple[Finding, ...] = ()
    quoted: bool = True
    mixed: bool = False
    sound: int | None = None


def layout_of(file: DataFile, wanted: Collection[str], *, sampled: bool = True, footers: bool = False) -> Layout:
    """Look at a CSV file; `wanted` are the column names its header is known by, with `footers` lines may be shorter.

    Raises: InputError when it cannot be unpacked.
    """
    size = SAMPLE if sampled else SLICE
    start = packed.head(file, size)
    encoding, marks, zeros = _looked_through(file, start)
    text = _decoded(start, encoding)
    separator, header, skip = _header(text, wanted)
    if separator == "\t" and (names := _unwritten(header)):
        header, skip = names, 0
    blanks = _aligned(text, wanted) if not {*map(str.casefold, header)} & {*map(str.casefold, wanted)} else None
    if blanks:
        separator, header, skip = BLANKS, *blanks
        text = _spaced(text)
    open_cell = unclosed(file, encoding, separator) if marks.odd and marks.meant else None
    findings = [open_cell] if open_cell else []
    if zeros:
        findings.append(_zeros(file))
    if encoding != "utf-8":
        findings.append(_note(file, "SM920", f"read as {_ENCODINGS[encoding]}"))
    if titles := sum(bool(line.strip()) for line in islice(io.StringIO(text), max(skip - 1, 0))):
        said = f"{titles} line{'s' * (titles != 1)} before the column names skipped"
        findings.append(_note(file, "SM936", said))
    if len(set(header)) < len(header):
        findings.append(_note(file, "SM921", "column names repeat; the later ones are numbered"))
    names = _numbered(header)
    whole = len(start) < size
    sound = open_cell.location.line - 1 if open_cell and open_cell.location else None
    rows, ragged = begun(_first(text, sound), separator, skip, names, whole=whole)
    wrong = [(line, cells) for line, cells in ragged if cells > len(names) or not footers]
    findings.extend(_ragged(file, wrong, len(names)))
    if sampled and not whole and not file.packed and encoding != "utf-16" and not blanks:
        rows = pl.concat([rows, later(list(_slices(file, encoding)), separator, names)])
    if whole and any(names) and not rows.height and not ragged:
        findings.append(_note(file, "SM925", "has column names and no rows"))
    mixed = marks.odd and marks.meant and not open_cell
    if blanks:
        return Layout(encoding, BLANKS, names, skip, False, rows if sampled else rows.clear(), tuple(findings))
    direct = encoding == "utf-8" and file.packed != ".zip" and "\r" not in text.replace("\r\n", "\n")
    return Layout(
        encoding,
        separator,
        names,
        skip,
        direct and not mixed and not open_cell,
        rows if sampled else rows.clear(),
        tuple(findings),
        marks.meant,
        mixed,
        sound,
    )


_SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", BLANKS: "blanks"}
_ENCODINGS: dict[Encoding, str] = {"utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252"}


def said(layout: Layout) -> str:
    """How a file is written, in words."""
    return f"{_ENCODINGS[layout.encoding]}, {_SIGNS[layout.separator]} between cells"


def recoded(file: DataFile, layout: Layout) -> bytes:
    """A file that the reader cannot take as it is, as UTF-8 with ordinary line ends; up to a cell that has no end."""
    text = io.StringIO(_decoded(packed.whole(file), layout.encoding), newline=None)
    if layout.separator == BLANKS:
        return _spaced(text.read()).encode()
    if layout.sound is not None:
        return _first(text.read(), layout.sound).encode()
    return _requoted(text, layout.separator).encode() if layout.mixed else text.read().encode()


def _aligned(text: str, wanted: Collection[str]) -> tuple[tuple[str, ...], int] | None:
    """Names and line of a header whose names have blanks between them; None where none has two wanted names."""
    known = {name.casefold() for name in wanted}
    for number, line in enumerate(islice(io.StringIO(text), HEADER_LINES), 1):
        names = tuple(line.split())
        if len(known & {name.casefold() for name in names}) > 1:
            return names, number
    return None


def _spaced(text: str) -> str:
    """Every line with one blank between its cells."""
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def _first(text: str, lines: int | None) -> str:
    return text if lines is None else "".join(islice(io.StringIO(text, newline=""), lines))


def _requoted(text: io.StringIO, separator: str) -> str:
    """The same cells, each with a quotation mark inside in quotation marks; line by line, so that lines stay."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    for record in csv.reader(text, delimiter=separator):
        writer.writerow(record)
    return out.getvalue()


def _note(file: DataFile, code: str, message: str) -> Finding:
    return Finding(code, Severity.NOTE, message, Location(file.name))


def _looked_through(file: DataFile, start: bytes) -> tuple[Encoding, Marks, bool]:
    """Encoding, quotation marks, and whether there are zero bytes; of a packed file, as far as its start tells."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", Marks(meant=True), False
    if file.packed:
        valid, marks, zeros = _is_utf8(start), Marks(meant=True), b"\0" in start
    else:
        valid, marks, zeros = _checked(file)
    if not valid and start.startswith(codecs.BOM_UTF8):
        raise packed.unreadable(file, "says it is UTF-8 and is not", "save it as UTF-8 again")
    return "utf-8" if valid else "cp1252", marks, zeros


def _checked(file: DataFile) -> tuple[bool, Marks, bool]:
    """Whether all of a file is UTF-8, its quotation marks, and zero bytes: one pass at the speed of memory."""
    decoder, valid, marks, zeros = codecs.getincrementaldecoder("utf-8")(), True, Marks(), False
    with file.path.open("rb", buffering=0) as stream:
        while chunk := stream.read(_CHUNK):
            marks.see(chunk)
            zeros = zeros or b"\0" in chunk
            if valid and (decoder.getstate()[0] or not chunk.isascii()):
                valid = _decodes(decoder, chunk)
    return valid and not decoder.getstate()[0], marks, zeros


def _zeros(file: DataFile) -> Finding:
    message, hint = "holds zero bytes, which no text has", "export it again, or save it as UTF-8"
    return Finding("SM927", Severity.WARNING, message, Location(file.name), hint)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def _is_utf8(start: bytes) -> bool:
    return _decodes(codecs.getincrementaldecoder("utf-8")(), start)


def _decoded(content: bytes, encoding: Encoding) -> str:
    name = "utf-8-sig" if encoding == "utf-8" else encoding
    return codecs.getincrementaldecoder(name)("replace").decode(content)


def _header(text: str, wanted: Collection[str]) -> tuple[str, tuple[str, ...], int]:
    """Separator, names as written, lines up to and with the header: the record that holds most wanted names."""
    known = {name.casefold() for name in wanted}
    best: tuple[tuple[int, int, int], str, tuple[str, ...], int] = ((-1, 0, 0), ",", (), 1)
    for separator in SEPARATORS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        for number, record in enumerate(islice(records(reader), HEADER_LINES)):
            names = tuple(name.strip() for name in record)
            if any(names):
                score = (len(known & {name.casefold() for name in names}), -number, len(names))
                best = max(best, (score, separator, names, reader.line_num), key=lambda found: found[0])
    return best[1:]


def _unwritten(first: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of an export without a header, whose first line is a row."""
    names = headerless(len(first))
    return () if {*names} & {name.casefold() for name in first} else names


def _numbered(header: tuple[str, ...]) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    names: dict[str, None] = {}
    for position, written in enumerate(header, 1):
        given = name = written or f"column {position}"
        while name in names:
            counts[given] = counts.get(given, 1) + 1  # goes on where it stopped: a name may be there thousands of times
            name = f"{given} {counts[given]}"
        names[name] = None
    return tuple(names)


def _ragged(file: DataFile, ragged: list[tuple[int, int]], width: int) -> list[Finding]:
    if not ragged:
        return []
    line, cells = ragged[0]
    message = f"{cells} cells where the header has {width}" + (
        f", and {len(ragged) - 1} more such lines" * (len(ragged) > 1)
    )
    hint = "put cells that hold the separator in quotation marks"
    return [Finding("SM906", Severity.WARNING, message, Location(file.name, line), hint, rows=len(ragged))]


def _slices(file: DataFile, encoding: Encoding) -> Iterator[list[str]]:
    """Whole lines from all over a file, behind its beginning."""
    with file.path.open("rb") as stream:
        for number in range(1, SLICES + 1):
            stream.seek(SAMPLE + (file.size - SAMPLE) * number // (SLICES + 1))
            yield _decoded(stream.read(SLICE), encoding).split("\n")[1:-1]
