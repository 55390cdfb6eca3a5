"""Reduced ledgers become Values: scaled, completed with the periods that had nothing, and given a status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from saasmetrics.books.segments import column
from saasmetrics.definitions.address import Address
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.metric import Metric
from saasmetrics.engine.reduce import quantile_of
from saasmetrics.frames.ledger import OVERLAP, Shape
from saasmetrics.frames.values import (
    KEYS,
    LOW_N,
    MATURING,
    NO_INPUT,
    NOT_APPLICABLE,
    NOT_REACHED,
    OK,
    PARTIAL,
    UNDEFINED,
    VALUES,
)
from saasmetrics.period import Calendar, Periods


@dataclass(frozen=True)
class Frame:
    """Where values stand: whose they are, for which periods, split how, and how far their inputs reach."""

    metric: Metric
    periods: Periods
    by: tuple[str, ...]
    as_of: datetime
    since: datetime | None

    @property
    def segment(self) -> str | None:
        """Name of the split; crossed segments joined by commas."""
        return ",".join(self.by) if self.by else None


def finished(frame: Frame, shape: Shape, level: int, reduced: pl.DataFrame) -> pl.DataFrame:
    """Values of one metric at one level of its cut path.

    Grain: cut, stat, period, segment value; periods without an entry are there for every cut and segment value that
    has one in another.
    """
    parts = [part.column for part in shape.parts[:level]]
    keys = [*parts, *[column(name) for name in frame.by]]
    reduced = _with_empty_periods(frame, reduced, keys)
    if shape.how == "quantile":
        rows = pl.concat([_quantile(shape, stat, reduced) for stat in shape.stats])
    else:
        rows = _additive(shape, reduced).with_columns(stat=pl.lit(None, dtype=pl.String))
    cut = pl.concat_str([_label(name) for name in parts], separator=".") if parts else pl.lit(None, dtype=pl.String)
    marks = [pl.col(column(name)) for name in frame.by]
    value = pl.concat_str(marks, separator=",") if marks else pl.lit(None, dtype=pl.String)
    rows = rows.with_columns(
        metric=pl.lit(frame.metric.id),
        cut=cut,
        grain=pl.lit(frame.periods.grain.value),
        segment=pl.lit(frame.segment, dtype=pl.String),
        segment_value=value,
        as_of=pl.lit(frame.as_of).cast(VALUES["as_of"]),
    )
    rows = _judged(frame, shape, rows)
    return rows.select([pl.col(name).cast(dtype) for name, dtype in VALUES.items()]).sort(KEYS, nulls_last=False)


def overlap(parts: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """What the parts of a split count more than once: the total less their sum, where it is not zero.

    Grain: cut, stat, period. Edges: for a sum the value is that difference (negative); for a ratio each side has its
    own and there is no value; a period whose parts add up has no line.
    """
    keys = ["metric", "cut", "stat", "grain", "period"]
    sides = ("numerator", "denominator", "entries", "accounts")
    added = parts.group_by(keys, maintain_order=True).agg(
        *[pl.col(name).sum().alias(f"{name}_parts") for name in sides], pl.col("segment").first()
    )
    both = added.join(whole.drop("segment"), on=keys, nulls_equal=True)
    both = both.with_columns([(pl.col(name) - pl.col(f"{name}_parts")).alias(name) for name in sides])
    ratio = pl.col("value").is_not_null() & (pl.col("denominator").is_not_null())
    both = both.with_columns(
        segment_value=pl.lit(OVERLAP),
        value=pl.when(ratio).then(None).otherwise(pl.col("numerator")),
        immature=pl.lit(0, dtype=pl.Int64),
        reason=pl.lit("counted under more than one value"),
    )
    moved = (pl.col("numerator") != 0) | (pl.col("denominator").fill_null(0) != 0)
    return both.filter(moved & (pl.col("status") != NO_INPUT)).select(
        [pl.col(name).cast(dtype) for name, dtype in VALUES.items()]
    )


def absent(frame: Frame, cut: str | None, stat: str | None, status: str, reason: str) -> pl.DataFrame:
    """Values that say why there is no number: one row per period."""
    starts = frame.periods.starts
    rows = {name: [None] * len(starts) for name in VALUES} | {
        "metric": [frame.metric.id] * len(starts),
        "cut": [cut] * len(starts),
        "stat": [stat] * len(starts),
        "grain": [frame.periods.grain.value] * len(starts),
        "period": list(starts),
        "segment": [frame.segment] * len(starts),
        "status": [status] * len(starts),
        "reason": [reason] * len(starts),
        "as_of": [frame.as_of] * len(starts),
    }
    return pl.DataFrame(rows, schema=VALUES)


def _label(name: str) -> pl.Expr:
    """A part of a cut as an address writes it."""
    value = pl.col(name).cast(pl.String).fill_null("(unknown)")
    plain = value.str.contains(r"^[A-Za-z0-9_-]+$")
    return pl.when(plain).then(value).otherwise(pl.concat_str(pl.lit('"'), value, pl.lit('"')))


def _with_empty_periods(frame: Frame, reduced: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    starts = pl.DataFrame({"period": frame.periods.starts}, schema={"period": pl.Date})
    groups = reduced.select(keys).unique() if keys else pl.DataFrame({"_": [0]})
    grid = starts.join(groups, how="cross").drop("_", strict=False)
    return grid.join(reduced, on=["period", *keys], how="left", nulls_equal=True)


def _additive(shape: Shape, reduced: pl.DataFrame) -> pl.DataFrame:
    top, bottom = pl.col("top").fill_null(0).cast(pl.Float64), pl.col("bottom").cast(pl.Float64)
    if shape.how == "sum":
        value = numerator = _scaled(top, shape.scale)
        denominator = bottom if shape.per else pl.lit(None, dtype=pl.Float64)
        if shape.per:
            value = pl.when(pl.col("top").is_null()).then(0.0).otherwise(value / bottom)
    else:
        up, down = shape.sides
        bottom = bottom.fill_null(0.0)
        numerator, denominator = _scaled(top, up), _scaled(bottom, down)
        # Amounts in one unit are divided as they are: scaling both first would only add rounding.
        pair = (top, bottom) if up == down else (numerator, denominator)
        value = pl.when(bottom == 0).then(None).otherwise(_scaled(pair[0], shape.scale) / pair[1])
    return reduced.with_columns(
        value=value,
        numerator=numerator,
        denominator=denominator,
        entries=pl.col("entries").fill_null(0),
        accounts=pl.col("accounts").fill_null(0),
        immature=pl.col("immature").fill_null(0),
        reached=pl.lit(None, dtype=pl.Int64),
        open=pl.lit(None, dtype=pl.Int64),
    )


def _scaled(amount: pl.Expr, scale: float) -> pl.Expr:
    """An amount in the metric's unit; divided where the unit is finer, as 1/120000 has no exact form."""
    return amount / round(1 / scale) if 0 < scale < 1 else amount * scale


