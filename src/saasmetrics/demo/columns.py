"""Arrow columns from numbers: names from positions, identifiers from counters, without a loop over rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from saasmetrics.demo.draws import Flags, Ints

_HEX = np.array([int.from_bytes(f"{byte:02x}".encode(), "little") for byte in range(256)], dtype=np.uint16)
_DIGITS = np.array([[ord(digit) for digit in f"{number:03d}"] for number in range(1000)], dtype=np.uint8)
_MASK = np.uint64((1 << 48) - 1)


def scatter(counter: Ints, seed: int) -> Ints:
    """A one-to-one map of counters to numbers of 48 bits that look like chance."""
    value = counter.astype(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15) & int(_MASK))
    for factor in (np.uint64(0x5851F42D4C95), np.uint64(0xD1342543DE83)):
        value = (value * factor) & _MASK
        value ^= value >> np.uint64(23)
    return value.astype(np.int64)


def hexadecimal(numbers: Ints) -> pa.Array:
    """Twelve hexadecimal digits for each number of 48 bits."""
    count = len(numbers)
    pairs = numbers.astype(">u8").view(np.uint8).reshape(count, 8)[:, 2:]
    data = _HEX[pairs].tobytes()
    offsets = np.arange(count + 1, dtype=np.int32) * 12
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data))


def numbered(prefix: str, numbers: Ints, present: Flags) -> pa.Array:
    """`prefix` and nine decimal digits where `present`, null elsewhere."""
    rows = numbers[present]
    width = len(prefix) + 9
    data = np.empty((len(rows), width), dtype=np.uint8)
    data[:, : len(prefix)] = np.frombuffer(prefix.encode(), dtype=np.uint8)
    for place, unit in enumerate((1_000_000, 1_000, 1)):
        data[:, len(prefix) + 3 * place : len(prefix) + 3 * place + 3] = _DIGITS[rows // unit % 1000]
    offsets = np.concatenate([[0], np.cumsum(present)]).astype(np.int32) * np.int32(width)
    valid = np.packbits(present, bitorder="little")
    buffers = (pa.py_buffer(offsets), pa.py_buffer(data.tobytes()), pa.py_buffer(valid.tobytes()))
    return pa.StringArray.from_buffers(len(numbers), *buffers)


def named(positions: Ints, names: Sequence[str] | pa.Array, missing: Flags | None = None) -> pa.DictionaryArray:
    """The names at `positions`; the dictionary holds only those that occur, so that files stay small."""
    names = names if isinstance(names, pa.Array) else pa.array(names, pa.string())
    used = np.zeros(len(names), dtype=np.bool_)
    used[positions if missing is None else positions[~missing]] = True
    place = np.cumsum(used) - 1
    index = pa.array(place[positions].astype(np.int32), mask=missing)
    return pa.DictionaryArray.from_arrays(index, names.filter(pa.array(used)))


def texts(positions: Ints, table: Sequence[str]) -> pa.DictionaryArray:
    """The texts at `positions`; an empty text is null."""
    empty = np.array([not text for text in table])
    return named(positions, table, empty[positions])


def instants(microseconds: Ints) -> pa.Array:
    """UTC instants."""
    return pa.array(microseconds, pa.timestamp("us", "UTC"))
