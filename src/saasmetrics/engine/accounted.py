"""The accounts behind published numbers: entries of chosen metrics, folded to one line per account and side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import polars as pl

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.engine.opened import entries_of
from saasmetrics.engine.run import Computed
from saasmetrics.engine.values import cut_text
from saasmetrics.frames.accounted import ACCOUNTED
from saasmetrics.frames.ledger import COUNTED, Shape
from saasmetrics.frames.values import MATURING, NO_INPUT, NOT_APPLICABLE, PARTIAL
from saasmetrics.ledgers.derived import Derived
from saasmetrics.period import Grain, Periods

REVENUE = ("stock", "movement", "net_retention")
"""Types whose accounts are kept without being asked for."""


def accounted(definitions: Definitions, done: Computed, addresses: Sequence[Address]) -> pl.DataFrame:
    """The accounts behind the complete periods of those addresses whose metrics keep them.

    Kept for the north star, for revenue (stock, movement, net retention) and for metrics with a target, unless
    `edition` says otherwise. Edges: arithmetic over other numbers has no entries; of a quantile an account's amount is
    the sum of its entries.
    """
    found = [pl.DataFrame(schema=ACCOUNTED)]
    for address in addresses:
        if keeps_accounts(definitions, address):
            found.extend(_of(definitions, done, address))
    return pl.concat(found).unique(["metric", "cut", "grain", "period", "side", "account"], maintain_order=True)


def keeps_accounts(definitions: Definitions, address: Address) -> bool:
    """Whether an edition holds the accounts behind this number."""
    metric = definitions.metrics[address.metric]
    pointed = definitions.metrics[definitions.pointed(address).metric]
    if metric.edition is not None or pointed.missing or not pointed.variants:
        return metric.edition == "accounts" and bool(pointed.variants) and not pointed.missing
    targets = {definitions.address(target.metric).metric for target in definitions.targets}
    return (
        metric.points_to is not None
        or pointed.type in REVENUE
        or metric.id in targets
        or (definitions.north_star is not None and definitions.number(definitions.north_star).metric == metric.id)
    )


def _of(definitions: Definitions, done: Computed, address: Address) -> Iterator[pl.DataFrame]:
    inner = definitions.pointed(address)
    metric = definitions.metrics[inner.metric]
    if isinstance(metric.variants[0].spec, Derived):
        return
    live = done.live.at(done.reaches[address.metric], done.begins[address.metric])
    values = done.values.filter(
        (pl.col("metric") == address.metric)
        & pl.col("cut").eq_missing(cut_text(address.cut))
        & pl.col("segment").is_null()
        & ~pl.col("status").is_in([PARTIAL, MATURING, NO_INPUT, NOT_APPLICABLE])
    )
    for [grain], rows in values.group_by(["grain"], maintain_order=True):
        starts: list[date] = rows["period"].unique().sort().to_list()
        periods = Periods(definitions.settings.calendar, Grain(str(grain)), tuple(starts))
        entries = entries_of(live, inner, periods, {})
        shape = entries.shape
        counted = entries.rows.filter((pl.col("status") == COUNTED) & pl.col("period").is_in(starts))
        folded = counted.group_by("period", "side", "account").agg(
            amount=(pl.col("amount") * (pl.col("weight") if shape.how == "quantile" else 1)).sum(),
            weight=pl.col("weight").sum(),
        )
        yield folded.select(
            metric=pl.lit(address.metric),
            cut=pl.lit(cut_text(address.cut), dtype=pl.String),
            grain=pl.lit(str(grain)),
            period="period",
            side="side",
            account=pl.col("account").cast(pl.String),
            amount=pl.col("amount").cast(pl.Int64),
            weight=pl.col("weight").cast(pl.Int64),
            scale=_worth(shape, pl.col("side")),
            how=pl.lit(_adds_up_as(shape)),
        )


def _worth(shape: Shape, side: pl.Expr) -> pl.Expr:
    up, down = shape.sides if shape.how == "ratio" else (shape.scale, shape.scale)
    return pl.when(side == "numerator").then(up * (shape.scale if shape.how == "ratio" else 1.0)).otherwise(down)


def _adds_up_as(shape: Shape) -> str:
    plain = not (shape.contrast or shape.average or shape.compounded or shape.per)
    return shape.how if plain and shape.how in ("sum", "ratio") else "other"
