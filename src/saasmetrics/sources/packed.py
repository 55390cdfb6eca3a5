"""The bytes of a file, whatever it is packed in."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pyarrow as pa

from saasmetrics.finding import Finding, InputError, Location, Severity
from saasmetrics.sources.files import DataFile

LIMIT = 2**31
"""Most bytes that are unpacked or recoded into memory; files that Polars reads by itself have no limit."""


@contextmanager
def opened(file: DataFile) -> Iterator[IO[bytes]]:
    """The unpacked bytes as a stream. Raises: InputError when they cannot be unpacked."""
    try:
        if file.packed == ".gz":
            with gzip.open(file.path, "rb") as stream:
                yield stream  # type: ignore[misc]  # a GzipFile reads like any binary file
        elif file.packed == ".zst":
            with io.BufferedReader(pa.input_stream(str(file.path), compression="zstd")) as stream:
                yield stream
        elif file.packed == ".zip":
            with zipfile.ZipFile(file.path) as archive, archive.open(_member(archive, file)) as stream:
                yield stream
        else:
            with file.path.open("rb") as stream:
                yield stream
    except (OSError, EOFError, zipfile.BadZipFile, pa.ArrowException) as error:
        raise unreadable(file, f"cannot be read: {error}") from None


def _member(archive: zipfile.ZipFile, file: DataFile) -> zipfile.ZipInfo:
    members = [
        entry for entry in archive.infolist() if not entry.is_dir() and not entry.filename.startswith("__MACOSX")
    ]
    if len(members) != 1:
        raise unreadable(file, f"holds {len(members)} files, one is expected", "unpack it and name the file")
    return members[0]


def head(file: DataFile, size: int) -> bytes:
    """The first bytes, unpacked."""
    with opened(file) as stream:
        return stream.read(size)


def whole(file: DataFile) -> bytes:
    """All bytes, unpacked. Raises: InputError when there are too many to hold."""
    with opened(file) as stream:
        content = stream.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise unreadable(file, f"unpacks to more than {LIMIT // 2**30} GiB", "save it as UTF-8 CSV or as Parquet")
    return content


def unreadable(file: DataFile, message: str, hint: str | None = None, line: int = 0) -> InputError:
    """The fault of a file that cannot be used at all."""
    return InputError([Finding("SM904", Severity.ERROR, message, Location(file.name, line), hint)], 3)
