"""What rows come to as a whole: the same in every form and order, and another thing as soon as a cell differs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts_world import World, ask, facts, random_rows, take
from saasmetrics.facts.hashing import hashed, rows_hashed
from saasmetrics.facts.request import BUCKETS, Content

WHOLE = Content((take(None),), ("user", "role", "amount", "status"))
"""Over rows of `random_rows`; account, time and event are always in it."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def content(world: World, request: Content = WHOLE) -> pl.DataFrame:
    return facts(world.log(), request).frames[request]


# Hashes


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pl.Series(["a", "b", None]), pl.Series(["a", "b", None], dtype=pl.Categorical)),
        (pl.Series(["a", "b", None]), pl.Series(["a", "b", None], dtype=pl.Enum(["b", "a"]))),
        (pl.Series([1, 2, None]), pl.Series([1.0, 2.0, None])),
        (pl.Series([0.0]), pl.Series([-0.0])),
        (pl.Series([date(2026, 1, 1)]), pl.Series([date(2026, 1, 1)]).cast(pl.Datetime("ms"))),
        (pl.Series([1.5, None]), pl.Series(["1.50", None])),
        (pl.Series([None, None]), pl.Series([None, None], dtype=pl.String)),
    ],
)
def test_the_same_value_has_one_hash_in_every_form(one: pl.Series, other: pl.Series) -> None:
    assert hashed(one, loose=True).tolist() == hashed(other, loose=True).tolist()


def test_hashes_do_not_change_with_versions_of_anything() -> None:
    """Written down once: editions of years must agree. Worked out by the formula below, in plain Python."""
    texts = ["", "a", "eight by", "nine byte", "Zürich"]
    assert hashed(pl.Series(texts)).tolist() == [of_text(text) for text in texts]
    assert hashed(pl.Series([12.5])).tolist() == [mix(0x4029000000000000 ^ 0x9E3779B97F4A7C15)]
    assert hashed(pl.Series(["a"])).tolist() == [of_text("a")]


def of_text(text: str) -> int:
    content = text.encode()
    whole = mix(len(content) ^ 0x165667B19E3779F9)
    for place in range(0, len(content), 8):
        whole = mix(whole ^ int.from_bytes(content[place : place + 8], "little"))
    return whole


def mix(bits: int) -> int:
    bits ^= bits >> 30
    bits = bits * 0xBF58476D1CE4E5B9 % 2**64
    bits ^= bits >> 27
    bits = bits * 0x94D049BB133111EB % 2**64
    return bits ^ bits >> 31


@given(st.lists(st.text(), min_size=1))
def test_every_text_is_hashed_by_the_formula(texts: list[str]) -> None:
    encodable = [text.encode("utf-8", "ignore").decode() for text in texts]
    assert hashed(pl.Series(encodable, dtype=pl.String)).tolist() == [of_text(text) for text in encodable]
    assert (
        hashed(pl.Series(["x", *encodable], dtype=pl.String)[1:]).tolist()
        == hashed(pl.Series(encodable, dtype=pl.String)).tolist()
    )


def test_a_row_is_its_named_values_in_any_order() -> None:
    one, other = pl.Series(["x"]), pl.Series(["y"])
    row = rows_hashed([hashed(one, "a"), hashed(other, "b")], 1)
    assert row == rows_hashed([hashed(other, "b"), hashed(one, "a")], 1)
    assert row != rows_hashed([hashed(other, "a"), hashed(one, "b")], 1)


def test_different_values_hardly_ever_share_a_hash() -> None:
    texts = pl.Series(np.arange(200_000)).cast(pl.String)
    assert len(np.unique(hashed(texts))) == 200_000
    assert len(np.unique(hashed(texts.cast(pl.Float64)))) == 200_000


# Contents of logs


def test_rows_are_counted_by_day(world: World) -> None:
    rows = random_rows(1, 400)
    world.write(rows)
    found = content(world)
    counted = found.group_by("day").agg(pl.col("rows").sum()).sort("day").rows()
    assert counted == sorted(ask(rows, "SELECT day, count(*) FROM log GROUP BY day"))
    assert found.filter(pl.col("bucket") >= BUCKETS).is_empty()


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_neither_order_nor_files_nor_their_form_make_a_difference(world: World, tmp_path: Path, form: str) -> None:
    rows = random_rows(2, 400)
    world.write(rows)
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other")
    for number, part in enumerate(rows.sample(fraction=1.0, shuffle=True, seed=1).iter_slices(150)):
        other.write(part, f"{number}.{form}")
    assert content(other).equals(content(world))


@pytest.mark.parametrize("column", ["org", "name", "person", "role", "amount", "status"])
def test_every_cell_that_is_read_is_in_it_and_no_other(world: World, tmp_path: Path, column: str) -> None:
    rows = random_rows(3, 60).filter(pl.col("org").is_not_null())
    world.write(rows)
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other")
    value = pl.lit(-1.0) if column == "amount" else pl.lit("other")
    changed = pl.when(pl.int_range(pl.len()) == 7).then(value.cast(rows.schema[column])).otherwise(column).alias(column)
    other.write(rows.with_columns(changed))
    before, now = (each.select(pl.col("digest", "extra").sum()).row(0) for each in (content(world), content(other)))
    assert before != now
    assert (before[0] != now[0]) == (column in ("org", "name"))
    narrow = Content((take(None),), ())
    same = content(world, narrow).equals(content(other, narrow))
    assert same == (column not in ("org", "name"))


def test_a_row_that_comes_twice_counts_once(world: World) -> None:
    rows = random_rows(4, 80)
    world.write(rows)
    once = content(world)
    world.write(rows.head(30), "again.parquet")
    assert content(world).equals(once)
