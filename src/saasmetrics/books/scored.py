"""Scored: what the parts of a score add up to, for every account on the days asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.readings import Lookback, levels, read
from saasmetrics.books.segments import NotApplicableError
from saasmetrics.definitions.scores import Score
from saasmetrics.frames.ledger import COUNTED, EXCLUDED, FLOAT, status_type

ALMOST = 1e-9
"""Coverage is a sum of weights over a sum of weights: the last digits of a float decide nothing."""


@dataclass(frozen=True)
class Population:
    """Accounts that can be scored on each day.

    Grain: account, day. Columns: `account`, `day`, `cap` (points of the override that holds, null: none).
    Edges: an account is there from its creation until it is closed; of one with a history the row that is valid on the
    day counts. An override holds on the days before `until`. Raises: NotApplicableError when accounts lack a column
    that the override names.
    """

    score: str
    days: tuple[date, ...]

    def make(self, given: Given) -> pl.LazyFrame:
        """Every account on every day on which it is there."""
        block = given.scope.definitions.scores[self.score]
        schema = given.schema("accounts")
        when = pl.LazyFrame({"day": sorted(set(self.days))}, schema={"day": pl.Date})
        created, closed = (given.calendar.day_expr(pl.col(name)) for name in ("created", "closed"))
        rows = given.table("accounts").with_columns(_created=created, _closed=closed)
        eligible = pl.lit(True) if block.eligible is None else given.sql(block.eligible, schema).fill_null(False)
        cap, until = _override(given, block)
        rows = rows.select("account", "_created", "_closed", "valid_from", _eligible=eligible, cap=cap, _until=until)
        there = rows.join(when, how="cross").filter(
            (pl.col("_created") <= pl.col("day"))
            & (pl.col("_closed").is_null() | (pl.col("day") < pl.col("_closed")))
            & (pl.col("valid_from").is_null() | (pl.col("valid_from") <= pl.col("day")))
        )
        there = there.sort("valid_from", nulls_last=False).unique(["account", "day"], keep="last", maintain_order=True)
        holds = pl.col("_until").is_null() | (pl.col("day") < pl.col("_until"))
        there = there.filter("_eligible").with_columns(cap=pl.when(holds).then("cap"))
        return there.select("account", "day", "cap")


@dataclass(frozen=True)
class Marks:
    """What one part of a score is worth.

    Grain: account, day. Columns: `account`, `day`, `mark` (from 0 to 1, null where the part has no value).
    """

    score: str
    part: str
    days: tuple[date, ...]

    def make(self, given: Given) -> pl.LazyFrame:
        """The part's number read by account, between nothing and full marks."""
        block = given.scope.definitions.scores[self.score]
        part = block.parts[self.part]
        wanted = given.scope.definitions.resolved_input(part.input, self.score)
        reading = read(given, wanted, Lookback(block.window, self.days), change=part.change)
        accounts = given.made(Population(self.score, self.days)).select("account", "day")
        mark = ((pl.col("value") - part.zero_at) / (part.full_at - part.zero_at)).clip(0.0, 1.0)
        return levels(reading, accounts).select("account", "day", mark=mark)


@dataclass(frozen=True)
class Scored:
    """Scores of accounts.

    Grain: account, day. Columns: `account`, `day`, `amount` (Int64, millionths of a point), `part_NAME` (Float64,
    points that the part adds, null where it has no value), `part_override` (what the override takes off), `coverage`
    (share of the weight whose parts have a value), `status`, `reason`.
    """

    score: str
    days: tuple[date, ...]

    def make(self, given: Given) -> pl.LazyFrame:
        """All parts side by side, weighed and capped."""
        block = given.scope.definitions.scores[self.score]
        accounts = given.made(Population(self.score, self.days))
        for name in block.parts:
            marks = given.made(Marks(self.score, name, self.days)).rename({"mark": f"n_{name}"})
            accounts = accounts.join(marks, on=["account", "day"])
        policies = given.scope.policies
        return _capped(_weighed(accounts, block, policies.missing, policies.min_coverage))


def _override(given: Given, block: Score) -> tuple[pl.Expr, pl.Expr]:
    """The capping points, and the day from which they no longer hold."""
    schema = given.schema("accounts")
    if block.override is None:
        return pl.lit(None, dtype=pl.Float64), pl.lit(None, dtype=pl.Date)
    columns = [name for name in (block.override.from_, block.override.until) if isinstance(name, str)]
    for name in columns:
        if name not in schema:
            raise NotApplicableError(f"accounts have no column `{name}`, which the override of the score names")
    until = block.override.until
    day = pl.lit(until, dtype=pl.Date) if isinstance(until, date) else _as_day(given, until, schema[until])
    return pl.col(block.override.from_).cast(pl.Float64, strict=False), day


def _as_day(given: Given, name: str, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Date:
        return pl.col(name)
    if isinstance(dtype, pl.Datetime):
        return given.calendar.day_expr(pl.col(name)) if dtype.time_zone else pl.col(name).dt.date()
    return pl.col(name).cast(pl.String).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)


def _weighed(accounts: pl.LazyFrame, block: Score, missing: str, least: float) -> pl.LazyFrame:
    """Add what every part adds to the score, in whole millionths, and whether there is a score at all."""
    marks = {name: pl.col(f"n_{name}") for name in block.parts}
    if missing == "zero":
        marks = {name: mark.fill_null(0.0) for name, mark in marks.items()}
    weights = {name: float(part.weight) for name, part in block.parts.items()}
    groups: dict[str, list[str]] = {}
    for name, part in block.parts.items():
        groups.setdefault(f"group {part.group}" if part.group else f"part {name}", []).append(name)
    known = {name: pl.when(mark.is_not_null()).then(weights[name]).otherwise(0.0) for name, mark in marks.items()}
    of_group = {key: pl.sum_horizontal([known[name] for name in names]) for key, names in groups.items()}
    whole = {key: sum(weights[name] for name in names) for key, names in groups.items()}
    everything = pl.sum_horizontal([pl.when(of_group[key] > 0).then(whole[key]).otherwise(0.0) for key in groups])
    added = []
    for key, names in groups.items():
        for name in names:
            points = 100.0 * marks[name] * weights[name] / of_group[key] * whole[key] / everything
            added.append((points * FLOAT).round().cast(pl.Int64, strict=False).alias(f"_{name}"))
    coverage = pl.sum_horizontal(list(known.values())) / sum(weights.values())
    accounts = accounts.with_columns(*added, coverage=coverage)
    enough = pl.col("coverage") >= (1.0 if missing == "no_score" else least) - ALMOST
    status = pl.when(enough & (pl.col("coverage") > 0)).then(pl.lit(COUNTED)).otherwise(pl.lit(EXCLUDED))
    return accounts.with_columns(
        status=status.cast(status_type()),
        reason=pl.when(enough & (pl.col("coverage") > 0)).then(None).otherwise(pl.lit("coverage")),
        amount=pl.sum_horizontal([pl.col(f"_{name}").fill_null(0) for name in block.parts]),
        **{f"part_{name}": pl.col(f"_{name}") / FLOAT for name in block.parts},
    )


def _capped(accounts: pl.LazyFrame) -> pl.LazyFrame:
    """Take off what lies above the override, and say how much."""
    cap = (pl.col("cap") * FLOAT).round().cast(pl.Int64)
    capped = pl.min_horizontal("amount", cap)
    over = pl.when(capped < pl.col("amount")).then((capped - pl.col("amount")) / FLOAT)
    return accounts.with_columns(part_override=over, amount=capped)
