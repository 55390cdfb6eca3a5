"""Simple: rows counted or an expression aggregated, in the period they happened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import ClassVar, Literal

import polars as pl
from pydantic import model_validator

from saasmetrics.books.given import Given
from saasmetrics.books.happenings import Happenings, runs_counted
from saasmetrics.books.listing import Listing, Valued
from saasmetrics.books.segments import MARK, on_rows
from saasmetrics.books.touching import touching_core
from saasmetrics.definitions import outcomes
from saasmetrics.definitions.model import fault
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.scope import Scope
from saasmetrics.definitions.selection import Selection
from saasmetrics.expression import parse
from saasmetrics.frames.canonical import IN_THEMSELVES, ROLES
from saasmetrics.frames.ledger import FLOAT, MONEY, Ledger, Part, Shape, Side, own_column
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.period import Grain, Periods, add_months

QUANTILE = re.compile(r"p([1-9][0-9]?)(?:_[0-9])?")


class Simple(Rows, MetricType):
    """Rows counted, or an expression over them aggregated, in the period they happened.

    Grain: an entry is an account (with its cut and row segments) and a lattice cell; for quantiles, distinct counts
    and `last_per` it is a row. Opened one by one, rows of tables and runs are entries of their own.
    Formula: count: number of rows (of different runs, where the rows are those of a workflow with a run column);
    sum: sum of `expr`; average: sum over number of rows where it is not null; count_distinct: different values of
    `expr` in the group asked for; min, max, median, pNN: quantiles of `expr`, linear between neighbours.
    Edges: a row belongs to the period its time falls in, in the zone of the file; rows without an account stay as
    `(unattributed)` where rows in themselves are counted (requests, incidents, spend, costs, leads, deals, touches,
    quotas) and are left out elsewhere; null expressions are left out. `last_per` keeps, for each value of its columns,
    the last row up to the period's end, looking back over `window` (all history without one). With `last_of` it keeps
    the last row that meets that SQL, however old, of the values that have any row in the window, and so are still
    there. `window` alone counts the rows of the window that ends with the period. `spread` shares a row's amount over
    the days from its `start` to its `end`.
    Unit: money in ten-thousandths, other expressions in millionths, each rounded once per row.
    """

    bare: ClassVar[bool] = False

    type: Literal["simple"] = "simple"
    agg: str = "count"
    expr: str | None = None
    currency: str | None = None
    cut: str | None = None
    last_per: tuple[str, ...] = ()
    window: Duration | None = None
    # Keys of the catalogue.
    part: str | None = None
    names: Literal["screens", "jobs"] | None = None
    touching: Literal["core"] | None = None
    spread: bool = False
    tries: int = 1
    last_of: str | None = None

    @model_validator(mode="after")
    def _agg_fits(self) -> Simple:
        plain = ("count", "count_distinct", "sum", "average", "min", "max", "median")
        if self.agg not in plain and not QUANTILE.fullmatch(self.agg):
            raise fault("SM005", f"`{self.agg}` is no aggregate", f"one of {', '.join(plain)}, p50 to p99", at="agg")
        if self.agg != "count" and self.expr is None:
            raise fault("SM007", f"`agg: {self.agg}` needs `expr`", "say what is aggregated", at="agg")
        if self.agg == "count" and self.expr is not None:
            raise fault("SM008", "`expr` does nothing with `agg: count`", "set agg: sum, or remove it", at="expr")
        if self.last_of and not (self.last_per and self.window):
            raise fault("SM007", "`last_of` needs `last_per` and `window`", "say of whom, and since when", at="last_of")
        return self

    @property
    def unit(self) -> int:
        """Fixed-point units in one."""
        return MONEY if self.currency else FLOAT

    @property
    def by_row(self) -> bool:
        """Whether entries are rows rather than counts per account."""
        by_value = self._how() == "quantile" or self.agg == "count_distinct"
        return by_value or bool(self.last_per or self.window or self.touching or self.spread)

    def _how(self) -> Literal["sum", "ratio", "quantile"]:
        if self.agg in ("count", "count_distinct", "sum"):
            return "sum"
        return "ratio" if self.agg == "average" else "quantile"

    def _part(self, scope: Scope) -> tuple[Part, ...]:
        if self.cut is None:
            return ()
        (role, *_) = {selector.role for selector in self.selection(scope).selectors}
        if parse(self.cut).columns <= {"workflow"} and not scope.has_column(role, "workflow"):
            return ()
        values: tuple[str, ...] = ()
        if self.names:
            values = self._names(scope)
        return (Part(self.part or self._cut_name(), "all", "disjoint", values),)

    def _cut_name(self) -> str:
        return own_column(self.cut or "")

    def _names(self, scope: Scope) -> tuple[str, ...]:
        declared = [
            name
            for workflow in scope.definitions.workflows.values()
            if workflow.core
            for name in getattr(workflow, self.names or "screens")
        ]
        return tuple(dict.fromkeys(declared))

    def selection(self, scope: Scope) -> Selection:
        """The rows that are counted."""
        rows = self.rows
        if self.names and (names := self._names(scope)):
            listed = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
            only = f"name IN ({listed})"
            rows = rows.model_copy(update={"filter": f"({rows.filter}) AND {only}" if rows.filter else only})
        return scope.select(rows)

    def shape(self, scope: Scope) -> Shape:
        """Sum, ratio or quantile by `agg`; flow unless a window or last rows make it anew for each period."""
        roles = {selector.role for selector in self.selection(scope).selectors}
        accountless = "keep" if roles & IN_THEMSELVES else "leave_out"
        unit = 1 if self.agg in ("count", "count_distinct") else self.unit
        stats = {"min": ("p0",), "max": ("p100",)}.get(self.agg, (self.agg,)) if self._how() == "quantile" else ()
        return Shape(
            how=self._how(),
            time="window" if self.window or self.last_per else "flow",
            parts=self._part(scope),
            stats=stats,
            single_stat=True,
            scale=1.0 if self.agg == "average" else 1.0 / unit,
            sides=(1.0 / unit, 1.0) if self.agg == "average" else (1.0, 1.0),
            collapse=(("entity",), ()) if self.agg == "count_distinct" or self.touching else ((), ()),
            segment_at="cell_end" if not (self.window or self.last_per) else "period_end",
            entity="row" if self.by_row else "account",
            accountless=accountless,  # type: ignore[arg-type]  # one of the two words
            payload=frozenset({"at"}) if self.by_row else frozenset(),
        )

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """Counts from the happenings book; rows where single rows are needed."""
        return self._read(given.scope)._ledger(given, periods)

    def _read(self, scope: Scope) -> Simple:
        """The same with SQL over requests that reads their outcome as policy `client_errors` wants it."""
        if {selector.role for selector in self.selection(scope).selectors} != {outcomes.ROLE}:
            return self
        texts = {name: getattr(self, name) for name in ("cut", "expr", "last_of")}
        read = {name: sql and outcomes.told(sql, scope.policies.client_errors) for name, sql in texts.items()}
        return self if read == texts else self.model_copy(update={**read, "part": self.part or self._cut_name()})

    def _ledger(self, given: Given, periods: Periods) -> Ledger:
        shape = self.shape(given.scope)
        selection = self.selection(given.scope)
        rows = self._entries(given, selection, periods)
        rows = rows.filter(periods.holds(pl.col("period")))
        if shape.accountless == "leave_out":
            rows = rows.filter(pl.col("account").is_not_null())
        if shape.parts:
            rows = rows.rename({"cut": shape.parts[0].column})
        roles = frozenset(selector.role for selector in selection.selectors)
        denominator = None
        if self.agg == "average":
            denominator = Side(rows.with_columns(amount=pl.col("weight")), roles)
        return Ledger(shape, Side(rows, roles), denominator)

    def _entries(self, given: Given, selection: Selection, periods: Periods) -> pl.LazyFrame:
        logged = [ROLES[selector.role].log for selector in selection.selectors]
        if not self.by_row and given.fine and not any(logged):
            return self._listed(given, selection, periods)
        if not self.by_row:
            runs = not self.cut and all(selector.run and selector.outcome for selector in selection.selectors)
            return (self._by_run if given.fine and runs else self._counted)(given, selection, periods)
        alone = not (self.last_per or self.window or self.touching or self.spread or given.fine)
        if self._how() == "quantile" and all(logged) and alone:
            return self._valued(given, selection, periods)
        return self._listed(given, selection, periods)

    def _valued(self, given: Given, selection: Selection, periods: Periods) -> pl.LazyFrame:
        """Entries without what tells rows apart: nobody asks for them one by one."""
        cut = self.cut if self._part(given.scope) else None
        grain: Literal["cell", "day"] = "day" if periods.grain is Grain.DAY else "cell"
        book = Valued(selection, self.money(given), self.unit, cut, on_rows(given, selection), grain)
        day = pl.col("cell")
        entries = given.made(book).with_columns(period=periods.of(day), segment_at=cell_end(periods, day))
        return entries.drop("cell")

    def _counted(self, given: Given, selection: Selection, periods: Periods) -> pl.LazyFrame:
        cut = self.cut if self._part(given.scope) else None
        grain: Literal["cell", "day"] = "day" if periods.grain is Grain.DAY else "cell"
        expr = self.money(given) if self.expr else None
        book = Happenings(
            selection, on_rows(given, selection), (), cut, expr, self.unit if expr else 1, grain, self.tries
        )
        amount, weight = ("rows", "rows") if self.agg == "count" else ("total", "filled")
        return (
            given.made(book)
            .filter(pl.col(weight) > 0)
            .with_columns(
                period=periods.of(pl.col("cell")),
                segment_at=cell_end(periods, pl.col("cell")),
                amount=pl.col(amount),
                weight=pl.col(weight),
            )
            .drop("cell", "rows", "total", "filled")
        )

    def _by_run(self, given: Given, selection: Selection, periods: Periods) -> pl.LazyFrame:
        """Run by run. Columns: `period`, `account`, `entity` (the run), `at`, `amount`, `weight`, `@segment`s."""
        expr = self.money(given) if self.expr else None
        rows = runs_counted(given, selection.selectors, expr, self.unit if expr else 1, self.tries)
        day = given.calendar.day_expr(pl.col("at"))
        amount = pl.col("total") if self.expr else pl.lit(1, dtype=pl.Int64)
        rows = rows.with_columns(amount=amount, weight=pl.lit(1, dtype=pl.Int64)).filter(pl.col("amount").is_not_null())
        cell = day if periods.grain is Grain.DAY else given.calendar.cell_expr(day)
        return rows.with_columns(period=periods.of(day), segment_at=cell_end(periods, cell)).drop("total")

    def money(self, given: Given) -> str:
        """The expression in the reporting currency."""
        roles = {selector.role for selector in self.selection(given.scope).selectors}
        converts = self.currency and all("rate" in given.schema(role) for role in roles)
        return f"({self.expr}) * COALESCE(rate, 1)" if converts else self.expr or ""

    def _listed(self, given: Given, selection: Selection, periods: Periods) -> pl.LazyFrame:
        """Entries row by row. Columns: `period`, `account`, `entity`, `at`, `cut`, `amount`, `weight`, `@segment`s."""
        cut = self.cut if self._part(given.scope) else None
        texts = [self.money(given) if self.expr else None, cut, self.last_of]
        wanted = {name for text in texts if text for name in parse(text).columns} | set(self.last_per)
        wanted |= {"start", "end"} if self.spread else set()
        wanted |= {"workflow"} if self.touching else set()
        number = texts[0] if self.agg != "count_distinct" else None
        number = None if number is not None and parse(number).clock & {"start", "end"} else number
        book = Listing(selection, tuple(sorted(wanted)), on_rows(given, selection), number)
        rows = given.made(book)
        if self.touching:
            rows = touching_core(given, rows)
        schema = book.schema(given)
        if self.window or self.last_per:
            parts = [self._windowed(given, rows, schema, start, periods) for start in periods.starts]
            return pl.concat(parts, how="vertical_relaxed")
        rows = self._entered(given, rows, schema)
        if self.spread:
            rows = spread_over(rows, periods)
        day = pl.col("_day")
        return rows.with_columns(period=periods.of(day), segment_at=day).drop("_day", "_from", "_to", strict=False)

    def _entered(
        self, given: Given, rows: pl.LazyFrame, schema: Mapping[str, pl.DataType], **clock: datetime
    ) -> pl.LazyFrame:
        """Rows as entries, the expression evaluated and rounded; rows where it is null are left out."""
        entity = pl.col("_row").cast(pl.String)
        amount: pl.Expr = pl.lit(1, dtype=pl.Int64)
        if self.agg == "count_distinct" and self.expr:
            entity = given.sql(self.expr, schema, **clock).cast(pl.String)
            amount = pl.when(entity.is_not_null()).then(amount)
        elif self.agg != "count":
            value = given.amount(self.money(given), schema, **clock)
            amount = (value * self.unit).round().cast(pl.Int64)
        cut = [given.sql(self.cut or "", schema).cast(pl.String).alias("cut")] if self._part(given.scope) else []
        service = [pl.col("start").alias("_from"), pl.col("end").alias("_to")] if self.spread else []
        marks = pl.col(f"^{MARK}.*$")
        entries = rows.select(
            "account",
            marks,
            *cut,
            *service,
            "_day",
            at="_at",
            entity=entity,
            amount=amount,
            weight=pl.lit(1, dtype=pl.Int64),
        )
        return entries.filter(pl.col("amount").is_not_null())

    def _windowed(
        self, given: Given, rows: pl.LazyFrame, schema: Mapping[str, pl.DataType], start: date, periods: Periods
    ) -> pl.LazyFrame:
        """The rows of the window that ends with one period; of each value the last, when that is asked."""
        end = periods.calendar.end(start, periods.grain)
        inside = rows.filter(pl.col("_day") < end)
        recent = pl.col("_day") >= window_start(end, self.window) if self.window else pl.lit(True)
        per = list(self.last_per)
        if self.last_of:
            still_there = inside.filter(recent).select(per).unique()
            inside = inside.filter(given.sql(self.last_of, schema)).join(still_there, on=per, how="semi")
        elif self.window:
            inside = inside.filter(recent)
        if self.last_per:
            alone = pl.any_horizontal([pl.col(name).is_null() for name in per])
            known = (
                inside.filter(~alone)
                .sort(*per, "_at", pl.col("_row").cast(pl.String))
                .unique(per, keep="last", maintain_order=True)
            )
            inside = pl.concat([known, inside.filter(alone)])
        until = min(given.calendar.start_of(end), given.as_of)
        entries = self._entered(given, inside, schema, start=given.calendar.start_of(start), end=until)
        return entries.drop("_day").with_columns(
            period=pl.lit(start), segment_at=pl.lit(end - timedelta(days=1)), entity=pl.col("entity")
        )


def cell_end(periods: Periods, cell: pl.Expr) -> pl.Expr:
    """Last day of the lattice cell that starts at `cell`; a report by day has days for cells."""
    if periods.grain is Grain.DAY:
        return cell
    week = periods.calendar.floor_expr(cell, Grain.WEEK).dt.offset_by("6d")
    return pl.min_horizontal(week, cell.dt.month_end())


def window_start(end: date, window: Duration) -> date:
    """First day of the window that ends before `end`."""
    if window.is_calendar:
        return add_months(end, -window.months)
    return end - timedelta(days=max(1, window.microseconds // 86_400_000_000))


def spread_over(rows: pl.LazyFrame, periods: Periods) -> pl.LazyFrame:
    """Share each amount over the days `_from <= d < _to`, period by period.

    Grain: a row and a period its service touches. Edges: a share is what has passed by the period's end less what had
    passed before it, each rounded, so that the shares of a row add up to its amount exactly; rows without a service
    period, or with an empty one, stay on their own day.
    """
    lasting = (pl.col("_from") < pl.col("_to")).fill_null(False)
    length = (pl.col("_to") - pl.col("_from")).dt.total_days()

    def passed(day: pl.Expr) -> pl.Expr:
        days = (pl.min_horizontal(day, pl.col("_to")) - pl.col("_from")).dt.total_days().clip(lower_bound=0)
        return (pl.col("amount") * days / length).round().cast(pl.Int64)

    touched = rows.filter(lasting).join_where(
        periods.frame().select(_start="period", _end="period_end"),
        pl.col("_from") < pl.col("_end"),
        pl.col("_to") > pl.col("_start"),
    )
    share = passed(pl.col("_end")) - passed(pl.col("_start"))
    shared = touched.with_columns(amount=share, _day=pl.max_horizontal("_start", "_from")).drop("_start", "_end")
    return pl.concat([rows.filter(~lasting), shared], how="vertical_relaxed")
