"""The one reduce: entries of a ledger become sums, ratios and quantiles by period, cut and segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, TypeVar

import numpy as np
import polars as pl

from saasmetrics.books.headline import at_level, denominator_shape
from saasmetrics.books.segments import Attribute, column
from saasmetrics.books.several import narrowed_to, told_apart
from saasmetrics.books.workdays import counted_days
from saasmetrics.engine.bag import NUMBER, Bag, collected
from saasmetrics.engine.given import Live
from saasmetrics.engine.numbered import Flags, Whole, added, different, packed
from saasmetrics.engine.quantiles import quantiles
from saasmetrics.frames.ledger import UNATTRIBUTED, UNKNOWN, Ledger, Shape, Side
from saasmetrics.period import Periods

Where = Mapping[str, tuple[str, ...]]
Column = TypeVar("Column", Whole, Flags)


@dataclass(frozen=True)
class Split:
    """What a ledger is reduced to: the first `level` parts told apart, split by `by`, narrowed to `where`.

    `apart` are the segments among both that the ledger's entries do not carry: those of their accounts.
    """

    level: int
    by: tuple[str, ...]
    where: Where
    apart: frozenset[str]


class Reduction:
    """A ledger's entries, collected once, and what they are reduced to."""

    def __init__(self, live: Live, ledger: Ledger, periods: Periods) -> None:
        self._live = live
        self._ledger = ledger
        self._periods = periods
        sides = [ledger.numerator] + ([ledger.denominator] if ledger.denominator is not None else [])
        bags = collected(sides, ledger, periods, live.store.engine)
        shapes = [ledger.shape, denominator_shape(ledger.shape)]
        undivided: tuple[frozenset[str], ...] = (frozenset(), ledger.shape.whole)
        self._halves = [
            _Half(live, bag, shape, periods, collapse, whole)
            for bag, shape, collapse, whole in zip(bags, shapes, ledger.shape.collapse, undivided, strict=False)
        ]

    def to(self, split: Split) -> pl.DataFrame:
        """The ledger, reduced.

        Grain: period, the first `level` parts, the segments. Columns: `period`, one per part told apart, one
        `@segment` per segment of `by`, then for sums and ratios `top` and `bottom` (Int128 sums of fixed-point
        amounts; `bottom` null for sums), for quantiles one `stat_NAME` per stat (fixed-point, Float64), `reached` and
        `open`; and `entries` (sum of weights), `accounts`, `immature`, `uncovered`.
        """
        shape = self._ledger.shape
        keys = [part.column for part in shape.parts[: split.level]]
        if shape.contrast is not None:
            return self._contrasted(split, shape.contrast, keys)
        if shape.how == "quantile":
            return self._halves[0].stats(keys, split)
        top = self._halves[0].sums(keys, split)
        named = ["period", *keys, *[column(name) for name in split.by]]
        if len(self._halves) == 1:
            return self._over_days(top.rename({"amount": "top"}))
        bottom = self._halves[1].sums(keys, split)
        return _joined(top, bottom, named)

    def _contrasted(self, split: Split, contrast: tuple[str, str, str], keys: list[str]) -> pl.DataFrame:
        """One ratio over another: with a of b on one side and c of d on the other, a d over b c.

        Columns: those of a ratio, and `over` and `under`, the two ratios.
        """
        own, first, second = contrast
        top, bottom = (half.sums([*keys, own], split) for half in self._halves)
        named = ["period", *keys, *[column(name) for name in split.by]]
        joined = _joined(top, bottom, [*named, own])

        def of(name: str, value: str) -> pl.Expr:
            return pl.col(name).filter(pl.col(own).cast(pl.String) == value).sum()

        a, b, c, d = of("top", first), of("bottom", first), of("top", second), of("bottom", second)

        def share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
            return pl.when(whole != 0).then(part.cast(pl.Float64) / whole.cast(pl.Float64))

        return joined.group_by(named).agg(
            (a * d).alias("top"),
            (b * c).alias("bottom"),
            share(a, b).alias("over"),
            share(c, d).alias("under"),
            *[pl.col(name).sum() for name in ("entries", "accounts", "immature")],
        )

    def _over_days(self, sums: pl.DataFrame) -> pl.DataFrame:
        per = self._ledger.shape.per
        if per is None:
            return sums.with_columns(bottom=pl.lit(None, dtype=pl.Int128))
        ledger = self._ledger
        days = ledger.days if ledger.days is not None else counted_days(self._live, self._periods, per)
        joined = sums.join(days.collect(), on="period", how="left")
        return joined.with_columns(bottom=pl.col("days").cast(pl.Int128)).drop("days")


