"""Attribution: revenue credited to the touches before it."""

from __future__ import annotations

from typing import Literal

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.paths import Paths
from saasmetrics.books.rates import at_rates
from saasmetrics.books.segments import carried, column, with_segments
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.policies import AttributionModel
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.scope import Scope
from saasmetrics.frames.ledger import MONEY, UNATTRIBUTED, Ledger, Part, Shape, Side
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.ledgers.simple import Simple
from saasmetrics.period import Periods

MILESTONES = {
    "u": (0.4, ("first", "lead"), 0.2),
    "w": (0.3, ("first", "lead", "opportunity"), 0.1),
    "full_path": (0.225, ("first", "lead", "opportunity", "close"), 0.1),
}
"""Of each model by milestones: the share of each milestone, the milestones, and what the other touches share."""


class Attribution(MetricType):
    """Revenue credited to the channels of the touches before it.

    Grain: an entry is a conversion and a touch; a conversion without a touch is one entry of `(unattributed)`.
    Formula: each touch gets its weight's part of the amount. first, last: all to that touch. last_non_direct: the last
    whose channel is not policy `direct`, the last one where all are. linear: 1/n. position: 40 % to the first, 40 % to
    the last, 20 % spread between (of two half each). u: 40 % first, 40 % the touch that made the lead, 20 % the rest.
    w: 30 % each to first, lead and opportunity, 10 % the rest. full_path: 22.5 % each to those and the close, 10 % the
    rest. decay: 2^(-age/half_life), made to add up to one.
    Edges: the touch that made a milestone is the last one not later than it; one that made two has both shares, and
    shares that nobody takes are divided in proportion to the others. Amounts are divided to the last unit by largest
    remainder, so that the channels add up to the revenue exactly. `measure: roi` divides by the spend of all buckets
    in the period of the conversion; spend without a channel is `(unattributed)`. Only a sum or a count is credited.
    Unit: that of the amount; for `roi` amount per unit of spend.
    Source: Bizible and HubSpot (u, w, full path), Snowplow (position), Google Ads (last non-direct).
    """

    type: Literal["attribution"] = "attribution"
    amount: Input
    model: AttributionModel | None = None
    lookback: Duration | None = None
    measure: Literal["revenue", "roi"] = "revenue"

    def _of(self, scope: Scope) -> tuple[Scope, Simple | None]:
        """The metric whose rows are credited, as it sees the file; null where it is no sum or count of rows."""
        name = scope.input(self.amount).address.metric
        variants = scope.definitions.metrics[name].variants
        spec = variants[0].spec if len(variants) == 1 else None
        plain = isinstance(spec, Simple) and spec.agg in ("sum", "count") and not (spec.window or spec.last_per)
        return scope.definitions.scope(name), spec if plain else None

    def refused(self, scope: Scope) -> str | None:
        """Why this amount cannot be credited; null where it can."""
        return None if self._of(scope)[1] else "only a sum or a count of rows can be credited to touches"

    def shape(self, scope: Scope) -> Shape:
        """A sum over touches, or a ratio to spend; one part, the channel."""
        unit = 1.0 / _unit(self._of(scope)[1])
        roi = self.measure == "roi"
        return Shape(
            how="ratio" if roi else "sum",
            time="flow",
            parts=(Part("channel"),),
            scale=1.0 if roi else unit,
            sides=(unit, 1.0 / MONEY) if roi else (1.0, 1.0),
            segment_at="entry",
            entity="conversion",
            accountless="keep",
            payload=frozenset({"at", "campaign"}),
        )

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """Paths, weights, and amounts divided by them."""
        owner, spec = self._of(given.scope)
        assert spec is not None
        selection = spec.selection(owner)
        expr = spec.money(given) if spec.expr else None
        lookback = self.lookback or given.scope.policies.lookback
        book = Paths(selection, expr, _unit(spec), lookback, given.by)
        path = given.made(book).with_columns(_weight=self._weight(given))
        path = path.with_columns(_weight=pl.col("_weight") / pl.col("_weight").sum().over("_conversion"))
        entries = divided(path).with_columns(
            period=periods.of(pl.col("_day")),
            segment_at=pl.col("_day"),
            channel=pl.col("channel").fill_null(UNATTRIBUTED),
            weight=pl.lit(1, dtype=pl.Int64),
        )
        entries = entries.filter(periods.holds(pl.col("period")))
        kept = ["period", "account", "entity", "segment_at", "channel", "amount", "weight", "at", "campaign"]
        role = selection.selectors[0].role
        top = Side(entries.select(*kept, pl.col("^@.*$")), frozenset({"touches", role}))
        return Ledger(self.shape(given.scope), top, _spent(given, periods) if self.measure == "roi" else None)

    def _weight(self, given: Given) -> pl.Expr:
        """What each touch of a path weighs against the others; null for a conversion without any."""
        policies = given.scope.policies
        model = self.model or policies.attribution
        place, count = pl.col("place"), pl.col("touches")
        first, last = place == 0, place == count - 1
        if model in MILESTONES:
            return _by_milestones(*MILESTONES[model])
        if model == "position":
            between = pl.when(count == 2).then(0.5).when(first | last).then(0.4).otherwise(0.2 / (count - 2))
            return pl.when(count == 1).then(1.0).otherwise(between)
        if model == "decay":
            age = (pl.col("converted") - pl.col("at")).dt.total_microseconds() / policies.half_life.microseconds
            return pl.lit(2.0).pow(-age)
        if model == "linear":
            return pl.when(place.is_not_null()).then(1.0)
        if model == "last_non_direct":
            known = pl.when(pl.col("channel") != policies.direct).then(place)
            last = place == pl.coalesce(known.max().over("_conversion"), count - 1)
        return (first if model == "first" else last).cast(pl.Float64)


