"""Heads of runs from several chunks, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from saasmetrics.facts.heads import NEVER, NOTHING, Columns, Heads
from saasmetrics.facts.pack import Codes, Column, Groups, Ints

_NOBODY = np.uint32(np.iinfo(np.uint32).max)

Ranks = Mapping[int, Codes]
"""By number of a member, the place of each code among the sorted names of its reasons."""


def together(parts: Heads, users: Codes, reasons: Ranks) -> tuple[dict[str, Column], Ints]:
    """The runs that heads make: columns, and which of their rows are runs, by their keys.

    `users` and `reasons` give the place of each code among the sorted names. Columns: `key`, `member`, `account`
    (code), `user` (place), `attempts`, `attempt`, `success`, `any_success`, `failures`, `failure`, `reason`
    (place), `amount`. Times are `NEVER` where they did not come.
    Edges: of names of one moment the least user, the greatest reason and the greatest amount are taken.
    """
    heads = parts.heads
    runs = Groups(heads["key"])
    many = np.diff(runs.first, append=len(heads["key"])) > 1
    for beside in (parts.late, parts.users, parts.reasons):
        many[np.searchsorted(runs.key, beside["key"])] = True
    rows, several = runs.place, runs.order[runs.each(many)]
    del runs  # as large as the rest
    columns = _alone(heads, users, reasons)
    if len(several):
        some = {name: column[several] for name, column in heads.items()}
        for name, column in _merged(replace(parts, heads=some), users, reasons).items():
            columns[name][rows[many]] = column
    del columns["opening"]
    return columns, rows


def _alone(held: Columns, users: Codes, reasons: Ranks) -> dict[str, Column]:
    """Runs that one chunk knows alone."""
    attempt = np.where(held["attempts"] > 0, held["opening"], NEVER)
    success = np.where(held["any_success"] >= attempt, held["any_success"], NEVER)
    kept = ("key", "member", "account", "opening", "attempts", "any_success", "failures", "failure", "amount")
    return {
        **{name: held[name] for name in kept},
        "attempt": attempt,
        "success": success,
        "user": users[held["user"]],
        "reason": _placed(held["reason"], held["member"], reasons),
    }


def _merged(parts: Heads, users: Codes, reasons: Ranks) -> dict[str, Column]:
    """Runs that several chunks know of, or that more than a head is known of."""
    runs = Groups(parts.heads["key"])
    held = {name: column[runs.order] for name, column in parts.heads.items()}
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
    member = held["member"][runs.first]
    reason = runs.most(_placed(held["reason"], held["member"], reasons), ends, 0)
    pays = held["any_success"] == runs.each(any_success)

    late, (at,) = _beside(runs, parts.late, "at")
    follows = at >= attempt[late]
    np.minimum.at(success, late[follows], at[follows])
    more, (at, tries, code) = _beside(runs, parts.users, "at", "tried", "user")
    opens = (at == opening[more]) & (tries | (attempts[more] == 0))
    np.minimum.at(user, more[opens], known[code[opens]])
    more, (at, code) = _beside(runs, parts.reasons, "at", "reason")
    ends = at == last_failure[more]
    np.maximum.at(reason, more[ends], _placed(code[ends], member[more[ends]], reasons))
    return {
        "key": runs.key,
        "member": member,
        "account": held["account"][runs.first],
        "opening": opening,
        "attempts": attempts.astype(np.uint32),
        "any_success": any_success,
        "failures": runs.total(held["failures"]).astype(np.uint32),
        "failure": np.minimum.reduceat(held["failure"], runs.first),
        "amount": runs.most(held["amount"], pays, NOTHING),
        "attempt": attempt,
        "success": success,
        "user": np.where(user == _NOBODY, np.uint32(0), user),
        "reason": reason,
    }


def _placed(codes: Column, members: Column, reasons: Ranks) -> Column:
    """Grain: as `codes`. Their places among the sorted reasons of each one's own request."""
    places = np.zeros(len(codes), np.uint32)
    for member, ranks in reasons.items():
        of_member = np.flatnonzero((members == member) & (codes > 0))
        places[of_member] = ranks[codes[of_member]]
    return places


def _beside(runs: Groups, rows: Columns, *names: str) -> tuple[Ints, list[Column]]:
    """Rows that stand beside heads: the position of the run of each, and the columns asked for."""
    return np.searchsorted(runs.key, rows["key"]), [rows[name] for name in names]
