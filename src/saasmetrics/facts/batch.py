"""Raw rows as they come from files: texts of few values by their dictionaries, the rest as a frame."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from saasmetrics.facts.pack import Codes, Ints, taken
from saasmetrics.facts.vocabulary import NOBODY, Vocabulary

_NOTHING = pa.scalar("", pa.string())
"""Made once: to make a scalar of a text, PyArrow looks each time for libraries of times that it could be of."""
Entries = NDArray[np.int32]
"""Grain: a row. The place of its word in a dictionary; that after the last stands for null."""


class Coded:
    """A column of texts: some dictionaries one after the other, and for each row a place in its own.

    Grain of a part: a row group, or another stretch of rows with a dictionary of its own. `lexicon` numbers the texts
    of this column in all files.
    """

    def __init__(self, parts: Sequence[pa.DictionaryArray]) -> None:
        self._parts = tuple(parts)
        self._begins = np.cumsum([0, *(len(part) for part in parts)])
        self._entries: dict[int, Entries] = {}
        self._numbers: dict[int, tuple[Codes, pl.Series]] = {}

    @classmethod
    def nothing(cls, rows: int) -> Coded:
        """A column that is null."""
        return cls([pa.nulls(rows, pa.dictionary(pa.int32(), pa.string()))])

    @classmethod
    def joined(cls, columns: Sequence[Coded]) -> Coded:
        """Columns below one another."""
        return cls([part for column in columns for part in column._parts])

    def entries(self, lexicon: Vocabulary, rows: Ints | None = None) -> Iterator[tuple[Codes, pl.Series, Entries]]:
        """By part, the numbers of its words, the words, and of each row the place of its word.

        Null is the last word and has the number 0. With `rows`, which ascend, of these only.
        """
        cuts = None if rows is None else np.searchsorted(rows, self._begins)
        for number in range(len(self._parts)):
            entries = self._all(number)
            if rows is not None and cuts is not None:
                some, begin = rows[cuts[number] : cuts[number + 1]], self._begins[number]
                entries = entries[some - begin if begin else some]
            yield *self._numbered(number, lexicon), entries

    def filled(self) -> bool:
        """Whether no row is without a text, for sure."""
        return all(
            not part.null_count and not pc.any(pc.equal(part.dictionary, _NOTHING), min_count=0).as_py()
            for part in self._parts
        )

    def texts(self, rows: Ints) -> pl.Series:
        """What stands at these ascending positions, as texts."""
        cuts = np.searchsorted(rows, self._begins)
        parts = [
            part.dictionary.take(part.indices.take(pa.array(rows[first:last] - begin)))
            for part, begin, (first, last) in zip(self._parts, self._begins[:-1], pairwise(cuts), strict=True)
        ]
        return pl.Series(pa.chunked_array(parts, pa.string()), dtype=pl.String)

    def series(self, rows: Ints | None = None) -> pl.Series:
        """The column as dictionaries of Polars, or what stands at these positions."""
        chunks = self._parts
        if len(chunks) > 1 and all(chunk.dictionary.equals(chunks[0].dictionary) for chunk in chunks[1:]):
            indices = pa.concat_arrays([chunk.indices for chunk in chunks])
            chunks = (pa.DictionaryArray.from_arrays(indices, chunks[0].dictionary),)
        column = pl.concat([pl.Series(chunk) for chunk in chunks])
        return column if rows is None else taken(column, rows)

    def _all(self, number: int) -> Entries:
        if number not in self._entries:
            part = self._parts[number]
            entries = pc.fill_null(part.indices, len(part.dictionary)) if part.null_count else part.indices
            self._entries[number] = entries.to_numpy()
        return self._entries[number]

    def _numbered(self, number: int, lexicon: Vocabulary) -> tuple[Codes, pl.Series]:
        if number not in self._numbers:
            words = pl.Series(self._parts[number].dictionary, dtype=pl.String)
            numbers = np.append(lexicon.look_up(words), NOBODY)
            self._numbers[number] = numbers, words.extend_constant(None, 1)
        return self._numbers[number]


@dataclass(frozen=True)
class Batch:
    """Raw rows of a unit. `plain` are the columns that are not `coded`; `columns` is their common order."""

    height: int
    columns: tuple[str, ...]
    plain: pl.DataFrame
    coded: Mapping[str, Coded] = field(default_factory=dict)

    def frame(
        self, columns: Collection[str] | None = None, rows: Ints | None = None, *, few: bool = False
    ) -> pl.DataFrame:
        """These columns, or all, in the common order, at these positions; few rows are cheaper as plain texts."""
        named = [name for name in self.columns if columns is None or name in columns]
        plain = pl.DataFrame([self.plain.get_column(name) for name in named if name not in self.coded])
        if rows is not None and plain.width:
            plain = taken(plain, rows)
        out = []
        for name in named:
            if name not in self.coded:
                out.append(plain.get_column(name))
            else:
                coded = self.coded[name]
                out.append((coded.texts(rows) if few and rows is not None else coded.series(rows)).alias(name))
        return pl.DataFrame(out)

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Batch:
        """A frame as it is."""
        return cls(rows.height, tuple(rows.columns), rows)

    @classmethod
    def joined(cls, batches: Sequence[Batch]) -> Batch:
        """Batches of the same columns below one another; a column that is not coded everywhere is so nowhere."""
        if len(batches) == 1:
            return batches[0]
        coded = [name for name in batches[0].coded if all(name in batch.coded for batch in batches)]
        plain = [name for name in batches[0].columns if name not in coded]
        frames = [batch.frame(plain) for batch in batches]
        return cls(
            sum(batch.height for batch in batches),
            batches[0].columns,
            pl.concat(frames, how="vertical_relaxed") if plain else pl.DataFrame(),
            {name: Coded.joined([batch.coded[name] for batch in batches]) for name in coded},
        )
