"""Values: where they stand, what to say where there is no number, and how to find those of an address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.metric import Metric
from saasmetrics.frames.ledger import OVERLAP, Shape
from saasmetrics.frames.values import NO_INPUT, NOT_APPLICABLE, OK, VALUES, value_types
from saasmetrics.period import Periods


@dataclass(frozen=True)
class Frame:
    """Where values stand: whose they are, for which periods, split how, and how far their inputs reach."""

    metric: Metric
    periods: Periods
    by: tuple[str, ...]
    as_of: datetime
    since: datetime | None
    asker: str = ""
    """The number that is asked for, of which it may be an input."""

    @property
    def segment(self) -> str | None:
        """Name of the split; crossed segments joined by commas."""
        return ",".join(self.by) if self.by else None


def overlap(shape: Shape, parts: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """What the parts of a split count more than once: the total less their sum, where it is not zero.

    Grain: cut, stat, period. Edges: for a sum the value is that difference (negative), a mean over days divided by the
    same days; for a ratio each side has its own and there is no value; a period whose parts add up has no line.
    """
    keys = ["metric", "cut", "stat", "grain", "period"]
    ratio = shape.how == "ratio"
    sides = ("numerator", *(["denominator"] if ratio else []), "entries", "accounts")
    added = parts.group_by(keys, maintain_order=True).agg(
        *[pl.col(name).sum().alias(f"{name}_parts") for name in sides], pl.col("segment").first()
    )
    both = added.join(whole.drop("segment"), on=keys, nulls_equal=True)
    both = both.with_columns([(pl.col(name) - pl.col(f"{name}_parts")).alias(name) for name in sides])
    days = pl.col("denominator") if shape.per else pl.lit(1.0)
    both = both.with_columns(
        segment_value=pl.lit(OVERLAP),
        value=pl.lit(None, dtype=pl.Float64) if ratio else pl.col("numerator") / days,
        immature=pl.lit(0, dtype=pl.Int64),
        reason=pl.lit("counted under more than one value"),
    )
    # Sides are whole numbers of their unit: less than half of one is what scaling rounded.
    up, down = shape.sides if ratio else (shape.scale, 1.0)
    moved = pl.col("numerator").abs() > up / 2
    if ratio:
        moved = moved | (pl.col("denominator").abs() > down / 2)
    return both.filter(moved & (pl.col("status") != NO_INPUT)).select(
        [pl.col(name).cast(dtype) for name, dtype in value_types().items()]
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
    return pl.DataFrame(rows, schema=value_types())


def judged_period(values: pl.DataFrame) -> date | None:
    """The latest period whose value is ok; None without one."""
    good = values.filter(pl.col("status") == OK)["period"].max()
    return good if isinstance(good, date) else None


def judged_periods(definitions: Definitions, values: pl.DataFrame, addresses: Sequence[Address]) -> dict[str, date]:
    """The judged period of each address that has one, as `judged_period` of its values."""
    good = values.filter((pl.col("status") == OK) & pl.col("segment").is_null())
    latest: dict[tuple[str, str | None], dict[str | None, date]] = {}
    for metric, cut, stat, period in good.group_by("metric", "cut", "stat").agg(pl.col("period").max()).iter_rows():
        latest.setdefault((metric, cut), {})[stat] = period
    judged = {}
    for address in addresses:
        found = latest.get((address.metric, cut_text(address.cut)), {})
        stat = headline(definitions, address)
        days = [day for name, day in found.items() if stat is None or name in (None, stat)]
        if days:
            judged[address.text] = max(days)
    return judged


def headline(definitions: Definitions, address: Address) -> str | None:
    """The stat of an address: the one it writes, else the first one."""
    return address.stat or next(iter(definitions.stats(address.metric)), None)


def of_address(definitions: Definitions, values: pl.DataFrame, address: Address) -> pl.DataFrame:
    """The values of one address at the total, ascending by period; its headline stat when none is written."""
    rows = values.filter((pl.col("metric") == address.metric) & pl.col("segment").is_null())
    rows = rows.filter(pl.col("cut").eq_missing(cut_text(address.cut)))
    stat = headline(definitions, address)
    if stat:
        rows = rows.filter((pl.col("stat") == stat) | pl.col("stat").is_null())
    return rows.sort("period")


def cut_text(cut: Sequence[str]) -> str | None:
    """The `cut` column of an address."""
    return Address("x", tuple(cut)).text[2:] or None if cut else None


__all__ = ["NOT_APPLICABLE", "Frame", "absent", "cut_text", "judged_period", "judged_periods", "of_address"]
