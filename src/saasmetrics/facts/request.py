"""What may be asked of the big logs: requests, and the grain and columns of the facts that answer them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from saasmetrics.definitions.selection import Selector


@dataclass(frozen=True)
class Tally:
    """Rows counted and an expression summed.

    Grain: account, the columns of `by`, cell. Columns: `account` (Enum, null kept), one per `by` (`user` Enum, others
    String; null kept), `cell` (Date: first day of the lattice cell, or the local day with `grain` day), `rows`
    (Int64), and with `expr` `total` (Int64 in 1/`unit`, rounded once per row; null expressions count 0) and `filled`
    (Int64, rows where the expression was not null).
    """

    selectors: tuple[Selector, ...]
    by: tuple[str, ...] = ()
    grain: Literal["cell", "day"] = "cell"
    expr: str | None = None
    unit: int = 1


@dataclass(frozen=True)
class Presence:
    """On which days an entity was active.

    Grain: account, user (only when `entity` is user; rows without a user are left out then), month. Columns:
    `account`, `user`, `month` (Date, first day), `days` (UInt32: bit d-1 is set when local day d had a row). Rows
    without an account are left out.
    """

    selectors: tuple[Selector, ...]
    entity: Literal["account", "user"] = "account"


@dataclass(frozen=True)
class First:
    """When something first happened for an account: the time of its k-th row, or of its k-th different run.

    Grain: account. Columns: `account`, `at` (Datetime us UTC). With `since_created` only rows at or after the
    account's creation count (accounts without one are left out). Rows without an account are left out.
    """

    selectors: tuple[Selector, ...]
    at_least: int = 1
    distinct_runs: bool = False
    since_created: bool = False


@dataclass(frozen=True)
class Runs:
    """The runs of one workflow that declares a run column.

    Grain: account, run. Columns: `account`, `user` (of the first attempt, else of the first row; nullable), `run` (its
    id as String when `named`, else a UInt64 that stands for it), `attempts` (UInt32 rows), `attempt` (first attempt,
    Datetime us UTC, null for orphans), `success` (first success at or after the first attempt; null if none, or if
    there is no attempt), `any_success` (first success row, attempt or not), `failures` (UInt32 rows), `failure` (first
    failure), `reason` (of the last failure row, String), `total` (Int64 in 1/`unit`: `expr` on the row of
    `any_success`). Rows of the workflow whose run is null are counted in `Facts.runless`.

    Edges: rows without an account are left out. Everything is the same however the rows are spread over files.
    """

    workflow: str
    attempt: tuple[Selector, ...]
    success: tuple[Selector, ...]
    failure: tuple[Selector, ...] = ()
    reason: str | None = None
    expr: str | None = None
    unit: int = 10_000
    named: bool = False


@dataclass(frozen=True)
class Spread:
    """The values of an expression, for exact quantiles.

    Grain: a row, in any order. Columns: `account` (Enum, null kept), one per `by` (Enum; null kept), `cell` (Date),
    `amount` (whole number in 1/`unit`, of the least width that holds all; rounded once; rows where the expression is
    null are left out).
    """

    selectors: tuple[Selector, ...]
    expr: str
    unit: int
    by: tuple[str, ...] = ()
    grain: Literal["cell", "day"] = "cell"


@dataclass(frozen=True)
class SameRun:
    """When an account first had a run in which every part is met: the n-th such run.

    Grain: account. Columns: `account`, `at` (Datetime us UTC): a run is full at the latest of the first moments of its
    parts. With `since_created` only rows at or after the account's creation count. Rows without an account or without
    a run are left out. Edges: runs are told apart by hashes, as in `Runs`.
    """

    parts: tuple[tuple[Selector, ...], ...]
    at_least: int = 1
    since_created: bool = False

    @property
    def selectors(self) -> tuple[Selector, ...]:
        """The selectors of all parts."""
        return tuple(selector for part in self.parts for selector in part)


@dataclass(frozen=True)
class Narrow:
    """The rows themselves, with few columns: for ordered funnels and matching by time.

    Grain: a row. Columns: `account` (null kept), `user` (null kept), `at` (Datetime us UTC), `selector` (UInt8, the
    first of `selectors` that the row meets), then `columns` (canonical or file columns, their own dtype; ids and low
    cardinality text may be Categorical) and with `expr` `amount` (Int64 in 1/`unit`, null where the expression is).
    Sorted by nothing. A row that meets several selectors appears once for each.
    """

    selectors: tuple[Selector, ...]
    columns: tuple[str, ...] = ()
    expr: str | None = None
    unit: int = 1


BUCKETS = 16
"""Accounts are spread over so many buckets, so that a change can be told from another one of the same day."""


@dataclass(frozen=True)
class Content:
    """What the rows of one source come to, to tell later whether they are still the same.

    Grain: local day, bucket of accounts. Columns: `day` (Date), `bucket` (UInt8), `rows` (Int64), `digest` (UInt64, the
    sum of a hash of each row's needed columns and account, wrapping), `extra` (the same of `columns` beside those).
    Edges: rows that are there once count once; the sums are the same however rows are ordered and spread over files,
    and in every form of file.
    """

    selectors: tuple[Selector, ...]
    columns: tuple[str, ...] = ()


Request = Tally | Presence | First | Runs | Spread | SameRun | Narrow | Content
