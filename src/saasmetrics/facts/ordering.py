"""One fixed order for frames of rows, so that they are the same however they were read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from saasmetrics.facts.pack import Column, Ints, order, starts, taken


def positions(leading: Sequence[Column], rows: pl.DataFrame, chosen: Ints | None = None) -> Ints:
    """Positions that sort rows by some leading columns, and where those are equal by all columns of `rows`.

    With `chosen`, the leading columns are those of these rows of `rows` only, and so are the positions.
    """
    by_lead = order(leading)
    by_lead = np.arange(len(leading[0])) if by_lead is None else by_lead
    if not len(by_lead):
        return by_lead
    first = starts(*(column[by_lead] for column in leading))
    sizes = np.diff(first, append=len(by_lead))
    equal = np.repeat(sizes > 1, sizes)
    if equal.any() and rows.width:
        tied = np.flatnonzero(equal)
        some = taken(rows, by_lead[tied] if chosen is None else chosen[by_lead[tied]])
        some = some.with_columns(pl.Series("\x00group", np.repeat(np.arange(len(first)), sizes)[tied]))
        some = some.with_columns(pl.Series("\x00place", by_lead[tied]))
        by_lead[tied] = some.sort("\x00group", *rows.columns, nulls_last=True)["\x00place"].to_numpy()
    return by_lead
