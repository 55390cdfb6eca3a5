"""How many columns a scorecard has at which width."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """What is shown from `width` columns on."""

    width: int
    name: int
    gap: int = 1
    full_names: bool = False
    n: bool = False
    spark: bool = False
    words: bool = True
    extras: bool = False
    """The value in progress, the target and the owner."""
    two_lines: bool = False


LAYOUTS = (
    Layout(132, name=29, gap=2, full_names=True, n=True, spark=True, extras=True),
    Layout(80, name=26, n=True, spark=True),
    Layout(72, name=26, spark=True),
    Layout(57, name=26),
    Layout(48, name=26, words=False),
    Layout(0, name=2, two_lines=True),
)
WIDEST = LAYOUTS[0]


def layout(width: int) -> Layout:
    """The richest layout that is made for a width."""
    return next(each for each in LAYOUTS if width >= each.width)
