"""Movement: how a stock changed, account by account, under five labels."""

from __future__ import annotations

from typing import Literal

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.movements import LABELS, Movements
from saasmetrics.books.segments import column
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.scope import Scope
from saasmetrics.frames.ledger import Ledger, Shape, Side
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.ledgers.subscriptions import no_subscriptions
from saasmetrics.period import Grain, Periods


class Movement(MetricType):
    """How a stock changed from one snapshot to the next, account by account.

    Grain: an entry is an account, a compared period and a part (by segment also a segment value).
    Formula: opening + new + expansion + reactivation + contraction + churn + transfer + fx = closing, for every
    account, segment value and period, exactly; losses are negative; `net` is all of them together. `fx` is what rates
    alone changed (policy `fx: monthly`): what was there then, at the rates of now, less what it was.
    Edges: `entity: subscription` labels each subscription by itself, so that what one gains and another loses in an
    account stands on both lines. Snapshots are compared by policy `movement_grain`, month by month as a rule: quarters
    and years are sums of their months, and a report in weeks or days compares week by week or day by day. An account
    has one label a period: what moves up and down within it is netted.
    Unit: that of the stock; with `count` accounts.
    Source: see the movements book.
    """

    type: Literal["movement"] = "movement"
    of: Input
    part: Literal["new", "expansion", "contraction", "churn", "reactivation", "transfer", "fx", "net"]
    count: bool = False
    entity: Literal["account", "subscription"] = "account"

    def refused(self, scope: Scope) -> str | None:
        """Why it cannot be told by subscription where that is asked; null where it can."""
        return no_subscriptions(scope, self.of) if self.entity == "subscription" else None

    def shape(self, scope: Scope) -> Shape:
        """A sum that adds up over periods."""
        of = scope.shape_of(self.of)
        return Shape(
            how="sum",
            time="flow",
            scale=1.0 if self.count else of.scale,
            own=frozenset({"part"}),
            collapse=((*self._who, "cell"), ()) if self.count else ((), ()),
            segment_at="cell_end",
            entity=self.entity,
            payload=frozenset({"then", "now", "cell"}),
        )

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """The movements of the stock, those of one part."""
        grain = self.compared(given.scope, periods.grain)
        moves = given.made(Movements(given.scope.input(self.of), grain, given.by, self.entity))
        wanted = list(LABELS) if self.part == "net" else [self.part]
        moves = moves.filter(pl.col("part").is_in(wanted)).with_columns(period=periods.of(pl.col("cell")))
        moves = moves.filter(periods.holds(pl.col("period")))
        if self.count:
            moves = moves.with_columns(amount=pl.lit(1, dtype=pl.Int64))
        marks = [column(segment) for segment in given.by]
        return Ledger(
            self.shape(given.scope),
            Side(
                moves.select("period", *self._who, *marks, "part", "amount", "then", "now", "cell", segment_at="cell")
            ),
        )

    @property
    def _who(self) -> tuple[str, ...]:
        return ("account", "entity") if self.entity == "subscription" else ("account",)

    @staticmethod
    def compared(scope: Scope, grain: Grain) -> Grain:
        """The grain at which snapshots are compared: the policy's, or the report's where that is finer."""
        policy = scope.policies.movement_grain
        own = grain if policy == "report" else Grain(policy)
        return own if own.rank <= grain.rank else grain
