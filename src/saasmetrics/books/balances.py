"""Balances: what recurs from when to when, and what of it is live at a date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from saasmetrics.books.billed import lasting, metered
from saasmetrics.books.given import Given
from saasmetrics.books.rates import by_month, changing, convertible, rated
from saasmetrics.books.segments import carried, column, with_segments
from saasmetrics.frames.ledger import MONEY
from saasmetrics.period import Periods, add_months

BILLS = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}
"""Bills a year for each interval, so that ARR is price times number of bills, exactly."""

LENGTHS = (("day", "d"), ("week", "w"), ("month", "mo"), ("quarter", "q"), ("year", "y"))
"""How long each interval is."""

ENDING = ("canceled", "cancelled", "non_renewing", "ended", "expired", "churned", "deleted")
"""Statuses of rows that earn until their end."""


@dataclass(frozen=True)
class Recurring:
    """Recurring amounts over time, under the policies in force.

    Grain: a subscription row and a stretch of its life in which nothing about it changes. Columns: `account`, `row`
    (with `each`: the row's id, else a number in the order of its values), `from`, `to` (Date, half-open, `to` null
    while open), `annual` (Int64, ten-thousandths of the reporting currency a year, net of discounts), `list_annual`,
    `seats` (Int64), `given_notice` (Date, null: from when the end is known), the canonical columns of subscriptions,
    and `@segment` columns.

    Unit: annual = price x quantity x bills a year / interval_count, or mrr x 12. Where the file gives `mrr` it is
    taken as it stands: discounts are in it already. With policy `recurring_from: invoices` a row is a line of an
    invoice, over the service that it bills; `usage: trailing` adds metered lines, as the mean of some months.
    Edges: one-off and (by policy) usage rows are left out; a trial earns nothing until it ends; a paused row earns
    nothing from its pause; a row whose status earns nothing is left out, but one that has ended earned until then.
    Source: dbt_stripe (52 and 365 bills a year), ChartMogul (trials, pauses), Stripe (past due counts).
    """

    by: tuple[str, ...] = ()
    each: bool = False

    def make(self, given: Given) -> pl.LazyFrame:
        """The stretches of every recurring row."""
        return _converted(given, stretches(given.narrowed(*self.by), self.each))


def stretches(given: Given, each: bool = False) -> pl.LazyFrame:
    """The stretches, with amounts in the currency of their row (Float64); with `each` those of a row have its name."""
    if given.scope.policies.recurring_from == "invoices":
        rows = lasting(given)
    else:
        rows = with_segments(given, given.table("subscriptions"), "subscriptions", given.schema("subscriptions"))
    rows = named(given, rows) if each else rows
    rows = _bridged(given, _split_at_discount_end(given, _lived(given, _earning(given, rows))))
    if given.scope.policies.usage != "trailing":
        return rows
    # Usage ends when its months are over: no gap of it is bridged.
    return pl.concat([rows, _lived(given, metered(given))], how="diagonal_relaxed")


def named(given: Given, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of subscriptions with `row`: the id, or a number that no other order of the rows would change."""
    values = sorted(set(given.schema("subscriptions")) - {"account", "start"})
    numbered = rows.sort("account", "start", *values).with_row_index("row", offset=1)
    return numbered.with_columns(row=pl.coalesce("id", pl.format("row {}", "row")))


