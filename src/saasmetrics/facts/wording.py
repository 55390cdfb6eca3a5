"""Text columns by their dictionaries: what is made of a text is made once for each word, not for each row."""

from __future__ import annotations

from threading import Lock

import numpy as np
import polars as pl

from saasmetrics.facts.batch import Coded
from saasmetrics.facts.demand import Demand
from saasmetrics.facts.pack import Codes, Ints, looked_up, taken
from saasmetrics.facts.vocabulary import UNSEEN, Vocabulary


class Wording:
    """How one canonical column of texts follows from the words of one raw column.

    `lexicon` numbers the words of the raw column, `words` those of the canonical one. Safe to use from threads.
    """

    def __init__(self, demand: Demand, name: str, raw: str, lexicon: Vocabulary, words: Vocabulary) -> None:
        self._demand = demand
        self.name = name
        self.raw = raw
        self._lexicon = lexicon
        self._words = words
        self._lock = Lock()
        self._codes = np.full(1024, UNSEEN, np.uint32)

    def codes(self, coded: Coded, rows: Ints | None) -> Codes:
        """Grain: a row, or those at these positions. Only words that occur in them become known."""
        out = [np.empty(0, np.uint32)]
        for numbers, words, entries in coded.entries(self._lexicon, rows):
            table = self._known(numbers)
            codes = looked_up(table, entries)
            if (table == UNSEEN).any() and codes.max(initial=0) == UNSEEN:
                met = np.zeros(len(numbers), np.bool_)
                met[entries] = True
                new = np.flatnonzero(met & (table == UNSEEN))
                self._learn(numbers[new], taken(words, new))
                codes = looked_up(self._known(numbers), entries)
            out.append(codes)
        return out[1] if len(out) == 2 else np.concatenate(out)

    def series(self, coded: Coded, rows: Ints | None) -> pl.Series:
        """The same as a column of texts."""
        parts = [pl.Series([], dtype=pl.Categorical)]
        for _, words, entries in coded.entries(self._lexicon, rows):
            texts = self._demand.canonical(self.name, self.raw, words)
            parts.append(texts.cast(pl.Categorical).gather(pl.Series(entries)))
        return pl.concat(parts)

    def _known(self, numbers: Codes) -> Codes:
        """Codes by numbers of the lexicon, as far as they are known."""
        largest = int(numbers.max(initial=0))
        with self._lock:
            if largest >= len(self._codes):
                grown = np.full(2 * largest, UNSEEN, np.uint32)
                grown[: len(self._codes)] = self._codes
                self._codes = grown
            return self._codes.take(numbers)

    def _learn(self, numbers: Codes, words: pl.Series) -> None:
        codes = self._words.look_up(self._demand.canonical(self.name, self.raw, words))
        with self._lock:
            self._codes[numbers] = codes


class Worded:
    """A column of one batch by its words; `places` are the rows that were taken of the batch, if not all."""

    def __init__(self, wording: Wording, coded: Coded, places: Ints | None) -> None:
        self._wording = wording
        self._coded = coded
        self._places = places

    def filled(self) -> bool:
        """Whether no row is without a text, for sure."""
        return self._coded.filled()

    def codes(self, rows: Ints | None = None) -> Codes:
        """Codes, or those at these ascending positions."""
        return self._wording.codes(self._coded, self._of_batch(rows))

    def series(self, rows: Ints | None = None) -> pl.Series:
        """Texts, or those at these ascending positions."""
        return self._wording.series(self._coded, self._of_batch(rows))

    def _of_batch(self, rows: Ints | None) -> Ints | None:
        return rows if self._places is None else self._places if rows is None else self._places[rows]
