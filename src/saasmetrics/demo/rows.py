"""Rows of the logs while they are still numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saasmetrics.demo.draws import Flags, Ints


@dataclass
class Rows:
    """Rows of the logs before they are written.

    Unit: `at` in microseconds; `code` is a step of `scripts`, `user` a position, `run` a number or 0, `cents` money
    or 0, `flaw` the position of an error code or 0.
    """

    at: Ints
    code: Ints
    user: Ints
    run: Ints
    cents: Ints
    flaw: Ints

    def __len__(self) -> int:
        return len(self.at)

    def take(self, rows: Ints | Flags | slice) -> Rows:
        """Some of the rows."""
        return Rows(*(column[rows] for column in self.columns()))

    def columns(self) -> tuple[Ints, ...]:
        """All columns, in the order of the fields."""
        return (self.at, self.code, self.user, self.run, self.cents, self.flaw)

    @staticmethod
    def stack(parts: list[Rows]) -> Rows:
        """The rows of all parts, one part after the other."""
        if not parts:
            return Rows(*(np.zeros(0, dtype=np.int64) for _ in range(6)))
        return Rows(*(np.concatenate(columns) for columns in zip(*(part.columns() for part in parts), strict=True)))
