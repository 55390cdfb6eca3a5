"""Score: several numbers of an account, each between nothing and full marks, weighed into one from 0 to 100."""

from __future__ import annotations

from typing import Literal

import polars as pl

from saasmetrics.books.balances import reading_days
from saasmetrics.books.given import Given
from saasmetrics.books.scored import Scored
from saasmetrics.definitions.metric import TOTAL
from saasmetrics.definitions.scope import Scope
from saasmetrics.definitions.scores import Score as Block
from saasmetrics.frames.ledger import FLOAT, Ledger, Part, Shape, Side
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.period import Periods


class Score(MetricType):
    """Several numbers of an account, weighed into one from 0 to 100; and how many accounts lie in each band.

    Grain: an entry is an account and a period, with what each part adds.
    Formula: a part is 0 at `zero_at`, 1 at `full_at`, straight between and never beyond; the score is 100 times the sum
    of weight times part over the sum of weights. The headline is the mean over accounts; a band is the share of the
    accounts whose score is at or above its edge and below that of the band above.
    Edges: parts are read over `window`, which ends with the period's last day, or the last that has begun. A part
    without a value is left out, and its weight goes to the others of its group, then to the other groups; with less
    than `min_coverage` of all weight there, the account has no score and is `excluded`. Policy `missing: zero` counts
    such parts as 0, `no_score` gives no score. An `override` that holds on the day caps the score, and never lifts it.
    Only accounts that are there on the day, and `eligible`, are scored.
    Unit: points, 0-100; a band is a share, 0-1.
    Source: Gainsight (parts without a value hand their weight on); the cap is ours, where others replace the score.
    """

    type: Literal["score"] = "score"
    score: str

    def _block(self, scope: Scope) -> Block:
        return scope.definitions.scores[self.score]

    def shape(self, scope: Scope) -> Shape:
        """A ratio at the period's end; the band is a part, under which all scored accounts stay the whole."""
        block = self._block(scope)
        return Shape(
            how="ratio",
            time="stock",
            parts=(Part("band", frozenset({TOTAL}), "disjoint", tuple(block.bands)),),
            whole=frozenset({"band"}),
            sides=(1.0 / FLOAT, 1.0),
            segment_at="period_end",
            payload=frozenset({*(f"part_{name}" for name in block.parts), "part_override", "coverage"}),
        )

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """The parts read by account on the day of each period, weighed."""
        block = self._block(given.scope)
        days = reading_days(given, periods)
        named = pl.LazyFrame(
            {"period": list(days), "day": list(days.values())}, schema={"period": pl.Date, "day": pl.Date}
        )
        scored = given.made(Scored(self.score, tuple(sorted(set(days.values()))))).join(named, on="day")
        wanted = [f"part_{name}" for name in block.parts]
        keys = ["period", "account", "status", "reason", *wanted, "part_override", "coverage"]
        entries = scored.select(*keys, "amount", segment_at="day")
        bands, above = [entries.with_columns(band=pl.lit(TOTAL))], pl.lit(False)
        for name, edge in block.bands.items():
            reached = pl.col("amount") >= round(edge * FLOAT)
            inside = pl.when(reached & ~above).then(FLOAT).otherwise(0).cast(pl.Int64)
            bands.append(entries.with_columns(band=pl.lit(name), amount=inside))
            above = reached
        numerator = pl.concat(bands, how="vertical_relaxed")
        denominator = entries.with_columns(amount=pl.lit(1, dtype=pl.Int64))
        return Ledger(self.shape(given.scope), Side(numerator), Side(denominator))
