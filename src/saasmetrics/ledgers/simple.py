"""Simple: rows counted or an expression aggregated, in the period they happened."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import ClassVar, Literal

import polars as pl
from pydantic import model_validator

from saasmetrics.books.given import Given
from saasmetrics.books.happenings import Happenings, chosen, with_user_segments
from saasmetrics.books.segments import carried, column, sql_columns, with_segments
from saasmetrics.definitions.model import fault
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.scope import Scope
from saasmetrics.definitions.selection import Selection, Selector
from saasmetrics.expression import parse
from saasmetrics.facts.request import Narrow
from saasmetrics.frames.canonical import ROLES
from saasmetrics.frames.ledger import FLOAT, MONEY, Ledger, Part, Shape, Side
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.period import Periods

QUANTILE = re.compile(r"p([1-9][0-9]?)(?:_[0-9])?")


class Simple(Rows, MetricType):
    """Rows counted, or an expression over them aggregated, in the period they happened.

    Grain: an entry is an account (with its cut and row segments) and a lattice cell; for quantiles, distinct counts
    and `last_per` it is a row.
    Formula: count: number of rows (of different runs, where the rows are those of a workflow with a run column);
    sum: sum of `expr`; average: sum over number of rows where it is not null; count_distinct: different values of
    `expr` in the group asked for; min, max, median, pNN: quantiles of `expr`, linear between neighbours.
    Edges: a row belongs to the period its time falls in, in the zone of the file; rows without an account stay as
    `(unattributed)` where rows in themselves are counted (requests, incidents, spend, costs) and are left out
    elsewhere; null expressions are left out. `last_per` keeps, for each value of its columns, the last row up to the
    period's end, looking back over `window` (all history without one). `window` alone counts the rows of the window
    that ends with the period. `spread` shares a row's amount over the days from its `start` to its `end`.
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

    @model_validator(mode="after")
    def _agg_fits(self) -> Simple:
        plain = ("count", "count_distinct", "sum", "average", "min", "max", "median")
        if self.agg not in plain and not QUANTILE.fullmatch(self.agg):
            raise fault("SM006", f"`{self.agg}` is no aggregate", f"one of {', '.join(plain)}, p50 to p99", at="agg")
        if self.agg != "count" and self.expr is None:
            raise fault("SM007", f"`agg: {self.agg}` needs `expr`", "say what is aggregated", at="agg")
        if self.agg == "count" and self.expr is not None:
            raise fault("SM008", "`expr` does nothing with `agg: count`", "set agg: sum, or remove it", at="expr")
        return self

    @property
    def unit(self) -> int:
        """Fixed-point units in one."""
        return MONEY if self.currency else FLOAT

    @property
    def by_row(self) -> bool:
        """Whether entries are rows rather than counts per account."""
        return self._how() == "quantile" or self.agg == "count_distinct" or bool(self.last_per) or self.spread

    def _how(self) -> Literal["sum", "ratio", "quantile"]:
        if self.agg in ("count", "count_distinct", "sum"):
            return "sum"
        return "ratio" if self.agg == "average" else "quantile"

    def _part(self, scope: Scope) -> tuple[Part, ...]:
        if self.cut is None:
            return ()
        (role, *_) = {selector.role for selector in self._selection(scope).selectors}
        if parse(self.cut).columns <= {"workflow"} and not scope.has_column(role, "workflow"):
            return ()
        values: tuple[str, ...] = ()
        if self.names:
            values = self._names(scope)
        return (Part(self.part or self._cut_name(), "all", "disjoint", values),)

    def _cut_name(self) -> str:
        return self.cut if self.cut and self.cut.isidentifier() else "cut"

    def _names(self, scope: Scope) -> tuple[str, ...]:
        declared = [
            name
            for workflow in scope.definitions.workflows.values()
            if workflow.core
            for name in getattr(workflow, self.names or "screens")
        ]
        return tuple(dict.fromkeys(declared))

    def _selection(self, scope: Scope) -> Selection:
        rows = self.rows
        if self.names and (names := self._names(scope)):
            listed = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
            only = f"name IN ({listed})"
            rows = rows.model_copy(update={"filter": f"({rows.filter}) AND {only}" if rows.filter else only})
        return scope.select(rows)

    def shape(self, scope: Scope) -> Shape:
        """Sum, ratio or quantile by `agg`; flow unless a window or last rows make it anew for each period."""
        roles = {selector.role for selector in self._selection(scope).selectors}
        accountless = "keep" if roles & {"requests", "incidents", "spend", "costs"} else "leave_out"
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
        shape = self.shape(given.scope)
        selection = self._selection(given.scope)
        roles = frozenset(selector.role for selector in selection.selectors)
        if self.window or self.last_per:
            rows = self._windowed(given, self._rows(given, selection, periods), periods)
        elif self.by_row or self.touching:
            rows = self._rows(given, selection, periods)
            rows = _spread(given, rows, periods) if self.spread else rows
            rows = rows.with_columns(period=periods.of(pl.col("day")), segment_at=pl.col("day"))
        else:
            rows = self._counted(given, selection, periods)
        rows = rows.filter(periods.holds(pl.col("period")))
        if shape.accountless == "leave_out":
            rows = rows.filter(pl.col("account").is_not_null())
        part = shape.parts[0].column if shape.parts else None
        rows = rows.rename({"cut": part}) if part and part != "cut" else rows
        numerator = Side(rows.drop("filled", strict=False), roles)
        if self.agg != "average":
            return Ledger(shape, numerator)
        count = "filled" if not self.by_row else "weight"
        return Ledger(shape, numerator, Side(rows.with_columns(amount=pl.col(count), weight=pl.col(count)), roles))

    def _counted(self, given: Given, selection: Selection, periods: Periods) -> pl.LazyFrame:
        expr = self._money() if self.expr else None
        cut = self.cut if self._part(given.scope) else None
        grain: Literal["cell", "day"] = "day" if periods.grain == "day" else "cell"
        book = Happenings(selection, given.by, (), cut, expr, self.unit if self.expr else 1, grain, self.tries)
        rows = given.made(book)
        amount, weight = ("rows", "rows") if self.agg == "count" else ("total", "filled")
        rows = rows.filter(pl.col(weight) > 0)
        return rows.with_columns(
            period=periods.of(pl.col("cell")),
            segment_at=cell_end(periods, pl.col("cell"), grain),
            amount=pl.col(amount),
            weight=pl.col(weight),
        ).drop("cell", "rows", "total")

    def _money(self) -> str:
        return f"({self.expr}) * COALESCE(rate, 1)" if self.currency and self._listed else self.expr or ""

    @property
    def _listed(self) -> bool:
        return self.source is not None

    def _rows(self, given: Given, selection: Selection, periods: Periods) -> pl.LazyFrame:
        parts = []
        for role in dict.fromkeys(selector.role for selector in selection.selectors):
            selectors = tuple(selector for selector in selection.selectors if selector.role == role)
            parts.append(self._logged(given, role, selectors) if ROLES[role].log else self._table(given, role, selectors))
        rows = pl.concat(parts, how="diagonal_relaxed") if len(parts) > 1 else parts[0]
        return rows if self._late_expr else rows.filter(pl.col("amount").is_not_null())

    @property
    def _late_expr(self) -> bool:
        """Whether the expression needs the period's bounds and is evaluated per period."""
        return self.expr is not None and bool(parse(self.expr).clock & {"start", "end"})

    def _table(self, given: Given, role: str, selectors: tuple[Selector, ...]) -> pl.LazyFrame:
        schema = given.schema(role)
        rows = with_segments(given, chosen(given, role, selectors), role, schema).with_row_index("row")
        if "user" in schema:
            rows = with_user_segments(given, rows)
        if self.touching:
            rows = _touching_core(given, rows, schema)
        return self._prepared(given, rows, {**schema}, role)

    def _logged(self, given: Given, role: str, selectors: tuple[Selector, ...]) -> pl.LazyFrame:
        wanted = set(sql_columns(given, role)) | set(self.last_per) | (parse(self.cut).columns if self.cut else set())
        wanted |= parse(self.expr).columns if self.expr else set()
        wanted -= {"account", "user", "at"}
        rows = given.fact(Narrow(selectors, tuple(sorted(wanted))))
        schema = {name: given.schema(role).get(name, pl.String()) for name in (*wanted, "account", "user", "at")}
        rows = with_segments(given, rows, role, schema).with_row_index("row")
        rows = with_user_segments(given, rows).with_columns(_at=pl.col("at"), _day=given.calendar.day_expr(pl.col("at")))
        return self._prepared(given, rows, schema, role)

    def _prepared(
        self, given: Given, rows: pl.LazyFrame, schema: dict[str, pl.DataType], role: str
    ) -> pl.LazyFrame:
        marked = [column(segment) for segment in (*carried(given, role), *carried(given, "users"))]
        marked = [name for name in dict.fromkeys(marked) if name in rows.collect_schema().names()]
        keep: list[pl.Expr] = [pl.col("account") if "account" in schema else pl.lit(None, pl.String).alias("account")]
        if self.cut and self._part(given.scope):
            keep.append(given.sql(self.cut, schema).cast(pl.String).alias("cut"))
        entity = pl.col("id") if role == "incidents" and "id" in schema else pl.col("row").cast(pl.String)
        if self.agg == "count_distinct" and self.expr:
            entity = given.sql(self.expr, schema).cast(pl.String)
        amount: pl.Expr = pl.lit(1, dtype=pl.Int64)
        if self.agg not in ("count", "count_distinct") and not self._late_expr and self.expr:
            amount = _fixed(given.sql(self._money(), schema), self.unit)
        if self.agg == "count_distinct":
            amount = pl.when(entity.is_not_null()).then(amount)
        late = [pl.col(name).alias(f"late_{name}") for name in parse(self.expr or "1").columns] if self._late_expr else []
        spread = [pl.col("start").alias("from"), pl.col("end").alias("to")] if self.spread else []
        last = [pl.col(name).cast(pl.String).alias(f"per_{name}") for name in self.last_per]
        return rows.select(
            *keep, *marked, *late, *spread, *last, pl.col("_at").alias("at"), pl.col("_day").alias("day"),
            entity.alias("entity"), amount.alias("amount"), weight=pl.lit(1, dtype=pl.Int64),
        )

    def _windowed(self, given: Given, rows: pl.LazyFrame, periods: Periods) -> pl.LazyFrame:
        """The rows of the window that ends with each period, the last of each value when asked."""
        parts = []
        for start in periods.starts:
            end = periods.calendar.end(start, periods.grain)
            inside = rows.filter(pl.col("day") < end)
            if self.window:
                inside = inside.filter(pl.col("day") >= _before(end, self.window))
            if self.last_per:
                per = [f"per_{name}" for name in self.last_per]
                alone = pl.any_horizontal([pl.col(name).is_null() for name in per])
                known = inside.filter(~alone).sort(*per, "at", "entity").unique(per, keep="last", maintain_order=True)
                inside = pl.concat([known, inside.filter(alone)])
            if self._late_expr and self.expr:
                until = min(given.calendar.start_of(end), given.as_of)
                schema = {name: given.schema(self._role(given)).get(name, pl.String()) for name in parse(self.expr).columns}
                amount = given.sql(self.expr, schema, end=until, start=given.calendar.start_of(start))
                inside = inside.rename({f"late_{name}": name for name in schema if name != "at"})
                inside = inside.with_columns(amount=_fixed(amount, self.unit))
                inside = inside.filter(pl.col("amount").is_not_null()).drop([name for name in schema if name != "at"])
                inside = inside.drop("late_at", strict=False)
            parts.append(inside.with_columns(period=pl.lit(start), segment_at=pl.lit(end - timedelta(days=1))))
        return pl.concat(parts, how="diagonal_relaxed").drop([f"per_{name}" for name in self.last_per])

    def _role(self, given: Given) -> str:
        return self._selection(given.scope).selectors[0].role


