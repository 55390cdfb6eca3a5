"""A row of eight heights: how a value went over its last complete periods."""

from __future__ import annotations

from collections.abc import Sequence

HEIGHTS = "▁▂▃▄▅▆▇█"
GAP, EDGE = "·", "┆"


def sparkline(complete: Sequence[float | None]) -> str:
    """One glyph per period, scaled between the smallest and the largest; a missing period is `·`.

    Edges: where all are equal the line lies low when they are nought, in the middle otherwise.
    """
    return "".join(height(value, complete) for value in complete)


def height(value: float | None, complete: Sequence[float | None]) -> str:
    """The glyph of one value on the scale of the complete periods, cut off at its ends."""
    if value is None:
        return GAP
    known = [each for each in complete if each is not None] or [value]
    low, high = min(known), max(known)
    if low == high:
        level = 3 + (value > low) - (value < low) if low else 0
        return HEIGHTS[level]
    level = int((min(max(value, low), high) - low) / (high - low) * len(HEIGHTS))
    return HEIGHTS[min(level, len(HEIGHTS) - 1)]
