"""Stages: what leads and deals went through, by their history where there is one."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from saasmetrics.books.given import Given

OF_LEADS = {"lead": "at", "mql": "mql", "sql": "sql", "opportunity": "opportunity", "won": "won", "lost": "lost"}
"""Stages of a lead, as histories spell them, with the column of leads that holds their time."""


@dataclass(frozen=True)
class LeadTimes:
    """The times of every lead's stages, as its history tells them.

    Grain: a lead that `stages` knows. Columns: `lead`, and the columns of `OF_LEADS` (UTC, null for a stage that the
    history does not tell).
    Edges: the first time in a stage counts; spelling is compared without case and outer spaces; stages of other
    names say nothing.
    """

    lends = True

    def make(self, given: Given) -> pl.LazyFrame:
        """The history, one column a stage."""
        spelled = pl.col("stage").str.strip_chars().str.to_lowercase()
        rows = given.table("stages").filter(pl.col("lead").is_not_null() & (pl.col("at") < given.as_of))
        firsts = [pl.col("at").filter(spelled == stage).min().alias(name) for stage, name in OF_LEADS.items()]
        return rows.filter(spelled.is_in(list(OF_LEADS))).group_by("lead").agg(firsts)


def leads(given: Given) -> pl.LazyFrame:
    """Leads with the times of their stages. Grain and columns: as the table.

    Edges: of a lead that the history knows its stages come from there alone, since two sources that answer one
    question are not blended; only when it does not say when the lead came in, the row does.
    """
    rows = given.table("leads")
    if not _told(given, "lead"):
        return rows
    known = given.made(LeadTimes()).with_columns(_known=pl.lit(True))
    joined = rows.join(known, on="lead", how="left", suffix="_told", maintain_order="left")
    told = pl.col("_known").fill_null(False)
    names = list(OF_LEADS.values())
    times = [pl.when(told).then(pl.col(f"{name}_told")).otherwise(pl.col(name)).alias(name) for name in names]
    kept = pl.coalesce("at_told", "at").alias("at")
    return joined.with_columns([kept, *times[1:]]).drop(*[f"{name}_told" for name in names], "_known")


def deals(given: Given) -> pl.LazyFrame:
    """Deals and when they stood in which stage.

    Grain: a deal and a stretch of its life in one stage. Columns: those of opportunities, `stage` being that of the
    stretch, and `_from`, `_to` (Date, half-open; `_to` null while open).
    Edges: a deal without a history has one stretch, with the stage of its row; a deal that is open has no end,
    whatever its `closed` says, and one that is won or lost without a date when is left out. Of several rows of one
    day the last says the stage.
    """
    rows = given.table("opportunities")
    schema = given.schema("opportunities")
    is_open = pl.col("status").is_null() | (pl.col("status") == "open")
    rows = rows.filter(is_open | pl.col("closed").is_not_null())
    day = given.calendar.day_expr
    ends = pl.when(~is_open | pl.col("status").is_null()).then(day(pl.col("closed")))
    rows = rows.with_columns(_from=day(pl.col("opened")), _to=ends)
    if not _told(given, "opportunity"):
        return rows
    stretches = given.made(DealStages())
    there = rows.join(stretches, on="opportunity", how="inner")
    begin = pl.max_horizontal("_from", pl.when(pl.col("_first")).then("_from").otherwise("_since"))
    told = there.with_columns(stage="_stage", _from=begin, _to=pl.min_horizontal("_to", "_until"))
    told = told.filter(pl.col("_to").is_null() | (pl.col("_from") < pl.col("_to")))
    rest = rows.join(stretches.select("opportunity").unique(), on="opportunity", how="anti")
    names = [*schema, "_from", "_to"]
    return pl.concat([told.select(names), rest.select(names)], how="vertical_relaxed")


@dataclass(frozen=True)
class DealStages:
    """From when to when a deal stood in a stage.

    Grain: a deal and a stage it stood in. Columns: `opportunity`, `_stage`, `_since`, `_until` (Date, half-open, null
    at the end), `_first` (Boolean: nothing is told before).
    """

    lends = True

    def make(self, given: Given) -> pl.LazyFrame:
        """The history, each stage until the next."""
        rows = given.table("stages").filter(pl.col("opportunity").is_not_null() & (pl.col("at") < given.as_of))
        rows = rows.sort("opportunity", "at", "stage").with_columns(_since=given.calendar.day_expr(pl.col("at")))
        rows = rows.unique(["opportunity", "_since"], keep="last", maintain_order=True)
        following = pl.col("_since").shift(-1).over("opportunity")
        first = pl.int_range(pl.len()).over("opportunity") == 0
        return rows.select("opportunity", "_since", _stage="stage", _until=following, _first=first)


def _told(given: Given, entity: str) -> bool:
    """Whether the file has a history of stages of that entity."""
    return given.scope.has_role("stages") and given.scope.has_column("stages", entity)