def cell_end(periods: Periods, cell: pl.Expr, grain: str) -> pl.Expr:
    """Last day of the lattice cell that starts at `cell`."""
    if grain == "day":
        return cell
    calendar = periods.calendar
    week = calendar.floor_expr(cell, type(periods.grain).WEEK).dt.offset_by("6d")
    return pl.min_horizontal(week, cell.dt.month_end())


def _fixed(amount: pl.Expr, unit: int) -> pl.Expr:
    return (amount.cast(pl.Float64) * unit).round().cast(pl.Int64)


def _before(end: object, window: Duration) -> object:
    from datetime import date

    from saasmetrics.period import add_months

    if not isinstance(end, date):
        raise TypeError("a window ends on a date")
    if window.is_calendar:
        return add_months(end, -window.months)
    return end - timedelta(microseconds=window.microseconds)


def _touching_core(given: Given, rows: pl.LazyFrame, schema: dict[str, pl.DataType] | object) -> pl.LazyFrame:
    """Rows whose `workflow` (several split by `;`) names a core workflow; all rows where nothing says which."""
    if not given.scope.has_column("incidents", "workflow"):
        return rows
    core = [name for name, workflow in given.scope.definitions.workflows.items() if workflow.core]
    named = pl.col("workflow").str.split(";").list.eval(pl.element().str.strip_chars())
    return rows.filter(named.list.set_intersection(pl.lit([core])).list.len() > 0)


def _spread(given: Given, rows: pl.LazyFrame, periods: Periods) -> pl.LazyFrame:
    """Share each amount over the days `from <= d < to`, by whole periods, so that the shares add up exactly.

    Rows without a service period, or with an empty one, stay on their own day.
    """
    lasting = pl.col("from").is_not_null() & pl.col("to").is_not_null() & (pl.col("from") < pl.col("to"))
    length = (pl.col("to") - pl.col("from")).dt.total_days()

    def until(day: pl.Expr) -> pl.Expr:
        gone = (pl.min_horizontal(day, pl.col("to")) - pl.col("from")).dt.total_days().clip(lower_bound=0)
        return (pl.col("amount") * gone / length).round().cast(pl.Int64)

    shared = rows.filter(lasting).join_where(
        periods.frame().rename({"period": "_start"}),
        pl.col("from") < pl.col("period_end"),
        pl.col("to") > pl.col("_start"),
    )
    shared = shared.with_columns(
        amount=until(pl.col("period_end")) - until(pl.col("_start")), day=pl.max_horizontal("_start", "from")
    )
    return pl.concat(
        [rows.filter(~lasting).drop("from", "to"), shared.drop("from", "to", "_start", "period_end", "days")],
        how="diagonal_relaxed",
    )
