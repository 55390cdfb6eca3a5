"""Pages as plain text, for files: as wide as their rows need, no colour."""

from __future__ import annotations

from saasmetrics.output.printout import Printout, Sight
from saasmetrics.output.sheet import draw


def plain(printout: Printout) -> bytes:
    """The page of a stream that is no terminal."""
    sight = Sight()
    lines = [line.plain for block in printout.page(sight) for line in draw(block, sight.width, bounded=False)]
    return ("\n".join(lines) + "\n").encode()
