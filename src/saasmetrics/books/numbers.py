"""Numbers: rows of a table that an expression reads as numbers."""

from __future__ import annotations

from dataclasses import dataclass

from saasmetrics.definitions.selection import Selector


@dataclass(frozen=True)
class Numbers:
    """An expression that is read as a number, on the rows of a table that any of the selectors chooses."""

    role: str
    selectors: tuple[Selector, ...]
    expr: str
