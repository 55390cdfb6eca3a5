"""Accounts that belong to others: the company as it is when every account is the topmost of its chain of parents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from oracle.shapes import Company


def rooted(company: Company) -> Company:
    """The same company with the root of each account in its place, in all rows.

    Edges: of accounts only the rows of roots are left; an account whose chain goes round in a circle stays as it is.
    """
    parents = {row["account"]: row.get("parent") for row in company.rows("accounts")}
    roles = {
        role: [{**row, "account": root(row["account"], parents)} if row.get("account") else row for row in rows]
        for role, rows in company.roles.items()
        if role != "accounts"
    }
    own = [row for row in company.roles["accounts"] if root(row["account"], parents) == row["account"]]
    return replace(company, roles={**roles, "accounts": own})


def root(account: str, parents: Mapping[str, str | None]) -> str:
    """The end of a chain of parents; the account itself when there is none."""
    seen, at = {account}, account
    while (above := parents.get(at)) is not None and above != at:
        if above in seen:
            return account
        seen.add(above)
        at = above
    return at
