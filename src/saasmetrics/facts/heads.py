"""What the rows of one chunk say of the runs they belong to: one head per run.

Most runs have one attempt and one success, and all their rows in one chunk. Those are put together by looking up; the
general rules are worked out for the others only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from saasmetrics.facts.pack import Codes, Column, Flags, Groups, Ints, starts

ATTEMPT, SUCCESS, FAILURE = 0, 1, 2

NEVER = np.iinfo(np.int64).max
"""A time that did not come."""
NOTHING = np.iinfo(np.int64).min
"""An amount that is not there; a last time that did not come."""


_DTYPES = {
    "key": np.uint64, "kind": np.uint8, "at": np.int64, "account": np.uint32, "user": np.uint32, "reason": np.uint32,
    "amount": np.int64, "row": np.int64, "column": np.uint8,
}  # fmt: skip


@dataclass(frozen=True)
class Entries:
    """Rows of runs. Grain: a row in one of its kinds.

    `amount` is `NOTHING` where there is none. `row` and `column` say where the run id stands, for `runs` to fetch it.
    """

    key: NDArray[np.uint64]
    kind: NDArray[np.uint8]
    at: Ints
    account: Codes
    user: Codes
    reason: Codes
    amount: Ints
    row: Ints
    column: NDArray[np.uint8]
    runs: Callable[[Ints, Column], pl.Series]

    def some(self, rows: Ints) -> Entries:
        """The entries at these positions."""
        codes = (self.account[rows], self.user[rows], self.reason[rows])
        times = (self.key[rows], self.kind[rows], self.at[rows])
        return Entries(*times, *codes, self.amount[rows], self.row[rows], self.column[rows], self.runs)


@dataclass(frozen=True)
class Heads:
    """What some chunks know of runs.

    `heads`, grain: key and chunk. Columns: `key`, `account`, `run`, `attempts`, `opening` (first attempt, of a run
    without one its first row), `user`, `any_success`, `failures`, `failure`, `last_failure`, `reason`, `amount`.
    What a head has no place for stands beside it: `late` (`key`, `at`), successes after one that may turn out to lie
    before the attempt; `users` (`key`, `at`, `tried`, `user`) and `reasons` (`key`, `at`, `reason`), others of the
    very moment that a head names one for.
    """

    heads: pl.DataFrame
    late: pl.DataFrame
    users: pl.DataFrame
    reasons: pl.DataFrame


def stacked(parts: Sequence[Mapping[str, Column]], runs: Callable[[Ints, Column], pl.Series]) -> Entries:
    """The entries of several selectors as one."""
    arrays = {
        name: np.concatenate([np.empty(0, dtype), *(part[name] for part in parts)]) for name, dtype in _DTYPES.items()
    }
    return Entries(**arrays, runs=runs)


def heads_of(entries: Entries) -> Heads:
    """The heads of one chunk."""
    order = np.argsort(entries.key)
    key, kind = entries.key[order], entries.kind[order]
    first = starts(key)
    run = np.repeat(np.arange(len(first)), np.diff(first, append=len(key)))
    sizes = [np.bincount(run[kind == each], minlength=len(first)) for each in (ATTEMPT, SUCCESS, FAILURE)]
    plain = (sizes[ATTEMPT] == 1) & (sizes[SUCCESS] <= 1) & (sizes[FAILURE] <= 1)
    worked_out = _worked_out(entries.some(order[~plain[run]]))
    rows = order[plain[run]]
    place = np.cumsum(plain)[run[plain[run]]] - 1
    looked_up = _looked_up(entries, rows, entries.kind[rows], place, int(plain.sum()))
    return Heads(pl.concat([looked_up, worked_out.heads]), worked_out.late, worked_out.users, worked_out.reasons)


def _looked_up(entries: Entries, rows: Ints, kind: Column, place: Ints, runs: int) -> pl.DataFrame:
    """Heads of runs with one attempt and at most one success and one failure; `place` is the run of each row."""
    tried, done, failed = (rows[kind == each] for each in (ATTEMPT, SUCCESS, FAILURE))
    won, lost = place[kind == SUCCESS], place[kind == FAILURE]

    def placed(positions: Ints, values: Column, otherwise: int) -> Column:
        column = np.full(runs, otherwise, values.dtype)
        column[positions] = values
        return column

    at = entries.at
    failure = placed(lost, at[failed], NEVER)
    return _frame(
        entries,
        tried,
        {
            "attempts": np.ones(runs, np.int64),
            "opening": at[tried],
            "user": entries.user[tried],
            "any_success": placed(won, at[done], NEVER),
            "failures": placed(lost, np.ones(len(lost), np.int64), 0),
            "failure": failure,
            "last_failure": np.where(failure == NEVER, NOTHING, failure),
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
    heads = {
        "attempts": attempts,
        "opening": opening,
        "user": opener,
        "any_success": any_success,
        "failures": runs.total(failed),
        "failure": runs.least(at, failed, NEVER),
        "last_failure": last_failure,
        "reason": cause,
        "amount": runs.most(amount, pays, NOTHING),
    }
    key = runs.each(runs.key)
    return Heads(
        _frame(entries, runs.order[runs.first], heads),
        _where(done & ~pays & runs.each(any_success < attempt), key=key, at=at),
        _where(opens & (user > 0) & (user != runs.each(opener)), key=key, at=at, tried=tried, user=user),
        _where(ends & (reason > 0) & (reason != runs.each(cause)), key=key, at=at, reason=reason),
    )


def _frame(entries: Entries, firsts: Ints, columns: dict[str, Column]) -> pl.DataFrame:
    """One row per run, given an entry of each."""
    named: dict[str, Column | pl.Series] = {"key": entries.key[firsts], "account": entries.account[firsts]}
    named |= {"run": entries.runs(entries.row[firsts], entries.column[firsts]), **columns}
    return pl.DataFrame({name: pl.Series(name, values) for name, values in named.items()})


def _where(chosen: Flags, **columns: Column) -> pl.DataFrame:
    return pl.DataFrame({name: pl.Series(name, values[chosen]) for name, values in columns.items()})


NO_HEADS = heads_of(stacked([], lambda *_: pl.Series([], dtype=pl.String)))
