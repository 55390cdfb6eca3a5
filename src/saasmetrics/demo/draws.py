"""Random numbers that depend on a seed and a name only: no clock, no machine, no order of calls between names."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class Draws:
    """One stream of draws.

    Edges: everything is made from uniform numbers by formulas written here, so that a release of NumPy which
    changes a distribution's algorithm does not change the company.
    """

    def __init__(self, seed: int, *names: str | int) -> None:
        key = [seed, *(zlib.crc32(name.encode()) if isinstance(name, str) else name for name in names)]
        self._stream = np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))

    def uniform(self, count: int) -> Floats:
        """Numbers in [0, 1)."""
        return self._stream.random(count)

    def chance(self, count: int, share: float | Floats) -> Flags:
        """True with the probability `share`, one for all or one each."""
        hits: Flags = self.uniform(count) < share
        return hits

    def between(self, count: int, low: float, high: float) -> Floats:
        """Numbers spread evenly over [low, high)."""
        return low + (high - low) * self.uniform(count)

    def below(self, count: int, high: int | Ints) -> Ints:
        """Whole numbers from 0 to `high` - 1."""
        return np.asarray(self.uniform(count) * high, dtype=np.int64)

    def normal(self, count: int) -> Floats:
        """The bell curve, by the Box-Muller formula."""
        radius: Floats = np.sqrt(-2.0 * np.log1p(-self.uniform(count)))
        out: Floats = radius * np.cos(2.0 * np.pi * self.uniform(count))
        return out

    def lognormal(self, count: int, median: float | Floats, sigma: float) -> Floats:
        """Positive numbers with a long tail around `median`."""
        out: Floats = median * np.exp(sigma * self.normal(count))
        return out

    def exponential(self, count: int) -> Floats:
        """Waiting times with mean 1."""
        out: Floats = -np.log1p(-self.uniform(count))
        return out

    def choice(self, count: int, weights: Sequence[float]) -> Ints:
        """Positions in `weights`, each as often as its weight."""
        edges = np.cumsum(np.asarray(weights, dtype=np.float64))
        found = np.searchsorted(edges, self.uniform(count) * edges[-1], side="right")
        return np.asarray(np.minimum(found, len(edges) - 1), dtype=np.int64)
