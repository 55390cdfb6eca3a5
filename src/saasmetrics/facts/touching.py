"""Runs of which something is new, and the rest of runs of which something is needed: heads found by their keys."""

from __future__ import annotations

import numpy as np
import polars as pl

from saasmetrics.facts.heads import NEVER
from saasmetrics.facts.pack import Column, Flags, Hashes, Partial, Table
from saasmetrics.facts.repeats import within

_TABLE = 1 << 22
_PLACE = np.uint64(_TABLE - 1)

MOMENTS = ("opening", "any_success", "failure")
"""The columns of heads that hold when something of a run was first; whatever else it has came later."""


class Among:
    """Some keys, to find others that are among them."""

    def __init__(self, keys: Hashes) -> None:
        self._keys = np.unique(keys)
        self._table = np.zeros(_TABLE, np.bool_)
        self._table[self._keys & _PLACE] = True

    def flags(self, keys: Hashes) -> Flags:
        """Whether each is among them. Edges: most are not, which a table of their last bits tells at once."""
        found: Flags = self._table.take((keys & _PLACE).view(np.int64))
        places = np.flatnonzero(found)
        found[places] = within(keys[places], self._keys)
        return found


def earliest(heads: pl.DataFrame, among: Among) -> int:
    """The first moment of those runs that are among some; `NEVER` without any."""
    flags = among.flags(heads["key"].to_numpy())
    if not flags.any():
        return NEVER
    return min(int(heads[name].to_numpy()[flags].min()) for name in MOMENTS)


def only(partial: Partial, among: Among) -> Partial:
    """What a partial of runs says of those that are among some; rows without a run are left out."""
    out: dict[str, Table] = {}
    for name, table in partial.items():
        if name == "runless":
            out[name] = {"rows": np.zeros_like(np.asarray(table["rows"]))}
            continue
        keys = partial["heads" if name == "ids" else name].get("key")
        flags = among.flags(np.asarray(keys)) if keys is not None else np.zeros(0, np.bool_)
        out[name] = {column: _some(values, flags) if len(values) else values for column, values in table.items()}
    return out


def _some(values: Column | pl.Series, flags: Flags) -> Column | pl.Series:
    return values.filter(pl.Series(flags)) if isinstance(values, pl.Series) else values[flags]