def _lived(given: Given, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows with their amounts, from when to when they earn them."""
    rows = rows.with_columns(_amounts(given)).with_columns(_life(given))
    return rows.filter(pl.col("to").is_null() | (pl.col("from") < pl.col("to")))


def _earning(given: Given, rows: pl.LazyFrame) -> pl.LazyFrame:
    policies = given.scope.policies
    kinds = ["recurring"] + (["usage"] if policies.usage == "committed" else [])
    rows = rows.filter(pl.col("kind").is_null() | pl.col("kind").is_in(kinds))
    status = pl.col("status").str.to_lowercase()
    earns = status.is_null() | status.is_in(list(policies.mrr_statuses))
    until_end = status.is_in(ENDING) & (pl.col("end").is_not_null() | pl.col("cancelled_at").is_not_null())
    if policies.churn_at == "billing_end":
        until_end = until_end | (status.is_in(ENDING) & pl.col("closed_at").is_not_null())
    after_trial = status.is_in(["trialing", "in_trial", "trial"]) & pl.col("trial_end").is_not_null()
    until_pause = (status == "paused") & pl.col("paused_at").is_not_null()
    return rows.filter(earns | until_end | after_trial | until_pause)


def _bills(given: Given) -> pl.Expr:
    """Bills a year: of the interval, or of a price that is for the whole term."""
    bills = pl.col("interval").replace_strict(BILLS, default=None, return_dtype=pl.Float64)
    bills = bills / pl.col("interval_count").fill_null(1)
    end = _after(given)
    term = (end - pl.col("start")).dt.total_days()
    months = (end.dt.year() - pl.col("start").dt.year()) * 12 + (
        end.dt.month().cast(pl.Int32) - pl.col("start").dt.month().cast(pl.Int32)
    )
    whole_months = (pl.col("start").dt.day() == end.dt.day()) & (months > 0)
    per_term = pl.when(whole_months).then(12.0 / months).otherwise(365.0 / term)
    return pl.when(pl.col("interval").is_null()).then(per_term).otherwise(bills)


def _amounts(given: Given) -> list[pl.Expr]:
    policies = given.scope.policies
    quantity, bills = pl.col("quantity").fill_null(1.0), _bills(given)
    listed = pl.col("price") * quantity * bills
    if policies.usage == "committed":
        usage = pl.col("kind") == "usage"
        listed = pl.when(usage).then(pl.col("committed") * bills).otherwise(listed)
    cut = pl.col("discount_percent").fill_null(0.0) / 100.0
    net = listed * (1.0 - cut) - pl.col("discount_amount").fill_null(0.0) * bills
    # A credit on an invoice takes back what another line bills; no discount takes more than there is.
    floor = pl.min_horizontal(listed, pl.lit(0.0)) if policies.recurring_from == "invoices" else pl.lit(0.0)
    net = pl.when(net < floor).then(floor).otherwise(net)
    direct = pl.col("mrr") * 12.0

    counted = net if policies.discounts != "list_price" else listed
    return [
        pl.coalesce(direct, listed).alias("list_annual"),
        pl.coalesce(direct, counted).alias("annual"),
        pl.coalesce(pl.col("seats"), pl.col("quantity")).fill_null(0.0).round().cast(pl.Int64).alias("seats"),
    ]


def _after(given: Given) -> pl.Expr:
    """The first day after the service that a row names."""
    end = pl.col("end")
    return end.dt.offset_by("1d") if given.scope.policies.end_inclusive else end


def _life(given: Given) -> list[pl.Expr]:
    policies = given.scope.policies
    end = _after(given)
    status = pl.col("status").str.to_lowercase()
    end = pl.when(end.is_null() & status.is_in(ENDING)).then(pl.col("cancelled_at")).otherwise(end)
    if policies.churn_at == "billing_end":
        end = pl.coalesce("closed_at", end)
    if policies.churn_at == "request":
        end = pl.min_horizontal(end, pl.col("cancelled_at"))
    if "paused" not in policies.mrr_statuses:
        end = pl.min_horizontal(end, pl.col("paused_at"))
    return [
        pl.max_horizontal("start", "trial_end").alias("from"),
        end.alias("to"),
        pl.when(end.is_not_null()).then(pl.coalesce("cancelled_at", end)).alias("given_notice"),
    ]


def _split_at_discount_end(given: Given, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Cut a row in two where its discount ends, so that each stretch has one amount."""
    policies = given.scope.policies
    if policies.discounts == "list_price":
        return rows
    if policies.discounts == "forever_only":
        lowered = pl.col("discount_end").is_null()
        return rows.with_columns(pl.when(lowered).then("annual").otherwise("list_annual").alias("annual"))
    counts = ~_once(given) if policies.discounts == "recurring" else pl.lit(True)
    # Before rows are told apart: when a discount began is said by other rows of the account.
    rows = rows.with_columns(_off=pl.when(counts).then("discount_end").otherwise("from"))
    ends = pl.col("_off")
    within = ends.is_not_null() & (ends > pl.col("from")) & (pl.col("to").is_null() | (ends < pl.col("to")))
    before_start = ends.is_not_null() & (ends <= pl.col("from"))
    whole = rows.filter(~within).with_columns(
        pl.when(before_start).then("list_annual").otherwise("annual").alias("annual")
    )
    first = rows.filter(within).with_columns(to=ends, given_notice=None)
    second = rows.filter(within).with_columns(pl.col("list_annual").alias("annual"), ends.alias("from"))
    parts = [whole, first.cast({"given_notice": pl.Date}), second]
    return pl.concat(parts, how="diagonal_relaxed").drop("_off")


def _once(given: Given) -> pl.Expr:
    """Whether a discount lowers a single bill, and that of less than a year: it does not recur.

    Formula: it ends no later than the first bill that it lowers, and the account goes on to pay without it. It lowers
    bills from the first row of the account on that has a discount with this end: a row may begin while one runs. A
    price for the whole term has no bills that could be told.
    """
    discount = ["account", "discount_end"]
    count = pl.col("interval_count").fill_null(1)
    billed = [pl.when(pl.col("interval") == name).then(pl.format(f"{{}}{unit}", count)) for name, unit in LENGTHS]
    bill = pl.col("from").min().over(discount).dt.offset_by(pl.coalesce(*billed))
    goes_on = (pl.col("to").is_null() | (pl.col("to") > pl.col("discount_end"))).any().over(discount)
    return ((pl.col("discount_end") <= bill) & goes_on & (_bills(given) > 1)).fill_null(value=False)


def _bridged(given: Given, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Carry a row over a gap of at most `grace`, at its old amount, until the account's next row starts.

    Edges: nothing is carried while another row of the account is live; a lapse that is younger than the grace at the
    as-of is carried for now, since nobody can tell yet.
    """
    grace = given.scope.policies.grace
    if grace.count == 0:
        return rows
    rows = rows.with_row_index("_row")
    ends = rows.filter(pl.col("to").is_not_null() & (pl.col("annual") > 0)).select("_row", "account", end="to")
    others = rows.filter(pl.col("annual") > 0).select("account", start="from", stop="to")
    pairs = ends.join(others, on="account")
    covered = pairs.filter(
        (pl.col("start") <= pl.col("end")) & (pl.col("stop").is_null() | (pl.col("stop") > pl.col("end")))
    )
    following = pairs.filter(pl.col("start") > pl.col("end")).group_by("_row").agg(pl.col("start").min().alias("_next"))
    gaps = ends.join(covered, on="_row", how="anti").join(following, on="_row", how="left")
    limit = grace.add_expr(pl.col("end"))
    young = pl.col("_next").is_null() & (limit > pl.lit(given.as_of_day)) & (pl.col("end") <= pl.lit(given.as_of_day))
    until = pl.when(pl.col("_next") <= limit).then(pl.col("_next")).when(young).then(limit)
    carried_to = gaps.select("_row", _until=until)
    return (
        rows.join(carried_to, on="_row", how="left").with_columns(to=pl.coalesce("_until", "to")).drop("_row", "_until")
    )


def rated_pieces(given: Given, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Stretches with the `rate` of policy `fx`, null where there is none; with monthly rates a piece for each month.

    Columns: those of the stretches, and `_row`, the number of the stretch that a piece is of.
    """
    rows = rows.with_row_index("_row")
    if given.scope.policies.fx == "monthly":
        return by_month(given, rows, "from", "to")
    return rated(given, rows, pl.col("start"))


def _converted(given: Given, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Amounts in the reporting currency, in whole units; with monthly rates as they were before in `native` columns."""
    if changing(given):
        rows = convertible(rated_pieces(given, rows), "_row").drop("_row")
        rows = rows.with_columns(native_annual="annual", native_list_annual="list_annual")
    return rows.with_columns(in_units(pl.col(name), pl.col("rate")).alias(name) for name in ("annual", "list_annual"))


def in_units(amount: pl.Expr, rate: pl.Expr, unit: int = MONEY) -> pl.Expr:
    """An amount in whole units of the reporting currency; nothing where there is no amount."""
    return (amount * rate.fill_null(1.0) * unit).round().cast(pl.Int64).fill_null(0)


def stock_days(given: Given, periods: Periods) -> pl.LazyFrame:
    """Grain: a period. Columns: `period`, `day`: the local day on which a stock of that period is read.

    It is the period's last day, or the last visible day while the period is in progress; periods that begin after
    the as-of have none and are left out.
    """
    last = pl.lit(given.unseen_day)
    ends = (
        periods.frame().with_columns(end=pl.min_horizontal("period_end", last)).filter(pl.col("end") > pl.col("period"))
    )
    back = pl.col("end").dt.offset_by(f"-{periods.back_months}mo").dt.offset_by(f"-{periods.back_days + 1}d")
    return ends.select("period", day=back)


def next_days(given: Given, periods: Periods) -> pl.LazyFrame:
    """Grain: a period. Columns: `period`, `_next`: the day on which the stock is read again; of the last its own."""
    days = stock_days(given, periods).sort("period")
    return days.select("period", _next=pl.coalesce(pl.col("day").shift(-1), "day"))


def reading_days(given: Given, periods: Periods) -> Mapping[date, date]:
    """By period the local day on which it is read: its last, or the last that has begun. As `stock_days`."""
    after = given.unseen_day
    days = {}
    for start in periods.starts:
        end = min(periods.calendar.end(start, periods.grain), after)
        if end > start:
            days[start] = add_months(end, -periods.back_months) - timedelta(days=periods.back_days + 1)
    # Plans are drawn up for some moment: they need a day to be drawn up for.
    return days or {periods.first: periods.first}


def live_at(rows: pl.LazyFrame, days: pl.LazyFrame, start: str, end: str) -> pl.LazyFrame:
    """Rows that are live on each day: `start <= day < end`. Grain: row, period. Adds the columns of `days`."""
    forever = pl.lit(date(9999, 12, 31))
    bounded = rows.with_columns(_until=pl.col(end).fill_null(forever))
    return bounded.join_where(days, pl.col(start) <= pl.col("day"), pl.col("_until") > pl.col("day")).drop("_until")


def segment_columns(given: Given, role: str) -> list[str]:
    """Names of the `@segment` columns that rows of a role carry."""
    return [column(segment) for segment in carried(given, role)]