def _quantile(shape: Shape, stat: str, reduced: pl.DataFrame) -> pl.DataFrame:
    known = pl.col("reached").fill_null(0) + pl.col("open").fill_null(0)
    value = _scaled(pl.col(f"stat_{stat}"), shape.scale)
    half = (pl.col("reached").fill_null(0) * 2 >= known) if quantile_of(stat) is not None else pl.lit(True)
    return reduced.with_columns(
        stat=pl.lit(stat),
        value=pl.when(half).then(value),
        numerator=pl.lit(None, dtype=pl.Float64),
        denominator=pl.lit(None, dtype=pl.Float64),
        entries=pl.col("entries").fill_null(0),
        accounts=pl.col("accounts").fill_null(0),
        immature=pl.col("immature").fill_null(0),
        reached=pl.col("reached").fill_null(0),
        open=pl.col("open").fill_null(0),
    ).drop([f"stat_{name}" for name in shape.stats])


def _judged(frame: Frame, shape: Shape, rows: pl.DataFrame) -> pl.DataFrame:
    """Status and reason: the first of partial, before the data, maturing, nothing to divide by, too few."""
    ends = _ends(frame.periods)
    rows = rows.join(ends, on="period", how="left")
    partial = pl.col("_end") > frame.as_of
    early = pl.col("_end") <= frame.since if frame.since else pl.lit(False)
    immature = pl.col("immature") > 0
    nothing = pl.col("value").is_null()
    few = (pl.col("entries") < frame.metric.min_sample) & pl.lit(shape.how != "sum")
    not_there = nothing & ((pl.col("reached") + pl.col("open")) > 0).fill_null(False)
    status = (
        pl.when(early)
        .then(pl.lit(NO_INPUT))
        .when(partial)
        .then(pl.lit(PARTIAL))
        .when(immature)
        .then(pl.lit(MATURING))
        .when(not_there)
        .then(pl.lit(NOT_REACHED))
        .when(nothing)
        .then(pl.lit(UNDEFINED))
        .when(few)
        .then(pl.lit(LOW_N))
        .otherwise(pl.lit(OK))
    )
    rows = rows.with_columns(status=status).with_columns(value=pl.when(early).then(None).otherwise("value"))
    return rows.with_columns(reason=_reason(frame, shape))


