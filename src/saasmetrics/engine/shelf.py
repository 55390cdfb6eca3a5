"""What was made of the rows already, for others that ask for it: `Shelf`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import polars as pl

from saasmetrics.books.given import Book, Given
from saasmetrics.books.numbers import Numbers
from saasmetrics.engine.kept import Kept
from saasmetrics.frames.ledger import Ledger


@dataclass
class Shelf:
    """Books that were made, by what they are, under which policies, as of when; None for those that never asked."""

    books: dict[tuple[Book, str, datetime | None], pl.LazyFrame] = field(default_factory=dict)
    ledgers: dict[tuple[object, ...], Ledger] = field(default_factory=dict)
    """Ledgers with the segments that they carry, by all they depend on."""
    counted: dict[Numbers, Given] = field(default_factory=dict)
    """Expressions that tables are read by as numbers, and who reads them."""
    asking: list[bool] = field(default_factory=lambda: [False])
    """Of the books being made, the innermost last: whether they asked for the as-of."""
    kept: Kept | None = None
    """What was told of the same question before."""

    @cached_property
    def blank(self) -> Shelf:
        """A shelf for what is made of no rows."""
        return Shelf()
