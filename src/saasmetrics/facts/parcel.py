"""A parcel: partial facts of some files as one file of its own, that is whole or is not there."""

from __future__ import annotations

import io
import json
import os
import zlib
from collections.abc import Collection, Mapping
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
    seal: int
    """The checksum of the head and of all checksums of tables: another content has another one."""

    def tables(self, names: Collection[str] | None = None) -> dict[str, pl.DataFrame]:
        """All tables, or those of them that are named. Raises: BrokenParcelError: the file has been cut or changed."""
        out: dict[str, pl.DataFrame] = {}
        wanted = self.places if names is None else [name for name in self.places if name in names]
        if not wanted:
            return out
        with self.path.open("rb") as stream:
            for name in wanted:
                begin, length, checksum = self.places[name]
                stream.seek(begin)
                content = stream.read(length)
                if zlib.crc32(content) != checksum:
                    raise BrokenParcelError(str(self.path))
                out[name] = pl.read_ipc(io.BytesIO(content))
        return out


def write_parcel(path: Path, head: Mapping[str, Any], tables: Mapping[str, pl.DataFrame]) -> int:
    """Write a parcel beside its place, then move it there; its seal. Raises: OSError, with nothing left."""
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
    seal = zlib.crc32(text)
    start = [_MAGIC, len(text).to_bytes(_LENGTH, "little"), seal.to_bytes(4, "little"), text]
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{get_ident()}.part")
    try:
        with scratch.open("wb") as file:
            file.writelines([*start, *contents.values()])
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return seal


def read_parcel(path: Path) -> Parcel:
    """The head of a parcel and where its tables are. Raises: BrokenParcelError, OSError."""
    with path.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise BrokenParcelError(str(path))
        length = int.from_bytes(stream.read(_LENGTH), "little")
        seal = int.from_bytes(stream.read(4), "little")
        text = stream.read(min(length, path.stat().st_size))
        begin = stream.tell()
    if zlib.crc32(text) != seal:
        raise BrokenParcelError(str(path))
    content = json.loads(text)
    places = {name: (begin + first, size, check) for name, (first, size, check) in content["places"].items()}
    return Parcel(path, content["head"], places, seal)
