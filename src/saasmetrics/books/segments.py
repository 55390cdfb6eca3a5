"""Segments: values that a row carries itself, and values of its account at a date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.definitions.selection import Selection
from saasmetrics.expression import parse
from saasmetrics.frames.ledger import UNKNOWN


class NotApplicableError(Exception):
    """A segment that one side of a metric cannot answer; the text says which and why."""


MARK = "@"
"""A segment's column on a row is its name behind this mark, so that it never meets a column of the file."""


def column(segment: str) -> str:
    """Name of a segment's column on a row."""
    return MARK + segment


def declared_on(given: Given, segment: str, role: str) -> dict[str, str]:
    """The SQL texts a segment declares for a role: under the role itself, or under sources of it."""
    sources = given.scope.definitions.sources
    expressions = given.scope.definitions.segments[segment].expr
    return {
        name: text
        for name, text in expressions.items()
        if name == role or (name in sources and sources[name].role == role)
    }


def carried(given: Given, role: str) -> tuple[str, ...]:
    """Segments asked for that rows of this role carry themselves."""
    return tuple(segment for segment in given.by if declared_on(given, segment, role))


def on_rows(given: Given, *selections: Selection) -> tuple[str, ...]:
    """Segments asked for that the rows of some selections carry, or their users.

    Those alone decide what a book of these rows holds: under any other segment it is the same book.
    """
    roles = {"users", *(selector.role for selection in selections for selector in selection.selectors)}
    return tuple(segment for segment in given.by if any(declared_on(given, segment, role) for role in roles))


def sql_columns(given: Given, role: str) -> tuple[str, ...]:
    """Columns of a log's rows that the carried segments need."""
    names: set[str] = set()
    for segment in carried(given, role):
        texts = [*declared_on(given, segment, role).values()]
        texts += [text for text in given.scope.definitions.segments[segment].buckets.values() if text != "else"]
        for text in texts:
            names |= parse(text).columns - {"value"}
    return tuple(sorted(names))


