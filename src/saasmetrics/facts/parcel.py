"""A parcel: partial facts of some files as one file of its own, that is whole or is not there."""

from __future__ import annotations

import io
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import get_ident
from typing import Any

import polars as pl

_MAGIC = b"saasmetrics facts 1\n"
_LENGTH = 8


class BrokenParcelError(Exception):
    """A file that is no parcel, or not a whole one."""


@dataclass(frozen=True)
class Parcel:
    """Tables by name, and a head: what they are of, in plain data. The tables are read when they are asked for."""

    path: Path
    head: Mapping[str, Any]
    places: Mapping[str, tuple[int, int, int]]
    """By table: where it begins in the file, how long it is, and its checksum."""

    def tables(self) -> dict[str, pl.DataFrame]:
        """All tables. Raises: BrokenParcelError where the file has been cut or changed."""
        out = {}
        with self.path.open("rb") as stream:
            for name, (begin, length, checksum) in self.places.items():
                stream.seek(begin)
                content = stream.read(length)
                if zlib.crc32(content) != checksum:
                    raise BrokenParcelError(str(self.path))
                out[name] = pl.read_ipc(io.BytesIO(content))
        return out


def write_parcel(path: Path, head: Mapping[str, Any], tables: Mapping[str, pl.DataFrame]) -> int:
    """Write a parcel beside its place, then move it there; the bytes it takes. Raises: OSError, with nothing left."""
    contents = {}
    for name, rows in tables.items():
        stream = io.BytesIO()
        rows.write_ipc(stream, compression="lz4")
        contents[name] = stream.getvalue()
    places, begin = {}, 0
    for name, content in contents.items():
        places[name] = (begin, len(content), zlib.crc32(content))
        begin += len(content)
    text = json.dumps({"head": head, "places": places}).encode()
    start = [_MAGIC, len(text).to_bytes(_LENGTH, "little"), zlib.crc32(text).to_bytes(4, "little"), text]
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{get_ident()}.part")
    try:
        with scratch.open("wb") as file:
            file.writelines([*start, *contents.values()])
            size = file.tell()
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return size


def read_parcel(path: Path) -> Parcel:
    """The head of a parcel and where its tables are. Raises: BrokenParcelError, OSError."""
    with path.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise BrokenParcelError(str(path))
        length = int.from_bytes(stream.read(_LENGTH), "little")
        checksum = int.from_bytes(stream.read(4), "little")
        text = stream.read(min(length, path.stat().st_size))
        begin = stream.tell()
    if zlib.crc32(text) != checksum:
        raise BrokenParcelError(str(path))
    content = json.loads(text)
    places = {name: (begin + first, size, check) for name, (first, size, check) in content["places"].items()}
    return Parcel(path, content["head"], places)
