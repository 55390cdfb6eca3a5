"""The rows themselves, with few columns: `Narrow`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from saasmetrics.facts.atoms import Atoms
from saasmetrics.facts.chunk import Chunk
from saasmetrics.facts.clock import INSTANT
from saasmetrics.facts.ordering import positions
from saasmetrics.facts.pack import Partial, taken
from saasmetrics.facts.plan import Choice, Family
from saasmetrics.facts.request import Narrow, Request
from saasmetrics.facts.vocabulary import Names

_OWN = frozenset({"account", "user", "at"})


class Narrows:
    """Fills one request for rows."""

    def __init__(self, family: Family, atoms: Atoms) -> None:
        assert isinstance(family.shape, Narrow)
        self._request = family.shape
        self._choices = family.members[0].rows
        self._atoms = atoms
        self._held: list[pl.DataFrame] = []
        self.codes = {"account": "account", "user": "user"}

    def take(self, chunk: Chunk) -> Partial:
        """The rows of one chunk, those of one selector after those of another."""
        parts = [self._rows(chunk, place, choice) for place, choice in enumerate(self._choices)]
        rows = pl.concat(parts, how="vertical_relaxed") if len(parts) != 1 else parts[0]
        return {"rows": dict(zip(rows.columns, rows.get_columns(), strict=True))}

    def absorb(self, partial: Partial) -> None:
        """Add the rows of a chunk."""
        rows = pl.DataFrame([pl.Series(name, column) for name, column in partial["rows"].items()])
        if rows.height:
            self._held.append(rows)

    def frames(self, names: Mapping[str, Names]) -> dict[Request, pl.DataFrame]:
        """The frame of the request, sorted by account, time, user, selector, then the other columns."""
        held, self._held = self._held or [self._nothing()], []
        rows = pl.concat(held, how="vertical_relaxed")
        held.clear()
        ranks = {name: names[name].ranks[rows[name].to_numpy()] for name in ("account", "user")}
        rows = rows.with_columns(user=pl.Series(ranks["user"]))
        order = positions([ranks["account"], rows["at"].to_physical().to_numpy()], rows.drop("account", "at"))
        ids = [names[name].column(rank[order]).alias(name) for name, rank in ranks.items()]
        columns = rows.columns
        return {self._request: taken(rows.drop("account", "user"), order).with_columns(ids).select(columns)}

    def _rows(self, chunk: Chunk, place: int, choice: Choice) -> pl.DataFrame:
        request = self._request
        rows = chunk.of(self._atoms.meeting(choice))
        columns = [
            pl.Series("account", chunk.codes("account")[rows]),
            pl.Series("user", chunk.codes("user")[rows]),
            pl.Series("at", chunk.instants(choice.selector.at)[rows]).cast(INSTANT),
            pl.Series("selector", np.full(len(rows), place, np.uint8)),
        ]
        columns += [chunk.at(name, rows).alias(name) for name in request.columns if name not in _OWN]
        if request.expr is not None:
            amounts, filled = chunk.amounts(request.expr, request.unit, rows)
            columns.append(pl.Series("amount", amounts).set(~pl.Series(filled), None))
        return pl.DataFrame(columns)

    def _nothing(self) -> pl.DataFrame:
        schema: dict[str, pl.DataType] = {"account": pl.UInt32(), "user": pl.UInt32(), "at": INSTANT}
        schema |= {"selector": pl.UInt8(), **{name: pl.String() for name in self._request.columns if name not in _OWN}}
        return pl.DataFrame(schema=schema | ({"amount": pl.Int64()} if self._request.expr is not None else {}))
