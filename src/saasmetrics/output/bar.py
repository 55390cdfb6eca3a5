"""A bar of block glyphs, an eighth of a column fine."""

from __future__ import annotations

BLOCKS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


def bar(value: float, full: float, width: int) -> str:
    """`value` as a share of `full`, over `width` columns; anything above nought shows at least a sliver."""
    if full <= 0 or value <= 0:
        return ""
    eighths = max(round(min(value / full, 1) * width * 8), 1)
    return "█" * (eighths // 8) + BLOCKS[eighths % 8]