def _unit(spec: Simple | None) -> int:
    """Fixed-point units in one of the amount."""
    return MONEY if spec is None else 1 if spec.agg == "count" else spec.unit


def _spent(given: Given, periods: Periods) -> Side:
    """Spend by channel and day."""
    rows = with_segments(given, given.table("spend"), "spend", given.schema("spend"))
    rows = at_rates(given, "spend", rows.filter(pl.col("at") < given.unseen_day), pl.col("at")).with_columns(
        period=periods.of(pl.col("at")),
        segment_at=pl.col("at"),
        account=given.nobody,
        channel=pl.col("channel").fill_null(UNATTRIBUTED),
        amount=(pl.col("amount").cast(pl.Float64) * pl.col("rate").fill_null(1.0) * MONEY).round().cast(pl.Int64),
    )
    marks = [column(segment) for segment in carried(given, "spend")]
    rows = rows.filter(periods.holds(pl.col("period")) & pl.col("amount").is_not_null())
    # A return rests on money, not on the rows it was booked in.
    kept = rows.with_columns(weight=(pl.col("amount") // MONEY).clip(lower_bound=1))
    names = ["period", "account", "segment_at", "channel", "amount", "weight"]
    return Side(kept.select(*names, *marks), frozenset({"spend"}))


def _by_milestones(share: float, milestones: tuple[str, ...], rest: float) -> pl.Expr:
    """A share for each milestone that a touch made, and for those that made none their part of the rest."""
    place, at = pl.col("place"), pl.col("at")

    def before(moment: str) -> pl.Expr:
        return place == (at <= pl.col(moment)).sum().over("_conversion").cast(pl.Int64) - 1

    made = {
        "first": place == 0,
        "lead": before("lead_at"),
        "opportunity": before("opened"),
        "close": before("converted"),
    }
    holds = [made[name].fill_null(False) for name in milestones]
    none = ~pl.any_horizontal(holds)
    own = pl.sum_horizontal([held.cast(pl.Float64) * share for held in holds])
    others = none.sum().over("_conversion")
    weight = own + pl.when(none).then(rest / others).otherwise(0.0)
    return pl.when(place.is_not_null()).then(weight)


def divided(path: pl.LazyFrame) -> pl.LazyFrame:
    """Add `amount`: `_amount` of each `_conversion` divided by `_weight`, whole units, by largest remainder.

    Grain: unchanged. Edges: of equal remainders the earlier touch gets the unit; without a weight it is all of it.
    """
    exact = (pl.col("_amount").cast(pl.Float64) * pl.col("_weight")).fill_null(0.0)
    down = exact.round(6).floor()
    shares = path.with_columns(_down=down.cast(pl.Int64), _rest=(exact - down).round(6))
    left = pl.col("_amount") - pl.col("_down").sum().over("_conversion")
    shares = shares.with_columns(_left=left).sort("_conversion", "_rest", "place", descending=[False, True, False])
    turn = pl.int_range(pl.len()).over("_conversion")
    one_more = (turn < pl.col("_left")).cast(pl.Int64)
    whole = pl.col("_weight").is_null()
    return shares.with_columns(amount=pl.when(whole).then("_amount").otherwise(pl.col("_down") + one_more))
