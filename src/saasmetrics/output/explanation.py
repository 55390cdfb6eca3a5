"""What a name means, on a page: sections of facts, tables, sentences and lines as they stand in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from textwrap import wrap
from typing import Any

import polars as pl
from rich.cells import cell_len
from rich.text import Text

from saasmetrics.output.printout import Printout, Sight
from saasmetrics.output.sheet import Block, Column, Line, Note, Row, Sheet, text

NARROWEST = 24
"""So long a path is broken at its slashes before a table gets too wide; no line of a definition is set narrower."""


@dataclass(frozen=True)
class Facts:
    """Names, each with what is said of it."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """Rows under titles. Titles that begin with `>` head numbers."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Written:
    """Lines of a definition."""

    text: str


Passage = str | Facts | Table | Written


@dataclass(frozen=True)
class Section:
    """Passages under a title; the first section has none."""

    title: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True)
class Explanation:
    """What a name means.

    `kind` is what it names (`metric`, `policy`), `label` what people call it. `figures` are the numbers that the text
    quotes, unrounded, for machines. `command` is the one that says it.
    """

    name: str
    kind: str
    label: str
    sections: tuple[Section, ...]
    figures: Mapping[str, Any] = field(default_factory=dict)
    command: str = "explain"


def printout(explanation: Explanation) -> Printout:
    """The explanation as rows and as a page.

    Columns of the rows: `section`, `item` (what it is about), `key` (title of a table's column), `text`.
    """
    rows = [(section.title, *row) for section in explanation.sections for row in _rows(section)]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("section", "item", "key", "text"), pl.String), orient="row")
    about: dict[str, Any] = {"name": explanation.name, "kind": explanation.kind, "label": explanation.label}
    if explanation.figures:
        about["figures"] = dict(explanation.figures)
    return Printout(frame, "explanation", about, lambda sight: page(explanation, sight))


def page(explanation: Explanation, sight: Sight) -> Iterator[Block]:
    """Head, then the sections."""
    yield Note(text((f"saasmetrics {explanation.command}", "strong"), ("  ", ""), (explanation.name, "muted")))
    label = [(explanation.label, "strong"), (" · ", "muted")] if explanation.label else []
    yield Note(text(*label, (explanation.kind, "muted")), hang=2)
    for section in explanation.sections:
        yield Line()
        if section.title:
            yield Note(Text(section.title, "section"))
        for passage in section.passages:
            yield from _blocks(passage, sight.width)


def _blocks(passage: Passage, width: int) -> Iterator[Block]:
    if isinstance(passage, str):
        yield Note(Text(passage))
    elif isinstance(passage, Written):
        folded = [line for whole in passage.text.splitlines() for line in _folded(whole, width)]
        yield Sheet((Column(),), tuple(Row((Text(line),)) for line in folded))
    elif isinstance(passage, Facts):
        yield _sheet(("", ""), passage.rows, width)
    else:
        yield _sheet(passage.titles, passage.rows, width)


def _sheet(titles: tuple[str, ...], rows: tuple[tuple[str, ...], ...], width: int) -> Sheet:
    """A table whose cells are wrapped, on lines of their own under the first, where it would be too wide."""
    widths = _widths(titles, rows, width)
    columns = tuple(Column(title.removeprefix(">"), "right" if title.startswith(">") else "left") for title in titles)
    lines: list[Row] = []
    for row in rows:
        cells = [_wrapped(cell, room) for cell, room in zip(row, widths, strict=True)]
        lines += [_row(parts) for parts in zip_longest(*cells, fillvalue="")]
    return Sheet(columns, tuple(lines), gap=2)


def _row(parts: Sequence[str]) -> Row:
    return Row(tuple(Text(part, "" if place else "muted") for place, part in enumerate(parts)))


def _widths(titles: tuple[str, ...], rows: tuple[tuple[str, ...], ...], width: int) -> list[int]:
    """Widths of the columns: as they are, or the widest narrowed first; words and numbers stay whole."""
    columns = list(zip((title.removeprefix(">") for title in titles), *rows, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    least = [
        natural if title.startswith(">") else max(cell_len(head), *map(_longest, cells), 0)
        for title, natural, (head, *cells) in zip(titles, widths, columns, strict=True)
    ]
    excess = sum(widths) + 2 * (len(widths) - 1) - width
    for _ in range(max(excess, 0)):
        spare = [(each, place) for place, each in enumerate(widths) if each > least[place]]
        if spare:
            widths[max(spare)[1]] -= 1
    return widths


def _longest(said: str) -> int:
    """Length of the longest part of a text that is not broken."""
    return max((len(piece) for word in said.split() for piece in _pieces(word, NARROWEST)), default=0)


def _wrapped(said: str, room: int) -> list[str]:
    return wrap(_breakable(said, room), max(room, 1), break_long_words=False, break_on_hyphens=False) or [""]


def _breakable(said: str, room: int) -> str:
    """The same with blanks inside words longer than the room, as paths are: after slashes, as late as they fit."""
    return " ".join(" ".join(_pieces(word, room)) if len(word) > room else word for word in said.split(" "))


def _pieces(path: str, room: int) -> list[str]:
    pieces = [""]
    for name in re.findall(r"[^/]*/|[^/]+$", path):
        if pieces[-1] and len(pieces[-1] + name) > room:
            pieces.append("")
        pieces[-1] += name
    return pieces


def _folded(line: str, width: int) -> list[str]:
    """A line of a definition, broken at blanks with the rest set in deeper, as the file could have it too."""
    if len(line) <= width:
        return [line]
    margin = " " * (len(line) - len(line.lstrip()))
    code, _, comment = line.strip().partition("  # ")
    lines = _set_in(code.rstrip(), width, margin, f"{margin}    ")
    return lines + (_set_in(comment.strip(), width, f"{margin}    # ", f"{margin}    # ") if comment else [])


def _set_in(said: str, width: int, first: str, further: str) -> list[str]:
    return wrap(
        said,
        max(width, NARROWEST),
        initial_indent=first,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _rows(section: Section) -> Iterator[tuple[str | None, str | None, str]]:
    for passage in section.passages:
        if isinstance(passage, str):
            yield None, None, passage
        elif isinstance(passage, Written):
            yield None, None, passage.text
        elif isinstance(passage, Facts):
            for name, said in passage.rows:
                yield name, None, said
        else:
            for first, *others in passage.rows:
                for title, cell in zip(passage.titles[1:], others, strict=True):
                    yield first, title.removeprefix(">"), cell
