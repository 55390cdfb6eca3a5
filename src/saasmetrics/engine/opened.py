"""A number opened: the entries behind it, by account or one by one, and what they reduce to again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import polars as pl
from polars import selectors

from saasmetrics.books.headline import at_level
from saasmetrics.definitions.address import Address
from saasmetrics.definitions.inputs import ResolvedInput
from saasmetrics.engine.given import Live
from saasmetrics.engine.quantiles import quantile_of
from saasmetrics.frames.ledger import COUNTED, IMMATURE, OPEN, UNATTRIBUTED, Ledger, Shape, Side
from saasmetrics.frames.values import OK
from saasmetrics.period import Periods

Depth = Literal["account", "entry", "row"]
SIDES = ("numerator", "denominator")


@dataclass(frozen=True)
class Entries:
    """The entries of one number in one period, as they count: each thing once, defaults of the address taken.

    Grain: an entry of one side. Columns: `side`, the columns of a ledger's side, `value` (the amount in the metric's
    unit).
    """

    shape: Shape
    rows: pl.DataFrame
    days: int


def entries_of(live: Live, address: Address, periods: Periods, where: Mapping[str, tuple[str, ...]]) -> Entries:
    """The entries behind an address, collected."""
    metric = live.scope.definitions.metrics[address.metric]
    given = live.of(metric)
    marks = tuple(where)
    ledger = given.narrowed(*marks).ledger(ResolvedInput(replace(address, stat=None), where), periods)
    parts = []
    for name, side, keys in zip(SIDES, (ledger.numerator, ledger.denominator), ledger.shape.collapse, strict=True):
        if side is not None:
            parts.append(_side(name, side, ledger, keys))
    rows = pl.concat(pl.collect_all(parts), how="diagonal_relaxed")
    days = _days(given, periods, ledger)
    order = ["side", "account", *[name for name in ("entity", "at", "period") if name in rows.columns], "amount"]
    return Entries(
        ledger.shape, rows.sort(order, nulls_last=True, descending=[True] + [False] * (len(order) - 1)), days
    )


def _side(name: str, side: Side, ledger: Ledger, keys: tuple[str, ...]) -> pl.LazyFrame:
    shape = ledger.shape
    below = name == "denominator"
    defaults = replace(shape, parts=shape.denominator_parts) if below and shape.denominator_parts else shape
    entries = at_level(side, defaults, 0).entries
    if keys:
        # What is counted once stands here once, with the first of its own columns.
        columns = sorted(side.columns)
        once = [column for column in dict.fromkeys(["period", "status", *keys]) if column in columns]
        entries = entries.sort([column for column in columns if column not in ("amount", "weight")]).unique(
            once, keep="first", maintain_order=True
        )
    worth = shape.sides[below] if shape.how == "ratio" else shape.scale
    value = pl.col("amount") / round(1 / worth) if 0 < worth < 1 else pl.col("amount") * worth
    # Sides may have other lists of names.
    named = selectors.enum() - selectors.by_name("status", require_all=False)
    entries = entries.select(pl.lit(name).alias("side"), pl.all(), value.alias("value"))
    return entries.with_columns(named.cast(pl.String))


def _days(given: Live, periods: Periods, ledger: Ledger) -> int:
    if ledger.shape.per is None:
        return 1
    from saasmetrics.books.workdays import counted_days

    days = ledger.days if ledger.days is not None else counted_days(given, periods, ledger.shape.per)
    return int(days.collect()["days"][0])


def reduced_again(entries: Entries, stat: str | None) -> float | None:
    """The value, from the printed entries alone: integers added up in plain Python."""
    rows, shape = entries.rows, entries.shape
    counted = rows.filter(pl.col("status") == COUNTED)
    if shape.how == "quantile":
        return _quantile(rows, shape, stat or shape.stats[0])
    if shape.contrast is not None:
        return _contrast(counted, shape.contrast)
    if shape.average is not None:
        return _average(counted, *shape.average)
    top = sum(counted.filter(pl.col("side") == "numerator")["amount"].to_list())
    if shape.how == "sum":
        whole = float(top) / round(1 / shape.scale) if 0 < shape.scale < 1 else float(top) * shape.scale
        return whole / entries.days if shape.per else whole
    bottom = sum(counted.filter(pl.col("side") == "denominator")["amount"].to_list())
    if bottom == 0:
        return None
    up, down = shape.sides
    pair = (float(top), float(bottom)) if up == down else (_worth(top, up), _worth(bottom, down))
    first = pair[0] / round(1 / shape.scale) if 0 < shape.scale < 1 else pair[0] * shape.scale
    value = first / pair[1]
    return value if shape.compounded is None else 1.0 - (1.0 - value) ** shape.compounded


def _contrast(counted: pl.DataFrame, contrast: tuple[str, str, str]) -> float | None:
    own, *values = contrast

    def added(value: str, side: str) -> int:
        return int(sum(counted.filter((pl.col(own) == value) & (pl.col("side") == side))["amount"].to_list()))

    a, b, c, d = (added(value, side) for value in values for side in SIDES)
    return float(a * d) / float(b * c) if b * c else None


def _average(counted: pl.DataFrame, own: str, choice: str) -> float | None:
    sizes: dict[Any, int] = defaultdict(int)
    there: dict[Any, int] = defaultdict(int)
    for side, key, amount in counted.sort(own).select("side", own, "amount").iter_rows():
        (there if side == SIDES[0] else sizes)[key] += amount
    if choice == "mean":
        return sum(there[key] / size for key, size in sizes.items()) / len(sizes) if sizes else None
    whole = sum(size * size for size in sizes.values())
    return sum(there[key] * size for key, size in sizes.items()) / whole if whole else None


def _worth(amount: int, scale: float) -> float:
    return float(amount) / round(1 / scale) if 0 < scale < 1 else float(amount) * scale


def _quantile(rows: pl.DataFrame, shape: Shape, stat: str) -> float | None:
    counted = rows.filter(pl.col("status") == COUNTED)
    amounts = sorted(counted.select(pl.col("amount").repeat_by("weight").explode()).to_series().to_list())
    waiting = int(rows.filter(pl.col("status") == OPEN)["weight"].sum())
    share = quantile_of(stat)
    if not amounts or (share is not None and len(amounts) * 2 < len(amounts) + waiting):
        return None
    total = len(amounts) + (waiting if shape.among == "all" else 0)
    if share is None:
        return _worth_of(sum(amounts) / len(amounts), shape.scale)
    place = (total - 1) * share
    low, high = int(place), -int(-place // 1)
    if high >= len(amounts):
        return None
    value = float(amounts[low]) + (float(amounts[high]) - float(amounts[low])) * (place - low)
    return _worth_of(value, shape.scale)


def _worth_of(value: float, scale: float) -> float:
    return value / round(1 / scale) if 0 < scale < 1 else value * scale


def by_account(entries: Entries, value: float | None) -> pl.DataFrame:
    """One line per account, the largest first.

    Grain: account. Columns: `account`, `numerator` and, for ratios, `denominator` in the metric's unit, `entries`;
    for quantiles `entries`, `above` (entries above the value) and `largest`. Things without an account are
    `(unattributed)`.
    """
    counted = entries.rows.filter(pl.col("status") == COUNTED).with_columns(pl.col("account").fill_null(UNATTRIBUTED))
    if entries.shape.how == "quantile":
        above = pl.col("weight").filter(pl.col("value") > (value if value is not None else float("inf"))).sum()
        accounts = counted.group_by("account").agg(
            entries=pl.col("weight").sum(), above=above, largest=pl.col("value").max()
        )
        return accounts.sort("above", "largest", "account", descending=[True, True, False])
    sides = [
        counted.filter(pl.col("side") == side)
        .group_by("account")
        .agg(pl.col("value").sum().alias(side), pl.col("weight").sum().alias(f"{side}_entries"))
        for side in SIDES
    ]
    if entries.shape.how == "sum":
        accounts = sides[0].rename({"numerator_entries": "entries"})
    else:
        accounts = (
            sides[0]
            .join(sides[1], on="account", how="full", coalesce=True)
            .with_columns(
                pl.col("numerator", "denominator").fill_null(0.0), entries=pl.col("denominator_entries").fill_null(0)
            )
        )
        accounts = accounts.select("account", "numerator", "denominator", "entries")
    size = pl.col("numerator").abs()
    return accounts.with_columns(_size=size).sort("_size", "account", descending=[True, False]).drop("_size")


def change_by_account(now: Entries, then: Entries) -> pl.DataFrame:
    """What each account adds to the change of a sum or a ratio between two periods; the parts add up to it.

    Formula: sums: now less then. Ratios, with R the value then: (n1 - R d1) / D1 - (n0 - R d0) / D0.
    """
    first = _totals(now).rename({"top": "n1", "bottom": "d1"})
    second = _totals(then).rename({"top": "n0", "bottom": "d0"})
    both = first.join(second, on="account", how="full", coalesce=True).with_columns(
        pl.col("n1", "d1", "n0", "d0").fill_null(0.0)
    )
    if now.shape.how == "sum":
        return both.select("account", change=pl.col("n1") - pl.col("n0"))
    whole_now, whole_then = pl.col("d1").sum(), pl.col("d0").sum()
    rate = pl.col("n0").sum() / whole_then
    change = (pl.col("n1") - rate * pl.col("d1")) / whole_now - (pl.col("n0") - rate * pl.col("d0")) / whole_then
    return both.select("account", change=change * now.shape.scale)


def _totals(entries: Entries) -> pl.DataFrame:
    counted = entries.rows.filter(pl.col("status") == COUNTED).with_columns(pl.col("account").fill_null(UNATTRIBUTED))
    top, bottom = (pl.col("value").filter(pl.col("side") == side).sum() for side in SIDES)
    return counted.group_by("account").agg(top=top, bottom=bottom)


def head(values: pl.DataFrame, entries: Entries, knobs: Mapping[str, Any]) -> dict[str, Any]:
    """What stands above the entries: the value with its sides and counts, and the policies that are not defaults."""
    row = values.row(0, named=True) if values.height else {}
    loose = entries.rows.filter((pl.col("side") == "numerator") & pl.col("account").is_null())
    late = entries.rows.filter(pl.col("status") == IMMATURE)
    return {
        "value": row.get("value"),
        "numerator": row.get("numerator"),
        "denominator": row.get("denominator"),
        "entries": row.get("entries"),
        "accounts": row.get("accounts"),
        "immature": row.get("immature") or (late.height or None),
        "unattributed": float(loose["value"].sum()) if loose.height else None,
        "status": row.get("status") if row.get("status") != OK else None,
        "reason": row.get("reason"),
        "knobs": dict(knobs),
    }
