"""Answers: the one form in which everybody writes numbers down, and the comparison of two sets of them, cell by cell."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

COLUMNS = ("metric", "cut", "stat", "period", "segment", "segment_value")
Cell = tuple[str, str, str, str, str, str]
Row = Sequence[object]


def write(path: Path, rows: Iterable[Row]) -> None:
    """Cells and values, one a line; null is empty."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow([*COLUMNS, "value"])
        out.writerows([_text(item) for item in row] for row in rows)


def _text(item: object) -> object:
    if item is None:
        return ""
    return repr(item) if isinstance(item, float) else item.isoformat() if isinstance(item, date) else item


def read(path: Path) -> dict[Cell, float]:
    """The numbers of a file by their cell; cells without a number are not there."""
    with path.open(encoding="utf-8", newline="") as stream:
        return {
            tuple(row[name] for name in COLUMNS): float(row["value"])  # type: ignore[misc]  # as many as there are columns
            for row in csv.DictReader(stream)
            if row["value"]
        }


@dataclass(frozen=True)
class Comparison:
    """How many cells of each metric both sides have a number in, and what is wrong."""

    cells: Mapping[str, int]
    wrong: Sequence[str]

    @property
    def total(self) -> int:
        """Cells compared."""
        return sum(self.cells.values())


def compared(ours: Mapping[Cell, float], theirs: Mapping[Cell, float], metrics: Sequence[str]) -> Comparison:
    """Every cell that one side has a number in must have the same in the other.

    Edges: where nothing happened in a period we say 0 and SQL says nothing; that is no difference, and not counted.
    A metric without a single compared cell is one.
    """
    cells: Counter[str] = Counter()
    wrong: list[str] = []
    for cell in sorted(set(ours) | set(theirs)):
        mine, other = ours.get(cell), theirs.get(cell)
        if mine is not None and other is not None:
            cells[cell[0]] += 1
        if mine == 0 and other is None:
            continue
        if mine is None or other is None or not math.isclose(mine, other, rel_tol=1e-9, abs_tol=1e-9):
            wrong.append(f"{' '.join(part or '-' for part in cell)}: ours {mine}, theirs {other}")
    wrong += [f"{metric}: nothing was compared" for metric in metrics if not cells[metric]]
    return Comparison(dict(cells), wrong)
