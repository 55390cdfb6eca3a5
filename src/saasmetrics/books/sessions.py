"""Sessions: the rows of one member without a long silence between them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.happenings import bare, with_user_segments
from saasmetrics.books.segments import carried, column, sql_columns, with_segments
from saasmetrics.definitions.selection import Selector
from saasmetrics.expression import parse
from saasmetrics.facts.request import Narrow

EVERYTHING = Selector("events", "at")
ALWAYS = ("account", "user", "at")
"""Columns that narrow rows have without asking."""


@dataclass(frozen=True)
class Sessions:
    """Sessions of members, and the time spent in each area.

    Grain: a session, its areas and the `@segment`s its rows carry. Columns: `account`, `user`, `session` (number),
    `start`, `until` (UTC: its first and last row), `area` (String, null where the row has none; only with `area`),
    `spent` (Int64, milliseconds), `helped` (UTC: its first row of `help`; only with `help`), `@segment`s.
    Formula: a row belongs to the session of the row before it unless more than `gap` lies between; the time from a row
    to the next of its session is spent in the row's area, so that the areas of a session add up to its length.
    Edges: midnight, files and periods end no session; a session of one row lasts 0; rows without an account or a user
    belong to nobody and are left out.
    """

    gap: int
    """Microseconds."""
    area: str | None = None
    help: tuple[Selector, ...] = ()
    by: tuple[str, ...] = ()

    def make(self, given: Given) -> pl.LazyFrame:
        """All rows in the order of each member, cut where they are silent for long."""
        given = given.narrowed(*self.by)
        rows = self._rows(given)
        ordered = rows.filter(pl.col("account").is_not_null() & pl.col("user").is_not_null())
        ordered = ordered.sort("account", "user", "at")
        member = (pl.col("account") != pl.col("account").shift(1)) | (pl.col("user") != pl.col("user").shift(1))
        silence = (pl.col("at") - pl.col("at").shift(1)).dt.total_microseconds()
        begins = (member | (silence > self.gap)).fill_null(True)
        ordered = ordered.with_columns(begins=begins, session=begins.cast(pl.UInt32).cum_sum())
        stays = ~pl.col("begins").shift(-1).fill_null(True)
        until_next = (pl.col("at").shift(-1) - pl.col("at")).dt.total_microseconds()
        ordered = ordered.with_columns(spent=pl.when(stays).then(until_next).otherwise(0))
        marks = [column(segment) for segment in carried(given, "events")]
        own = [*(["area"] if self.area else []), *marks]
        spent = (pl.col("spent").sum() // 1_000).cast(pl.Int64)
        sessions = ordered.group_by("session").agg(
            pl.col("account", "user").first(),
            pl.col("at").min().alias("start"),
            pl.col("at").max().alias("until"),
            *([pl.col("helped").min()] if self.help else []),
            *([] if own else [spent.alias("spent")]),
        )
        if own:
            sessions = ordered.group_by("session", *own).agg(spent.alias("spent")).join(sessions, on="session")
        return with_user_segments(given, sessions)

    def _rows(self, given: Given) -> pl.LazyFrame:
        """Columns: `account`, `user`, `at`, `area`, `helped`, `@segment`s."""
        wanted = set(sql_columns(given, "events")) | (parse(self.area).columns if self.area else set())
        names = tuple(sorted(wanted - set(ALWAYS)))
        known = given.schema("events")
        schema = {name: known.get(name, pl.String()) for name in (*names, *ALWAYS)}
        rows = with_segments(given, given.fact(Narrow((EVERYTHING,), names)), "events", schema)
        area = [given.sql(self.area, schema).cast(pl.String).alias("area")] if self.area else []
        marks = [column(segment) for segment in carried(given, "events")]
        rows = rows.select(*ALWAYS, *area, *marks)
        if not self.help:
            return rows
        asked = given.fact(Narrow(bare(self.help))).select(*ALWAYS, helped="at")
        return pl.concat([rows, asked], how="diagonal_relaxed")
