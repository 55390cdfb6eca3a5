"""A table before it is drawn: columns, rows, headings between them; and its drawing as aligned lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rich.cells import cell_len
from rich.text import Text


@dataclass(frozen=True)
class Column:
    """One column. It is `least` wide where there is room; a `flex` column gives way when there is none."""

    title: str | Text = ""
    align: Literal["left", "right"] = "left"
    least: int = 0
    flex: bool = False


@dataclass(frozen=True)
class Row:
    """Cells in the order of the columns; trailing ones may be left out. `tail` ends the flex cell and is never cut."""

    cells: tuple[Text, ...]
    tail: Text = field(default_factory=Text)


@dataclass(frozen=True)
class Line:
    """A line across the table: the heading of a group, a name above its numbers, or nothing."""

    text: Text = field(default_factory=Text)


@dataclass(frozen=True)
class Sheet:
    """A table: a title line, column titles, rows. What is said around it is a `Note`."""

    columns: tuple[Column, ...]
    rows: tuple[Row | Line, ...]
    title: Text | None = None
    gap: int = 1


@dataclass(frozen=True)
class Note:
    """A sentence outside any table; wrapped at the width, further lines set in by `hang`."""

    text: Text
    hang: int = 0


Block = Sheet | Note | Line


def text(*parts: str | tuple[str, str] | Text) -> Text:
    """A styled text from strings, (string, style) pairs and texts."""
    return Text.assemble(*parts, end="")


def draw(block: Block, width: int, *, bounded: bool) -> Iterator[Text]:
    """The lines of a block. Where it is `bounded` the flex column is cut with `…`; no other cell ever is."""
    if isinstance(block, Sheet):
        yield from _draw_sheet(block, width, bounded)
    elif isinstance(block, Note):
        yield from _wrap(block, width)
    else:
        yield block.text


def least_width(sheet: Sheet, flex: int = 16) -> int:
    """Width of the table when its flex column is cut to `flex`."""
    widths = [
        min(width, flex) if column.flex else width
        for column, width in zip(sheet.columns, _widths(sheet, least=False), strict=True)
    ]
    return sum(widths) + sheet.gap * (len(widths) - 1)


def _draw_sheet(sheet: Sheet, width: int, bounded: bool) -> Iterator[Text]:
    widths = _fitted(sheet, width) if bounded else _widths(sheet)
    if sheet.title is not None:
        yield from _wrap(Note(sheet.title), width)
    if any(str(column.title) for column in sheet.columns):
        titles = tuple(_title(column) for column in sheet.columns)
        yield _line(sheet, Row(titles), widths)
    for row in sheet.rows:
        if isinstance(row, Row):
            yield _line(sheet, row, widths)
        else:
            yield _cut(row.text, width) if bounded else row.text


def _title(column: Column) -> Text:
    return column.title if isinstance(column.title, Text) else Text(column.title, "muted")


def _widths(sheet: Sheet, *, least: bool = True) -> list[int]:
    widths = [max(column.least if least else 0, cell_len(_title(column).plain)) for column in sheet.columns]
    for row in sheet.rows:
        if isinstance(row, Row):
            for place, (column, cell) in enumerate(zip(sheet.columns, row.cells, strict=False)):
                tail = cell_len(row.tail.plain) if column.flex else 0
                widths[place] = max(widths[place], cell_len(cell.plain) + tail)
    return widths


def _fitted(sheet: Sheet, width: int) -> list[int]:
    """Give up spare room first, then cut the flex column; what is still too wide stays too wide."""
    widths, bare = _widths(sheet), _widths(sheet, least=False)
    excess = sum(widths) + sheet.gap * (len(widths) - 1) - width
    for place in range(len(widths) - 1, -1, -1):
        spare = min(max(excess, 0), widths[place] - bare[place])
        widths[place] -= spare
        excess -= spare
    if excess > 0:
        widths = [max(each - excess, 8) if c.flex else each for c, each in zip(sheet.columns, widths, strict=True)]
    return widths


def _cut(cell: Text, width: int) -> Text:
    cell = cell.copy()
    cell.truncate(width, overflow="ellipsis")
    return cell


def _line(sheet: Sheet, row: Row, widths: Sequence[int]) -> Text:
    line = Text(end="")
    for place, (column, cell, width) in enumerate(zip(sheet.columns, row.cells, widths, strict=False)):
        if place:
            line.append(" " * sheet.gap)
        tail = row.tail if column.flex else Text()
        cell = _cut(cell, max(width - cell_len(tail.plain), 1)) + tail
        missing = " " * (width - cell_len(cell.plain))
        for part in (missing, cell) if column.align == "right" else (cell, missing):
            line.append(part)
    line.rstrip()
    return line


_WORD = re.compile(r"[A-Z]\w{1,2} \d{4}\b\S*|\S+")
"""What is not broken: a run without blanks, `Sep 2026`, `W45 2026,`."""


def _wrap(note: Note, width: int) -> Iterator[Text]:
    """Break at blanks; a word longer than the line stays whole, and so does the name of a period."""
    start = end = 0
    indent = ""
    for word in _WORD.finditer(note.text.plain):
        if end > start and cell_len(indent + note.text.plain[start : word.end()]) > width:
            yield Text(indent, end="") + note.text[start:end]
            start, indent = word.start(), " " * note.hang
        end = word.end()
    yield Text(indent, end="") + note.text[start:end]
