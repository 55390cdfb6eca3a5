"""Two sources say different things about who has left.

Flags: accounts that are closed by one of `closed`, a column of accounts with churn in its name, and the end of all
subscriptions, and are not by another; two of them a month or less apart agree.
Why: a churn rate is right by each of them and differs by which is asked; nobody knows which until they agree.
Example: a flag that is set when somebody cancels, and taken away when they come back, over subscriptions that ended.
Fix: keep the one that bills by, as a rule the end of subscriptions, and repair or leave out the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import polars as pl

from saasmetrics.finding import Severity
from saasmetrics.frames.observed import Observed
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told

_NEAR = pl.duration(days=31)
_YES = ("true", "1", "yes", "t", "y")


def _check(_reading: Reading, seen: Observed) -> Iterator[Told]:
    accounts = seen.tables.get("accounts")
    if accounts is None:
        return
    says = [*_by_accounts(accounts, seen), *_by_subscriptions(seen)]
    whole = accounts.select(pl.col("account").cast(pl.String), "source").unique("account", maintain_order=True)
    for (one, first), (other, second) in combinations(says, 2):
        both = whole.join(first, on="account").join(second, on="account", suffix=" other")
        left, too = both["gone"], both["gone other"]
        only, only_other = both.filter(left & ~too), both.filter(too & ~left)
        apart = only.height + only_other.height
        if apart:
            source = str(both["source"][0])
            message = (
                f"of {both.height:,} accounts {only.height:,} left by {one} and not by {other}, "
                f"{only_other.height:,} by {other} and not by {one}"
            )
            keys = tuple(pl.concat([only["account"], only_other["account"]]).sort())
            hint = "keep the one that bills by, and repair or leave out the other"
            yield Told(f"source.{source}", ("sources", source), message, hint, rows=apart, keys=keys)


def _by_accounts(accounts: pl.DataFrame, seen: Observed) -> Iterator[tuple[str, pl.DataFrame]]:
    """Who has left by each column of accounts that says so: `account`, `gone`."""
    name = pl.col("account").cast(pl.String)
    if "closed" in accounts.columns and accounts["closed"].null_count() < accounts.height:
        gone = (pl.col("closed").dt.date() + _NEAR <= seen.today).fill_null(value=False)
        yield "`closed`", accounts.group_by(name).agg(gone=gone.any())
    for column, dtype in accounts.schema.items():
        if "churn" in column.casefold() and dtype in (pl.String, pl.Boolean, pl.Int64):
            gone = pl.col(column).cast(pl.String).str.to_lowercase().is_in(_YES)
            if 0 < accounts.select(gone.sum()).item() < accounts.height:
                yield f"`{column}`", accounts.group_by(name).agg(gone=gone.fill_null(value=False).any())


def _by_subscriptions(seen: Observed) -> Iterator[tuple[str, pl.DataFrame]]:
    """Who has left by the end of all subscriptions, a month ago or earlier."""
    rows = seen.tables.get("subscriptions")
    if rows is None or "end" not in rows.columns or rows["end"].null_count() == rows.height:
        return
    gone = (pl.col("end") + _NEAR <= seen.today).fill_null(value=False).all()
    yield "the end of subscriptions", rows.group_by(pl.col("account").cast(pl.String)).agg(gone=gone)


RULE = Rule("SM956", "disagreeing-churn", Severity.WARNING, __doc__, check_rows=_check)
