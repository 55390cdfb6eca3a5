"""What the rows of one chunk say of the runs they belong to: one head per run.

Most runs have one attempt and one success, and all their rows in one chunk. Those are put together by looking up; the
general rules are worked out for the others only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from saasmetrics.facts.pack import Codes, Column, Flags, Groups, Ints, ascending, starts

Columns = Mapping[str, Column]
"""Columns of one length, by name."""

ATTEMPT, SUCCESS, FAILURE = 0, 1, 2

NEVER = np.iinfo(np.int64).max
"""A time that did not come."""
NOTHING = np.iinfo(np.int64).min
"""An amount that is not there; a last time that did not come."""

HEADS = {
    "key": np.uint64, "member": np.uint16, "account": np.uint32, "user": np.uint32, "attempts": np.uint32,
    "opening": np.int64, "any_success": np.int64, "failures": np.uint32, "failure": np.int64,
    "last_failure": np.int64, "reason": np.uint32, "amount": np.int64,
}  # fmt: skip
LATE = {"key": np.uint64, "at": np.int64}
USERS = {"key": np.uint64, "at": np.int64, "tried": np.bool_, "user": np.uint32}
REASONS = {"key": np.uint64, "at": np.int64, "reason": np.uint32}


@dataclass(frozen=True)
class Entries:
    """Rows of runs. Grain: a row in one of its kinds.

    `member` is the number of the request, `reason` counts in the words of its own column, `amount` is `NOTHING` where
    there is none. `row` and `column` say where the run id stands, for `runs` to fetch it; without `runs` nobody asks.
    """

    key: NDArray[np.uint64]
    member: NDArray[np.uint16]
    kind: NDArray[np.uint8]
    at: Ints
    account: Codes
    user: Codes
    reason: Codes
    amount: Ints
    row: Ints
    column: NDArray[np.uint8]
    runs: Callable[[Ints, Column], pl.Series] | None = None

    def some(self, rows: Ints) -> Entries:
        """The entries at these positions."""
        ids = (self.key[rows], self.member[rows], self.kind[rows], self.at[rows])
        codes = (self.account[rows], self.user[rows], self.reason[rows])
        return Entries(*ids, *codes, self.amount[rows], self.row[rows], self.column[rows], self.runs)


@dataclass(frozen=True)
class Heads:
    """What some chunks know of runs.

    `heads`, grain: key and chunk. Columns: those of `HEADS`: `opening` is the first attempt, of a run without one its
    first row. `runs` are their ids as text, where somebody asks for them.
    What a head has no place for stands beside it: `late`, successes after one that may turn out to lie before the
    attempt; `users` and `reasons`, others of the very moment that a head names one for.
    """

    heads: dict[str, Column]
    late: Columns
    users: Columns
    reasons: Columns
    runs: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.String))


def stacked(tables: Sequence[Columns], like: Mapping[str, type]) -> dict[str, Column]:
    """Columnss below one another; without any, no rows of these columns."""
    return {
        name: np.concatenate([np.empty(0, dtype), *(table[name] for table in tables)]) for name, dtype in like.items()
    }


def heads_of(entries: Entries) -> Heads:
    """The heads of one chunk; attempts come first among the entries, then successes, then failures."""
    order = ascending(entries.key)
    if not len(order):
        return no_heads()
    first = starts(entries.key[order])
    sizes = np.diff(first, append=len(order))
    kind = entries.kind[order]
    second, last = kind.take(first + 1, mode="clip"), kind[first + (sizes - 1)]
    plain = kind[first] == ATTEMPT
    plain &= (
        (sizes == 1) | ((sizes == 2) & (second != ATTEMPT)) | ((sizes == 3) & (second == SUCCESS) & (last == FAILURE))
    )
    if plain.all():
        return _looked_up(entries, order, first, sizes, (second == SUCCESS) & (sizes > 1), last == FAILURE)
    worked_out = _worked_out(entries.some(order[np.repeat(~plain, sizes)]))
    first, sizes, second, last = first[plain], sizes[plain], second[plain], last[plain]
    looked_up = _looked_up(entries, order, first, sizes, (second == SUCCESS) & (sizes > 1), last == FAILURE)
    heads = stacked([looked_up.heads, worked_out.heads], HEADS)
    ids = pl.concat([looked_up.runs, worked_out.runs])
    return Heads(heads, worked_out.late, worked_out.users, worked_out.reasons, ids)


def _looked_up(entries: Entries, order: Ints, first: Ints, sizes: Ints, has_won: Flags, has_lost: Flags) -> Heads:
    """Heads of runs with one attempt, at most one success and at most one failure, in this order from `first`."""
    won, lost = np.flatnonzero(has_won), np.flatnonzero(has_lost)
    tried, done, failed = order[first], order[first[won] + 1], order[first[lost] + (sizes[lost] - 1)]

    def placed(positions: Ints, values: Column, otherwise: int) -> Column:
        column = np.full(len(first), otherwise, values.dtype)
        column[positions] = values
        return column

    at = entries.at
    failures = at[failed]
    return _heads(
        entries,
        tried,
        {
            "attempts": np.ones(len(first), np.uint32),
            "opening": at[tried],
            "user": entries.user[tried],
            "any_success": placed(won, at[done], NEVER),
            "failures": has_lost.astype(np.uint32),
            "failure": placed(lost, failures, NEVER),
            "last_failure": placed(lost, failures, NOTHING),
            "reason": placed(lost, entries.reason[failed], 0),
            "amount": placed(won, entries.amount[done], NOTHING),
        },
    )


def _worked_out(entries: Entries) -> Heads:
    """Heads of any runs."""
    runs = Groups(entries.key)
    kind, at, user, reason, amount = (
        column[runs.order] for column in (entries.kind, entries.at, entries.user, entries.reason, entries.amount)
    )
    tried, done, failed = (kind == value for value in (ATTEMPT, SUCCESS, FAILURE))
    attempts, attempt = runs.total(tried), runs.least(at, tried, NEVER)
    opening = np.where(attempts > 0, attempt, np.minimum.reduceat(at, runs.first))
    opens = (at == runs.each(opening)) & (tried | runs.each(attempts == 0))
    any_success = runs.least(at, done, NEVER)
    pays = done & (at == runs.each(any_success))
    last_failure = runs.most(at, failed, NOTHING)
    ends = failed & (at == runs.each(last_failure))
    opener, cause = runs.most(user, opens, 0), runs.most(reason, ends, 0)
    columns = {
        "attempts": attempts.astype(np.uint32),
        "opening": opening,
        "user": opener,
        "any_success": any_success,
        "failures": runs.total(failed).astype(np.uint32),
        "failure": runs.least(at, failed, NEVER),
        "last_failure": last_failure,
        "reason": cause,
        "amount": runs.most(amount, pays, NOTHING),
    }
    key = runs.each(runs.key)
    return _heads(
        entries,
        runs.order[runs.first],
        columns,
        _where(done & ~pays & runs.each(any_success < attempt), key=key, at=at),
        _where(opens & (user > 0) & (user != runs.each(opener)), key=key, at=at, tried=tried, user=user),
        _where(ends & (reason > 0) & (reason != runs.each(cause)), key=key, at=at, reason=reason),
    )


def _heads(entries: Entries, firsts: Ints, columns: Columns, *beside: Columns) -> Heads:
    """One head per run, given an entry of each."""
    named = {name: getattr(entries, name)[firsts] for name in ("key", "member", "account")}
    late, users, reasons = beside or (stacked([], LATE), stacked([], USERS), stacked([], REASONS))
    heads = {**named, **columns}
    if entries.runs is None:
        return Heads(heads, late, users, reasons)
    return Heads(heads, late, users, reasons, entries.runs(entries.row[firsts], entries.column[firsts]))


def _where(chosen: Flags, **columns: Column) -> Columns:
    return {name: values[chosen] for name, values in columns.items()}


def no_heads() -> Heads:
    """What is known of no runs."""
    return Heads(stacked([], HEADS), stacked([], LATE), stacked([], USERS), stacked([], REASONS))