def _joined(top: pl.DataFrame, bottom: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    shared = [key for key in keys if key in bottom.columns]
    top = top.select(*keys, top="amount")
    bottom = bottom.rename({"amount": "bottom"})
    for key in shared:
        if top.schema[key] != bottom.schema[key]:
            top, bottom = (frame.with_columns(pl.col(key).cast(pl.String)) for frame in (top, bottom))
    if shared != keys:
        top = _under_the_whole(top, bottom, keys, shared)
        joined = top.join(bottom, on=shared, how="left", nulls_equal=True)
    else:
        joined = top.join(bottom, on=shared, how="full", coalesce=True, nulls_equal=True)
    counts = ("entries", "accounts", "immature", "uncovered")
    return joined.select(*keys, *[pl.col(name).fill_null(0) for name in ("top", "bottom", *counts)])


def _under_the_whole(top: pl.DataFrame, bottom: pl.DataFrame, keys: list[str], shared: list[str]) -> pl.DataFrame:
    """The numerator with a row for every part in every group of the denominator: where nothing is above, it is 0."""
    parts = top.select([key for key in keys if key not in shared]).unique()
    grid = parts.join(bottom.select(shared).unique(), how="cross")
    return top.join(grid.select(keys), on=keys, how="full", coalesce=True, nulls_equal=True)


@dataclass(frozen=True)
class Space:
    """Where sums stand: at their key, or at the place of their key among those that are there.

    `found` are the keys there are, ascending, where there could be far too many.
    """

    size: int
    found: Whole | None

    @classmethod
    def of(cls, keys: Whole, size: int) -> Space:
        """A space for these keys, of which there could be `size`."""
        if size <= 2**20 or size <= len(keys):
            return cls(size, None)
        found = different(keys, size)
        return cls(len(found), found)

    def places(self, keys: Whole) -> Whole:
        """Where some of the keys stand."""
        return keys if self.found is None else np.searchsorted(self.found, keys)

    def there(self, keys: Whole) -> Whole:
        """The places that some of the keys have."""
        return np.flatnonzero(np.bincount(self.places(keys), minlength=self.size))

    def keys(self, places: Whole) -> Whole:
        """The keys at some places."""
        return places if self.found is None else self.found[places]


@dataclass(frozen=True)
class Lot:
    """Entries of one depth, ready to be added up.

    Grain: an entry and a group it is counted in. `keys` tell period and group, `size` is how many there can be and
    `groups` lists the groups: a column for each key, in their order.
    """

    keys: Whole
    size: int
    groups: pl.DataFrame
    rows: Whole | None
    """Which entries of the bag these are; None: all, in their order."""
    alone: bool
    kept: dict[str, Any] = field(default_factory=dict)
    """What was worked out once for all splits."""

    def of(self, values: Column) -> Column:
        """A column of the bag, for these rows."""
        return values if self.rows is None else values[self.rows]


class _Half:
    """One side: its bag, and lots of it."""

    def __init__(
        self,
        live: Live,
        bag: Bag,
        shape: Shape,
        periods: Periods,
        collapse: tuple[str, ...],
        undivided: frozenset[str],
    ) -> None:
        self._live, self._bag, self._shape, self._periods, self._collapse = live, bag, shape, periods, collapse
        self._undivided = undivided
        self._lots: dict[object, Lot] = {}
        self._labels: dict[str, tuple[Whole, pl.Series]] = {}

    def sums(self, keys: list[str], split: Split) -> pl.DataFrame:
        """Grain: the keys. Columns: `amount`, `entries`, `accounts`, `immature`, `uncovered`."""
        bag, lot, apart = self._bag, self._lot(keys, split), self._apart(split)
        whole, size = self._split(lot, apart)
        space = Space.of(whole, size)
        counted = self._counted(lot)
        if self._collapse and not lot.alone:
            single, amount, weight, accounts = self._once(lot, counted, apart)
            single = space.places(single)
        else:
            single, accounts = space.places(whole if counted is None else whole[counted]), None
            amount, weight = (self._amounts(lot, values, counted) for values in (bag.amount, bag.weight))
        there = space.there(whole)
        counts = {
            "amount": added(single, amount, space.size),
            "entries": added(single, weight, space.size).cast(pl.Int64),
            "accounts": self._accounts(lot, counted, single, accounts, apart, space),
            "immature": self._weights(lot, whole, bag.immature, space),
            "uncovered": self._weights(lot, whole, bag.early, space),
        }
        return self._told(lot, space, there, apart, counts)

    def stats(self, keys: list[str], split: Split) -> pl.DataFrame:
        """Grain: the keys. Columns: one `stat_NAME` per stat, `reached`, `open`, `entries`, `accounts`, `immature`."""
        bag, lot, apart = self._bag, self._lot(keys, split), self._apart(split)
        whole, size = self._split(lot, apart)
        space = Space.of(whole, size)
        counted = self._counted(lot)
        single = space.places(whole if counted is None else whole[counted])
        reached, still_open = np.bincount(single, minlength=space.size), np.zeros(space.size, dtype=np.int64)
        if bag.open is not None:
            still_open = np.bincount(space.places(whole[lot.of(bag.open)]), minlength=space.size)
        amounts, valued = self._amounts(lot, bag.amount, counted), single
        if isinstance(amounts, int):
            amounts = np.full(len(single), amounts, dtype=np.int64)
        if bag.missing is not None:
            known = ~lot.of(bag.missing)
            known = known if counted is None else known[counted]
            amounts, valued = amounts[known], valued[known]
        there = space.there(whole if bag.excluded is None else whole[~lot.of(bag.excluded)])
        counts = {
            **quantiles(self._shape, valued, space.size, amounts, reached, still_open),
            "reached": pl.Series(reached, dtype=pl.Int64),
            "open": pl.Series(still_open, dtype=pl.Int64),
            "entries": added(single, self._amounts(lot, bag.weight, counted), space.size).cast(pl.Int64),
            "accounts": self._accounts(lot, counted, single, None, apart, space),
            "immature": self._weights(lot, whole, bag.immature, space),
        }
        return self._told(lot, space, there, apart, counts)

    def _apart(self, split: Split) -> list[str]:
        """Segments of the split that are looked up by account, where this side is split by them."""
        return [name for name in split.by if name in split.apart - self._undivided]

    def _lot(self, keys: list[str], split: Split) -> Lot:
        """The entries that count at a depth, in their groups; those of accounts outside of `where` are left out."""
        rows = [name for name in split.by if name not in split.apart]
        key = (tuple(keys), split.level, tuple(rows), tuple(split.where.items()))
        if key not in self._lots:
            self._lots[key] = self._made(keys, rows, split)
        return self._lots[key]

    def _made(self, keys: list[str], by: Sequence[str], split: Split) -> Lot:
        bag = self._bag
        names = frozenset(bag.marks.columns)
        marks = at_level(Side(bag.marks.lazy(), names=names, alone=bag.alone), self._shape, split.level)
        frame = marks.entries
        for name, values in split.where.items():
            if column(name) in names:
                frame = narrowed_to(self._live, frame, name, values)
        chosen = told_apart(self._live, frame, [name for name in by if column(name) in names]).collect()
        named = [name for name in (*keys, *(column(name) for name in by)) if name in names]
        rows, group, groups = _grouped(bag, chosen, named)
        for name, values in split.where.items():
            if name in split.apart - self._undivided:
                rows, group = self._only(rows, group, name, values)
        period = bag.period if rows is None else bag.period[rows]
        count = max(groups.height, 1)
        whole = period.astype(np.int64) if count == 1 else period.astype(np.int64) * count + group
        return Lot(whole, count * len(self._periods.starts), groups, rows, marks.alone)

    def _only(self, rows: Whole | None, group: Whole, name: str, values: tuple[str, ...]) -> tuple[Whole | None, Whole]:
        """The rows whose account has one of some values."""
        numbers, labels = self._labelled(name)
        among = labels.is_in(list(values)).to_numpy()
        accounts = self._account_numbers()
        kept = among[numbers[accounts if rows is None else accounts[rows]]]
        return (np.flatnonzero(kept) if rows is None else rows[kept]), group[kept]

    def _account_numbers(self) -> Whole:
        account = self._bag.account
        return np.zeros(len(self._bag.period), dtype=np.int32) if account is None else account.numbers

    def _labelled(self, segment: str) -> tuple[Whole, pl.Series]:
        """Of each account by number the number of its value, and the values. Edges: as `books/segments.bind`."""
        if segment not in self._labels:
            account = self._bag.account
            names = account.names if account else pl.Series("name", [None], dtype=pl.String)
            values = self._live.made(Attribute(segment)).select(pl.col("account").cast(pl.String), "value").collect()
            found = names.to_frame("account").join(values, on="account", how="left", maintain_order="left")["value"]
            text = found.fill_null(UNKNOWN).to_list()[1:]
            labels = list(dict.fromkeys([UNATTRIBUTED, *text]))
            number = {label: place for place, label in enumerate(labels)}
            numbers = np.fromiter((number[label] for label in [UNATTRIBUTED, *text]), dtype=np.int32)
            self._labels[segment] = numbers, pl.Series(labels, dtype=pl.String)
        return self._labels[segment]

    def _split(self, lot: Lot, apart: Sequence[str]) -> tuple[Whole, int]:
        """The keys of a lot with the values of segments of accounts behind them, and how many there can be."""
        return self._with_values(lot, lot.keys, None, apart)

    def _with_values(self, lot: Lot, keys: Whole, accounts: Whole | None, apart: Sequence[str]) -> tuple[Whole, int]:
        """Keys, each of an account, with its values behind them; the accounts of the lot when none are given."""
        if not apart:
            return keys, lot.size
        if accounts is None:
            accounts = lot.of(self._account_numbers())
        size = lot.size
        for segment in apart:
            numbers, labels = self._labelled(segment)
            keys = keys * len(labels) + numbers[accounts]
            size *= len(labels)
        return keys, size

    def _counted(self, lot: Lot) -> Flags | None:
        return None if self._bag.counted is None else lot.of(self._bag.counted)

    def _amounts(self, lot: Lot, values: Whole | int, counted: Flags | None) -> Whole | int:
        if isinstance(values, int):
            return values
        values = lot.of(values)
        return values if counted is None else values[counted]

    def _weights(self, lot: Lot, whole: Whole, flags: Flags | None, space: Space) -> pl.Series:
        if flags is None:
            return pl.Series(np.zeros(space.size, dtype=np.int64))
        flags = lot.of(flags)
        weights = self._amounts(lot, self._bag.weight, flags)
        return added(space.places(whole[flags]), weights, space.size).cast(pl.Int64)

    def _once(
        self, lot: Lot, counted: Flags | None, apart: Sequence[str]
    ) -> tuple[Whole, Whole | int, Whole | int, Whole | None]:
        """What is counted once per key: a user of two roles, an account of two workflows. The amounts are equal.

        Gives key, amount and weight of each; and the account, where each thing that is counted has its own.
        """
        bag = self._bag
        by_account = "account" in bag.own
        # An account has one value of a segment of accounts: counted once, it can be split by any afterwards.
        if "single" not in lot.kept or not by_account:
            keys, size = self._with_values(lot, lot.keys, None, () if by_account else apart)
            lot.kept["single"] = self._single(lot, counted, keys, size)
        key, amount, weight, account = lot.kept["single"]
        if apart and by_account:
            key, _ = self._with_values(lot, key, account, apart)
        return key, amount, weight, account if list(bag.own) == ["account"] else None

    def _single(
        self, lot: Lot, counted: Flags | None, keys: Whole, size: int
    ) -> tuple[Whole, Whole | int, Whole | int, Whole | None]:
        bag = self._bag

        def taken(values: Whole) -> Whole:
            values = lot.of(values)
            return values if counted is None else values[counted]

        keys = keys if counted is None else keys[counted]
        sizes = [len(column.names) for column in bag.own.values()]
        columns = [(keys, size), *zip((taken(column.numbers) for column in bag.own.values()), sizes, strict=True)]
        amount, weight = bag.amount, bag.weight
        if isinstance(amount, int) and isinstance(weight, int) and size * prod(sizes) < 2**62:
            rest = different(*packed(columns))
            numbers: dict[str, Whole] = {}
            for name, held in zip(reversed(bag.own), reversed(sizes), strict=True):
                rest, numbers[name] = np.divmod(rest, held)
            return rest, amount, weight, numbers.get("account")
        whole, _ = packed(columns)
        order = np.argsort(whole, kind="stable")
        whole = whole[order]
        starts = np.flatnonzero(np.concatenate([np.ones(min(len(whole), 1), dtype=np.bool_), whole[1:] != whole[:-1]]))

        def largest(values: Whole | int) -> Whole | int:
            if isinstance(values, int) or not len(starts):
                return values if isinstance(values, int) else taken(values)
            return np.maximum.reduceat(taken(values)[order], starts)

        account = taken(bag.own["account"].numbers)[order][starts] if "account" in bag.own else None
        return keys[order][starts], largest(amount), largest(weight), account

    def _accounts(
        self,
        lot: Lot,
        counted: Flags | None,
        single: Whole,
        single_accounts: Whole | None,
        apart: Sequence[str],
        space: Space,
    ) -> pl.Series:
        """How many accounts a group has."""
        account = self._bag.account
        if lot.alone:
            return pl.Series(np.bincount(single, minlength=space.size), dtype=pl.Int64)
        if account is None:
            return pl.Series(np.zeros(space.size, dtype=np.int64))
        if single_accounts is not None:
            return pl.Series(np.bincount(single[single_accounts > 0], minlength=space.size), dtype=pl.Int64)
        if "pairs" not in lot.kept:
            keys, accounts = lot.keys, lot.of(account.numbers)
            if counted is not None:
                keys, accounts = keys[counted], accounts[counted]
            pairs = different(keys * len(account.names) + accounts, lot.size * len(account.names))
            keys, accounts = np.divmod(pairs, len(account.names))
            lot.kept["pairs"] = keys[accounts > 0], accounts[accounts > 0]
        keys, accounts = lot.kept["pairs"]
        whole, _ = self._with_values(lot, keys, accounts, apart)
        return pl.Series(np.bincount(space.places(whole), minlength=space.size), dtype=pl.Int64)

    def _told(
        self, lot: Lot, space: Space, there: Whole, apart: Sequence[str], counts: Mapping[str, pl.Series]
    ) -> pl.DataFrame:
        """Keys as people read them, and the counts of those that are there. Grain: a key."""
        named: dict[str, pl.Series] = {}
        rest = space.keys(there)
        for segment in reversed(apart):
            _, labels = self._labelled(segment)
            rest, numbers = np.divmod(rest, len(labels))
            named[column(segment)] = labels.gather(numbers)
        place, group = np.divmod(rest, max(lot.groups.height, 1))
        periods = pl.Series(self._periods.starts, dtype=pl.Date).gather(place)
        own = {name: values.gather(group) for name, values in lot.groups.to_dict().items()}
        told = {name: values.gather(there) for name, values in counts.items()}
        return pl.DataFrame({"period": periods, **own, **named, **told})


def _grouped(bag: Bag, chosen: pl.DataFrame, named: list[str]) -> tuple[Whole | None, Whole, pl.DataFrame]:
    """Which rows of a bag are in which group of their marks: rows (None: all), the group of each, the groups."""
    if named:
        groups = chosen.select(named).unique(maintain_order=True)
        numbers = (
            chosen.select(named)
            .join(groups.with_row_index("_group"), on=named, how="left", nulls_equal=True, maintain_order="left")[
                "_group"
            ]
            .cast(pl.Int64)
            .to_numpy()
        )
    else:
        groups, numbers = pl.DataFrame(), np.zeros(chosen.height, dtype=np.int64)
    if bag.mark is None:
        every = np.zeros(len(bag.period), dtype=np.int64)
        return (None, every, groups) if chosen.height else (every[:0], every[:0], groups)
    marks = chosen[NUMBER].to_numpy()
    table = np.full(bag.marks.height, -1, dtype=np.int64)
    table[marks] = numbers
    if len(np.unique(marks)) == len(marks):
        group = table[bag.mark]
        if len(marks) == bag.marks.height:
            return None, group, groups
        kept = np.flatnonzero(group >= 0)
        return kept, group[kept], groups
    # Marks of several values: each row once for each of its groups.
    rows: list[Whole] = []
    found: list[Whole] = []
    order = pl.DataFrame({"mark": marks, "group": numbers}).with_columns(turn=pl.int_range(pl.len()).over("mark"))
    for part in order.partition_by("turn"):
        table = np.full(bag.marks.height, -1, dtype=np.int64)
        table[part["mark"].to_numpy()] = part["group"].to_numpy()
        group = table[bag.mark]
        rows.append(np.flatnonzero(group >= 0))
        found.append(group[rows[-1]])
    return np.concatenate(rows), np.concatenate(found), groups
