"""Columns of the small exports: names, choices, dates and instants from positions and numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from saasmetrics.demo.draws import Flags, Ints
from saasmetrics.demo.span import FAR, NEVER


def names(prefix: str, digits: int, count: int) -> pl.Series:
    """`prefix-0001` and so on. They do not depend on how many there are."""
    numbers = pl.int_range(1, count + 1, dtype=pl.Int64).cast(pl.String).str.zfill(digits)
    return pl.select(pl.format(prefix + "-{}", numbers)).to_series()


def chosen(options: pl.Series | Sequence[str | None], positions: Ints | Flags) -> pl.Series:
    """The texts at the positions; null where a position is negative."""
    texts = options if isinstance(options, pl.Series) else pl.Series(options, dtype=pl.String)
    places = pl.Series(np.asarray(positions, dtype=np.int64))
    return texts.gather(places.set(places < 0, None))


def always(text: str, count: int) -> pl.Series:
    """The same text in every row."""
    return pl.Series([text], dtype=pl.String).new_from_index(0, count)


def instants(microseconds: Ints) -> pl.Series:
    """UTC instants, to the second; null for `NEVER`."""
    times = pl.Series(microseconds // 1_000_000 * 1_000_000)
    return times.set(times >= NEVER // 2, None).cast(pl.Datetime("us", "UTC"))


def days(numbers: Ints) -> pl.Series:
    """Dates; null for `FAR`."""
    places = pl.Series(numbers)
    return places.set(places >= FAR, None).cast(pl.Int32).cast(pl.Date)
