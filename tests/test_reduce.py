"""Entries of any kind are reduced to what plain Python makes of them, entry by entry."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saasmetrics.engine import bag, lot
from saasmetrics.engine.given import Live
from saasmetrics.engine.lot import Space, Split
from saasmetrics.engine.numbered import added, different, numbered, packed
from saasmetrics.engine.reduce import Reduction
from saasmetrics.frames.ledger import COUNTED, EXCLUDED, IMMATURE, OPEN, Ledger, Part, Shape, Side, status_type
from saasmetrics.period import Calendar, Grain, Periods

ACCOUNTS = pl.Enum(["a1", "a2", "a3"])
SIZES = {"a1": "small", "a2": "large"}
WEEKS = (date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 19))
PERIODS = Periods(Calendar(), Grain.WEEK, WEEKS)
NAMES = ("period", "part", "account", "entity", "amount", "weight", "status")

amounts = st.one_of(st.integers(0, 5), st.integers(-(2**62), 2**62))
entries = st.lists(
    st.tuples(
        st.sampled_from([*WEEKS, date(2025, 12, 29)]),
        st.sampled_from(["x", "y", None]),
        st.sampled_from(["a1", "a2", "a3", None]),
        st.sampled_from(["u1", "u2", None]),
        amounts,
        st.sampled_from([1, 1, 3]),
        st.sampled_from([COUNTED, COUNTED, IMMATURE, OPEN, EXCLUDED]),
    ),
    max_size=25,
)


class Told:
    """What a reduction asks of the run: an engine, and the sizes of accounts."""

    store = SimpleNamespace(engine="in-memory")

    def made(self, _: object) -> pl.LazyFrame:
        accounts = pl.Series(list(SIZES), dtype=ACCOUNTS)
        return pl.LazyFrame({"account": accounts, "since": [None, None], "value": list(SIZES.values())})


def _side(rows: list[tuple[Any, ...]]) -> Side:
    schema: dict[str, Any] = {
        **dict.fromkeys(NAMES, pl.String),
        "period": pl.Date,
        "account": ACCOUNTS,
        "amount": pl.Int64,
        "weight": pl.Int64,
        "status": status_type(),
    }
    return Side(pl.LazyFrame(rows, schema=schema, orient="row"))


def _size(account: str | None) -> str:
    return "(unattributed)" if account is None else SIZES.get(account, "(unknown)")


def _key(row: tuple[Any, ...], level: int, by: tuple[str, ...]) -> tuple[Any, ...]:
    return (row[0], *([row[1]] if level else []), *([_size(row[2])] if by else []))


def _reduced(shape: Shape, sides: list[Side], level: int, by: tuple[str, ...], where: dict[str, Any]) -> pl.DataFrame:
    ledger = Ledger(shape, sides[0], sides[1] if len(sides) > 1 else None)
    split = Split(level, by, where, frozenset({"size"}))
    return Reduction(cast(Live, Told()), ledger, PERIODS).to(split)


def _sums(rows: list[tuple[Any, ...]], level: int, by: tuple[str, ...], keys: tuple[str, ...]) -> dict[Any, Any]:
    """By key: sum of amounts, of weights, different accounts, immature weight; each combination of `keys` once."""
    found: dict[Any, Any] = defaultdict(lambda: [0, 0, set(), 0])
    once: dict[Any, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        key = _key(row, level, by)
        found[key][3] += row[5] * (row[6] == IMMATURE)
        if row[6] == COUNTED:
            single = tuple(row[NAMES.index(name)] for name in keys) if keys else (len(once),)
            once[(key, single)].append(row)
    for (key, _), alike in once.items():
        found[key][0] += max(row[4] for row in alike)
        found[key][1] += max(row[5] for row in alike)
        found[key][2] |= {row[2] for row in alike if row[2] is not None}
    return {key: (total, weight, len(accounts), late) for key, (total, weight, accounts, late) in found.items()}


def _told(frame: pl.DataFrame, names: list[str]) -> dict[Any, Any]:
    keys = [name for name in ("period", "part", "@size") if name in frame.columns]
    return {
        tuple(row[name] for name in keys): tuple(row[name] for name in names) for row in frame.iter_rows(named=True)
    }


@settings(max_examples=150, deadline=None)
@given(
    rows=entries,
    level=st.integers(0, 1),
    by=st.sampled_from([(), ("size",)]),
    keys=st.sampled_from([(), ("account",), ("account", "entity"), ("entity",)]),
    where=st.sampled_from([{}, {"size": ("small", "(unknown)")}]),
)
def test_sums(rows: list[Any], level: int, by: tuple[str, ...], keys: tuple[str, ...], where: dict[str, Any]) -> None:
    shape = Shape("sum", "flow", (Part("part"),), collapse=(keys, ()))
    frame = _reduced(shape, [_side(rows)], level, by, where)
    counted = [row for row in rows if row[0] in WEEKS and (not where or _size(row[2]) in where["size"])]
    assert _told(frame, ["top", "entries", "accounts", "immature"]) == _sums(counted, level, by, keys)


@settings(max_examples=60, deadline=None)
@given(above=entries, below=entries, level=st.integers(0, 1), by=st.sampled_from([(), ("size",)]))
def test_ratios(above: list[Any], below: list[Any], level: int, by: tuple[str, ...]) -> None:
    shape = Shape("ratio", "flow", (Part("part"),), collapse=((), ("account",)))
    frame = _reduced(shape, [_side(above), _side(below)], level, by, {})
    tops, bottoms = (
        _sums([row for row in rows if row[0] in WEEKS], level, by, keys)
        for rows, keys in ((above, ()), (below, ("account",)))
    )
    nothing = (0, 0, 0, 0)
    expected = {key: (tops.get(key, nothing)[0], *bottoms.get(key, nothing)) for key in {**tops, **bottoms}}
    assert _told(frame, ["top", "bottom", "entries", "accounts", "immature"]) == expected


@pytest.mark.parametrize("long", [bag.LONG, 4])
@settings(max_examples=60, deadline=None)
@given(
    rows=entries,
    level=st.integers(0, 1),
    by=st.sampled_from([(), ("size",)]),
    among=st.sampled_from(["reached", "all"]),
)
def test_quantiles(long: int, rows: list[Any], level: int, by: tuple[str, ...], among: Any) -> None:
    shape = Shape("quantile", "flow", (Part("part"),), stats=("median", "p90", "mean"), among=among)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lot, "LONG", long)
        patch.setattr(bag, "LONG", long)
        frame = _reduced(shape, [_side(rows)], level, by, {})
    groups: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        if row[0] in WEEKS and row[6] != EXCLUDED:
            groups[_key(row, level, by)].append(row)
    told = _told(frame, ["stat_median", "stat_p90", "stat_mean", "reached", "open"])
    assert set(told) == set(groups)
    for key, group in groups.items():
        there = sorted(row[4] for row in group if row[6] == COUNTED)
        still = sum(row[6] == OPEN for row in group)
        found = [None if value is None or np.isnan(value) else value for value in told[key][:3]]
        shares = (Fraction(1, 2), Fraction(9, 10))
        expected = [_quantile(there, still if among == "all" else 0, share) for share in shares]
        expected.append(Fraction(sum(there), len(there)) if there else None)
        assert told[key][3:] == (len(there), still)
        spread = max((abs(value) for value in there), default=0)
        for value, wanted in zip(found, expected, strict=True):
            assert (value is None) == (wanted is None)
            assert value is None or value == pytest.approx(float(wanted or 0), rel=1e-9, abs=spread * 1e-9)


def _quantile(there: list[int], still: int, share: Fraction) -> Fraction | None:
    """Linear between neighbours among all; None where it lies among those that are not there."""
    place = (len(there) + still - 1) * share
    low, high = place.__floor__(), place.__ceil__()
    if not there or high >= len(there):
        return None
    return there[low] + (there[high] - there[low]) * (place - low)


def test_entries_under_every_tier() -> None:
    """Two accounts under three lines of which two are a total: counted twice in it, and still two accounts."""
    there = pl.LazyFrame(
        {"period": [WEEKS[0]] * 2, "account": pl.Series(["a1", "a2"], dtype=ACCOUNTS), "amount": [1, 1]}
    )
    under = pl.DataFrame({"flow": ["one", "one", "two"], "tier": ["low", "top", "top"]})
    parts = (Part("flow", frozenset({"one", "two"})), Part("tier", frozenset({"top"}), "nested"))
    shape = Shape("ratio", "stock", parts)
    side = Side(there, alone=True, ones=frozenset({"amount", "weight"}), settled=True)
    ledger = Ledger(shape, replace_under(side, under).spread, replace_under(side, under))
    reduction = Reduction(cast(Live, Told()), ledger, PERIODS)
    total = reduction.to(Split(0, (), {}, frozenset())).row(0, named=True)
    assert (total["top"], total["bottom"], total["entries"], total["accounts"]) == (4, 4, 4, 2)
    by_tier = reduction.to(Split(2, (), {}, frozenset())).sort("flow", "tier")
    assert by_tier.select("flow", "tier", "bottom").rows() == [("one", "low", 2), ("one", "top", 2), ("two", "top", 2)]


def replace_under(side: Side, under: pl.DataFrame) -> Side:
    """The same side, whose entries stand under these lines."""
    return Side(side.entries, under=under, alone=side.alone, ones=side.ones, settled=side.settled)


def test_sums_beyond_what_floats_hold() -> None:
    keys, amounts = np.array([0, 0, 2]), np.array([2**62, 2**62, -1])
    held = np.bincount(keys, minlength=3)
    sums = added(keys, amounts, held)
    assert isinstance(sums, pl.Series)
    assert sums.to_list() == [2**63, 0, -1]
    many = added(keys, 2**60, np.array([2**10, 0, 1]))
    assert isinstance(many, pl.Series)
    assert many.to_list() == [2**70, 0, 2**60]


def test_columns_that_do_not_fit_into_one_number() -> None:
    first, second = np.array([0, 5, 5, 0]), np.array([7, 1, 1, 8])
    whole, _ = packed([(first, 2**40), (second, 2**40)])
    assert len(np.unique(whole)) == 3
    assert whole[1] == whole[2]
    assert different(np.array([9, 2**61, 9]), 2**62).tolist() == [9, 2**61]


def test_numbers_of_names() -> None:
    column = numbered(pl.Series(["b", None, "a", "b"]))
    assert column.numbers.tolist() == [1, 0, 2, 1]
    assert column.names.to_list() == [None, "b", "a"]


def test_a_space_of_few_keys_among_many() -> None:
    space = Space.of(np.array([2**40, 3, 3]), 2**41)
    assert space.size == 2
    assert space.places(np.array([2**40, 3])).tolist() == [1, 0]
    assert space.keys(np.array([0, 1])).tolist() == [3, 2**40]


def test_segments_crossed_with_more_combinations_than_numbers_hold() -> None:
    """41 segments of three values: there could be 3^41 combinations, there are as many as accounts."""
    account = pl.Enum([f"a{number}" for number in range(60)])
    names = [f"s{number}" for number in range(41)]

    class Many:
        store = SimpleNamespace(engine="in-memory")

        def made(self, book: Any) -> pl.LazyFrame:
            shift = int(book.segment[1:])
            values = [str((number // 3 ** (shift % 4) + shift) % 3) for number in range(60)]
            return pl.LazyFrame({"account": account.categories.cast(account), "value": values})

    rows = pl.LazyFrame({"period": [WEEKS[0]] * 60, "account": account.categories.cast(account), "amount": range(60)})
    side = Side(rows, ones=frozenset({"weight"}), settled=True)
    reduction = Reduction(cast(Live, Many()), Ledger(Shape("sum", "flow"), side), PERIODS)
    frame = reduction.to(Split(0, tuple(names), {}, frozenset(names)))
    assert (frame.height, frame["top"].sum(), frame["accounts"].sum()) == (60, 1770, 60)
    told = {tuple(row[f"@{name}"] for name in names): row["top"] for row in frame.iter_rows(named=True)}
    for number in range(60):
        key = tuple(str((number // 3 ** (shift % 4) + shift) % 3) for shift in range(41))
        assert told[key] == number