def _reason(frame: Frame, shape: Shape) -> pl.Expr:
    begins = f"the data begins on {frame.since:%Y-%m-%d}" if frame.since else ""
    noun = "entries" if shape.how == "quantile" else "in the denominator"
    few = pl.format(f"{{}} of {frame.metric.min_sample} {noun}", "entries")
    return (
        pl.when(pl.col("status") == NO_INPUT)
        .then(pl.lit(begins))
        .when(pl.col("status") == PARTIAL)
        .then(pl.lit("the period is not over"))
        .when(pl.col("status") == MATURING)
        .then(pl.format("{} still inside their window", "immature"))
        .when(pl.col("status") == NOT_REACHED)
        .then(pl.format("{} of {} got there", "reached", pl.col("reached") + pl.col("open")))
        .when(pl.col("status") == UNDEFINED)
        .then(pl.lit("nothing in the denominator" if shape.how == "ratio" else "nothing happened"))
        .when(pl.col("status") == LOW_N)
        .then(few)
        .otherwise(pl.lit(None, dtype=pl.String))
    )


def _ends(periods: Periods) -> pl.DataFrame:
    calendar: Calendar = periods.calendar
    ends = [calendar.start_of(calendar.end(start, periods.grain)) for start in periods.starts]
    return pl.DataFrame({"period": periods.starts, "_end": ends}, schema={"period": pl.Date, "_end": VALUES["as_of"]})


def judged_period(values: pl.DataFrame) -> date | None:
    """The latest period whose value is ok; None without one."""
    good = values.filter(pl.col("status") == OK)["period"].max()
    return good if isinstance(good, date) else None


def of_address(definitions: Definitions, values: pl.DataFrame, address: Address) -> pl.DataFrame:
    """The values of one address at the total, ascending by period; its headline stat when none is written."""
    rows = values.filter((pl.col("metric") == address.metric) & pl.col("segment").is_null())
    rows = rows.filter(pl.col("cut").eq_missing(cut_text(address.cut)))
    stat = address.stat or next(iter(definitions.stats(address.metric)), None)
    if stat:
        rows = rows.filter((pl.col("stat") == stat) | pl.col("stat").is_null())
    return rows.sort("period")


def cut_text(cut: Sequence[str]) -> str | None:
    """The `cut` column of an address."""
    return Address("x", tuple(cut)).text[2:] or None if cut else None


__all__ = ["NOT_APPLICABLE", "Frame", "absent", "cut_text", "finished", "judged_period", "of_address"]
