"""Paths: the touches before each conversion, in order."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.listing import Listing
from saasmetrics.books.segments import carried, column, with_segments
from saasmetrics.books.stages import leads
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.selection import Selection

LINKS = ("opportunity", "lead", "opened")
"""Columns of a conversion's row that link it to leads and tell when it was opened."""


@dataclass(frozen=True)
class Paths:
    """Conversions, each with the touches of its account and its lead that came before it.

    Grain: a conversion and a touch; one row without a touch for a conversion that has none. Columns: `account` (the
    conversion's), `entity` (its id, or its row), `_conversion` (number), `_day`, `_amount` (Int64 in 1/`unit`),
    `converted`, `lead_at`, `opened` (UTC), and of the touch `at` (UTC), `channel`, `campaign`, `place` (Int64 from 0),
    `touches` (Int64: how many there are); `@segment`s of the touch, else of the conversion.
    Formula: touches with converted - lookback <= at <= converted, both edges included, by time, id, channel and
    campaign.
    Edges: a touch belongs to the account on its row or, where it names none, to that of its lead; a conversion also
    has the touches of its own lead. Conversions whose amount is null are left out.
    """

    conversions: Selection
    expr: str | None
    unit: int
    lookback: Duration
    by: tuple[str, ...] = ()

    def make(self, given: Given) -> pl.LazyFrame:
        """Conversions joined to touches by account and by lead."""
        given = given.narrowed(*self.by)
        converted, touched = self._converted(given), self._touched(given)
        by_account = converted.join(touched.filter(pl.col("_of").is_not_null()), left_on="_whose", right_on="_of")
        by_lead = converted.join(touched.filter(pl.col("_by").is_not_null()), left_on="lead", right_on="_by")
        names = ["_conversion", "converted", "_touch", "at"]
        pairs = pl.concat([by_account.select(names), by_lead.select(names)]).unique(["_conversion", "_touch"])
        earliest = pl.col("converted").dt.offset_by(f"-{self.lookback.text}")
        inside = pairs.filter((pl.col("at") <= pl.col("converted")) & (pl.col("at") >= earliest))
        path = inside.select("_conversion", "_touch").join(touched.drop("_of", "_by"), on="_touch")
        path = path.sort("_conversion", "at", "_id", "channel", "campaign", nulls_last=True).with_columns(
            place=pl.int_range(pl.len(), dtype=pl.Int64).over("_conversion"),
            touches=pl.len().over("_conversion").cast(pl.Int64),
        )
        marks = [column(segment) for segment in carried(given, "touches")]
        whole = converted.drop("_whose", "lead", *marks, strict=False).join(path, on="_conversion", how="left")
        return whole.drop("_touch", "_id", strict=False)

    def _converted(self, given: Given) -> pl.LazyFrame:
        """Conversions with the times of their lead and deal."""
        role = self.conversions.selectors[0].role
        known = given.schema(role)
        wanted = [name for name in LINKS if name in known]
        texts = [self.expr] if self.expr else []
        book = Listing(self.conversions, tuple(sorted({*wanted, *_columns(texts)})), self.by, self.expr)
        rows = given.made(book)
        amount: pl.Expr = pl.lit(1, dtype=pl.Int64)
        if self.expr:
            amount = (given.amount(self.expr, book.schema(given)) * self.unit).round().cast(pl.Int64)
        missing = {"opportunity": pl.String(), "lead": pl.String(), "opened": pl.Datetime("us", "UTC")}
        rows = rows.with_columns(pl.lit(None, dtype=missing[name]).alias(name) for name in LINKS if name not in wanted)
        rows = rows.with_row_index("_conversion").with_columns(
            _amount=amount, converted=pl.col("_at"), entity=pl.coalesce("opportunity", pl.col("_row").cast(pl.String))
        )
        rows = _with_lead(given, rows).filter(pl.col("_amount").is_not_null())
        marks = pl.col("^@.*$")
        kept = [
            "_conversion",
            "account",
            "entity",
            "_day",
            "_amount",
            "converted",
            "lead",
            "lead_at",
            "opened",
            "_whose",
        ]
        return rows.select(*kept, marks)

    def _touched(self, given: Given) -> pl.LazyFrame:
        """Touches with the account they belong to (`_of`) and their lead (`_by`)."""
        rows = with_segments(given, given.table("touches"), "touches", given.schema("touches"))
        rows = rows.filter(pl.col("at") < given.as_of).with_row_index("_touch")
        rows = rows.with_columns(_by=pl.col("lead"), _id=pl.col("id"))
        if given.scope.has_role("leads"):
            owners = leads(given).select("lead", _owner="account").unique("lead", keep="first")
            rows = rows.join(owners, on="lead", how="left").with_columns(_of=pl.coalesce("account", "_owner"))
        else:
            rows = rows.with_columns(_of=pl.col("account"))
        marks = [column(segment) for segment in carried(given, "touches")]
        return rows.select("_touch", "_of", "_by", "_id", "at", "channel", "campaign", *marks)


def _with_lead(given: Given, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add `lead_at`, when the lead came in, and `_whose`, the account whose touches count."""
    if not given.scope.has_role("leads"):
        never = pl.lit(None, dtype=pl.Datetime("us", "UTC"))
        return rows.with_columns(lead_at=never, _whose=pl.col("account"))
    known = leads(given).select("lead", _own="at", _owner="account").unique("lead", keep="first")
    firsts = leads(given).filter(pl.col("account").is_not_null()).group_by("account").agg(_first=pl.col("at").min())
    rows = rows.join(known, on="lead", how="left").with_columns(_whose=pl.coalesce("account", "_owner"))
    rows = rows.join(firsts, left_on="_whose", right_on="account", how="left")
    return rows.with_columns(lead_at=pl.coalesce("_own", "_first"))


def _columns(texts: list[str]) -> set[str]:
    from saasmetrics.expression import parse

    return {name for text in texts for name in parse(text).columns}
