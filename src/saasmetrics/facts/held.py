"""Heads of runs as they are kept until all rows are read: `Held`, and shares of them by key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from saasmetrics.facts.heads import HEADS, LATE, NEVER, NOTHING, REASONS, USERS, Heads, stacked
from saasmetrics.facts.pack import Column, Ints

FAILED = {"failures": 0, "failure": NEVER, "last_failure": NOTHING, "reason": 0}
"""What stands in these columns of a run that never failed."""

ABSENT = {"user": 0, "amount": NOTHING}
"""What stands in these columns where nobody is known or nothing is carried."""

BESIDE: Mapping[str, Mapping[str, type]] = {"late": LATE, "users": USERS, "reasons": REASONS}

SHARE = 1_000_000
"""About how many heads are put together at a time."""


@dataclass(frozen=True)
class Held:
    """What one chunk knows of runs, in little room: most runs never fail.

    `heads` has the columns of `HEADS` but for those of `FAILED`, and for those of `ABSENT` that say nothing of any run.
    `failed` has the columns of `FAILED` for runs that failed, with `row`, their position among the heads.
    """

    heads: dict[str, Column]
    failed: dict[str, Column]
    beside: dict[str, dict[str, Column]]
    runs: pl.Series

    @property
    def size(self) -> int:
        """How many heads there are."""
        return len(self.heads["key"])


def held(heads: Heads, unread: Collection[str]) -> Held:
    """Heads in little room; columns of `ABSENT` that are `unread` are left out."""
    rows = np.flatnonzero(heads.heads["failures"])
    failed = {"row": rows, **{name: heads.heads[name][rows] for name in FAILED}}
    kept = {
        name: column
        for name, column in heads.heads.items()
        if name not in FAILED and not (name in ABSENT and (name in unread or bool((column == ABSENT[name]).all())))
    }
    beside = {"late": dict(heads.late), "users": dict(heads.users), "reasons": dict(heads.reasons)}
    return Held(kept, failed, beside, heads.runs)


def shares(parts: list[Held]) -> Iterator[Heads]:
    """The same heads below one another, of a few millions a share of the keys at a time, in the order of the keys.

    What puts runs together is several times as large as the runs: so it never is for all of them. `parts` is emptied.
    """
    bits = (sum(part.size for part in parts) // SHARE).bit_length()
    if not bits:
        yield _stacked(parts)
        return
    split = []
    while parts:
        split.append(_split(parts.pop(0), bits))
    for number in range(1 << bits):
        yield _stacked([pieces[number] for pieces in split])


def _split(part: Held, bits: int) -> list[Held]:
    """Heads by the first bits of their keys."""
    numbers = _numbers(part.heads["key"], bits)
    cuts = _cuts(numbers, bits)
    place = np.empty(part.size, np.int64)
    for rows in cuts:
        place[rows] = np.arange(len(rows))
    failed = _cuts(numbers[part.failed["row"]], bits)
    part.failed["row"] = place[part.failed["row"]]
    del place
    heads, faults = _pieces(part.heads, cuts), _pieces(part.failed, failed)
    beside = {name: _pieces(table, _cuts(_numbers(table["key"], bits), bits)) for name, table in part.beside.items()}
    return [
        Held(heads[n], faults[n], {name: its[n] for name, its in beside.items()}, _some(part.runs, cuts[n]))
        for n in range(1 << bits)
    ]


def _numbers(keys: Column, bits: int) -> Column:
    return (keys >> np.uint64(64 - bits)).astype(np.uint16)


def _cuts(numbers: Column, bits: int) -> list[Ints]:
    """Positions by number, as they stood."""
    ends = np.cumsum(np.bincount(numbers, minlength=1 << bits))
    return np.split(np.argsort(numbers, kind="stable"), ends[:-1])


def _pieces(table: dict[str, Column], cuts: Sequence[Ints]) -> list[dict[str, Column]]:
    pieces: list[dict[str, Column]] = [{} for _ in cuts]
    for name in list(table):  # column by column, so that little is there twice
        column = table.pop(name)
        for piece, rows in zip(pieces, cuts, strict=True):
            piece[name] = column[rows]
    return pieces


def _some(runs: pl.Series, rows: Ints) -> pl.Series:
    return runs[rows] if len(runs) else runs


def _stacked(parts: Sequence[Held]) -> Heads:
    """All heads below one another, with every column. The columns of the parts are given up."""
    sizes = [part.size for part in parts]
    begins = np.cumsum([0, *sizes])
    rows = np.concatenate(
        [np.empty(0, np.int64), *(part.failed["row"] + begin for part, begin in zip(parts, begins, strict=False))]
    )
    heads: dict[str, Column] = {}
    for name, dtype in HEADS.items():
        if name in FAILED:
            heads[name] = np.full(begins[-1], FAILED[name], dtype)
            heads[name][rows] = np.concatenate([np.empty(0, dtype), *(part.failed.pop(name) for part in parts)])
            continue
        columns = [
            part.heads.pop(name) if name in part.heads else np.full(size, ABSENT[name], dtype)
            for part, size in zip(parts, sizes, strict=True)
        ]
        heads |= stacked([{name: column} for column in columns], {name: dtype})
    late, users, reasons = (stacked([part.beside[name] for part in parts], like) for name, like in BESIDE.items())
    ids = pl.concat([pl.Series([], dtype=pl.String), *(part.runs for part in parts)])
    return Heads(heads, late, users, reasons, ids)
