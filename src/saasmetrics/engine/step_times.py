"""How long the steps of a funnel take: the median time since the step before, over those who took the step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.inputs import ResolvedInput
from saasmetrics.engine.run import Computed
from saasmetrics.engine.values import cut_text
from saasmetrics.frames.ledger import COUNTED
from saasmetrics.period import Grain, Periods

SCHEMA = {"metric": pl.String, "cut": pl.String, "grain": pl.String, "period": pl.Date, "took": pl.Float64}


def step_times(done: Computed, metrics: Sequence[str], where: Mapping[str, tuple[str, ...]]) -> pl.DataFrame:
    """The times of all steps of these metrics in every period that was computed.

    Grain: a step and a period. Columns: `metric`, `cut`, `grain`, `period`, `took` (ms, Float64), `n` (how many
    took it).
    Formula: a step is done when it and all before it are; the median of the time from the step before (of the first one
    from the entry) to that moment, over mature tries that came so far, linear between the two in the middle.
    Edges: metrics without steps have no rows; where a stage was skipped nobody knows when, and neither it nor the step
    after it has a time; the median of fewer than `min_sample` is null.
    """
    parts = [pl.DataFrame(schema={**SCHEMA, "n": pl.Int64})]
    for metric in metrics:
        values = done.values.filter(pl.col("metric") == metric)
        for grain in values["grain"].unique(maintain_order=True):
            starts = values.filter(pl.col("grain") == grain)["period"].unique().sort().to_list()
            parts.append(_of(done, metric, Grain(grain), starts, where))
    return pl.concat(parts)


def _of(
    done: Computed, name: str, grain: Grain, starts: Sequence[date], where: Mapping[str, tuple[str, ...]]
) -> pl.DataFrame:
    live = done.live_of(name)
    definitions = live.scope.definitions
    periods = Periods(definitions.settings.calendar, grain, tuple(starts))
    given = live.of(definitions.metrics[name]).narrowed(*where)
    ledger = given.ledger(ResolvedInput(Address(name), where), periods)
    *outer, steps = (part.column for part in ledger.shape.parts)
    order = {step: place for place, step in enumerate(ledger.shape.parts[-1].values)}
    if "took" not in ledger.numerator.entries.collect_schema():
        return pl.DataFrame(schema={**SCHEMA, "n": pl.Int64})
    place = pl.col(steps).replace_strict(order, return_dtype=pl.Int64)
    taken = (
        ledger.numerator.entries.filter((pl.col("status") == COUNTED) & (pl.col("amount") > 0))
        .filter(pl.col("took").is_not_null())
        .group_by("period", *outer, steps)
        .agg(took=pl.col("took").dt.total_microseconds().median() / 1000, n=pl.len().cast(pl.Int64))
        .with_columns(took=pl.when(pl.col("n") >= definitions.metrics[name].min_sample).then("took"))
        .sort("period", *outer, place)
        .collect()
    )
    cuts = [cut_text(row) for row in taken.select(*outer, steps).iter_rows()]
    return taken.select(
        metric=pl.lit(name),
        cut=pl.Series(cuts, dtype=pl.String),
        grain=pl.lit(str(grain.value)),
        period="period",
        took="took",
        n="n",
    )
