"""Heads of runs from several chunks, put together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from saasmetrics.facts.heads import NEVER, NOTHING, Heads
from saasmetrics.facts.pack import Codes, Column, Groups, Ints, taken

_NOBODY = np.uint32(np.iinfo(np.uint32).max)


def together(parts: Sequence[Heads], users: Codes, reasons: Codes) -> tuple[pl.DataFrame, Ints]:
    """The runs that heads make, and which rows are runs: heads that were merged are left standing between them.

    `users` and `reasons` give the place of each code among the sorted names. Columns: `account` (code), `user`
    (place), `run`, `opening`, `attempts`, `attempt`, `success`, `any_success`, `failures`, `failure`, `reason`
    (place), `amount`. Times are `NEVER` where they did not come.
    Edges: of names of one moment the least user, the greatest reason and the greatest amount are taken.
    """
    heads, late, others, causes = (
        pl.concat([getattr(part, name) for part in parts]) for name in ("heads", "late", "users", "reasons")
    )
    runs = Groups(heads["key"].to_numpy())
    many = np.diff(runs.first, append=heads.height) > 1
    for beside in (late, others, causes):
        many[np.searchsorted(runs.key, beside["key"].to_numpy())] = True
    several = runs.each(many)
    alone = _alone(heads, users, reasons)
    merged = _merged(Heads(taken(heads, runs.order[several]), late, others, causes), users, reasons)
    kept = np.ones(heads.height, np.bool_)
    kept[runs.order[several]] = False
    return pl.concat([alone, merged]), np.append(np.flatnonzero(kept), heads.height + np.arange(merged.height))


def _alone(heads: pl.DataFrame, users: Codes, reasons: Codes) -> pl.DataFrame:
    """Runs that one chunk knows alone."""
    held = {name: heads[name].to_numpy() for name in heads.columns if name not in ("key", "run")}
    attempt = np.where(held["attempts"] > 0, held["opening"], NEVER)
    success = np.where(held["any_success"] >= attempt, held["any_success"], NEVER)
    return _frame(
        heads,
        users[held["user"]],
        reasons[held["reason"]],
        {name: held[name] for name in ("opening", "attempts", "any_success", "failures", "failure", "amount")}
        | {"attempt": attempt, "success": success},
    )


def _merged(parts: Heads, users: Codes, reasons: Codes) -> pl.DataFrame:
    """Runs that several chunks know of, or that more than a head is known of."""
    runs = Groups(parts.heads["key"].to_numpy())
    held = {
        name: parts.heads[name].to_numpy()[runs.order] for name in parts.heads.columns if name not in ("key", "run")
    }
    tried = held["attempts"] > 0
    attempts, attempt = runs.total(held["attempts"]), runs.least(held["opening"], tried, NEVER)
    opening = np.where(attempts > 0, attempt, np.minimum.reduceat(held["opening"], runs.first))
    opens = (held["opening"] == runs.each(opening)) & (tried | runs.each(attempts == 0))
    any_success = np.minimum.reduceat(held["any_success"], runs.first)
    success = runs.least(held["any_success"], held["any_success"] >= runs.each(attempt), NEVER)
    last_failure = np.maximum.reduceat(held["last_failure"], runs.first)
    ends = held["last_failure"] == runs.each(last_failure)
    known = np.where(users > 0, users, _NOBODY)
    user = runs.least(known[held["user"]], opens, int(_NOBODY))
    reason = runs.most(reasons[held["reason"]], ends, 0)
    pays = held["any_success"] == runs.each(any_success)

    late, (at,) = _beside(runs, parts.late, "at")
    follows = at >= attempt[late]
    np.minimum.at(success, late[follows], at[follows])
    more, (at, tries, code) = _beside(runs, parts.users, "at", "tried", "user")
    opens = (at == opening[more]) & (tries | (attempts[more] == 0))
    np.minimum.at(user, more[opens], known[code[opens]])
    more, (at, code) = _beside(runs, parts.reasons, "at", "reason")
    ends = at == last_failure[more]
    np.maximum.at(reason, more[ends], reasons[code[ends]])
    columns = {
        "opening": opening,
        "attempts": attempts,
        "attempt": attempt,
        "success": success,
        "any_success": any_success,
        "failures": runs.total(held["failures"]),
        "failure": np.minimum.reduceat(held["failure"], runs.first),
        "amount": runs.most(held["amount"], pays, NOTHING),
    }
    user = np.where(user == _NOBODY, np.uint32(0), user)
    return _frame(taken(parts.heads, runs.order[runs.first]), user, reason, columns)


def _beside(runs: Groups, rows: pl.DataFrame, *names: str) -> tuple[Ints, list[Column]]:
    """Rows that stand beside heads: the position of the run of each, and the columns asked for."""
    return np.searchsorted(runs.key, rows["key"].to_numpy()), [rows[name].to_numpy() for name in names]


def _frame(firsts: pl.DataFrame, user: Codes, reason: Codes, columns: dict[str, Column]) -> pl.DataFrame:
    named: dict[str, Column | pl.Series] = {
        "account": firsts["account"],
        "user": user,
        "run": firsts["run"],
        "reason": reason,
    }
    named |= columns
    return pl.DataFrame({name: pl.Series(name, named[name]) for name in sorted(named)})
