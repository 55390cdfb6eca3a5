"""Happenings: how often something happened, by account and lattice cell, wherever the rows come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from saasmetrics.books.folded import folded
from saasmetrics.books.given import Given
from saasmetrics.books.numbers import Numbers
from saasmetrics.books.rates import at_rates
from saasmetrics.books.runs import RunsOf
from saasmetrics.books.segments import carried, column, declared_on, sql_columns, with_segments
from saasmetrics.books.several import all_values
from saasmetrics.books.stages import leads
from saasmetrics.definitions.selection import Selection, Selector
from saasmetrics.expression import parse
from saasmetrics.facts.request import Tally
from saasmetrics.frames.canonical import ROLES

OUTCOMES = {"attempt": "attempt", "success": "any_success", "failure": "failure"}
"""The column of a run that holds the moment of each outcome."""

MEMBER = ["account", "user"]


@dataclass(frozen=True)
class Happenings:
    """Rows counted and an expression summed.

    Grain: account, the asked columns, `@segment` columns, cell (or local day). Columns: `account` (null kept),
    `columns`, `@segment`s, `cell` (Date), `rows` (Int64), `filled` (Int64: rows where the expression is not null),
    `total` (Int64 in 1/`unit`).
    Edges: rows of a workflow with a run column are runs, each counted once at its first row of that outcome;
    `tries` keeps runs with at least so many attempt rows. `cut` is SQL on the row, evaluated to text in column `cut`.
    """

    selection: Selection
    by: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    cut: str | None = None
    expr: str | None = None
    unit: int = 1
    grain: Literal["cell", "day"] = "cell"
    tries: int = 1

    def make(self, given: Given) -> pl.LazyFrame:
        """All parts of the selection, united and counted."""
        given = given.narrowed(*self.by)
        runs = {
            (RunsOf.of(given, selector, self.expr, self.unit), OUTCOMES[selector.outcome or "success"]): None
            for selector in self.selection.selectors
            if self._by_run(selector)
        }
        parts = [self._runs(given, book, at) for book, at in runs]
        rest = [selector for selector in self.selection.selectors if not self._by_run(selector)]
        for role in dict.fromkeys(selector.role for selector in rest):
            chosen = tuple(selector for selector in rest if selector.role == role)
            parts.append(self._logged(given, role, chosen) if ROLES[role].log else self._listed(given, role, chosen))
        if len(parts) == 1:
            return parts[0]
        return _count(given, pl.concat(parts, how="diagonal_relaxed"), ["account", *self._keys(given), "cell"])

    def _by_run(self, selector: Selector) -> bool:
        return selector.run is not None and selector.outcome is not None and not self.columns and not self.cut

    def _keys(self, given: Given) -> list[str]:
        roles = {selector.role for selector in self.selection.selectors}
        if any("user" in given.schema(role) for role in roles):
            roles.add("users")
        segments = [segment for segment in given.by if any(declared_on(given, segment, role) for role in roles)]
        return [*self.columns, *(["cut"] if self.cut else []), *(column(segment) for segment in segments)]

    def _cell(self, given: Given, day: pl.Expr) -> pl.Expr:
        return given.calendar.cell_expr(day) if self.grain == "cell" else day

    def _runs(self, given: Given, book: RunsOf, at: str) -> pl.LazyFrame:
        member = MEMBER if _by_user(given) else ["account"]
        more = [*(["attempts"] if self.tries > 1 else []), *(["total"] if self.expr else [])]
        runs = book.read(given, *member, at, *more).filter(pl.col(at).is_not_null())
        if self.tries > 1:
            runs = runs.filter(pl.col("attempts") >= self.tries)
        calendar, moment = given.calendar, pl.col(at)
        day = calendar.cell_of_expr(moment) if self.grain == "cell" else calendar.day_expr(moment)
        total = pl.col("total") if self.expr else pl.lit(0, dtype=pl.Int64)
        filled = pl.col("total").is_not_null() if self.expr else pl.lit(0, dtype=pl.Int64)
        runs = runs.select(
            *member,
            day.alias("cell"),
            rows=pl.lit(1, dtype=pl.Int64),
            filled=filled.cast(pl.Int64),
            total=total,
        )
        return _count(given, with_user_segments(given, runs), ["account", *_marked(given, "users"), "cell"])

    def _logged(self, given: Given, role: str, selectors: tuple[Selector, ...]) -> pl.LazyFrame:
        wanted = set(self.columns) | set(sql_columns(given, role))
        if self.cut:
            wanted |= parse(self.cut).columns
        if _by_user(given):
            wanted.add("user")
        wanted.discard("account")
        request = Tally(selectors, tuple(sorted(wanted)), self.grain, self.expr, self.unit)
        rows = given.fact(request)
        schema = {name: given.schema(role).get(name, pl.String()) for name in (*wanted, "account")}
        rows = with_segments(given, rows, role, schema)
        if self.cut:
            rows = rows.with_columns(cut=given.sql(self.cut, schema).cast(pl.String))
        if "user" in wanted:
            rows = with_user_segments(given, rows)
        if not self.expr:
            rows = rows.with_columns(filled=pl.lit(0, dtype=pl.Int64), total=pl.lit(0, dtype=pl.Int64))
        keys = ["account", *self.columns, *(["cut"] if self.cut else []), *_marked(given, role, "users"), "cell"]
        return _count(given, rows, keys)

    def _listed(self, given: Given, role: str, selectors: tuple[Selector, ...]) -> pl.LazyFrame:
        schema = given.schema(role)
        rows = with_own_segments(given, chosen(given, role, selectors), role)
        if self.expr:
            given.counting(Numbers(role, selectors, self.expr))
        amount = given.amount(self.expr, schema) if self.expr else pl.lit(0.0)
        total = (amount * self.unit).round().cast(pl.Int64)
        cut = [given.sql(self.cut, schema).cast(pl.String).alias("cut")] if self.cut else []
        account = pl.col("account") if "account" in schema else given.nobody.alias("account")
        marked = _marked(given, role, *(["users"] if "user" in schema else []))
        return _count(
            given,
            rows.select(
                account,
                *self.columns,
                *cut,
                *marked,
                self._cell(given, pl.col("_day")).alias("cell"),
                rows=pl.lit(1, dtype=pl.Int64),
                filled=total.is_not_null().cast(pl.Int64) if self.expr else pl.lit(0, dtype=pl.Int64),
                total=total.fill_null(0),
            ),
            ["account", *self.columns, *(["cut"] if self.cut else []), *marked, "cell"],
        )


def runs_counted(
    given: Given, selectors: Iterable[Selector], expr: str | None, unit: int, tries: int = 1
) -> pl.LazyFrame:
    """The runs that a count of workflow rows is made of.

    Grain: a run and an outcome. Columns: `account`, `entity` (String, the run), `at` (when it had that outcome first),
    `total` (the expression in 1/`unit`), and the `@segment` columns declared on users.
    """
    books = {
        (RunsOf.of(given, selector, expr, unit), OUTCOMES[selector.outcome or "success"]): None
        for selector in selectors
    }
    parts = []
    for book, at in books:
        runs = book.read(given, "account", "user", "total", "run", "attempts", at)
        runs = runs.filter(pl.col(at).is_not_null() & (pl.col("attempts") >= (tries if tries > 1 else 0)))
        parts.append(
            with_user_segments(
                given, runs.select("account", "user", "total", entity=pl.col("run").cast(pl.String), at=pl.col(at))
            ).drop("user")
        )
    return pl.concat(parts, how="diagonal_relaxed") if len(parts) > 1 else parts[0]


def bare(selectors: Iterable[Selector]) -> tuple[Selector, ...]:
    """The same rows without what they mean to a workflow, so that everybody who reads them asks for one fact."""
    return tuple(replace(selector, run=None, workflow=None, outcome=None) for selector in selectors)


def _count(given: Given, rows: pl.LazyFrame, keys: Sequence[str]) -> pl.LazyFrame:
    sums = [pl.col(name).sum() for name in ("rows", "filled", "total")]
    if list(keys) == ["account", "cell"]:
        return folded(given, rows, "cell", sums)
    return rows.group_by(keys).agg(sums)


def _by_user(given: Given) -> bool:
    return bool(carried(given, "users"))


def _marked(given: Given, *roles: str) -> list[str]:
    """`@segment` columns that rows of these roles carry, in the order asked for."""
    return [column(segment) for segment in given.by if any(declared_on(given, segment, role) for role in roles)]


def with_user_segments(given: Given, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add the `@segment` columns declared on users, by the row's account and user.

    Grain: unchanged; several values of one member are one text (`books/several.py`). Edges: who is no user of the
    account has null.
    """
    segments = carried(given, "users")
    if not segments:
        return rows
    users = with_segments(given, given.table("users"), "users", given.schema("users"))
    names = [column(segment) for segment in segments]
    users = users.group_by(MEMBER).agg(all_values(name) for name in names)
    return rows.join(users, on=MEMBER, how="left")


