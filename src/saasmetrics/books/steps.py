"""Steps: the rows behind the steps of a funnel, or one end of a duration, with the entity that walks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.happenings import chosen, with_own_segments, with_user_segments
from saasmetrics.books.milestones import Moment, Reached, instant_type
from saasmetrics.books.segments import carried, column
from saasmetrics.definitions.selection import Milestone, Selection, Selector
from saasmetrics.facts.request import Narrow
from saasmetrics.frames.canonical import ROLES

ENTITY_COLUMNS = {"account": "account", "user": "user", "lead": "lead", "opportunity": "opportunity"}


@dataclass(frozen=True)
class Walk:
    """Whose steps they are: the column that names the entity, and columns that must not change along the way.

    Edges: a user walks as a member of an account, so that one of two accounts walks twice.
    """

    entity: str
    same: tuple[str, ...] = ()

    @property
    def together(self) -> tuple[str, ...]:
        """Columns that must be the same on every step."""
        return ("account", *self.same) if self.entity == "user" else self.same

    @property
    def key(self) -> str:
        """Column of the rows that names the entity."""
        return ENTITY_COLUMNS.get(self.entity, self.entity)


def step_rows(given: Given, selection: Selection, walk: Walk) -> pl.LazyFrame:
    """The rows of one step.

    Grain: a row (or the moment of a milestone). Columns: `account` (null when the row has none), `entity` (String or
    the account's own type), `same` (String), `at` (UTC), `@segment`s that rows of the role carry.
    Edges: rows without the entity are left out; `at_least` n keeps, for each entity, rows from the n-th on; an `all`
    is the moment the last of its members is met.
    """
    if not selection.is_plain:
        return _moments(given, selection, walk)
    parts = [_rows(given, role, chosen_, walk) for role, chosen_ in _by_role(selection.selectors)]
    rows = pl.concat(parts, how="diagonal_relaxed") if len(parts) > 1 else parts[0]
    if selection.at_least > 1:
        nth = pl.col("at").rank("ordinal").over("entity", "same")
        rows = rows.filter(nth >= selection.at_least)
    return rows


def _by_role(selectors: Iterable[Selector]) -> list[tuple[str, tuple[Selector, ...]]]:
    groups: dict[str, list[Selector]] = {}
    for selector in selectors:
        groups.setdefault(selector.role, []).append(selector)
    return [(role, tuple(group)) for role, group in groups.items()]


def _moments(given: Given, selection: Selection, walk: Walk) -> pl.LazyFrame:
    """Milestones and moments belong to accounts."""
    only = selection.parts[0]
    plain = len(selection.parts) == 1 and isinstance(only, Milestone)
    moments = given.made(Reached(only)) if plain and isinstance(only, Milestone) else given.made(Moment(selection))
    rows = moments.select("account", entity=pl.col("account"), same=pl.lit("", dtype=pl.String), at="at")
    return rows if walk.entity == "account" else rows.filter(pl.lit(False))


def _rows(given: Given, role: str, selectors: tuple[Selector, ...], walk: Walk) -> pl.LazyFrame:
    schema = given.schema(role)
    key = walk.key
    if ROLES[role].log:
        wanted = tuple(name for name in dict.fromkeys((key, *walk.together)) if name not in ("account", "user"))
        rows = given.fact(Narrow(selectors, wanted))
        rows = with_user_segments(given, rows) if carried(given, "users") else rows
        marks = [column(segment) for segment in carried(given, "users")]
    else:
        rows = with_own_segments(given, chosen(given, role, selectors), role)
        moment = given.calendar.start_expr(pl.col("_at")) if schema[selectors[0].at] == pl.Date else pl.col("_at")
        rows = rows.with_columns(at=moment.cast(instant_type()))
        if walk.entity == "row":
            rows = rows.with_row_index("row").with_columns(row=pl.col("row").cast(pl.String))
        marks = [column(segment) for segment in carried(given, role)]
    same = (
        pl.concat_str([pl.col(name).cast(pl.String) for name in walk.together], separator="\x1f")
        if walk.together
        else pl.lit("")
    )
    account = pl.col("account") if "account" in schema else given.nobody
    rows = rows.select(account.alias("account"), *marks, pl.col(key).alias("entity"), same.alias("same"), "at")
    return rows.filter(pl.col("entity").is_not_null() & pl.col("same").is_not_null())
