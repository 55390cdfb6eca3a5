"""Blocks as lines on a stream: styles, widths, colours as far as the stream has them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Literal, TextIO

from rich.console import Console
from rich.text import Text
from rich.theme import Theme

from saasmetrics.output.glyphs import tolerate
from saasmetrics.output.printout import Printout, Sight
from saasmetrics.output.sheet import draw

When = Literal["auto", "always", "never"]

THEME = Theme(
    {
        "value": "bold",
        "strong": "bold",
        "section": "bold cyan",
        "accent": "cyan",
        "good": "green",
        "bad": "red",
        "warn": "yellow",
        "muted": "dim",
        "progress": "dim italic",
    }
)
"""Standard colours only, so that the user's own theme decides what they look like."""

PIPE_WIDTH = 80
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), "\ufffd")
"""What comes out of a file must not steer the terminal, nor move what stands beside it."""


def console(stream: TextIO, colour: When = "auto", width: int | None = None) -> Console:
    """A Rich console that never guesses.

    Edges: `NO_COLOR`, `FORCE_COLOR`, `TERM=dumb` and `COLUMNS` are honoured when colour is `auto`; a stream that is no
    terminal is `PIPE_WIDTH` wide unless `COLUMNS` says otherwise, whatever terminal stands beside it.
    """
    tolerate(stream)
    if width is None and not stream.isatty():
        columns = os.environ.get("COLUMNS", "")
        width = int(columns) if columns.isdigit() and int(columns) else PIPE_WIDTH
    return Console(
        file=stream,
        theme=THEME,
        highlight=False,
        markup=False,
        emoji=False,
        width=width,
        force_terminal={"always": True, "never": False}.get(colour),
        no_color={"always": False, "never": True}.get(colour),
    )


def sight(on: Console, *, is_terminal: bool) -> Sight:
    """What a page on this console may be."""
    return Sight(on.width, is_terminal, on.color_system in ("256", "truecolor") and not on.no_color)


def page_text(printout: Printout, on: Console, seen: Sight) -> str:
    """A page with the escapes that the console has."""
    lines = (line for block in printout.page(seen) for line in draw(block, seen.width, bounded=seen.bounded))
    return lines_text(lines, on)


def lines_text(lines: Iterable[Text], on: Console, *, folded: bool = False) -> str:
    """Lines as they are, however long, with the escapes that the console has; nothing is written.

    Edges: with `folded`, for somebody who looks on, a line that is too long breaks between words, and goes on a little
    to the right; but not one that is to be copied.
    """
    with on.capture() as captured:
        for line in lines:
            if not line.plain.isprintable():
                line.plain = line.plain.translate(_CONTROLS)
            for each in _folds(line, on) if folded else (line,):
                on.print(each, no_wrap=True, overflow="ignore", crop=False)
    return captured.get()


HANG = 4
"""How far to the right a line goes on."""


def _folds(line: Text, on: Console) -> Iterator[Text]:
    if line.no_wrap or line.cell_len <= on.width or on.width <= 2 * HANG:
        yield line
        return
    inset = len(line.plain) - len(line.plain.lstrip(" ")) + HANG
    first, *_ = line.wrap(on, on.width, overflow="fold")
    rest = line[len(first.plain) :]
    first.rstrip()
    yield first
    blanks = len(rest.plain) - len(rest.plain.lstrip(" "))
    for each in rest[blanks:].wrap(on, on.width - inset, overflow="fold"):
        yield Text(" " * inset).append_text(each)
