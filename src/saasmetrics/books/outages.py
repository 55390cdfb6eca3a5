"""Outages: what accounts did in a workflow while incidents lasted, and in the same hours of earlier weeks."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.happenings import bare
from saasmetrics.books.runs import RunsOf
from saasmetrics.definitions.selection import Selector
from saasmetrics.facts.request import Narrow


@dataclass(frozen=True)
class Outages:
    """Accounts and the incidents that hit a workflow.

    Grain: an account and an incident. Columns: `account`, `incident` (its id or number), `_day` (local day it began),
    `at`, `until` (UTC), `tried` (Int64: attempts while it lasted), `done` (Int64: successes then), `before` (Int64:
    successes in the same hours of the `weeks` earlier weeks), `known` (Int64: how many of those weeks the data holds).
    Edges: an incident that names no workflow hits none, and all where the file maps no workflow; one without an end
    lasts to the as-of; hours are local, so that a change of the clock moves nothing; both the begin and every moment
    before the end count. A week before the first row of the workflow is not known. A success is that of a run, once.
    """

    workflow: str
    weeks: int

    def make(self, given: Given) -> pl.LazyFrame:
        """Intervals, and what happened inside them."""
        incidents = self._incidents(given)
        tried, done = self._rows(given, "attempt"), self._rows(given, "success")
        moments = pl.concat([tried.select("at"), done.select("at")])
        spans = incidents.join(moments.select(_begins=pl.col("at").min()), how="cross")
        zone = given.calendar.timezone
        weeks = pl.LazyFrame({"week": range(self.weeks + 1)}, schema={"week": pl.Int64})
        back = pl.concat_str(pl.lit("-"), pl.col("week") * 7, pl.lit("d"))

        def earlier(name: str) -> pl.Expr:
            return pl.col(name).dt.convert_time_zone(zone).dt.offset_by(back).dt.convert_time_zone("UTC")

        windows = spans.join(weeks, how="cross").with_columns(_from=earlier("at"), _to=earlier("until"))
        windows = windows.filter((pl.col("week") == 0) | (pl.col("_from") >= pl.col("_begins")))
        hits = _inside(tried, windows.filter(pl.col("week") == 0)).select(
            "account", "incident", tried=pl.col("rows"), done=0, before=0
        )
        successes = _inside(done, windows).select(
            "account",
            "incident",
            tried=0,
            done=pl.when(pl.col("week") == 0).then("rows").otherwise(0),
            before=pl.when(pl.col("week") > 0).then("rows").otherwise(0),
        )
        whole = pl.concat([hits, successes], how="vertical_relaxed").group_by("account", "incident")
        known = windows.group_by("incident").agg(known=(pl.col("week") > 0).sum().cast(pl.Int64))
        counted = whole.agg(pl.col("tried", "done", "before").sum().cast(pl.Int64))
        return counted.join(known, on="incident").join(incidents, on="incident")

    def _incidents(self, given: Given) -> pl.LazyFrame:
        """Grain: an incident that hit the workflow. Columns: `incident`, `_day`, `at`, `until`."""
        rows = given.table("incidents").filter(pl.col("at") < given.as_of)
        if given.scope.has_column("incidents", "workflow"):
            named = pl.col("workflow").str.split(";").list.eval(pl.element().str.strip_chars())
            rows = rows.filter(named.list.contains(self.workflow).fill_null(False))
        number = pl.int_range(pl.len()).cast(pl.String)
        ends = pl.min_horizontal(pl.col("ended"), pl.lit(given.as_of))
        rows = rows.sort("at", "id", nulls_last=True).select(
            incident=pl.coalesce("id", number), _day=given.calendar.day_expr(pl.col("at")), at="at", until=ends
        )
        return rows.filter(pl.col("at") < pl.col("until"))

    def _rows(self, given: Given, outcome: str) -> pl.LazyFrame:
        """Attempts row by row, or successes once a run; a workflow without attempts is tried by succeeding."""
        block = given.scope.definitions.workflows[self.workflow]
        side = "attempt" if outcome == "attempt" and block.attempt is not None else "success"
        selectors = given.scope.runs(self.workflow, side).selectors  # type: ignore[arg-type]  # one of two words
        if side == "success" and block.run is not None:
            books = dict.fromkeys(RunsOf.of(given, selector) for selector in selectors)
            runs = pl.concat([book.read(given, "account", "any_success") for book in books])
            runs = runs.rename({"any_success": "at"})
            return runs.filter(pl.col("at").is_not_null() & pl.col("account").is_not_null())
        chosen: tuple[Selector, ...] = bare(selectors)
        rows = given.fact(Narrow(chosen)).select("account", "at")
        return rows.filter(pl.col("account").is_not_null() & (pl.col("at") < given.as_of))


def _inside(rows: pl.LazyFrame, windows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows counted by account and window. Columns: `account`, `incident`, `week`, `rows`."""
    spans = windows.select("incident", "week", "_from", "_to")
    inside = rows.join_where(spans, pl.col("at") >= pl.col("_from"), pl.col("at") < pl.col("_to"))
    return inside.group_by("account", "incident", "week").agg(rows=pl.len().cast(pl.Int64))
