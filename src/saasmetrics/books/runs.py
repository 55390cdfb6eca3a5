"""Runs: the attempts and outcomes of one workflow, joined by run id or, without one, by time."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.definitions.selection import Outcome, Selector
from saasmetrics.facts.request import Narrow, Runs


@dataclass(frozen=True)
class RunsOf:
    """The runs of one workflow.

    Grain: account, run. Columns: those of the request (`facts/request.py`): `account`, `user`, `run`, `attempts`,
    `attempt`, `success`, `any_success`, `failures`, `failure`, `reason`, `total`.
    Edges: a workflow without a run column has one run per attempt row, matched by time (`_matched`).
    """

    request: Runs
    within: int | None = None
    """For matching by time: microseconds within which a success belongs to an attempt."""

    @classmethod
    def of(cls, given: Given, selector: Selector, expr: str | None = None, unit: int = 10_000) -> RunsOf:
        """The runs behind a selector of workflow rows.

        They are those of its whole workflow, so that everybody shares them; a selector with a filter of its own has
        runs in which only its rows stand for its outcome.
        """
        name, outcome = selector.workflow or "", selector.outcome or "success"
        workflow = given.scope.definitions.workflows[name]
        sides: dict[Outcome, tuple[Selector, ...]] = {}
        outcomes: tuple[Outcome, ...] = ("attempt", "success", "failure")
        for side in outcomes:
            declared = getattr(workflow, side) is not None
            sides[side] = given.scope.runs(name, side).selectors if declared else ()
        if selector not in sides[outcome]:
            sides[outcome] = (selector,)
        value = expr or (workflow.value.expr if workflow.value else None)
        request = Runs(
            name,
            sides["attempt"],
            sides["success"],
            sides["failure"],
            workflow.reason,
            value,
            unit if expr else 10_000,
            given.fine,
        )
        by_time = workflow.run is None and workflow.within is not None
        return cls(request, workflow.within.microseconds if by_time and workflow.within else None)

    def read(self, given: Given, *columns: str) -> pl.LazyFrame:
        """These columns of the runs: straight from the facts, or as they were matched by time."""
        return given.fact(self.request, columns) if self.within is None else given.made(self).select(columns)

    def make(self, given: Given) -> pl.LazyFrame:
        """Each success takes the earliest open attempt of its account and user within the window; one to one."""
        attempts = given.fact(Narrow(self.request.attempt)).select("account", "user", "at").with_columns(kind=pl.lit(0))
        successes = (
            given.fact(Narrow(self.request.success)).select("account", "user", "at").with_columns(kind=pl.lit(1))
        )
        rows = pl.concat([attempts, successes], how="diagonal_relaxed").filter(pl.col("account").is_not_null())
        within = self.within or 0
        rows = rows.sort("account", "user", "at", "kind").with_columns(
            owner=pl.struct("account", "user").rank("dense").cast(pl.Int64)
        )
        known = rows.collect_schema()
        schema: dict[str, pl.DataType | type[pl.DataType]] = {
            "account": known["account"],
            "user": known["user"],
            "attempt": pl.Datetime("us", "UTC"),
            "success": pl.Datetime("us", "UTC"),
        }
        return rows.map_batches(
            lambda frame: _first_come(frame, within), schema=schema, validate_output_schema=False
        ).with_columns(
            run=pl.int_range(pl.len()).cast(pl.String),
            attempts=pl.lit(1, dtype=pl.Int64),
            any_success=pl.col("success"),
            failures=pl.lit(0, dtype=pl.Int64),
            failure=pl.lit(None, dtype=pl.Datetime("us", "UTC")),
            reason=pl.lit(None, dtype=pl.String),
            total=pl.lit(None, dtype=pl.Int64),
        )


def _first_come(rows: pl.DataFrame, within: int) -> pl.DataFrame:
    """Pair successes with attempts first come, first served, dropping attempts that nobody served in time.

    Without a window the k-th success that finds an attempt waiting takes the k-th attempt, which running counts give
    at once. An attempt whose turn comes too late never was served; taking out the first such attempt of each owner
    and counting again ends with the pairs that serving one by one would give.
    """
    attempts = rows.filter(pl.col("kind") == 0).with_row_index("number")
    successes = rows.filter(pl.col("kind") == 1)
    reach = successes.select("owner", "at", first=pl.col("at")).sort("at")
    alive = attempts.sort("at").join_asof(reach, on="at", by="owner", strategy="forward", check_sortedness=False)
    alive = alive.filter((pl.col("first") - pl.col("at")).dt.total_microseconds() <= within)
    open_ = alive.select("number", "owner", "at")
    while True:
        paired = _queue(open_, successes)
        late = paired.filter((pl.col("success") - pl.col("at")).dt.total_microseconds() > within)
        if late.is_empty():
            break
        worst = late.group_by("owner").agg(pl.col("number").min())
        open_ = open_.join(worst.select("number"), on="number", how="anti")
    return (
        attempts.join(paired.select("number", "success"), on="number", how="left", maintain_order="left")
        .select("account", "user", pl.col("at").alias("attempt"), "success")
        .sort("account", "user", "attempt", "success")
    )


def _queue(attempts: pl.DataFrame, successes: pl.DataFrame) -> pl.DataFrame:
    """First in, first out, without a window. Columns: `number`, `owner`, `at`, `success`."""
    line = pl.concat(
        [
            attempts.select("owner", "at", "number", step=pl.lit(1)),
            successes.select("owner", "at", number=pl.lit(None, dtype=pl.UInt32), step=pl.lit(-1)),
        ]
    ).sort("owner", "at", "step", descending=[False, False, True])
    waiting = pl.col("step").cum_sum().over("owner")
    line = line.with_columns(orphans=pl.min_horizontal(waiting.cum_min().over("owner"), 0).neg())
    orphan = (pl.col("step") == -1) & (pl.col("orphans") > pl.col("orphans").shift(1, fill_value=0).over("owner"))
    served = line.filter((pl.col("step") == -1) & ~orphan).with_columns(turn=pl.int_range(pl.len()).over("owner"))
    queued = line.filter(pl.col("step") == 1).with_columns(turn=pl.int_range(pl.len()).over("owner"))
    return queued.join(served.select("owner", "turn", success="at"), on=["owner", "turn"], how="inner").select(
        "number", "owner", "at", "success"
    )
