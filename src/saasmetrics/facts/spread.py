"""The values of an expression, with account and cell: `Spread`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from saasmetrics.facts.atoms import Atoms
from saasmetrics.facts.chunk import Chunk
from saasmetrics.facts.clock import cells, dates
from saasmetrics.facts.formulas import within
from saasmetrics.facts.pack import Column, Keyed, Partial, keyed, tabled
from saasmetrics.facts.plan import Family
from saasmetrics.facts.request import Request, Spread
from saasmetrics.facts.vocabulary import Names


class Spreads:
    """Fills one request for a spread: what chunks find is put side by side."""

    def __init__(self, family: Family, atoms: Atoms) -> None:
        assert isinstance(family.shape, Spread)
        self._request = family.shape
        self._choices = family.members[0].rows
        self._atoms = atoms
        self._by = ("account", *self._request.by)
        self._held: list[Keyed] = []
        self._bulk = 0.0
        self.codes = {f"by {name}": name for name in self._by}

    def take(self, chunk: Chunk) -> Partial:
        """Values of one chunk with account, `by` and cell."""
        request = self._request
        partial: list[Keyed] = []
        for at, _, rows in chunk.chosen([self._atoms.clock_of(self._choices)]):
            amounts, filled = chunk.amounts(request.expr, request.unit, rows)
            within(float(np.abs(amounts).sum(dtype=np.float64)), request.expr, request.unit)
            if not filled.all():
                rows, amounts = rows[filled], amounts[filled]
            days = chunk.days(at)[rows]
            cell = days if request.grain == "day" else cells(chunk.ground.plan.calendar, days)
            partial.append(([*(chunk.codes(name)[rows] for name in self._by), cell], [amounts]))
        return {"values": tabled(partial, (*(f"by {name}" for name in self._by), "cell"), ["amount"])}

    def absorb(self, partial: Partial) -> None:
        """Put the values of a chunk beside those before."""
        if not partial["values"]:
            return
        keys, (amounts,) = keyed(partial["values"], 1)
        self._held.append((keys, [amounts]))
        self._bulk += float(np.abs(amounts).sum(dtype=np.float64))
        within(self._bulk, self._request.expr, self._request.unit)

    def frames(self, names: Mapping[str, Names]) -> dict[Request, pl.DataFrame]:
        """The frame of the request, in the order of its columns."""
        keys = [self._joined(place, dtype) for place, dtype in enumerate([np.uint32] * len(self._by) + [np.int32])]
        amounts = np.concatenate([np.empty(0, np.int64), *(values for _, (values,) in self._held)])
        self._held.clear()
        columns = [
            names[name].column(names[name].ranks[codes]).alias(name)
            for name, codes in zip(self._by, keys, strict=False)
        ]
        columns += [dates(keys[-1]).alias("cell"), pl.Series("amount", amounts).shrink_dtype()]
        return {self._request: pl.DataFrame(columns)}

    def _joined(self, place: int, dtype: type) -> Column:
        return np.concatenate([np.empty(0, dtype), *(keys[place] for keys, _ in self._held)])
