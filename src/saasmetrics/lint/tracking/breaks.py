"""What a weekly count is usually: its trend, and how far it scatters round it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from saasmetrics.lint.series import NATURAL

WEEKS = 8


@dataclass(frozen=True)
class Usual:
    """Between which counts the last week was to be expected, and the count in the middle."""

    low: float
    high: float
    expected: float

    def holds(self, value: float) -> bool:
        """Whether a count is usual."""
        return self.low <= value <= self.high


def usual(counts: pl.Series) -> Usual | None:
    """What all weeks but the last say of the last; null for fewer than eight.

    Formula: on log(1 + count), a line through the weeks by the median of pairwise slopes, and 2.66 mean moving ranges
    of what is left to either side.
    Source: Theil-Sen; individuals charts of statistical process control.
    """
    before = np.log1p(counts.head(len(counts) - 1).to_numpy().astype(np.float64))
    weeks = len(before)
    if weeks < WEEKS:
        return None
    place = np.arange(weeks, dtype=np.float64)
    first, second = np.triu_indices(weeks, 1)
    slope = float(np.median((before[second] - before[first]) / (place[second] - place[first])))
    level = float(np.median(before - slope * place))
    rest = before - level - slope * place
    half = NATURAL * float(np.abs(np.diff(rest)).mean())
    middle = level + slope * weeks
    low, high, expected = (float(np.expm1(each)) for each in (middle - half, middle + half, middle))
    return Usual(low, high, expected)
