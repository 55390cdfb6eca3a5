"""How often an expression takes which value, per account and cell: `Spread`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from saasmetrics.facts.atoms import Atoms
from saasmetrics.facts.chunk import Chunk
from saasmetrics.facts.clock import cells, dates
from saasmetrics.facts.formulas import within
from saasmetrics.facts.pack import Column, Keyed, Partial, count, keyed, tabled
from saasmetrics.facts.plan import Family
from saasmetrics.facts.request import Request, Spread
from saasmetrics.facts.vocabulary import Names


class Spreads:
    """Fills one request for a spread.

    What chunks find is put side by side and never folded again: chunks are stretches of time, so that hardly a value
    of one account and cell stands in two of them.
    """

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
        """Values of one chunk by account, `by` and cell, with how often they occur."""
        request = self._request
        partial: list[Keyed] = []
        for at, _, rows in chunk.chosen([self._atoms.clock_of(self._choices)]):
            amounts, filled = chunk.amounts(request.expr, request.unit, rows)
            within(float(np.abs(amounts).sum(dtype=np.float64)), request.expr, request.unit)
            if not filled.all():
                rows, amounts = rows[filled], amounts[filled]
            days = chunk.days(at)[rows]
            cell = days if request.grain == "day" else cells(chunk.ground.plan.calendar, days)
            codes = [chunk.codes(name)[rows] for name in self._by]
            # Whole values are counted without the digits of the unit, which are all zero: the key is shorter.
            whole = not (amounts % request.unit).any()
            (*keys, values), (n,) = count([*codes, cell, amounts // request.unit if whole else amounts])
            partial.append(([*keys, values * request.unit if whole else values], [n]))
        return {"values": tabled(partial, (*(f"by {name}" for name in self._by), "cell", "amount"), ["rows"])}

    def absorb(self, partial: Partial) -> None:
        """Put the values of a chunk beside those before."""
        if not partial["values"]:
            return
        keys, values = keyed(partial["values"], 1)
        self._held.append((keys, values))
        self._bulk += float((np.abs(keys[-1]).astype(np.float64) * values[0]).sum())
        within(self._bulk, self._request.expr, self._request.unit)

    def frames(self, names: Mapping[str, Names]) -> dict[Request, pl.DataFrame]:
        """The frame of the request, in the order of its columns."""
        by = self._by
        keys = [self._joined(place, dtype) for place, dtype in enumerate([np.uint32] * len(by) + [np.int32, np.int64])]
        rows = np.concatenate([np.empty(0, np.int64), *(n for _, (n,) in self._held)])
        self._held.clear()
        columns = [
            names[name].column(names[name].ranks[codes]).alias(name) for name, codes in zip(by, keys, strict=False)
        ]
        columns += [dates(keys[-2]).alias("cell"), pl.Series("amount", keys[-1]), pl.Series("rows", rows)]
        texts = pl.col(set(by) - {"account", "user"}).cast(pl.String)
        return {self._request: pl.DataFrame(columns).with_columns(texts)}

    def _joined(self, place: int, dtype: type) -> Column:
        return np.concatenate([np.empty(0, dtype), *(keys[place] for keys, _ in self._held)])
