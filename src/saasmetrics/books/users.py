"""Users: who holds a role, and who there is at a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from saasmetrics.books.balances import live_at, stock_days
from saasmetrics.books.given import Given
from saasmetrics.books.segments import carried, column, with_segments
from saasmetrics.books.several import all_values
from saasmetrics.period import Periods


@dataclass(frozen=True)
class Holders:
    """Users there are at the end of each period.

    Grain: account, user, period. Columns: `period`, `account`, `entity` (the user), `@segment`s (several values of one
    member are one text), `amount` (1).
    Edges: a user without a creation date has always been there; one with `closed` is gone from that day on.
    """

    periods: Periods
    by: tuple[str, ...] = ()

    def make(self, given: Given) -> pl.LazyFrame:
        """Spans of the users, at the day of each period."""
        given = given.narrowed(*self.by)
        schema = given.schema("users")
        users = with_segments(given, given.table("users"), "users", schema)
        created = given.calendar.day_expr(pl.col("created")).fill_null(date(1, 1, 1))
        users = users.with_columns(_from=created, _to=given.calendar.day_expr(pl.col("closed")))
        days, marks = stock_days(given, self.periods), [column(segment) for segment in carried(given, "users")]
        member = ["account", "user"]
        # A member of several rows may be there twice; most have one.
        once = pl.struct(member).is_unique()
        texts = [all_values(name) for name in marks]
        columns = ["period", *member, *marks]
        alone = users.filter(once).group_by(*member, "_from", "_to").agg(texts) if texts else users.filter(once)
        several = live_at(users.filter(~once), days, "_from", "_to").group_by("period", *member).agg(texts)
        members = pl.concat([live_at(alone, days, "_from", "_to").select(columns), several.select(columns)])
        return members.rename({"user": "entity"}).with_columns(amount=pl.lit(1, dtype=pl.Int64))


def roles_held(given: Given, periods: Periods, cut: str) -> pl.LazyFrame:
    """Who holds which role of an account at the end of each period, by an expression over users.

    Grain: account, user, value, period. Columns: `period`, `account`, `user`, and one named by the cut. Edges: as
    `user_roles`; the value is that of the user's row in the account.
    """
    schema = given.schema("users")
    value = given.sql(cut, schema).cast(pl.String)
    created = given.calendar.day_expr(pl.col("created")).fill_null(date(1, 1, 1))
    users = given.table("users").select(
        "account", "user", value.alias(cut), _from=created, _to=given.calendar.day_expr(pl.col("closed"))
    )
    expected = given.scope.definitions.active.roles
    if cut == "role" and expected:
        users = users.filter(pl.col("role").is_in(list(expected)))
    users = users.filter(pl.col(cut).is_not_null() & pl.col("account").is_not_null())
    return live_at(users, stock_days(given, periods), "_from", "_to").select("period", "account", "user", cut).unique()


def user_roles(given: Given, cut: str) -> pl.LazyFrame:
    """What each user is by an expression over users.

    Grain: account, user and value. Columns: `account`, `user`, and one named by the cut.
    Edges: with the plain column `role`, only the roles that are expected to work when the file lists them; a user
    with two values in an account counts in both.
    """
    value = given.sql(cut, given.schema("users")).cast(pl.String)
    users = given.table("users").select("account", "user", value.alias(cut)).unique()
    expected = given.scope.definitions.active.roles
    if cut == "role" and expected:
        users = users.filter(pl.col("role").is_in(list(expected)))
    return users.filter(pl.col(cut).is_not_null())
