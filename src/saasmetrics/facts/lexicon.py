"""Numbers for the words of dictionaries, which come again with every row group."""

from __future__ import annotations

from threading import Lock

import numpy as np
import polars as pl

from saasmetrics.facts.pack import Codes
from saasmetrics.facts.vocabulary import Vocabulary

_SPARSE = 8
"""So many places of the table for each word: few words then share one."""


class Lexicon:
    """The words of one raw column over all files, numbered from 1; safe to use from several threads.

    A table of places by hash says which word a text most likely is, and the text is then compared with it: only new
    words, and those that share their place with another, are looked for.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._words = Vocabulary()
        self._texts = pl.Series([None], dtype=pl.String)
        self._places = np.zeros(1 << 12, np.uint32)

    def numbers(self, words: pl.Series) -> Codes:
        """Grain: as `words`, which are texts and not null."""
        texts, places = self._texts, self._places
        numbers = places.take(words.hash(0).to_numpy() & np.uint64(len(places) - 1), mode="clip")
        numbers = np.where(numbers < len(texts), numbers, np.uint32(0))
        missed = np.flatnonzero(texts.gather(pl.Series(numbers)).ne_missing(words).to_numpy())
        if len(missed):
            numbers[missed] = self._find(words.gather(pl.Series(missed)))
        return numbers

    def texts(self, numbers: Codes) -> pl.Series:
        """The words behind numbers; null behind 0."""
        return self._texts.gather(pl.Series(numbers))

    def _find(self, words: pl.Series) -> Codes:
        numbers = self._words.look_up(words)
        with self._lock:
            known, size = len(self._texts), self._words.size
            if size > known:
                fresh = np.arange(known, size, dtype=np.uint32)
                texts = self._words.texts(fresh)
                self._texts = pl.concat([self._texts, texts]).rechunk()
                self._place(texts, fresh)
        return numbers

    def _place(self, texts: pl.Series, numbers: Codes) -> None:
        size = len(self._places)
        if len(self._texts) * _SPARSE > size:
            while len(self._texts) * _SPARSE > size:
                size *= 4
            texts, numbers = self._texts[1:], np.arange(1, len(self._texts), dtype=np.uint32)
            self._places = np.zeros(size, np.uint32)
        self._places[texts.hash(0).to_numpy() & np.uint64(size - 1)] = numbers
