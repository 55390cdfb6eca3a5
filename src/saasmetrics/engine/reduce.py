"""The one reduce: entries of a ledger become sums, ratios and quantiles by period, cut and segment."""

from __future__ import annotations

import polars as pl

from saasmetrics.books.headline import denominator_shape
from saasmetrics.books.segments import column
from saasmetrics.books.workdays import counted_days
from saasmetrics.engine.bag import collected
from saasmetrics.engine.given import Live
from saasmetrics.engine.half import Half
from saasmetrics.engine.lot import Split
from saasmetrics.frames.ledger import Ledger
from saasmetrics.period import Periods

COUNTS = ("entries", "accounts", "immature", "uncovered")


class Reduction:
    """A ledger's entries, collected once, and what they are reduced to."""

    def __init__(self, live: Live, ledger: Ledger, periods: Periods) -> None:
        self._live = live
        self._ledger = ledger
        self._periods = periods
        sides = [ledger.numerator] + ([ledger.denominator] if ledger.denominator is not None else [])
        shapes = [ledger.shape, denominator_shape(ledger.shape)]
        shaped = list(zip(sides, shapes, strict=False))
        bags = collected(shaped, ledger.shape.collapse, periods, live.store.engine)
        undivided: tuple[frozenset[str], ...] = (frozenset(), ledger.shape.whole)
        self._halves = [
            Half(live, bag, shape, periods, collapse, whole, side.under)
            for bag, shape, collapse, whole, side in zip(
                bags, shapes, ledger.shape.collapse, undivided, sides, strict=False
            )
        ]

    def to(self, split: Split) -> pl.DataFrame:
        """The ledger, reduced.

        Grain: period, the first `level` parts, the segments. Columns: `period`, one per part told apart, one
        `@segment` per segment of `by`, then for sums and ratios `top` and `bottom` (Int128 sums of fixed-point
        amounts; `bottom` null for sums), for quantiles one `stat_NAME` per stat (fixed-point, Float64), `reached` and
        `open`; and `entries` (sum of weights), `accounts`, `immature`, `uncovered`.
        """
        shape = self._ledger.shape
        keys = [part.column for part in shape.parts[: split.level]]
        if shape.contrast is not None:
            return self._contrasted(split, shape.contrast, keys)
        if shape.average is not None:
            return self._averaged(split, shape.average, keys)
        if shape.how == "quantile":
            return self._halves[0].stats(keys, split)
        top = self._halves[0].sums(keys, split)
        named = ["period", *keys, *[column(name) for name in split.by]]
        if len(self._halves) == 1:
            return self._over_days(top.rename({"amount": "top"}))
        bottom = self._halves[1].sums(keys, split)
        return _joined(top, bottom, named)

    def _contrasted(self, split: Split, contrast: tuple[str, str, str], keys: list[str]) -> pl.DataFrame:
        """One ratio over another: with a of b on one side and c of d on the other, a d over b c.

        Columns: those of a ratio, and `over` and `under`, the two ratios.
        """
        own, first, second = contrast
        top, bottom = (half.sums([*keys, own], split) for half in self._halves)
        named = ["period", *keys, *[column(name) for name in split.by]]
        joined = _joined(top, bottom, [*named, own])

        def of(name: str, value: str) -> pl.Expr:
            return pl.col(name).filter(pl.col(own).cast(pl.String) == value).sum()

        a, b, c, d = of("top", first), of("bottom", first), of("top", second), of("bottom", second)

        def share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
            return pl.when(whole != 0).then(part.cast(pl.Float64) / whole.cast(pl.Float64))

        return joined.group_by(named).agg(
            (a * d).alias("top"),
            (b * c).alias("bottom"),
            share(a, b).alias("over"),
            share(c, d).alias("under"),
            *[pl.col(name).sum() for name in ("entries", "accounts", "immature")],
        )

    def _averaged(self, split: Split, average: tuple[str, str], keys: list[str]) -> pl.DataFrame:
        """Ratios of the values of an own column as one: the sum of them over their number, or by squared sizes.

        Columns: those of a ratio; `top` and `bottom` of a mean are no sums of amounts but of shares.
        """
        own, choice = average
        named = ["period", *keys, *[column(name) for name in split.by]]
        top, bottom = (half.sums([*keys, own], split) for half in self._halves)
        joined = _joined(top, bottom, [*named, own])
        above, below = pl.col("top"), pl.col("bottom")
        pair = (above * below, below * below)
        if choice == "mean":
            some = below != 0
            pair = (pl.when(some).then(above.cast(pl.Float64) / below.cast(pl.Float64)), some.cast(pl.Int64))
        # Floats are added in one order, whatever order the groups come in.
        return (
            joined.sort(own)
            .group_by(named)
            .agg(
                pair[0].sum().alias("top"),
                pair[1].sum().alias("bottom"),
                *[pl.col(name).sum() for name in COUNTS],
            )
        )

    def _over_days(self, sums: pl.DataFrame) -> pl.DataFrame:
        per = self._ledger.shape.per
        if per is None:
            return sums.with_columns(bottom=pl.lit(None, dtype=pl.Int128))
        ledger = self._ledger
        days = ledger.days if ledger.days is not None else counted_days(self._live, self._periods, per)
        joined = sums.join(days.collect(), on="period", how="left")
        return joined.with_columns(bottom=pl.col("days").cast(pl.Int128)).drop("days")


def _joined(top: pl.DataFrame, bottom: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    shared = [key for key in keys if key in bottom.columns]
    above = pl.DataFrame([*[top[key] for key in keys], top["amount"].alias("top")])
    below = pl.DataFrame([*[bottom[name] for name in (*shared, *COUNTS)], bottom["amount"].alias("bottom")])
    if shared != keys:
        above = _under_the_whole(above, below, keys, shared)
        joined = above.join(below, on=shared, how="left", nulls_equal=True)
    else:
        joined = above.join(below, on=shared, how="full", coalesce=True, nulls_equal=True)
    return joined.select(*keys, *[pl.col(name).fill_null(0) for name in ("top", "bottom", *COUNTS)])


def _under_the_whole(top: pl.DataFrame, bottom: pl.DataFrame, keys: list[str], shared: list[str]) -> pl.DataFrame:
    """The numerator with a row for every part in every group of the denominator: where nothing is above, it is 0."""
    parts = top.select([key for key in keys if key not in shared]).unique()
    grid = parts.join(bottom.select(shared).unique(), how="cross")
    return top.join(grid.select(keys), on=keys, how="full", coalesce=True, nulls_equal=True)
