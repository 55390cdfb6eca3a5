"""Stock: what is there at the end of a period."""

from __future__ import annotations

from typing import ClassVar, Literal

import polars as pl
from pydantic import model_validator

from saasmetrics.books.balances import Recurring, in_units, live_at, named, next_days, segment_columns, stock_days
from saasmetrics.books.given import Given
from saasmetrics.books.happenings import matches, with_own_segments
from saasmetrics.books.numbers import Numbers
from saasmetrics.books.rates import by_month, changing, convertible, rated
from saasmetrics.books.stages import deals
from saasmetrics.definitions.model import fault
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scope import Scope
from saasmetrics.definitions.selection import Selector
from saasmetrics.expression import parse
from saasmetrics.frames.canonical import IN_THEMSELVES
from saasmetrics.frames.ledger import FLOAT, MONEY, Ledger, Part, Shape, Side, own_column
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.period import Periods

LIVES = {
    "subscriptions": ("start", "end"),
    "users": ("created", "closed"),
    "accounts": ("created", "closed"),
    "opportunities": ("opened", "closed"),
    "tickets": ("at", "resolved"),
    "incidents": ("at", "ended"),
    "market": ("start", None),
}
"""When rows of a role begin and end to be there."""

RECURRING = {
    "mrr": "annual",
    "arr": "annual",
    "list_mrr": "list_annual",
    "committed_mrr": "annual",
    "paid_seats": "seats",
}
"""Names that stand for recurring amounts of subscriptions, with the column of the balances that holds them."""


def _is_earning(filter_: str) -> bool:
    """Whether a filter asks for rows that earn, however it is spelled."""
    return parse(filter_).canonical == parse("mrr > 0").canonical


