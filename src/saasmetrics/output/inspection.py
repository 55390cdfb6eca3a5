"""What files are, one after the other; and the rows of one, as they count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl
from rich.text import Text

from saasmetrics.output import explanation
from saasmetrics.output.explanation import Explanation
from saasmetrics.output.printout import Printout, Sight
from saasmetrics.output.sheet import Block, Column, Line, Note, Row, Sheet, text

_ROWS = 20
_LONG = 30


def inspections(pages: Sequence[Explanation]) -> Printout:
    """Several files under each other. Columns of the rows: those of an explanation, after the `file`."""
    printouts = [explanation.printout(page) for page in pages]
    if len(pages) == 1:
        return printouts[0]
    frames = [
        each.rows.insert_column(0, pl.lit(page.name).alias("file")) for each, page in zip(printouts, pages, strict=True)
    ]

    def blocks(sight: Sight) -> Iterator[Block]:
        for number, each in enumerate(printouts):
            yield from [Line()] if number else []
            yield from each.page(sight)

    return Printout(pl.concat(frames), "inspections", {"files": [dict(each.about) for each in printouts]}, blocks)


def rows(name: str, found: pl.DataFrame) -> Printout:
    """The rows of a file that count; a page shows the first of them."""

    def blocks(_: Sight) -> Iterator[Block]:
        yield Note(text(("saasmetrics inspect", "strong"), ("  ", ""), (name, "muted")))
        yield Line()
        head = [[_cell(value) for value in row] for row in found.head(_ROWS).iter_rows()]
        yield Sheet(tuple(map(Column, found.columns)), tuple(Row(tuple(map(Text, row))) for row in head), gap=2)
        if found.height > _ROWS:
            yield Note(Text(f"{found.height - _ROWS:,} more rows: write them to a file with -o", "muted"))

    return Printout(found, "rows", {"file": name}, blocks)


def _cell(value: object) -> str:
    written = "" if value is None else str(value).removesuffix("+00:00")
    return written if len(written) <= _LONG else f"{written[: _LONG - 1]}…"
