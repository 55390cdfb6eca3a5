"""Series: the periods of one number that can be judged, and how far they scatter by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from saasmetrics.definitions.address import Address
from saasmetrics.frames.values import OK
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading

NATURAL = 2.66
"""Limits lie this many mean moving ranges from the centre, as those of charts of single values do."""


def series(
    reading: Reading,
    evidence: Evidence,
    address: Address,
    where: Mapping[str, tuple[str, ...]] | None = None,
    grain: str | None = None,
) -> pl.DataFrame:
    """The judged periods of a number, oldest first.

    Columns: those of a Values frame. Edges: at the metric's grain unless another is given; narrowed to one value of one
    segment where that is asked for, and without rows for anything narrower.
    """
    definitions = reading.definitions
    metric = definitions.metrics[address.metric]
    cut = Address("x", address.cut).text.partition(".")[2] or None
    stat = address.stat or next(iter(definitions.stats(address.metric)), None)
    part = list((where or {}).items())
    rows = evidence.values.filter(
        pl.col("metric") == address.metric,
        pl.col("grain") == (grain or metric.grain.value),
        pl.col("cut").is_null() if cut is None else pl.col("cut") == cut,
        pl.col("status") == OK,
        pl.col("value").is_not_null(),
    )
    if stat is not None:
        rows = rows.filter(pl.col("stat").is_null() | (pl.col("stat") == stat))
    if not part:
        return rows.filter(pl.col("segment").is_null()).sort("period")
    ((segment, values), *others) = part
    narrow = (pl.col("segment") == segment) & (pl.col("segment_value") == values[0])
    return rows.filter(narrow if not others and len(values) == 1 else pl.lit(False)).sort("period")


def told(value: float, unit: str) -> str:
    """A value, or the distance of two, as a message says it."""
    return f"{value * 100:.3g} points" if unit == "ratio" else f"{value:,.3g}"


@dataclass(frozen=True)
class Limits:
    """Between which values a number stays by itself."""

    low: float
    high: float

    @property
    def half(self) -> float:
        """How far a value may be from the centre."""
        return (self.high - self.low) / 2


def limits(values: pl.Series) -> Limits | None:
    """The natural limits of values in order: mean, less and plus 2.66 mean moving ranges; null for fewer than eight.

    Source: individuals charts of statistical process control.
    """
    if len(values) < 8:
        return None
    centre, moved = values.mean(), values.diff().abs().mean()
    if not isinstance(centre, float) or not isinstance(moved, float):
        return None
    return Limits(centre - NATURAL * moved, centre + NATURAL * moved)