class Stock(Rows, MetricType):
    """What is there on the last day of a period.

    Grain: an entry is an account and a period (with its cut and row segments).
    Formula: rows with `start <= day < end` on the period's last day: their number, the sum of `expr`, or the number of
    different values of `expr`. For subscriptions `mrr`, `arr`, `list_mrr` and `committed_mrr` are the recurring
    amounts under the policies, kept annualised so that a twelfth is taken once, at the end; `paid_seats` are the seats
    of rows that earn.
    Edges: a user of several roles counts once in an account. In a period in progress the day is the last visible one,
    so that future rows never count; `committed_mrr` counts rows that start later as well, and leaves out those whose
    end has been asked for. A deal that is open ends nowhere, and stands in the stage that `stages` says it stood in
    then. A row of the market holds until one that differs from it in nothing but its numbers begins. `due` keeps rows
    whose date in that column lies between the day and the period's end.
    Unit: money in ten-thousandths a year.
    Source: ARR is twelve times MRR at a date (ChartMogul, Stripe); the last day of a period is the snapshot
    (GitLab, Recurly).
    """

    bare: ClassVar[bool] = False

    type: Literal["stock"] = "stock"
    agg: Literal["count", "sum", "count_distinct"] = "count"
    expr: str | None = None
    start: str | None = None
    end: str | None = None
    cut: str | None = None
    currency: str | None = None
    # Key of the catalogue.
    due: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> Stock:
        if self.source is None:
            raise fault("SM008", "a stock is made of rows of a source", "write source: NAME")
        if self.agg != "count" and self.expr is None:
            raise fault("SM007", f"`agg: {self.agg}` needs `expr`", "say what is aggregated", at="agg")
        return self

    def _selector(self, scope: Scope) -> Selector:
        return scope.select(Rows(source=self.source)).selectors[0]

    def _recurring(self, scope: Scope) -> bool:
        """Whether the rows are those of the balances: recurring amounts are asked for, or filtered on."""
        if self._selector(scope).role != "subscriptions":
            return False
        return self.expr in RECURRING or (self.filter is not None and _is_earning(self.filter))

    def _of_users(self, scope: Scope) -> bool:
        """Whether users are counted, who have a row for each of their roles."""
        return self.agg == "count" and self._selector(scope).role == "users"

    def _counted_once(self, scope: Scope) -> tuple[str, ...]:
        if self.agg == "count_distinct":
            return ("entity",)
        return ("account", "entity") if self._of_users(scope) else ()

    def _parts(self) -> tuple[Part, ...]:
        if self.cut is None:
            return ()
        return (Part(own_column(self.cut)),)

    def shape(self, scope: Scope) -> Shape:
        """A sum over what is there; accounts counted once where they are what is counted."""
        scale = 1.0
        if self.agg == "sum":
            money = self._recurring(scope) and self.expr != "paid_seats"
            scale = 1 / MONEY if money else 1 / FLOAT
            if money and self.expr != "arr":
                scale = 1 / (12 * MONEY)
            if self.expr == "paid_seats":
                scale = 1.0
        keep = self._selector(scope).role in IN_THEMSELVES
        return Shape(
            how="sum",
            time="stock",
            parts=self._parts(),
            scale=scale,
            collapse=(self._counted_once(scope), ()),
            accountless="keep" if keep else "leave_out",
            payload=frozenset({"carried"}) if self._carries(scope) else frozenset(),
        )

    def _carries(self, scope: Scope) -> bool:
        """Whether entries say what they are worth at the rates of the next period, so that movements can tell rates."""
        money = self.currency is not None or (self._recurring(scope) and self.expr != "paid_seats")
        return money and self.agg == "sum" and scope.policies.fx == "monthly"

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """Rows live on the day of each period, folded to account."""
        selector = self._selector(given.scope)
        rows = self._recurring_rows(given) if self._recurring(given.scope) else self._plain_rows(given, selector)
        live = live_at(rows, stock_days(given, periods), "_from", "_to")
        carries = self._carries(given.scope)
        if carries:
            live = self._carried(given, live, periods)
        if self.due:
            ends = periods.frame().select("period", "period_end")
            due = self._day(given, selector.role, self.due)
            live = live.join(ends, on="period").filter((due >= pl.col("day")) & (due < pl.col("period_end")))
        keys = ["period", "account", *[part.column for part in self._parts()], *segment_columns(given, selector.role)]
        if self.by_subscription(given):
            live = live.with_columns(pl.col("row").alias("entity"))
            keys.append("entity")
        if given.narrowed(*given.by) and "user" in given.schema(selector.role):
            keys += [name for name in segment_columns(given, "users") if name not in keys]
        if self.agg == "count_distinct" or self._of_users(given.scope):
            name = "_value" if self.agg == "count_distinct" else "user"
            live = live.with_columns(pl.col(name).cast(pl.String).alias("entity"))
            entries = live.group_by(*keys, "entity").agg(
                amount=pl.lit(1, dtype=pl.Int64), weight=pl.lit(1, dtype=pl.Int64)
            )
        else:
            live = live.filter(pl.col("_amount") != 0)
            # What a market is made of are its accounts, not the rows it was written down in.
            weight = pl.col("_amount").sum() // FLOAT if selector.role == "market" else pl.len()
            sums = [pl.col(f"_{name}").sum().alias(name) for name in ("amount", *(["carried"] if carries else []))]
            entries = live.group_by(keys).agg(*sums, weight=weight.cast(pl.Int64))
        if self.shape(given.scope).accountless == "leave_out":
            entries = entries.filter(pl.col("account").is_not_null())
        days = stock_days(given, periods).select("period", segment_at="day")
        return Ledger(self.shape(given.scope), Side(entries.join(days, on="period"), frozenset({selector.role})))

    def by_subscription(self, given: Given) -> bool:
        """Whether entries are single subscriptions."""
        return given.fine and self.holds_subscriptions(given.scope)

    def holds_subscriptions(self, scope: Scope) -> bool:
        """Whether it adds up subscriptions, so that each has a part of it."""
        return self._selector(scope).role == "subscriptions" and self.agg != "count_distinct"

    def _recurring_rows(self, given: Given) -> pl.LazyFrame:
        rows = given.made(Recurring(given.by, self.by_subscription(given)))
        if self.expr == "committed_mrr":
            signed = pl.col("from") >= given.as_of_day
            noticed = pl.min_horizontal("to", "given_notice")
            rows = rows.with_columns(
                pl.when(signed).then(pl.lit(given.as_of_day).dt.offset_by("-1d")).otherwise("from").alias("from"),
                pl.when(pl.col("given_notice").is_not_null()).then(noticed).otherwise("to").alias("to"),
            )
        if self.expr == "paid_seats" or self.agg == "count_distinct":
            rows = rows.filter(pl.col("annual") > 0)
        held = RECURRING.get(self.expr or "", "annual")
        amount = pl.col(held)
        native = [pl.col(f"native_{held}").alias("_native")] if self._carries(given.scope) else []
        cut = (
            [given.sql(self.cut, given.schema("subscriptions")).cast(pl.String).alias(self._parts()[0].column)]
            if self.cut
            else []
        )
        value = pl.col(
            "account" if self.expr in (None, "account") or self.expr in RECURRING else self.expr or "account"
        )
        return rows.with_columns(*cut, *native, _from=pl.col("from"), _to=pl.col("to"), _amount=amount, _value=value)

    def _carried(self, given: Given, live: pl.LazyFrame, periods: Periods) -> pl.LazyFrame:
        """Add `_carried`: the amount at the rate of the next period's day; at its own rate where that has none."""
        live = rated(given, live.join(next_days(given, periods), on="period", how="left"), pl.col("_next"), "_later")
        unit = MONEY if self._recurring(given.scope) else FLOAT
        return live.with_columns(_carried=in_units(pl.col("_native"), pl.coalesce("_later", "rate"), unit))

    def _plain_rows(self, given: Given, selector: Selector) -> pl.LazyFrame:
        role = selector.role
        schema = given.schema(role)
        chosen = Selector(role, selector.at, selector.source, filter=self.filter)
        table = deals(given) if role == "opportunities" else given.table(role)
        table = named(given, table) if self.by_subscription(given) else table
        rows = with_own_segments(given, table.filter(matches(given, role, chosen)), role)
        start, end = LIVES.get(role, (selector.at, None))
        first, last = self.start or start, self.end or end
        amount: pl.Expr = pl.lit(1, dtype=pl.Int64)
        value: pl.Expr = pl.lit(None, dtype=pl.String)
        native: list[pl.Expr] = []
        if self.expr:
            value = given.sql(self.expr, schema)
            if self.agg == "sum":
                given.counting(Numbers(role, (chosen,), self.expr))
                plain = given.amount(self.expr, schema)
                amount = in_units(plain, pl.col("rate") if self.currency else pl.lit(1.0), FLOAT)
                native = [plain.alias("_native")]
        if role == "market":
            rows = _until_the_next(rows, sorted(set(schema) - {"accounts", "value", "start"}))
            last = "_next"
        begins = self._day(given, role, first)
        ends = self._day(given, role, last) if last else pl.lit(None, dtype=pl.Date)
        if role == "opportunities":
            begins = pl.max_horizontal("_from", begins) if self.start else pl.col("_from")
            ends = pl.min_horizontal("_to", ends) if self.end else pl.col("_to")
        if "account" not in schema:
            rows = rows.with_columns(account=given.nobody)
        part = self._parts()
        cut = [given.sql(self.cut, schema).cast(pl.String).alias(part[0].column)] if self.cut else []
        rows = rows.with_columns(begins.alias("_from"), ends.alias("_to"), _starts=self._day(given, role, first))
        rows = rows.filter(pl.col("_from").is_not_null() & pl.col("_starts").is_not_null())
        if self.currency and changing(given):
            rows = rows.with_row_index("_row")
            monthly = given.scope.policies.fx == "monthly"
            rows = by_month(given, rows, "_from", "_to") if monthly else rated(given, rows, pl.col("_starts"))
            rows = convertible(rows, "_row")
        return rows.with_columns(*cut, *native, _amount=amount, _value=value)

    def _day(self, given: Given, role: str, name: str) -> pl.Expr:
        by_day = given.schema(role).get(name, pl.Date()) == pl.Date
        return pl.col(name) if by_day else given.calendar.day_expr(pl.col(name))


def _until_the_next(rows: pl.LazyFrame, alike: list[str]) -> pl.LazyFrame:
    """Add `_next`: the day on which a row that is alike in these columns begins."""
    ordered = rows.sort("start", maintain_order=True)
    return ordered.with_columns(_next=pl.col("start").shift(-1).over(alike))
