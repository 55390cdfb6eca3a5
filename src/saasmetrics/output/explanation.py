"""What a name means, on a page: sections of facts, tables, sentences and lines as they stand in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

import polars as pl
from rich.cells import cell_len
from rich.text import Text

from saasmetrics.output.printout import Printout, Sight
from saasmetrics.output.sheet import Block, Column, Line, Note, Row, Sheet, text

NARROWEST = 24
"""Columns that the last cell of a row has at least, however narrow the page is."""


@dataclass(frozen=True)
class Facts:
    """Names, each with what is said of it."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """Rows under titles; the last column holds the long texts. Titles that begin with `>` head numbers."""

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
    quotes, unrounded, for machines.
    """

    name: str
    kind: str
    label: str
    sections: tuple[Section, ...]
    figures: Mapping[str, Any] = field(default_factory=dict)


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
    yield Note(text(("saasmetrics explain", "strong"), ("  ", ""), (explanation.name, "muted")))
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
    """A table whose last column is wrapped, on lines of its own under the first."""
    heads = [title.removeprefix(">") for title in titles]
    fixed = [max(cell_len(row[place]) for row in ((*heads,), *rows)) for place in range(len(titles) - 1)]
    room = max(width - sum(fixed) - 2 * len(fixed), NARROWEST)
    columns = tuple(
        Column(head, "right" if title.startswith(">") else "left") for head, title in zip(heads, titles, strict=True)
    )
    lines: list[Row] = []
    for *first, last in rows:
        parts = wrap(last, room, break_long_words=False, break_on_hyphens=False) or [""]
        cells = [Text(cell, "muted" if not place else "") for place, cell in enumerate(first)]
        lines.append(Row((*cells, Text(parts[0]))))
        lines += [Row((*[Text()] * len(first), Text(part))) for part in parts[1:]]
    return Sheet(columns, tuple(lines), gap=2)


def _folded(line: str, width: int) -> list[str]:
    """A line of a definition, broken at blanks with the rest set in deeper, as the file could have it too."""
    margin = " " * (len(line) - len(line.lstrip()))
    kept = wrap(
        line.strip(), max(width, NARROWEST), initial_indent=margin, subsequent_indent=f"{margin}    ",
        break_long_words=False, break_on_hyphens=False, drop_whitespace=True,
    )  # fmt: skip
    return [line] if len(line) <= width else kept


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