def with_own_segments(given: Given, rows: pl.LazyFrame, role: str) -> pl.LazyFrame:
    """Add the `@segment` columns that rows of a table, or their users, carry. Grain: unchanged."""
    schema = given.schema(role)
    if role != "users":
        rows = with_segments(given, rows, role, schema)
    return with_user_segments(given, rows) if "user" in schema else rows


def chosen(given: Given, role: str, selectors: Iterable[Selector]) -> pl.LazyFrame:
    """Rows of a table that any of the selectors chooses, with `_at` (its time column as is) and `_day`.

    Grain: a row, once for each time column it is chosen by.
    Edges: a user has a row for each role, and is chosen once, with the earliest.
    """
    schema = given.schema(role)
    parts: list[pl.LazyFrame] = []
    groups: dict[str, list[Selector]] = {}
    for selector in selectors:
        groups.setdefault(selector.at, []).append(selector)
    for at, alike in groups.items():
        condition = pl.lit(False)
        for selector in alike:
            condition = condition | matches(given, role, selector)
        moment = pl.col(at)
        day = moment if schema[at] == pl.Date else given.calendar.day_expr(moment)
        table = leads(given) if role == "leads" else given.table(role)
        rows = table.filter(condition & seen(given, alike[0]))
        rows = at_rates(given, role, rows.with_columns(_at=moment, _day=day), pl.col("_day"))
        if role == "users":
            rows = rows.sort("account", "user", "_at", "role").unique(MEMBER, keep="first", maintain_order=True)
        parts.append(rows)
    return pl.concat(parts, how="diagonal_relaxed") if len(parts) > 1 else parts[0]


def seen(given: Given, selector: Selector) -> pl.Expr:
    """Whether the time by which a selector chooses rows of a table is there and visible; never null."""
    moment = pl.col(selector.at)
    by_day = given.schema(selector.role)[selector.at] == pl.Date
    return moment.is_not_null() & (moment < (given.unseen_day if by_day else given.as_of)).fill_null(value=False)


def matches(given: Given, role: str, selector: Selector) -> pl.Expr:
    """Whether a row of a table meets a selector; never null."""
    condition = pl.lit(True)
    if selector.filter:
        condition = given.sql(selector.filter, given.schema(role)).fill_null(False)
    if selector.source:
        condition = condition & (pl.col("source") == selector.source)
    if selector.event:
        condition = condition & (pl.col("event") == selector.event)
    return condition
