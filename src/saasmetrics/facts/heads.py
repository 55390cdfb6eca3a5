"""Runs in arrays: what the rows of one chunk say of each run, and what several chunks say together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from saasmetrics.facts.pack import Codes, Column, Flags, Groups, Ints

ATTEMPT, SUCCESS, FAILURE = 0, 1, 2

NEVER = np.iinfo(np.int64).max
"""A time that did not come."""
NOTHING = np.iinfo(np.int64).min
"""An amount that is not there."""

_NOBODY = np.iinfo(np.uint32).max


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


def heads_of(entries: pl.DataFrame) -> Heads:
    """The heads of one chunk.

    `entries`, grain: a row in one of its kinds. Columns: `key`, `kind`, `at`, `account`, `user`, `reason`, `amount`
    (`NOTHING` where there is none), `run`.
    """
    runs = Groups(entries["key"].to_numpy())
    kind, at, user, reason, amount = (
        entries[name].to_numpy()[runs.order] for name in ("kind", "at", "user", "reason", "amount")
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
        entries.select(pl.col("key", "account", "run").gather(runs.order[runs.first])).with_columns(**_columns(heads)),
        _where(done & ~pays & runs.each(any_success < attempt), key=key, at=at),
        _where(opens & (user > 0) & (user != runs.each(opener)), key=key, at=at, tried=tried, user=user),
        _where(ends & (reason > 0) & (reason != runs.each(cause)), key=key, at=at, reason=reason),
    )


def together(parts: Sequence[Heads], users: Codes, reasons: Codes) -> pl.DataFrame:
    """The runs that heads make; `users` and `reasons` give the place of each code among the sorted names.

    Grain: run. Columns: `account` (code), `user` (place), `run`, `opening`, `attempts`, `attempt`, `success`,
    `any_success`, `failures`, `failure`, `reason` (place), `amount`. Times are `NEVER` where they did not come.
    Edges: of names of one moment the least user, the greatest reason and the greatest amount are taken.
    """
    heads = pl.concat([part.heads for part in parts])
    runs = Groups(heads["key"].to_numpy())
    held = {name: heads[name].to_numpy()[runs.order] for name in heads.columns if name not in ("key", "run")}
    tried = held["attempts"] > 0
    attempts, attempt = runs.total(held["attempts"]), runs.least(held["opening"], tried, NEVER)
    opening = np.where(attempts > 0, attempt, np.minimum.reduceat(held["opening"], runs.first))
    opens = (held["opening"] == runs.each(opening)) & (tried | runs.each(attempts == 0))
    any_success = np.minimum.reduceat(held["any_success"], runs.first)
    success = runs.least(held["any_success"], held["any_success"] >= runs.each(attempt), NEVER)
    last_failure = np.maximum.reduceat(held["last_failure"], runs.first)
    ends = held["last_failure"] == runs.each(last_failure)
    known = np.where(users > 0, users, np.uint32(_NOBODY))
    user, reason = runs.least(known[held["user"]], opens, _NOBODY), runs.most(reasons[held["reason"]], ends, 0)
    pays = held["any_success"] == runs.each(any_success)

    late, (at,) = _beside(runs, [part.late for part in parts], "at")
    follows = at >= attempt[late]
    np.minimum.at(success, late[follows], at[follows])
    more, (at, tries, code) = _beside(runs, [part.users for part in parts], "at", "tried", "user")
    opens = (at == opening[more]) & (tries | (attempts[more] == 0))
    np.minimum.at(user, more[opens], known[code[opens]])
    more, (at, code) = _beside(runs, [part.reasons for part in parts], "at", "reason")
    ends = at == last_failure[more]
    np.maximum.at(reason, more[ends], reasons[code[ends]])

    columns = {
        "user": np.where(user == _NOBODY, np.uint32(0), user),
        "opening": opening,
        "attempts": attempts,
        "attempt": attempt,
        "success": success,
        "any_success": any_success,
        "failures": runs.total(held["failures"]),
        "failure": np.minimum.reduceat(held["failure"], runs.first),
        "reason": reason,
        "amount": runs.most(held["amount"], pays, NOTHING),
    }
    return heads.select(pl.col("account", "run").gather(runs.order[runs.first])).with_columns(**_columns(columns))


def _columns(arrays: dict[str, Column]) -> dict[str, pl.Series]:
    return {name: pl.Series(name, values) for name, values in arrays.items()}


def _where(chosen: Flags, **arrays: Column) -> pl.DataFrame:
    return pl.DataFrame(_columns({name: values[chosen] for name, values in arrays.items()}))


def _beside(runs: Groups, parts: Sequence[pl.DataFrame], *names: str) -> tuple[Ints, list[Column]]:
    """Rows that stand beside heads: the position of the run of each, and the columns asked for."""
    rows = pl.concat(parts)
    return np.searchsorted(runs.key, rows["key"].to_numpy()), [rows[name].to_numpy() for name in names]
