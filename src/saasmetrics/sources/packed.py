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

_LINES = ("jsonl", "json")
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
            with zipfile.ZipFile(file.path) as archive, _member(archive, file) as stream:
                yield stream
        else:
            with file.path.open("rb") as stream:
                yield stream
    except (OSError, EOFError, zipfile.BadZipFile, pa.ArrowException) as error:
        raise unreadable(file, f"cannot be read: {error}") from None


def members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files in an archive, by name, without what an operating system puts beside them."""
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    own = [entry for entry in entries if not entry.filename.startswith("__MACOSX") and "/." not in f"/{entry.filename}"]
    return sorted(own, key=lambda entry: entry.filename)


def _member(archive: zipfile.ZipFile, file: DataFile) -> IO[bytes]:
    """The one file of an archive; of several files of JSON lines, packed or not, all lines.

    Raises: InputError when there are too many bytes to hold.
    """
    found = members(archive)
    if len(found) == 1 and not found[0].filename.endswith(".gz"):
        return archive.open(found[0])
    if not found or not (file.format in _LINES or len(found) == 1):
        raise unreadable(file, f"holds {len(found)} files, one is expected", "unpack it and name the file")
    parts, size = [], 0
    for entry in found:
        content = archive.read(entry)
        parts.append(gzip.decompress(content) if entry.filename.endswith(".gz") else content)
        size += len(parts[-1])
        if size > LIMIT:
            raise unreadable(file, f"unpacks to more than {LIMIT // 2**30} GiB", "save it as UTF-8 CSV or as Parquet")
    return io.BytesIO(b"\n".join(parts))


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
