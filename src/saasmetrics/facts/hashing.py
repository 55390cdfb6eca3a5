"""Hashes that are ours: the same for the same value in every run, of every version, in every form of file."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import polars as pl

from saasmetrics.facts.pack import Column, Hashes

_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_NUMBER, _FLAG = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_TEXT, _TIME = np.uint64(0x165667B19E3779F9), np.uint64(0x27D4EB2F165667C5)
"""What tells values of different kinds apart."""
_WORD = 8


def hashed(column: pl.Series, name: str = "", *, loose: bool = False) -> Hashes:
    """Grain: as `column`. A hash of each value under a name; 0 for null.

    With `loose` a text that is a number counts as that number: columns without a declared type are texts in CSV and
    numbers in Parquet. Edges: -0.0 is 0; a date is the instant at which it begins in UTC; lists and structs by their
    text.
    """
    dtype, seed = column.dtype, named(name) if name else np.uint64(0)
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return _by_word(column, seed, loose)
    if dtype == pl.Null:
        return np.zeros(len(column), np.uint64)
    if dtype == pl.Boolean:
        bits = column.fill_null(False).to_numpy().astype(np.uint64) ^ (_FLAG ^ seed)
    elif dtype.is_temporal() and dtype != pl.Time and not isinstance(dtype, pl.Duration):
        bits = column.cast(pl.Datetime("us")).to_physical().fill_null(0).to_numpy().view(np.uint64) ^ (_TIME ^ seed)
    elif dtype.is_numeric():
        bits = _number(column, seed)
    else:
        return _texts(_as_text(column), seed, loose)
    return _where_known(mixed(bits), column)


def rows_hashed(columns: Sequence[Hashes], height: int) -> Hashes:
    """Grain: a row. One hash of its values, each hashed under its name, in any order."""
    whole = np.zeros(height, np.uint64)
    for values in columns:
        whole += values
    return mixed(whole)


def named(text: str) -> np.uint64:
    """The hash of one name."""
    return np.uint64(int.from_bytes(blake2b(text.encode(), digest_size=_WORD).digest(), "little"))


def mixed(bits: Column) -> Hashes:
    """Every bit of a number spread over all bits."""
    shifted = bits >> np.uint64(30)
    spread: Hashes = bits ^ shifted
    spread *= _FIRST
    np.right_shift(spread, np.uint64(27), out=shifted)
    spread ^= shifted
    spread *= _SECOND
    np.right_shift(spread, np.uint64(31), out=shifted)
    spread ^= shifted
    return spread


def _number(column: pl.Series, seed: np.uint64) -> Hashes:
    numbers = column.cast(pl.Float64).fill_null(0.0).to_numpy() + 0.0
    bits: Hashes = numbers.view(np.uint64) ^ (_NUMBER ^ seed)
    return bits


def _where_known(hashes: Hashes, column: pl.Series) -> Hashes:
    if column.null_count():
        hashes[column.is_null().to_numpy()] = 0
    return hashes


def _as_text(column: pl.Series) -> pl.Series:
    if isinstance(column.dtype, pl.Struct):
        return column.struct.json_encode()
    if column.dtype == pl.String:
        return column
    if column.dtype == pl.Binary:
        return column.bin.encode("hex")
    if column.dtype.is_nested():
        return column.to_frame("nested").select(pl.struct("nested")).to_series().struct.json_encode()
    return column.cast(pl.String)


def _by_word(column: pl.Series, seed: np.uint64, loose: bool) -> Hashes:
    """Of a column of few words each word is hashed once."""
    places = column.to_physical()
    if places.null_count() == len(places):
        return np.zeros(len(column), np.uint64)
    words = column.unique().drop_nulls()
    table = np.zeros(int(places.max()) + 1, np.uint64)  # type: ignore[arg-type]  # places are whole numbers
    table[words.to_physical().to_numpy()] = _texts(words.cast(pl.String), seed, loose)
    return _where_known(table.take(places.fill_null(0).to_numpy()), column)


def _texts(column: pl.Series, seed: np.uint64, loose: bool) -> Hashes:
    """Texts, eight bytes at a time."""
    if column.null_count():
        hashes = np.zeros(len(column), np.uint64)
        hashes[column.is_not_null().to_numpy()] = _texts(column.drop_nulls(), seed, loose)
        return hashes
    if not len(column):
        return np.zeros(0, np.uint64)
    array = column.to_arrow().cast("large_string")
    starts = np.frombuffer(array.buffers()[1], np.int64)[array.offset : array.offset + len(array) + 1]
    content = np.frombuffer(array.buffers()[2], np.uint8) if array.buffers()[2] else np.zeros(0, np.uint8)
    content = np.concatenate([content, np.zeros(_WORD, np.uint8)])
    words: Hashes = np.ndarray((len(content) - _WORD + 1,), "<u8", content, strides=(1,))
    starts, lengths = starts[:-1], np.diff(starts)
    hashes = mixed(lengths.astype(np.uint64) ^ (_TEXT ^ seed))
    shortest = int(lengths.min())
    for place in range(0, int(lengths.max()), _WORD):
        if place + _WORD <= shortest:
            hashes = mixed(hashes ^ words[starts + place])
            continue
        rows = np.flatnonzero(lengths > place)
        left = np.minimum(lengths[rows] - place, _WORD).astype(np.uint64)
        kept = np.uint64(0xFFFFFFFFFFFFFFFF) >> (np.uint64(8) * (np.uint64(_WORD) - left))
        hashes[rows] = mixed(hashes[rows] ^ (words[starts[rows] + place] & kept))
    if loose:
        numbers = column.cast(pl.Float64, strict=False)
        known = numbers.is_not_null().to_numpy()
        hashes[known] = mixed(_number(numbers.drop_nulls(), seed))
    return hashes
