"""Halves: one side of a ledger, and the sums or quantiles of its entries for any depth and segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
import polars as pl
from numpy.typing import NDArray

from saasmetrics.books.headline import at_level
from saasmetrics.books.segments import Attribute, column
from saasmetrics.books.several import narrowed_to, told_apart
from saasmetrics.engine.bag import LONG, Bag
from saasmetrics.engine.given import Live
from saasmetrics.engine.lot import Lot, Space, Split, grouped
from saasmetrics.engine.numbered import Flags, Whole, added, different, numbered, packed
from saasmetrics.engine.quantiles import quantiles
from saasmetrics.frames.ledger import UNATTRIBUTED, UNKNOWN, Shape, Side
from saasmetrics.period import Periods

Numbers = Whole | NDArray[np.float64] | pl.Series

ADDED = ("amount", "entries", "immature", "uncovered")

KINDS: dict[str, type[pl.DataType]] = {
    "amount": pl.Int128,
    **dict.fromkeys(("entries", "accounts", "immature", "uncovered", "reached", "open"), pl.Int64),
}


class Half:
    """One side: its bag, and lots of it."""

    def __init__(
        self,
        live: Live,
        bag: Bag,
        shape: Shape,
        periods: Periods,
        collapse: tuple[str, ...],
        undivided: frozenset[str],
        under: pl.DataFrame | None,
    ) -> None:
        self._live, self._bag, self._shape, self._periods, self._collapse = live, bag, shape, periods, collapse
        self._undivided, self._under = undivided, under
        self._lots: dict[object, Lot] = {}
        self._labels: dict[str, tuple[Whole, pl.Series]] = {}
        self._crossed: dict[tuple[str, ...], tuple[Whole, pl.DataFrame]] = {}

    def sums(self, keys: list[str], split: Split) -> pl.DataFrame:
        """Grain: the keys. Columns: `amount`, `entries`, `accounts`, `immature`, `uncovered`."""
        if self._under is None:
            return self._sums(keys, split)
        sums = self._sums([], split)
        lines = at_level(Side(self._under.lazy(), names=frozenset(self._under.columns)), self._shape, split.level)
        named = [name for name in keys if name in self._under.columns]
        times = lines.entries.with_columns(_times=pl.lit(1, dtype=pl.Int64))
        counted = times.group_by(named).agg(pl.col("_times").sum()) if named else times.select(pl.col("_times").sum())
        told = sums.join(counted.collect(), how="cross")
        # An account under several lines is one account.
        return told.with_columns(pl.col(name) * pl.col("_times") for name in ADDED).drop("_times")

    def _sums(self, keys: list[str], split: Split) -> pl.DataFrame:
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
        held = np.bincount(single, minlength=space.size)
        there = np.flatnonzero(held) if not self._collapse and counted is None else space.there(whole)
        counts = {
            "amount": added(single, amount, held),
            "entries": added(single, weight, held),
            "accounts": self._accounts(lot, counted, single, held, accounts, apart, space),
            "immature": self._weights(lot, whole, bag.immature, space),
            "uncovered": self._weights(lot, whole, bag.early, space),
        }
        return self._told(lot, space, there, apart, counts)

    def stats(self, keys: list[str], split: Split) -> pl.DataFrame:
        """Grain: the keys. Columns: one `stat_NAME` per stat, `reached`, `open`, `entries`, `accounts`, `immature`."""
        parts = [self._stats(lot, split) for lot in self._lot(keys, split).slices()]
        return pl.concat(parts) if len(parts) > 1 else parts[0]

    def _stats(self, lot: Lot, split: Split) -> pl.DataFrame:
        bag, apart = self._bag, self._apart(split)
        whole, size = self._split(lot, apart)
        space = Space.of(whole, size)
        counted = self._counted(lot)
        single = space.places(whole if counted is None else whole[counted])
        reached, still_open = np.bincount(single, minlength=space.size), np.zeros(space.size, dtype=np.int64)
        weight = self._amounts(lot, bag.weight, counted)
        if bag.open is not None:
            still_open = np.bincount(space.places(whole[lot.of(bag.open)]), minlength=space.size)
        amounts, valued = self._amounts(lot, bag.amount, counted), single
        if isinstance(amounts, int):
            amounts = np.full(len(single), amounts, dtype=np.int64)
        if bag.missing is not None:
            known = ~lot.of(bag.missing)
            known = known if counted is None else known[counted]
            amounts, valued = amounts[known], valued[known]
        shown = whole if bag.excluded is None else whole[~lot.of(bag.excluded)]
        there: Whole = np.flatnonzero(reached) if counted is None else space.there(shown)
        counts = {
            **quantiles(self._shape, valued, amounts, reached, still_open),
            "reached": reached,
            "open": still_open,
            "entries": added(single, weight, reached),
            "accounts": self._accounts(lot, counted, single, reached, None, apart, space),
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
            if len(self._bag.period) > LONG:
                self._lots.clear()  # those of another depth: who asks goes from depth to depth
            self._lots[key] = self._made(keys, rows, split)
        return self._lots[key]

    def _made(self, keys: list[str], by: Sequence[str], split: Split) -> Lot:
        bag = self._bag
        names = frozenset(bag.marks.columns)
        marks = at_level(Side(bag.marks.lazy(), names=names, alone=bag.alone), self._shape, split.level)
        chosen = bag.marks
        if chosen.width > 1:  # else there is nothing to choose by
            frame = marks.entries
            for name, values in split.where.items():
                if column(name) in names:
                    frame = narrowed_to(self._live, frame, name, values)
            chosen = told_apart(self._live, frame, [name for name in by if column(name) in names]).collect()
        named = [name for name in (*keys, *(column(name) for name in by)) if name in names]
        rows, group, groups = grouped(bag, chosen, named)
        for name, values in split.where.items():
            if name in split.apart - self._undivided:
                kept = self._only(rows, name, values)
                rows = kept if rows is None else rows[kept]
                group = group if group is None else group[kept]
        whole = (bag.period if rows is None else bag.period[rows]).astype(np.int64)
        count = max(groups.height, 1)
        if group is not None:
            whole *= count
            whole += group
        begins = bag.begins
        if begins is not None and rows is not None:  # a row of several groups is there again behind the others
            begins = np.searchsorted(rows, begins) if (rows[1:] > rows[:-1]).all() else None
        return Lot(whole, count * len(self._periods.starts), groups, rows, marks.alone, begins)

    def _only(self, rows: Whole | None, name: str, values: tuple[str, ...]) -> Whole:
        """Which of the rows have an account with one of some values."""
        numbers, labels = self._labelled(name)
        among = labels.is_in(list(values)).to_numpy()
        accounts = self._account_numbers()
        return np.flatnonzero(among[numbers[accounts if rows is None else accounts[rows]]])

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
            # The first one stands for no account.
            found = pl.concat([pl.Series("value", [UNATTRIBUTED]), found.slice(1).fill_null(UNKNOWN)])
            labels = numbered(found)
            self._labels[segment] = labels.numbers - 1, labels.names.slice(1)
        return self._labels[segment]

    def _together(self, apart: Sequence[str]) -> tuple[Whole, pl.DataFrame]:
        """As `_labelled` for several segments at once: there are never more combinations than accounts."""
        if (key := tuple(apart)) not in self._crossed:
            columns = {name: self._labelled(name) for name in key}
            whole, _ = packed([(numbers, len(labels)) for numbers, labels in columns.values()])
            _, first, together = np.unique(whole, return_index=True, return_inverse=True)
            values = {column(name): labels[numbers[first]] for name, (numbers, labels) in columns.items()}
            self._crossed[key] = together, pl.DataFrame(values)
        return self._crossed[key]

    def _split(self, lot: Lot, apart: Sequence[str]) -> tuple[Whole, int]:
        """The keys of a lot with the values of segments of accounts behind them, and how many there can be."""
        return self._with_values(lot, lot.keys, None, apart)

    def _with_values(self, lot: Lot, keys: Whole, accounts: Whole | None, apart: Sequence[str]) -> tuple[Whole, int]:
        """Keys, each of an account, with its values behind them; the accounts of the lot when none are given."""
        if not apart:
            return keys, lot.size
        if accounts is None:
            accounts = lot.of(self._account_numbers())
        numbers, labels = self._together(apart)
        return keys * labels.height + numbers[accounts], lot.size * labels.height

    def _counted(self, lot: Lot) -> Flags | None:
        return None if self._bag.counted is None else lot.of(self._bag.counted)

    def _amounts(self, lot: Lot, values: Whole | int, counted: Flags | None) -> Whole | int:
        if isinstance(values, int):
            return values
        values = lot.of(values)
        return values if counted is None else values[counted]

    def _weights(self, lot: Lot, whole: Whole, flags: Flags | None, space: Space) -> Whole | pl.Series:
        if flags is None:
            return np.zeros(space.size, dtype=np.int64)
        flags = lot.of(flags)
        weights = self._amounts(lot, self._bag.weight, flags)
        places = space.places(whole[flags])
        return added(places, weights, np.bincount(places, minlength=space.size))

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
        held: Whole,
        single_accounts: Whole | None,
        apart: Sequence[str],
        space: Space,
    ) -> Whole:
        """How many accounts a group has."""
        account = self._bag.account
        if lot.alone:
            return held
        if account is None:
            return np.zeros(space.size, dtype=np.int64)
        if single_accounts is not None:
            return np.bincount(single[single_accounts > 0], minlength=space.size)
        if "pairs" not in lot.kept:
            keys, accounts = lot.keys, lot.of(account.numbers)
            if counted is not None:
                keys, accounts = keys[counted], accounts[counted]
            bits = len(account.names).bit_length()
            low, high = int(keys.min(initial=lot.size)), int(keys.max(initial=0))  # of a stretch of periods, a part
            pairs = np.left_shift(keys - low, bits)
            pairs |= accounts
            pairs = different(pairs, max(high - low + 1, 0) << bits)
            accounts = pairs & ((1 << bits) - 1)
            pairs >>= bits
            pairs += low
            lot.kept["pairs"] = pairs[accounts > 0], accounts[accounts > 0]
        keys, accounts = lot.kept["pairs"]
        whole, _ = self._with_values(lot, keys, accounts, apart)
        return np.bincount(space.places(whole), minlength=space.size)

    def _told(
        self, lot: Lot, space: Space, there: Whole, apart: Sequence[str], counts: Mapping[str, Numbers]
    ) -> pl.DataFrame:
        """Keys as people read them, and the counts of those that are there. Grain: a key."""
        named: dict[str, pl.Series] = {}
        rest = space.keys(there)
        if apart:
            _, labels = self._together(apart)
            rest, numbers = np.divmod(rest, labels.height)
            named = {name: values[numbers] for name, values in labels.to_dict().items()}
        place, group = np.divmod(rest, max(lot.groups.height, 1))
        periods = pl.Series(self._periods.starts, dtype=pl.Date)[place]
        own = {name: values[group] for name, values in lot.groups.to_dict().items()}
        told = {name: pl.Series(values[there]).cast(KINDS.get(name, pl.Float64)) for name, values in counts.items()}
        return pl.DataFrame({"period": periods, **own, **named, **told})
