"""What stood with an edition: its own tables, with the changes of those before it put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from saasmetrics.history.chain import folded
from saasmetrics.history.edition import ENTRY_KEY, FILES, PART_KEY, Edition
from saasmetrics.history.folder import read


@dataclass
class Standing:
    """The editions of a folder. From one to the next only what changed is read; to go back costs more.

    Edges: broken files are passed over, since what is published after them is published whole.
    """

    found: Sequence[Edition]
    _entries: tuple[int, pl.DataFrame] | None = None
    _parts: tuple[int, pl.DataFrame] | None = None
    _values: dict[int, pl.DataFrame] = field(default_factory=dict)

    def values(self, edition: Edition) -> pl.DataFrame:
        """Its values; those of the last two that were asked for are kept."""
        if edition.number not in self._values:
            for number in list(self._values)[:-1]:
                del self._values[number]
            self._values[edition.number] = read(edition, FILES[0])
        return self._values[edition.number]

    def entries(self, edition: Edition) -> pl.DataFrame:
        """All entries of complete periods."""
        self._entries = self._folded(edition, self._entries, FILES[1], ENTRY_KEY, "amount")
        return self._entries[1]

    def sources(self, edition: Edition) -> pl.DataFrame:
        """All lines of the sources."""
        self._parts = self._folded(edition, self._parts, FILES[2], PART_KEY, "rows")
        return pl.concat([read(edition, FILES[2]).filter(pl.col("level") != "part"), self._parts[1]])

    def chain(self, edition: Edition) -> list[Edition]:
        """The editions that it rests on: from the last whole one to itself."""
        upto = [each for each in self.found if each.number <= edition.number]
        return upto[max((place for place, each in enumerate(upto) if each.whole), default=0) :]

    def _folded(
        self, edition: Edition, known: tuple[int, pl.DataFrame] | None, file: str, key: Sequence[str], value: str
    ) -> tuple[int, pl.DataFrame]:
        chain = self.chain(edition)
        tables = []
        if known is not None and chain[0].number <= known[0] <= edition.number:
            chain = [each for each in chain if each.number > known[0]]
            tables = [known[1]]
        for each in chain:
            rows = read(each, file)
            tables.append(rows.filter(pl.col("level") == "part") if "level" in rows.columns else rows)
        return edition.number, folded(tables, key, value)
