"""Turns: tries of an entity one after another, none of them opened inside another."""

from __future__ import annotations

import numpy as np
import polars as pl

from saasmetrics.definitions.scalars import Duration

WALK = ["entity", "same"]


def in_turn(tries: pl.LazyFrame, within: Duration, *, from_step: bool = False) -> pl.LazyFrame:
    """The tries that begin once the one before has ended: by its last step, by what excludes, or as its window closes.

    Grain: an entity and an entry; of one moment the deepest. `from_step` lets the window run from the step reached
    last.
    Edges: a row of the first step at the very moment at which a try ends belongs to that try.
    Source: totals as in Mixpanel and Datadog.
    """
    steps = [pl.col(f"t{step}") for step in range(1, _steps(tries) + 1)]
    since = pl.max_horizontal(steps) if from_step else pl.col("entry")
    ended = pl.when(pl.col("depth") == len(steps)).then(pl.max_horizontal(steps)).otherwise("stopped")
    ordered = tries.with_columns(_end=pl.coalesce(ended, within.add_expr(since)))
    ordered = ordered.sort(*WALK, "entry", "depth", descending=[False, False, False, True])
    whole = ordered.map_batches(_chosen, predicate_pushdown=False, projection_pushdown=False, slice_pushdown=False)
    return whole.drop("_end")


def _steps(tries: pl.LazyFrame) -> int:
    names = tries.collect_schema().names()
    return sum(name[:1] == "t" and name[1:].isdigit() for name in names)


def _chosen(tries: pl.DataFrame) -> pl.DataFrame:
    """Those on the chain from the first try of an entity to the first one behind its end, and so on."""
    if not tries.height:
        return tries
    numbered = tries.select(*WALK, "entry", "_end").with_row_index("_number")
    after = numbered.select(*WALK, "entry", _next="_number").sort("entry", "_next")
    found = numbered.sort("_end").join_asof(
        after,
        left_on="_end",
        right_on="entry",
        by=WALK,
        strategy="forward",
        allow_exact_matches=False,
        check_sortedness=False,
    )
    nowhere = tries.height
    jump = np.append(found.sort("_number")["_next"].fill_null(nowhere).cast(pl.Int64).to_numpy(), nowhere)
    marked = np.append(tries.select(first=pl.struct(WALK).is_first_distinct())["first"].to_numpy(), False)
    # Every round follows twice as many links as the one before.
    for _ in range(tries.height.bit_length()):
        marked[jump[marked]] = True
        jump = jump[jump]
    return tries.filter(pl.Series(marked[:-1]))
