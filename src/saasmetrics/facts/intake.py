"""From raw rows to canonical ones, by the shortest way: texts by their words, and no row is copied for a few others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from saasmetrics.facts.batch import Batch
from saasmetrics.facts.demand import Demand
from saasmetrics.facts.pack import Flags
from saasmetrics.facts.vocabulary import Vocabulary
from saasmetrics.facts.wording import Worded, Wording

_MOST = 0.75
"""Share of rows beyond which it does not pay to leave the others out at once."""


@dataclass(frozen=True)
class Taken:
    """Canonical rows with `_fault`. `worded` are columns that are not among them; only `kept` ones count, if given."""

    rows: pl.DataFrame
    worded: Mapping[str, Worded]
    kept: Flags | None


class Intake:
    """Makes the rows of one source canonical."""

    def __init__(self, demand: Demand, words: Mapping[str, Vocabulary], lexicons: dict[str, Vocabulary]) -> None:
        self._demand = demand
        self._wordings = [
            Wording(demand, name, raw, lexicons.setdefault(raw, Vocabulary()), words[name])
            for name, raw in demand.worded(sorted(words)).items()
        ]

    def rows(self, raw: Batch, repeated: Flags | None = None) -> Taken:
        """The rows that the filter lets through and that are not marked as repeated.

        Edges: where a text that a row needs may be missing, all columns are made, so that the fault is found.
        """
        kept = self._demand.kept(raw)
        if repeated is not None:
            kept = ~repeated if kept is None else kept & ~repeated
        places = None
        if kept is not None and int(kept.sum()) <= _MOST * raw.height:
            places, kept = np.flatnonzero(kept), None
        elif kept is not None and kept.all():
            kept = None
        texts = {
            each.name: Worded(each, raw.coded[each.raw], places) for each in self._wordings if each.raw in raw.coded
        }
        if not self._filled(texts):
            texts = {}
        return Taken(self._demand.conform(raw, places, texts.keys()), texts, kept)

    def _filled(self, texts: Mapping[str, Worded]) -> bool:
        return all(texts[name].filled() for name in self._demand.log.how.needed if name in texts)
