"""Pages as GitHub-flavoured Markdown: every table as wide as it likes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.text import Text

from saasmetrics.output.printout import Printout, Sight
from saasmetrics.output.sheet import Column, Line, Note, Sheet

WIDE = 1000


def markdown(printout: Printout) -> bytes:
    """Notes as paragraphs, tables as tables; the headings of groups are rows in bold."""
    parts: list[str] = []
    for block in printout.page(Sight(WIDE)):
        if isinstance(block, Sheet):
            parts.append("\n".join(_table(block)))
        elif isinstance(block, Note):
            parts.append(_escaped(block.text))
    return ("\n\n".join(part for part in parts if part) + "\n").encode()


def _table(sheet: Sheet) -> Iterator[str]:
    if sheet.title is not None:
        yield f"{_escaped(sheet.title)}\n"
    yield _row([_escaped(_plain(column)) for column in sheet.columns])
    yield _row(["---:" if column.align == "right" else "---" for column in sheet.columns])
    for row in sheet.rows:
        if isinstance(row, Line):
            if row.text.plain:
                yield _row([f"**{_escaped(row.text)}**"] + [""] * (len(sheet.columns) - 1))
            continue
        cells = [
            _escaped(cell + row.tail if column.flex else cell)
            for column, cell in zip(sheet.columns, row.cells, strict=False)
        ]
        yield _row(cells + [""] * (len(sheet.columns) - len(cells)))


def _plain(column: Column) -> Text:
    return column.title if isinstance(column.title, Text) else Text(column.title)


def _escaped(text: Text) -> str:
    """What Markdown would read as markup, made literal."""
    return re.sub(r"([\\`*_{}\[\]<>|~])", r"\\\1", text.plain).strip()


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