def with_segments(given: Given, rows: pl.LazyFrame, role: str, schema: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """Add `@segment` columns for the segments asked for that this role's rows carry.

    Grain: unchanged. Edges: null becomes `(unknown)`; a value outside every bucket is `(unknown)` too.
    """
    for segment in carried(given, role):
        texts = declared_on(given, segment, role)
        known = role in texts and not given.lacks(role)
        value: pl.Expr = given.sql(texts[role], schema) if known else pl.lit(None, dtype=pl.String)
        for name, text in texts.items():
            if name != role:
                value = pl.when(pl.col("source") == name).then(given.sql(text, schema)).otherwise(value)
        rows = _labelled(given, rows, segment, value, schema)
    return rows


def _labelled(
    given: Given, rows: pl.LazyFrame, segment: str, value: pl.Expr, schema: Mapping[str, pl.DataType]
) -> pl.LazyFrame:
    """Add the segment's label: the expression's result as text, or the first bucket whose condition holds.

    In a bucket's condition `value` is the result and shadows a column of that name while the label is made.
    """
    buckets = given.scope.definitions.segments[segment].buckets
    if not buckets:
        return rows.with_columns(pl.coalesce(value.cast(pl.String), pl.lit(UNKNOWN)).alias(column(segment)))
    shadowed = "value" in schema
    if shadowed:
        rows = rows.with_columns(_shadowed=pl.col("value"))
    rows = rows.with_columns(value=value)
    known = {**schema, "value": rows.select("value").collect_schema()["value"]}
    label: pl.Expr = pl.lit(UNKNOWN)
    for name, text in reversed(buckets.items()):
        condition = pl.col("value").is_not_null() if text == "else" else given.sql(text, known)
        label = pl.when(condition).then(pl.lit(name)).otherwise(label)
    rows = rows.with_columns(label.alias(column(segment))).drop("value")
    return rows.rename({"_shadowed": "value"}) if shadowed else rows


@dataclass(frozen=True)
class Attribute:
    """The value of a segment for every account, with its history where there is one.

    Grain: account, since. Columns: `account`, `since` (Date; null when the value has no history and holds always),
    `value` (String).
    Edges: a segment declared on subscriptions and not on accounts has the value of the account's largest live
    subscription at the date, and `(unknown)` while none is live.
    """

    segment: str
    lends = True

    def make(self, given: Given) -> pl.LazyFrame:
        """The attribute over accounts, or over live subscriptions."""
        only = given.narrowed(self.segment)
        if carried(only, "accounts"):
            return _of_accounts(only, self.segment)
        return _of_subscriptions(only, self.segment)


def has_attribute(given: Given, segment: str) -> bool:
    """Whether an account has a value of this segment."""
    return any(declared_on(given, segment, role) for role in ("accounts", "subscriptions"))


def _of_accounts(given: Given, segment: str) -> pl.LazyFrame:
    accounts = with_segments(given, given.table("accounts"), "accounts", given.schema("accounts"))
    since = pl.col("valid_from") if "valid_from" in given.schema("accounts") else pl.lit(None, dtype=pl.Date)
    return accounts.select("account", since.alias("since"), pl.col(column(segment)).alias("value")).sort(
        "account", "since"
    )


def _of_subscriptions(given: Given, segment: str) -> pl.LazyFrame:
    from saasmetrics.books.balances import Recurring

    rows = given.made(Recurring((segment,)))
    points = pl.concat([rows.select("account", since="from"), rows.select("account", since="to")]).drop_nulls().unique()
    live = (
        points.join(rows, on="account")
        .filter((pl.col("from") <= pl.col("since")) & (pl.col("to").is_null() | (pl.col("since") < pl.col("to"))))
        .sort("annual", column(segment), descending=[True, False])
        .group_by("account", "since", maintain_order=True)
        .agg(pl.col(column(segment)).first().alias("value"))
    )
    return (
        points.join(live, on=["account", "since"], how="left")
        .with_columns(pl.col("value").fill_null(UNKNOWN))
        .sort("account", "since")
    )


def bind(given: Given, rows: pl.LazyFrame, segments: Sequence[str], at: str | None) -> pl.LazyFrame:
    """Add `@segment` columns with the value of each row's account at the date in column `at` (null: latest).

    Grain: unchanged. Edges: an account without a value, or before its first record, is `(unknown)`; rows without an
    account keep null, which the reducer prints as `(unattributed)`.
    Raises: NotApplicableError for a segment that accounts do not have.
    """
    for segment in segments:
        if not has_attribute(given, segment):
            raise NotApplicableError(f"an account has no {segment}")
        rows = _bind(given, rows, segment, at)
    return rows


def _bind(given: Given, rows: pl.LazyFrame, segment: str, at: str | None) -> pl.LazyFrame:
    values = given.made(Attribute(segment)).rename({"value": column(segment)})
    name = column(segment)
    if not has_history(given, segment):
        rows = rows.join(values.drop("since"), on="account", how="left", maintain_order="left")
    else:
        moment = pl.col(at) if at else pl.lit(None, dtype=pl.Date)
        latest = pl.lit(given.as_of_day)
        values = values.with_columns(pl.col("since").fill_null(date(1, 1, 1))).sort("since")
        rows = (
            rows.with_columns(pl.coalesce(moment, latest).alias("_at"))
            .sort("_at")
            .join_asof(values, left_on="_at", right_on="since", by="account", check_sortedness=False)
            .drop("_at", "since")
        )
    unknown = pl.when(pl.col("account").is_not_null()).then(pl.lit(UNKNOWN))
    return rows.with_columns(pl.coalesce(pl.col(name), unknown).alias(name))


def has_history(given: Given, segment: str) -> bool:
    """Whether an account's value of this segment may change over time."""
    return not declared_on(given, segment, "accounts") or given.accounts_change
